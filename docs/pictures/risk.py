"""Three lines through points, and where they are on the curve of the risk."""

import matplotlib.pyplot as plt
import numpy as np
from diagrams import BLUE, GREEN, ORANGE

rng = np.random.default_rng(3)
x = rng.uniform(-1, 1, 25)
y = 0.8 * x + 0.25 * rng.normal(size=25)
slopes = {-0.5: ORANGE, 0.3: GREEN, 0.8: BLUE}


def risk(theta):
    """Half the mean squared error."""
    return np.mean((np.multiply.outer(theta, x) - y) ** 2, axis=-1) / 2


figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
line = np.array([-1.1, 1.1])
left.scatter(x, y, color="0.4", s=22, zorder=3)
for theta, color in slopes.items():
    left.plot(line, theta * line, color=color, linewidth=2)
left.vlines(x, y, -0.5 * x, color=ORANGE, linewidth=0.8, alpha=0.6)
left.set(xlabel="$x$", ylabel="$y$", title=r"Three functions $f(x, \theta) = \theta x$")
thetas = np.linspace(-1, 2.2, 200)
right.plot(thetas, risk(thetas), color="0.3")
for theta, color in slopes.items():
    right.plot(theta, risk(theta), "o", color=color, markersize=10)
right.set(xlabel=r"$\theta$", ylabel="$J$", title="Their empirical risk")
