"""
How sure is a prediction? Ensembles and intervals
=================================================

Two things make a prediction uncertain: noise in the target, which more data do not
remove, and too few data in a region. Quantiles measure the first, the disagreement of
several networks the second.
"""

# %%
# A curve whose noise grows to the right, with a region without any samples.

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet import BPNetRegressor
from sklearn_bpnet.net.losses import Quantile

rng = np.random.default_rng(0)


def draw(n):
    """Return samples, none of which is between 4 and 6."""
    x = rng.uniform(0, 8, size=n)
    x = np.where(x > 4, x + 2, x)
    return x[:, None], np.sin(1.5 * x) + (0.05 + 0.05 * x) * rng.normal(size=n)


X, y = draw(300)
X_new, y_new = draw(4000)

# %%
# Quantiles
# ---------
# One network with an output per level. The levels never cross. Of new samples, nine in
# ten should lie between the outer two.

settings = {
    "hidden_layer_sizes": (50, 50),
    "activation": "silu",
    "max_iter": 100,
    "random_state": 0,
}
quantiles = BPNetRegressor(loss=Quantile((0.05, 0.5, 0.95)), **settings).fit(X, y)
low, _, high = quantiles.predict(X_new).T
print(f"{np.mean((low <= y_new) & (y_new <= high)):.1%} of new samples are inside")

# %%
# An ensemble
# -----------
# Ten networks that differ in their initial weights. They agree where there are samples;
# in the gap they do not, and beyond the data they drift apart.

ensemble = BPNetRegressor(n_members=10, **settings).fit(X, y)
x = np.linspace(-1.5, 12, 400)[:, None]
mean, std = ensemble.predict(x, return_std=True)
for name, region in {"data": (0, 4), "the gap": (4, 6), "beyond": (10.5, 12)}.items():
    inside = (x[:, 0] > region[0]) & (x[:, 0] < region[1])
    print(f"standard deviation of the members, {name:7s}: {std[inside].mean():.3f}")

# %%
# Left: the noise. Right: what the ensemble does not know.

figure, axes = plt.subplots(
    1, 2, figsize=(12, 4), sharex=True, sharey=True, layout="constrained"
)
for ax in axes:
    ax.axvspan(4, 6, color="0.93")
    ax.scatter(X, y, s=6, color="0.6", label="samples")
    ax.set(xlabel="x", ylim=(-2.6, 2.6))
low, middle, high = quantiles.predict(x).T
axes[0].fill_between(x[:, 0], low, high, alpha=0.3, label="5 % to 95 %")
axes[0].plot(x, middle, label="median")
axes[0].set(title="Quantiles of one network", ylabel="y")
axes[1].fill_between(
    x[:, 0], mean - 2 * std, mean + 2 * std, alpha=0.3, label="mean ± 2 std"
)
for member in ensemble.estimators_:
    axes[1].plot(x, member.predict(x), color="C0", linewidth=0.6, alpha=0.6)
axes[1].plot(x, mean, color="C1", label="mean of ten networks")
axes[1].set(title="Ten networks")
for ax in axes:
    ax.legend(loc="upper left")
plt.show()

# sphinx_gallery_thumbnail_number = 1
