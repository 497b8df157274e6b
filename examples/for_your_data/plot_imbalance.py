"""
Rare classes
============

Two of a hundred samples are of the class that matters. A classifier that never predicts
it is 98 % right, and useless. Three remedies: weights, another loss, and another
threshold.
"""

# %%
# The data: 2 % of the samples are of class 1, and overlap with the others.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    precision_score,
    recall_score,
)
from sklearn.model_selection import TunedThresholdClassifierCV, train_test_split

from sklearn_bpnet import BPNetClassifier

X, y = make_classification(
    8_000, n_features=10, n_informative=5, weights=[0.98], class_sep=0.9, flip_y=0.005,
    random_state=1,
)  # fmt: skip
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=0
)

# %%
# Four models
# -----------
# ``class_weight="balanced"`` gives both classes the same total weight, ``"focal"``
# gives little weight to samples that are predicted well. The last one leaves the
# network alone, and moves the threshold of 50 % to where the F1 score is best in
# cross-validation.

settings = {"max_iter": 12, "random_state": 0}
models = {
    "the defaults": BPNetClassifier(**settings),
    "class_weight='balanced'": BPNetClassifier(class_weight="balanced", **settings),
    "loss='focal', balanced": BPNetClassifier(
        loss="focal", class_weight="balanced", **settings
    ),
    "tuned threshold": TunedThresholdClassifierCV(
        BPNetClassifier(**settings), scoring="f1", cv=3
    ),
}
print(f"{'':24s} accuracy  recall  precision  average precision")
points = {}
for name, model in models.items():
    model.fit(X_train, y_train)
    predicted, P = model.predict(X_test), model.predict_proba(X_test)[:, 1]
    recall = recall_score(y_test, predicted)
    precision = precision_score(y_test, predicted)
    points[name] = recall, precision
    print(
        f"{name:24s} {np.mean(predicted == y_test):8.3f} {recall:7.2f} "
        f"{precision:10.2f} {average_precision_score(y_test, P):18.2f}"
    )

# %%
# The curve says how well a model ranks the samples: here, all of them do so alike. The
# point on it says where the model decides, and that is what differs: with the threshold
# of 50 % the defaults miss most cases, while weights find three of four, among many
# false alarms. Ranking by the defaults and choosing the threshold is a decision of its
# own, and keeps the probabilities as they are.

figure, ax = plt.subplots(figsize=(7, 5), layout="constrained")
for i, (name, model) in enumerate(models.items()):
    if name != "tuned threshold":
        P = model.predict_proba(X_test)[:, 1]
        precision, recall, _ = precision_recall_curve(y_test, P)
        ax.plot(recall, precision, color=f"C{i}", label=name)
    ax.plot(
        *points[name],
        "osDP"[i],
        markersize=11,
        color=f"C{i}",
        markeredgecolor="white",
        label=f"{name}: decision",
    )
ax.set(title="Where each model decides", xlabel="Recall", ylabel="Precision")
ax.legend(loc="upper right")
plt.show()
