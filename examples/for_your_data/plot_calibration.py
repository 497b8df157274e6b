"""
Calibrated probabilities
========================

"90 % sure" should be right in nine of ten cases. A network that fits its training
samples closely is surer than that. A temperature, fitted on validation samples, and the
average of several networks both repair it.
"""

# %%
# The data: a third of the labels are noise, so that no model can be sure.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sklearn_bpnet import BPNetClassifier

X, y = make_classification(
    6000, n_features=20, n_informative=8, flip_y=0.3, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=2000, random_state=0
)
X_train, X_val, y_train, y_val = train_test_split(
    X_train, y_train, test_size=0.25, random_state=0
)

# %%
# Three models. The penalty is made too weak on purpose, as the defaults are chosen such
# that networks are not this overconfident.

weak = {"hidden_layer_sizes": (100,), "alpha": 1e-5, "random_state": 0}
models = {
    "one network": BPNetClassifier(**weak),
    "with a temperature": BPNetClassifier(calibration="temperature", **weak),
    "eight networks, with a temperature": BPNetClassifier(
        calibration="temperature", n_members=8, **weak
    ),
    "the defaults": BPNetClassifier(random_state=0),
}
for name, model in models.items():
    if model.calibration:
        model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    else:
        model.fit(X_train, y_train)
    loss = log_loss(y_test, model.predict_proba(X_test))
    print(f"{name:35s} accuracy {model.score(X_test, y_test):.3f}, log loss {loss:.3f}")

temperature = models["with a temperature"].temperature_
print(f"\nLogits were divided by a temperature of {temperature:.1f}")

# %%
# Reliability curves: predicted probability against the share of samples that are of the
# class. A calibrated model is on the diagonal. Below, how often each probability is
# given: the single network is nearly always sure.

figure, axes = plt.subplots(
    2, 1, figsize=(7, 6.5), height_ratios=(3, 1), sharex=True, layout="constrained"
)
for name, model in models.items():
    CalibrationDisplay.from_estimator(
        model, X_test, y_test, n_bins=10, name=name, ax=axes[0], strategy="quantile"
    )
    axes[1].hist(
        model.predict_proba(X_test)[:, 1],
        bins=np.linspace(0, 1, 21),
        histtype="step",
        linewidth=1.5,
    )
axes[0].set(xlabel="", ylabel="Share of class 1", title="Reliability")
axes[1].set(xlabel="Predicted probability of class 1", ylabel="Test samples")
plt.show()
