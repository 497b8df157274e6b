r"""
A network can approximate any continuous function
=================================================

One hidden layer of K bounded, increasing units,

.. math:: \mathrm{OUT}(x) = \sum_{k=1}^{K} c_k \tanh(\theta_k^\top x + b_k) + c_0,

approximates any continuous function on a compact set to any accuracy if K is large
enough. Here K increases from 2 to 128, for a function of one and one of two variables.
"""

# %%
# Initial weights
# ---------------
# The theorem states that suitable weights exist, not that training finds them. It helps
# if the steps of the units are initially distributed over the set rather than at the
# origin: the step of unit k is at :math:`\theta_k^\top (x - u_k) = 0`, with a point
# :math:`u_k` drawn from the set. ``fit`` accepts such weights as ``coefs_init`` and
# ``intercepts_init``.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet import BPNetRegressor


def start(n_units, n_features, steepness):
    """Return units whose steps are distributed over the cube [-1, 1]^n."""
    rng = np.random.default_rng(0)
    W = rng.normal(size=(n_features, n_units))
    W *= steepness / np.linalg.norm(W, axis=0)
    U = rng.uniform(-1, 1, size=(n_units, n_features))
    b = -np.einsum("ij,ji->i", U, W)
    return {
        "coefs_init": [W, np.zeros((n_units, 1))],
        "intercepts_init": [b, np.zeros(1)],
    }


# %%
# Training
# --------
# L-BFGS on a grid that is denser towards the border, where the error of approximations
# is largest. There is no penalty. The largest error is computed on another, finer grid.


def grid(points, n_features):
    """Return all combinations of the points, one per row."""
    axes = np.meshgrid(*[points] * n_features)
    return np.stack(axes, axis=-1).reshape(-1, n_features)


def approximate(g, n_units, n_features, n_points, steepness):
    """Train a network to approximate the function g on [-1, 1]^n."""
    X = grid(np.sin(np.linspace(-np.pi / 2, np.pi / 2, n_points)), n_features)
    reg = BPNetRegressor(
        (n_units,),
        activation="tanh",
        solver="lbfgs",
        alpha=0,
        tol=1e-9,
        max_iter=800,
        input_scaling=None,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # max_iter ends each fit
        return reg.fit(X, g(X), **start(n_units, n_features, steepness))


def wave(X):
    """Return a function of one variable, oscillations with a Gaussian envelope."""
    return np.sin(5 * np.pi * X[:, 0]) * np.exp(-(X[:, 0] ** 2))


def hills(X):
    """Return a function of two variables."""
    return np.cos(3 * X[:, 0]) * np.sin(2 * X[:, 1]) + 0.5 * X[:, 0] * X[:, 1]


SIZES = (2, 8, 32, 128)
fine = {1: grid(np.linspace(-1, 1, 5001), 1), 2: grid(np.linspace(-1, 1, 201), 2)}
waves = {K: approximate(wave, K, 1, n_points=300, steepness=12) for K in SIZES}
surfaces = {K: approximate(hills, K, 2, n_points=25, steepness=3) for K in SIZES}

errors = {
    "one variable": [
        np.abs(m.predict(fine[1]) - wave(fine[1])) for m in waves.values()
    ],
    "two variables": [
        np.abs(m.predict(fine[2]) - hills(fine[2])) for m in surfaces.values()
    ],
}
largest = {name: [error.max() for error in found] for name, found in errors.items()}
for name, found in largest.items():
    print(
        name, ", ".join(f"K = {K}: {e:.4f}" for K, e in zip(SIZES, found, strict=True))
    )

# %%
# The function of one variable. Two units make two steps; with 32 units the curves are
# indistinguishable.

figure, axes = plt.subplots(1, 4, figsize=(13, 3.2), sharey=True, layout="constrained")
for ax, (K, model) in zip(axes, waves.items(), strict=True):
    ax.plot(fine[1], wave(fine[1]), color="0.6", linewidth=4, label="g(x)")
    ax.plot(fine[1], model.predict(fine[1]), color="tab:red", label="OUT(x)")
    ax.set(title=f"K = {K}", xlabel="x")
axes[0].legend(loc="lower left")

# %%
# The function of two variables, and the errors of the four networks on the same scale.

figure, axes = plt.subplots(1, 5, figsize=(14, 3.2), sharey=True, layout="constrained")
extent = {"extent": (-1, 1, -1, 1), "origin": "lower"}
image = axes[0].imshow(hills(fine[2]).reshape(201, 201), cmap="viridis", **extent)
axes[0].set(title="$g(x_1, x_2)$", xlabel="$x_1$", ylabel="$x_2$")
figure.colorbar(image, ax=axes[0])
for ax, K, error in zip(axes[1:], SIZES, errors["two variables"], strict=True):
    image = ax.imshow(error.reshape(201, 201), vmin=0, vmax=0.1, cmap="Reds", **extent)
    ax.set(title=f"Error, K = {K}", xlabel="$x_1$")
figure.colorbar(image, ax=axes[-1], label="|g - OUT|", extend="max")

# %%
# The largest error decreases as K increases.

figure, ax = plt.subplots(figsize=(6, 4), layout="constrained")
for name, found in largest.items():
    ax.plot(SIZES, found, marker="o", label=name)
ax.axhline(0.02, color="0.5", linestyle="--", linewidth=1)
ax.text(2, 0.017, "0.02", color="0.4", va="top")
ax.set(
    title="Largest error on a fine grid",
    xlabel="Hidden units K",
    ylabel="max |g - OUT|",
    xscale="log",
    yscale="log",
    xticks=SIZES,
    xticklabels=SIZES,
)
ax.minorticks_off()
ax.legend()
plt.show()
