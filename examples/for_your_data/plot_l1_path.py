"""
Sparse weights by an L1 penalty
===============================

An L1 penalty makes weights exactly zero. Along a path of increasing penalties, most
weights of a network for handwritten digits become zero before its accuracy decreases,
first those of pixels at the border.
"""

# %%
# The data are MNIST's, if the environment variable SKLEARN_BPNET_DATA names a folder
# with ``mnist.npz`` in it, and else the small digits of scikit-learn. Pixels lie
# between 0 and 1, so they need no scaling; the penalty then has a stronger effect on
# pixels that are rarely bright.

import os
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sklearn_bpnet import BPNetClassifier

warnings.simplefilter("ignore", ConvergenceWarning)  # max_iter ends each fit


def load():
    """Return training and test samples, with pixels between 0 and 1."""
    if "SKLEARN_BPNET_DATA" in os.environ:
        with np.load(Path(os.environ["SKLEARN_BPNET_DATA"]) / "mnist.npz") as data:
            X_train, X_test = (data[f"X_{k}"] / np.float32(255) for k in KINDS)
            y_train, y_test = (data[f"y_{k}"] for k in KINDS)
        return X_train[:12_000], X_test, y_train[:12_000], y_test
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16, y, test_size=0.4, stratify=y, random_state=0)


KINDS = ("train", "test")
X_train, X_test, y_train, y_test = load()
print(f"{len(X_train)} training samples, {X_train.shape[1]} pixels")

# %%
# The path
# --------
# Each fit starts from the weights of the previous one (``warm_start``), with a penalty
# about twice as strong.

alphas = 1e-4 * np.geomspace(1, 64, 9)
clf = BPNetClassifier(
    (64,),
    l1_ratio=1.0,
    input_scaling=None,
    learning_rate_init=0.003,
    max_iter=20,
    warm_start=True,
    random_state=0,
)
zeros, scores, first_layers = [], [], []
for alpha in alphas:
    clf.set_params(alpha=alpha).fit(X_train, y_train).set_params(max_iter=8)
    weights = np.concatenate([W.ravel() for W in clf.coefs_])
    zeros.append(np.mean(weights == 0))
    scores.append(clf.score(X_test, y_test))
    first_layers.append(clf.coefs_[0].copy())
    print(f"alpha {alpha:.4f}: {zeros[-1]:4.0%} zeros, test accuracy {scores[-1]:.3f}")

# %%
# The penalty increases from left to right. Most weights are zero before the accuracy
# decreases.

figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
ax.plot(zeros, scores, "o-")
for i in (0, len(alphas) // 2, len(alphas) - 1):
    ax.annotate(
        rf"$\alpha$ = {alphas[i]:.1g}",
        (zeros[i], scores[i]),
        xytext=(8 if i == 0 else -6, -14),
        textcoords="offset points",
        ha="left" if i == 0 else "right",
    )
ax.set(xlabel="Fraction of weights that are exactly zero", ylabel="Test accuracy")
ax.xaxis.set_major_formatter("{x:.0%}")
ax.margins(x=0.15, y=0.12)
ax.grid(alpha=0.3)

# %%
# Connections of each pixel
# -------------------------
# The number of hidden units that are connected to a pixel. The pixels at the border,
# which are nearly constant, are disconnected first.

side = int(np.sqrt(X_train.shape[1]))
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), layout="constrained")
for ax, i in zip(axes, (0, len(alphas) // 2, len(alphas) - 1), strict=True):
    counts = np.count_nonzero(first_layers[i], axis=1).reshape(side, side)
    image = ax.imshow(counts, vmin=0, vmax=64, cmap="viridis")
    ax.set(title=rf"$\alpha$ = {alphas[i]:.1g}", xticks=[], yticks=[])
figure.colorbar(image, ax=axes, label="Connected hidden units")
plt.show()
