"""
Losses
======

What a mistake costs, under every loss that an estimator knows by name.
"""

# %%
# Regression
# ----------
# The loss of one row whose target is 2, against the prediction a. Squared error grows
# with the square of the distance, absolute error, Huber and log-cosh in proportion. A
# quantile and an expectile, here of level 0.8, charge four times as much for a
# prediction that is too low. Poisson, gamma and Tweedie are made for positive targets
# whose spread grows with their mean: they ask for the right ratio rather than for the
# right difference.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet.net.losses import LOSSES, Expectile, Quantile

SHOWN = {**LOSSES, "quantile": Quantile(0.8), "expectile": Expectile(0.8)}
GROUPS = {
    "around the mean or the median": [
        "squared_error",
        "absolute_error",
        "huber",
        "log_cosh",
    ],
    "lopsided, level 0.8": ["quantile", "expectile"],
    "of positive targets": ["poisson", "gamma", "tweedie"],
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
    ax.set(title=title, xlabel="prediction a, for y = 2", ylim=(-0.1, 5))
    ax.legend(frameon=False, loc="upper center")
axes[0].set_ylabel("loss")

# %%
# Classification
# --------------
# The loss of one row of the second class, against the neuron's input z. The log loss
# and the focal loss sit above a sigmoid, and so does the squared error, half of the
# Brier score, which no longer pulls where the neuron is far on the wrong side. Hinge,
# squared hinge and the perceptron's loss (dashed) are of z itself: rows that are right
# by a margin cost nothing.

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
ax.set(xlabel="pre-activation z, for y = 1", ylabel="loss", ylim=(-0.1, 5))
ax.legend(frameon=False)
plt.show()
