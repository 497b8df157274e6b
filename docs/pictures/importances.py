"""Three measures of what a feature matters, and what SHAP adds to them."""

from itertools import combinations
from math import comb

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import permutation_importance

from sklearn_bpnet import BPNetRegressor


def shapley_values(predict, X, background):
    """Shapley values, from the predictions for all subsets of the features.

    What SHAP computes, for as few features as these, without installing it. A feature
    that is not in a subset has the values of the background samples.
    """
    n, d = X.shape
    subsets = [s for k in range(d + 1) for s in combinations(range(d), k)]
    mean = {}
    for subset in subsets:
        rows = np.tile(background, (n, 1))
        columns = list(subset)
        rows[:, columns] = np.repeat(X[:, columns], len(background), axis=0)
        mean[subset] = predict(rows).reshape(n, -1).mean(axis=1)
    values = np.zeros((n, d))
    for subset in subsets:
        for j in set(range(d)) - set(subset):
            weight = 1 / (d * comb(d - 1, len(subset)))
            values[:, j] += weight * (mean[tuple(sorted((*subset, j)))] - mean[subset])
    return values


def main():
    """Draw the figure for the model of the page."""
    rng = np.random.default_rng(0)
    X = rng.normal([0, 50, 0], [1, 10, 1], size=(600, 3))
    y = 3 * np.sin(X[:, 0]) + 0.2 * X[:, 1]
    reg = BPNetRegressor((32, 8), activation="tanh", max_iter=50, random_state=0)
    reg.fit(X, y)
    X_new = rng.normal([0, 50, 0], [1, 10, 1], size=(300, 3))
    y_new = 3 * np.sin(X_new[:, 0]) + 0.2 * X_new[:, 1]
    permuted = permutation_importance(reg, X_new, y_new, n_repeats=3, random_state=0)
    parts = shapley_values(reg.predict, X_new, X[:100])
    measures = {
        "feature_importances_": (reg.feature_importances_, "C0", ""),
        "permutation importance": (permuted.importances_mean, "C1", "//"),
        "mean |SHAP value|": (np.abs(parts).mean(axis=0), "C2", ".."),
    }
    _, (left, right) = plt.subplots(ncols=2, figsize=(9, 3.4))
    for k, (name, (values, color, hatch)) in enumerate(measures.items()):
        left.bar(
            np.arange(3) + 0.27 * (k - 1),
            values / values.sum(),
            width=0.25,
            label=name,
            color=color,
            hatch=hatch,
            edgecolor="white",
        )
    left.set_xticks(range(3), ["x0", "x1", "x2, noise"])
    left.set(title="Shares of three measures", ylabel="share of the sum")
    left.set_ylim(0, 0.85)
    left.legend(fontsize="small")
    right.plot(X_new[:, 0], parts[:, 0], "o", markersize=3, label="x0")
    right.plot(X_new[:, 2], parts[:, 2], "x", markersize=4, color="0.4", label="x2")
    right.set(
        title="SHAP values of 300 samples",
        xlabel="value of the feature",
        ylabel="part of the prediction",
    )
    right.legend()


if __name__ == "__main__":
    main()
