"""
Non-crossing quantiles
======================

If the spread of a target depends on the features, its mean is not sufficient. A network
with three outputs learns the 5 %, the 50 % and the 95 % quantile jointly; 90 % of new
samples lie between the outer two.
"""

# %%
# A target whose noise increases with x.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet import BPNetRegressor
from sklearn_bpnet.net.losses import Quantile

warnings.simplefilter("ignore", ConvergenceWarning)  # max_iter ends the fit
LEVELS = (0.05, 0.5, 0.95)


def draw(n, seed):
    """Return samples of a curve with heteroscedastic noise."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 4, size=n)
    return x[:, None], curve(x) + spread(x) * rng.normal(size=n)


def curve(x):
    """Return the median."""
    return np.sin(2 * x)


def spread(x):
    """Return the standard deviation."""
    return 0.1 + 0.3 * x


X, y = draw(3000, seed=0)

# %%
# The outputs are ascending by construction: each output adds a positive value to the
# one below. Therefore they cannot cross, even in regions without data.

reg = BPNetRegressor(
    (64,),
    activation="silu",
    loss=Quantile(LEVELS),
    learning_rate="cosine",
    learning_rate_init=0.01,
    max_iter=250,
    n_iter_no_change=np.inf,
    random_state=0,
).fit(X, y)

grid = np.linspace(-0.3, 4.3, 400)
predicted = reg.predict(grid[:, None])
figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
ax.plot(X[::3, 0], y[::3], ".", color="0.75", markersize=4, label="training samples")
ax.fill_between(
    grid, predicted[:, 0], predicted[:, 2], alpha=0.25, label="5 % to 95 %, predicted"
)
ax.plot(grid, predicted[:, 1], label="median, predicted")
inside = (grid >= 0) & (grid <= 4)
for k, level in enumerate(LEVELS):
    truth = curve(grid) + spread(grid) * norm.ppf(level)
    ax.plot(grid[inside], truth[inside], "k--", linewidth=1, label="true"[k * 9 :])
ax.set(xlabel="x", ylabel="y")
ax.legend(frameon=False, loc="upper left")

# %%
# On test samples the quantiles have the requested levels, both where the spread is
# small and where it is large.

X_new, y_new = draw(20_000, seed=1)
below = y_new[:, None] < reg.predict(X_new)
print("fraction of test samples below each output:", below.mean(axis=0).round(3))
covered = ~below[:, 0] & below[:, 2]
for low in range(4):
    part = (X_new[:, 0] >= low) & (X_new[:, 0] < low + 1)
    print(
        f"x from {low} to {low + 1}: {covered[part].mean():.1%} between the outer two"
    )
plt.show()
