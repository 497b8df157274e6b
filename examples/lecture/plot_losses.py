"""
Losses
======

All loss functions that can be used by name, for a single sample.
"""

# %%
# Regression
# ----------
# The loss of a sample with target 2 as a function of the prediction a. The squared
# error is quadratic; absolute error, Huber and log-cosh grow linearly for large errors.
# The quantile and expectile losses, here of level 0.8, weight predictions that are too
# low four times as much. Poisson, gamma and Tweedie losses are for positive targets
# whose variance increases with their mean: they measure ratios rather than differences.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet.net.losses import LOSSES, Expectile, Quantile

SHOWN = {**LOSSES, "quantile": Quantile(0.8), "expectile": Expectile(0.8)}
GROUPS = {
    "Mean and median": [
        "squared_error",
        "absolute_error",
        "huber",
        "log_cosh",
    ],
    "Asymmetric, level 0.8": ["quantile", "expectile"],
    "Positive targets": ["poisson", "gamma", "tweedie"],
}

A = np.linspace(0.05, 6, 600)[:, None]
Y = np.full_like(A, 2.0)
figure, axes = plt.subplots(
    1, 3, figsize=(10.5, 3.6), sharex=True, sharey=True, layout="constrained"
)
for ax, (title, names) in zip(axes, GROUPS.items(), strict=True):
    for name in names:
        ax.plot(A[:, 0], SHOWN[name].value(Y, A), label=name)
    ax.axvline(2, color="0.8", linewidth=0.8, zorder=0)
    ax.set(title=title, xlabel="Prediction a, for y = 2", ylim=(-0.1, 5))
    ax.legend(frameon=False, loc="upper center")
axes[0].set_ylabel("Loss")

# %%
# Classification
# --------------
# The loss of a sample of the second class as a function of the pre-activation z of the
# output. Log loss, focal loss and squared error (half of the Brier score) are combined
# with a sigmoid; the gradient of the squared error vanishes for predictions that are
# clearly wrong. Hinge, squared hinge and perceptron loss (dashed) depend on z itself,
# and are zero for correct predictions with a margin.

z = np.linspace(-4, 4, 601)[:, None]
a = 1 / (1 + np.exp(-z))
yes = np.ones_like(z)
curves = {
    "log_loss": SHOWN["log_loss"].value(yes, a),
    "focal": SHOWN["focal"].value(yes, a),
    "squared_error": SHOWN["squared_error"].value(yes, a),
    "hinge": SHOWN["hinge"].value(yes, z),
    "squared_hinge": SHOWN["squared_hinge"].value(yes, z),
    "perceptron": SHOWN["perceptron"].value_from_Z(yes, z, (z > 0) * 1.0),
}
OF_Z = ("hinge", "squared_hinge", "perceptron")
figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
for name, values in curves.items():
    ax.plot(z[:, 0], values, "--" if name in OF_Z else "-", label=name)
ax.axvline(0, color="0.8", linewidth=0.8, zorder=0)
ax.set(xlabel="Pre-activation z, for y = 1", ylabel="Loss", ylim=(-0.1, 5))
ax.legend(frameon=False)
plt.show()
