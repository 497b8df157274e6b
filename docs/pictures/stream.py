"""A stream of parts: the accuracy after each call of partial_fit."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sklearn_bpnet import BPNetClassifier

X, y = load_digits(return_X_y=True)
X, X_new, y, y_new = X[:1400], X[1400:], y[:1400], y[1400:]
figure, ax = plt.subplots(figsize=(7, 3))
for solver in ("adam", "schedule_free_adamw"):
    clf = BPNetClassifier((32,), solver=solver, random_state=0)
    scores = []
    for start in range(0, 1400, 50):
        part = slice(start, start + 50)
        clf.partial_fit(X[part], y[part], classes=range(10))
        scores.append(clf.score(X_new, y_new))
    ax.plot(np.arange(50, 1401, 50), scores, label=f'solver="{solver}"')
ax.set(xlabel="samples that were seen, each once", ylabel="accuracy on new samples")
ax.legend()
