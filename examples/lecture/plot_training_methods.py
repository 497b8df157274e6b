"""
Paths of training methods on a convex risk
==========================================

The risk of a logistic regression, a network of a single neuron, is convex: it has one
minimum, to which every method converges, on different paths. Here the neuron has one
weight and one bias, so the risk can be shown as a contour plot.
"""

# %%
# The risk
# --------
# ``empirical_risk`` returns the risk as a function of the two parameters.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet import BPNetClassifier, empirical_risk

rng = np.random.default_rng(0)
X = rng.normal(1.5, 1.0, size=(60, 1))
y = (X[:, 0] + rng.normal(scale=0.7, size=60) > 1.5).astype(int)

COMMON = {"alpha": 0.01, "input_scaling": None, "dtype": "float64", "random_state": 0}
START = {"coefs_init": [[[-2.0]]], "intercepts_init": [[3.0]]}
J = empirical_risk(BPNetClassifier((), **COMMON), X, y)

# %%
# The methods
# -----------
# An epoch is one pass over the data: one step of the full-batch methods, six steps of
# SGD with mini-batches of 10 samples, and sixty of SGD with single samples. L-BFGS and
# conjugate gradients may evaluate the risk more than once per iteration.

constant = {"learning_rate": "constant"}
plain_sgd = {"solver": "sgd", "momentum": 0.0, **constant}
methods = {
    "Gradient descent": {"solver": "gd", "learning_rate_init": 1.5, **constant},
    "SGD, single samples": {**plain_sgd, "batch_size": 1, "learning_rate_init": 0.1},
    "SGD, mini-batches of 10": {
        **plain_sgd,
        "batch_size": 10,
        "learning_rate_init": 0.5,
    },
    "Rprop": {"solver": "rprop", "learning_rate_init": 0.1, **constant},
    "Conjugate gradients": {"solver": "cg"},
    "L-BFGS": {"solver": "lbfgs"},
}
N_EPOCHS = 60


def path(setting):
    """Return the parameters at the start and after 1, 2, ... epochs."""
    points = [[-2.0, 3.0]]
    for n in range(1, N_EPOCHS + 1):
        clf = BPNetClassifier((), max_iter=n, tol=1e-9, **COMMON, **setting)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            clf.fit(X, y, **START)
        points.append([clf.coefs_[0][0, 0], clf.intercepts_[0][0]])
        if clf.n_iter_ < n:
            break
    return np.array(points)


paths = {name: path(setting) for name, setting in methods.items()}
minimum = paths["L-BFGS"][-1]
lowest = J.value(minimum)
for name, points in paths.items():
    print(f"{name:24s} w = {points[-1][0]:.3f}, b = {points[-1][1]:.3f}")

# %%
# Gradient descent first decreases along the steepest direction and then converges
# slowly along the valley. SGD does the same in fewer epochs and finally fluctuates
# around the minimum. L-BFGS and conjugate gradients use the curvature and converge fast
# along the valley.

w, b = np.meshgrid(np.linspace(-2.6, 4.6, 90), np.linspace(-5.5, 4.0, 90))
risk = np.array([J.value(np.array(p)) for p in zip(w.flat, b.flat, strict=True)])
risk = risk.reshape(w.shape)

figure, axes = plt.subplots(
    2, 3, figsize=(12, 7), sharex=True, sharey=True, layout="constrained"
)
for ax, (name, points) in zip(axes.flat, paths.items(), strict=True):
    ax.contourf(w, b, np.log(risk), levels=20, cmap="Blues_r")
    ax.plot(*points.T, color="tab:red", marker=".", linewidth=1)
    ax.plot(*minimum, marker="*", color="gold", markersize=14, markeredgecolor="black")
    ax.set(title=name)
for ax in axes[1]:
    ax.set(xlabel="Weight w")
for ax in axes[:, 0]:
    ax.set(ylabel="Bias b")

# %%
# The difference of the risk and its minimum.

figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for name, points in paths.items():
    above = np.array([J.value(point) for point in points]) - lowest
    ax.plot(np.maximum(above, 1e-10), label=name)
ax.set(
    title="Distance to the minimum",
    xlabel="Epoch or iteration",
    ylabel="Risk minus its minimum",
    yscale="log",
    ylim=(1e-8, None),
)
ax.legend()
plt.show()
