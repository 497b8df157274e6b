"""A training that overfits, and the epoch that early stopping keeps."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_bpnet import BPNetClassifier

rng = np.random.default_rng(0)
X, y = load_digits(return_X_y=True)
X, X_val, y, y_val = train_test_split(X, y, train_size=300, stratify=y, random_state=0)
y = np.where(rng.random(len(y)) < 0.2, rng.integers(10, size=len(y)), y)
clf = BPNetClassifier((100,), alpha=1e-5, learning_rate="constant", random_state=0)
clf.set_params(learning_rate_init=0.002, max_iter=80, n_iter_no_change=np.inf)
history = clf.fit(X, y, X_val=X_val, y_val=y_val).history_
epochs = np.arange(1, clf.n_iter_ + 1)
best = int(np.argmin(history["validation_loss"]))
figure, ax = plt.subplots(figsize=(7, 3.2))
ax.plot(epochs, history["loss"], label="training samples")
ax.plot(epochs, history["validation_loss"], label="validation samples")
ax.axvline(epochs[best], color="0.6", linestyle="--", label="the best epoch")
ax.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
ax.legend()
