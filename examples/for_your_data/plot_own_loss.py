"""
A loss of your own
==================

A baker who bakes one loaf too many loses its cost, 1; for one too few, the profit, 4,
is lost. The squared error treats both alike. A loss is two functions: its value, and
its derivative with respect to the output.
"""

# %%
# Demand for bread depends on the day of the week and on the temperature, and is noisy.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet import BPNetRegressor, check_gradient

rng = np.random.default_rng(0)


def draw(n):
    """Return days (weekday, temperature), and the loaves that customers ask for."""
    weekday, temperature = rng.integers(7, size=n), rng.normal(15, 8, size=n)
    demand = 100 + 40 * (weekday >= 5) - temperature + 5 * np.sin(temperature / 3)
    demand += 15 * rng.gumbel(size=n)
    return np.column_stack([weekday == day for day in range(7)] + [temperature]), demand


X, y = draw(3000)
X_new, y_new = draw(3000)

# %%
# The loss
# --------
# Both functions get arrays of shape (n_samples, n_outputs). The first returns a number
# per sample, the second an array of the same shape. A quadratic piece rounds the kink
# off, within two loaves, so that the derivative is continuous.

TOO_MANY, TOO_FEW, WIDTH = 1.0, 4.0, 2.0


def cost(Y, A):
    """Return the cost per sample of baking A for a demand of Y."""
    E = A - Y
    slope = np.where(E > 0, TOO_MANY, TOO_FEW)
    size = np.abs(E)
    piece = np.where(size < WIDTH, size**2 / (2 * WIDTH), size - WIDTH / 2)
    return (slope * piece).sum(axis=1)


def slope_of_cost(Y, A):
    """Return its derivative with respect to A."""
    E = A - Y
    slope = np.where(E > 0, TOO_MANY, TOO_FEW)
    return slope * np.clip(E / WIDTH, -1, 1)


# %%
# ``fit`` compares the derivative with differences of the value, and raises an error if
# they do not agree. ``check_gradient`` does so for every weight of a network.

baker = BPNetRegressor((30,), loss=(cost, slope_of_cost), random_state=0)
print(check_gradient(baker, X[:50], y[:50]))

# %%
# What it is worth
# ----------------
# The cost per day of the two bakers, on new days. For comparison, the best that one
# could do with a fixed number of loaves.

baker.fit(X, y)
forecaster = BPNetRegressor((30,), random_state=0).fit(X, y)
fixed = np.quantile(y, TOO_FEW / (TOO_FEW + TOO_MANY))


def per_day(loaves):
    """Return the mean cost on new days."""
    E = loaves - y_new
    return np.mean(np.where(E > 0, TOO_MANY * E, -TOO_FEW * E))


loaves = {
    "a fixed number": np.full(len(y_new), fixed),
    "squared error": forecaster.predict(X_new),
    "own loss": baker.predict(X_new),
}
for name, number in loaves.items():
    print(f"{name:15s} costs {per_day(number):5.1f} per day")

# %%
# The baker bakes more than will be asked for on average, and most on uncertain days.

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
E = np.linspace(-20, 20, 200)
left.plot(E, E**2 / 10, label="squared error (a tenth)")
left.plot(E, cost(np.zeros((200, 1)), E[:, None]), label="own loss")
left.set(xlabel="Loaves too many", ylabel="Loss", title="The losses")
left.legend()
bins = np.linspace(-60, 60, 41)
for name in ("squared error", "own loss"):
    right.hist(loaves[name] - y_new, bins, alpha=0.55, label=name)
right.axvline(0, color="0.3", linewidth=1)
right.set(xlabel="Loaves too many", ylabel="Days", title="New days")
right.legend()
plt.show()
