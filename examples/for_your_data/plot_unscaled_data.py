"""
Unscaled features and targets
=============================

Networks perform poorly on raw data if one feature is of the order of thousandths,
another of millions, and the target of 100,000. ``BPNetRegressor`` standardises features
and target internally, and maps its predictions back.
"""

# %%
# A target of about 100,000 that depends on four features, whose scales differ by up to
# nine orders of magnitude.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_bpnet import BPNetRegressor

rng = np.random.default_rng(0)
U = rng.uniform(-1, 1, size=(2000, 4))
X = U * [1e-3, 1.0, 1e3, 1e6] + [0.0, 5.0, 0.0, 1e6]
y = 1e5 + 1e4 * (np.sin(3 * U[:, 0]) + U[:, 1] * U[:, 2] + U[:, 3] ** 2)
y += rng.normal(scale=500, size=len(y))
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# scikit-learn's regressor on the raw data, the same with features and target scaled,
# and ``BPNetRegressor`` on the raw data. All networks have default parameters.

models = {
    "MLPRegressor": MLPRegressor(random_state=0),
    "MLPRegressor, scaled by hand": TransformedTargetRegressor(
        make_pipeline(StandardScaler(), MLPRegressor(random_state=0)),
        transformer=StandardScaler(),
    ),
    "BPNetRegressor": BPNetRegressor(random_state=0),
}
scores, predictions = {}, {}
for name, model in models.items():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X_train, y_train)
    scores[name] = model.score(X_test, y_test)
    predictions[name] = model.predict(X_test)
    print(f"{name}: test R2 = {scores[name]:.3f}")

# %%
# On the dashed line, predictions equal the true targets. The vertical axes differ.

figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
for ax, (name, y_predicted) in zip(axes, predictions.items(), strict=True):
    ax.scatter(y_test / 1000, y_predicted / 1000, s=10, alpha=0.5)
    ax.axline((100, 100), slope=1, color="black", linestyle="--", linewidth=1)
    ax.set(
        title=f"{name}\n$R^2$ = {scores[name]:.3f}",
        xlabel="True target, thousands",
        ylabel="Prediction, thousands",
    )
