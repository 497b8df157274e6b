"""
Three quantiles that do not cross
=================================

Where the spread of a target depends on the input, its mean says little. One network
with three outputs learns the 5 %, the 50 % and the 95 % quantile at once: between the
outer two lie nine of ten new rows.
"""

# %%
# A target whose noise grows with x.

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
    """Rows (x, y) of a curve with noise that widens."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 4, size=n)
    return x[:, None], curve(x) + spread(x) * rng.normal(size=n)


def curve(x):
    """The median."""
    return np.sin(2 * x)


def spread(x):
    """The standard deviation."""
    return 0.1 + 0.3 * x


X, y = draw(3000, seed=0)

# %%
# The outputs ascend by construction: the lowest is an output of its own, and each of
# the others adds a positive step to the one below. So they cannot cross, not even where
# there are no data.

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
ax.plot(X[::3, 0], y[::3], ".", color="0.75", markersize=4, label="training rows")
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
# On fresh rows each level is met, for narrow and for wide parts alike.

X_new, y_new = draw(20_000, seed=1)
below = y_new[:, None] < reg.predict(X_new)
print("share of new rows below each output:", below.mean(axis=0).round(3))
covered = ~below[:, 0] & below[:, 2]
for low in range(4):
    part = (X_new[:, 0] >= low) & (X_new[:, 0] < low + 1)
    print(
        f"x from {low} to {low + 1}: {covered[part].mean():.1%} between the outer two"
    )
plt.show()
