"""A skewed feature with outliers, after each way to scale it."""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_bpnet import BPNetRegressor, empirical_risk

rng = np.random.default_rng(0)
X = np.exp(1.5 * rng.normal(size=(2000, 1)))
figure, axes = plt.subplots(1, 4, figsize=(10, 2.4), sharey=True)
axes[0].hist(X, bins=60, color="0.6")
axes[0].set_title("the feature", fontsize=10)
for ax, scaling in zip(axes[1:], ("standard", "squash", "quantile"), strict=True):
    reg = BPNetRegressor((2,), input_scaling=scaling, max_iter=1, random_state=0)
    ax.hist(empirical_risk(reg, X, X[:, 0]).X, bins=60)
    ax.set_title(f'"{scaling}"', fontsize=10)
axes[0].set(ylabel="samples", ylim=(0, 400))
