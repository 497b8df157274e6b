"""The same data, as they are, for MLPClassifier and for BPNetClassifier."""

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from sklearn_bpnet import BPNetClassifier

X, y = load_breast_cancer(return_X_y=True)
X, X_new, y, y_new = train_test_split(X, y, stratify=y, random_state=0)
theirs = MLPClassifier((50,), random_state=0)
scores = []
for _ in range(60):
    theirs.partial_fit(X, y, classes=[0, 1])
    scores.append(theirs.score(X_new, y_new))
ours = BPNetClassifier((50,), max_iter=60, random_state=0)
ours.fit(X, y, X_val=X_new, y_val=y_new)
figure, ax = plt.subplots(figsize=(7, 3))
ax.plot(scores, color="0.5", label="MLPClassifier")
ax.plot(ours.validation_scores_, label="BPNetClassifier")
ax.set(xlabel="epoch", ylabel="accuracy on new samples", ylim=(0.3, 1.02))
ax.legend()
