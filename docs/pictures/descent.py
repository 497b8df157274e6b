"""Gradient descent, and its stochastic version, on the risk of two weights."""

import matplotlib.pyplot as plt
import numpy as np
from diagrams import BLUE, ORANGE

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2)) * (1, 0.45)
y = X @ (1.0, -0.5) + 0.3 * rng.normal(size=60)


def gradient(theta, samples):
    """Of half the mean squared error of some samples."""
    return X[samples].T @ (X[samples] @ theta - y[samples]) / len(samples)


def path(rate, batch, steps):
    """The weights after each step."""
    theta, thetas = np.array([-1.2, 1.1]), []
    for _ in range(steps):
        thetas.append(theta)
        samples = rng.choice(60, batch, replace=False)
        theta = theta - rate * gradient(theta, samples)
    return np.array(thetas)


a, b = np.meshgrid(np.linspace(-1.6, 2, 120), np.linspace(-1.6, 1.5, 120))
J = np.mean((np.stack([a, b], -1) @ X.T - y) ** 2, axis=-1) / 2
figure, axes = plt.subplots(1, 2, figsize=(10, 3.9), sharey=True)
runs = [
    ("Gradient descent: all 60 samples per step", path(0.7, 60, 30), BLUE),
    ("Stochastic: one sample per step", path(0.25, 1, 180), ORANGE),
]
for ax, (title, thetas, color) in zip(axes, runs, strict=True):
    ax.contour(a, b, J, levels=np.geomspace(0.05, 3, 14), colors="0.75", linewidths=1)
    ax.plot(*thetas.T, "o-", color=color, markersize=3.5, linewidth=1)
    ax.plot(*thetas[0], "o", color="0.2", markersize=8)
    ax.set(title=title, xlabel=r"$\theta_1$")
axes[0].set_ylabel(r"$\theta_2$")
