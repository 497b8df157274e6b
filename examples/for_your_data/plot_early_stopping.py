"""
Early stopping and weight averaging
===================================

A large network overfits a small training set, wrong labels included: the training loss
approaches zero, while the validation loss increases. Early stopping keeps the weights
of the best epoch; a moving average of the weights reduces their fluctuations.
"""

# %%
# The data. Three in ten labels of the training samples are replaced at random.

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sklearn_bpnet import BPNetClassifier

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit(
        "This example draws a figure and needs matplotlib: "
        "python -m pip install matplotlib"
    ) from error

rng = np.random.default_rng(0)
X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(
    X, y, train_size=500, stratify=y, random_state=0
)
wrong = rng.random(len(y_train)) < 0.3
y_train = np.where(wrong, rng.integers(10, size=len(y_train)), y_train)

# %%
# Training for all epochs, with validation samples only monitored; with early stopping
# after ten epochs without improvement; and with a moving average of the weights.

settings = {
    "learning_rate": "constant",
    "learning_rate_init": 0.003,
    "batch_size": 20,
    "max_iter": 60,
    "tol": 0,
    "random_state": 0,
}
to_the_end = BPNetClassifier((200,), n_iter_no_change=np.inf, **settings)
early = BPNetClassifier((200,), early_stopping=True, scoring="loss", **settings)
average = BPNetClassifier((200,), n_iter_no_change=np.inf, ema_decay=0.98, **settings)
for clf in (to_the_end, early, average):
    clf.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    print(
        f"{clf.n_iter_} epochs ({clf.stop_reason_}), weights of epoch "
        f"{clf.best_epoch_}: accuracy {clf.score(X_val, y_val):.3f}"
    )

# %%
# The curves are columns of ``history_``.

figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 4.5), layout="constrained", sharex=True
)
epochs = np.arange(1, 61)
left.plot(epochs, to_the_end.history_["loss"], color="C0", label="training samples")
left.plot(
    epochs,
    to_the_end.history_["validation_loss"],
    color="C1",
    label="validation samples",
)
left.axvline(early.best_epoch_, color="C2", linestyle="--", label="weights kept")
left.axvline(early.n_iter_, color="0.6", linestyle=":", label="early stopping")
left.set(xlabel="Epoch", ylabel="Loss", title="Overfitting", ylim=(0, None))
left.legend()

for clf, label in ((to_the_end, "last weights"), (average, "average of the weights")):
    right.plot(epochs, clf.history_["validation_score"], label=label)
right.set(xlabel="Epoch", ylabel="Validation accuracy", title="Weight averaging")
right.legend()
plt.show()
