"""The members of an ensemble agree where there are samples, and only there."""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet import BPNetRegressor

rng = np.random.default_rng(0)
x = np.concatenate([rng.uniform(-2, -0.3, size=30), rng.uniform(1, 2, size=15)])
y = np.sin(3 * x) + 0.1 * rng.normal(size=45)
reg = BPNetRegressor(
    (20,), activation="tanh", n_members=8, solver="lbfgs", alpha=1e-5, max_iter=5000,
    max_fun=50_000, random_state=0,
).fit(x[:, None], y)  # fmt: skip
grid = np.linspace(-2.6, 2.6, 200)[:, None]
mean, std = reg.predict(grid, return_std=True)
figure, ax = plt.subplots(figsize=(8, 3))
for member in reg.estimators_:
    ax.plot(grid, member.predict(grid), color="0.75", linewidth=0.8)
ax.fill_between(grid[:, 0], mean - std, mean + std, alpha=0.3)
ax.plot(grid, mean, label="mean of 8 members, and their standard deviation")
ax.scatter(x, y, s=8, color="0.3", label="training samples")
ax.set(xlabel="x", ylim=(-3, 3))
ax.legend(loc="lower center", ncols=2)
