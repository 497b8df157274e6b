"""What L2 and L1 do to the weights of the first layer."""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_friedman1

from sklearn_bpnet import BPNetRegressor

X, y = make_friedman1(400, n_features=20, noise=0.5, random_state=0)
figure, axes = plt.subplots(1, 3, figsize=(10, 3), sharey=True)
for ax, (alpha, l1_ratio, title) in zip(
    axes,
    [(0.0, 0.0, "alpha=0"), (0.01, 0.0, "alpha=0.01"), (0.01, 1.0, "l1_ratio=1")],
    strict=True,
):
    reg = BPNetRegressor((16,), alpha=alpha, l1_ratio=l1_ratio, random_state=0)
    W = reg.fit(X, y).coefs_[0]
    ax.imshow(W.T, cmap="coolwarm", vmin=-1, vmax=1, aspect="auto")
    ax.set(title=f"{title}: {np.mean(W == 0):.0%} are zero", xlabel="feature")
    ax.axvline(4.5, color="0.3", linewidth=1)
axes[0].set_ylabel("unit")
