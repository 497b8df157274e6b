"""
Callbacks: look into a training, and end it
===========================================

A callback is called after every epoch. It can ask for the model as if training had
ended there, and end the training. Callbacks are those of scikit-learn 1.9; a progress
bar, a time limit, checkpoints and live curves exist already.
"""

# %%
# A callback of one's own
# -----------------------
# This one keeps the predictions of some epochs on a grid of points, and ends the
# training once 96.5 % of the samples that it was given are classified correctly.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.callbacks import Callback, TimeLimit


class Snapshots(Callback):
    """Keep predictions of some epochs; end training at an accuracy."""

    def __init__(self, grid, epochs, X_val, y_val, accuracy):
        self.grid = grid
        self.epochs = epochs
        self.X_val = X_val
        self.y_val = y_val
        self.accuracy = accuracy

    def setup(self, estimator, context):
        """Start with no pictures."""
        self.pictures = {}
        self.scores = []

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """Look at the model of an epoch; True ends the training."""
        if context.task_name != "epoch" or fitted_estimator is None:
            return False
        epoch = fitted_estimator.n_iter_
        self.scores.append(fitted_estimator.score(self.X_val, self.y_val))
        is_good = self.scores[-1] >= self.accuracy
        if epoch in self.epochs or is_good:
            self.pictures[epoch] = fitted_estimator.predict_proba(self.grid)[:, 1]
        return is_good


X, y = make_moons(400, noise=0.18, random_state=0)
X_val, y_val = make_moons(400, noise=0.18, random_state=1)
side_x, side_y = np.linspace(-1.7, 2.7, 120), np.linspace(-1.3, 1.8, 120)
grid = np.stack(np.meshgrid(side_x, side_y), axis=-1).reshape(-1, 2)

# %%
# ``set_callbacks`` takes as many as there are. ``TimeLimit`` would end a training that
# takes longer than a minute.

snapshots = Snapshots(grid, (1, 5, 15), X_val, y_val, accuracy=0.965)
clf = BPNetClassifier((50,), learning_rate_init=0.01, max_iter=500, random_state=0)
clf.set_params(learning_rate="constant", n_iter_no_change=np.inf)
clf.set_callbacks(snapshots, TimeLimit(seconds=60))
clf.fit(X, y)
print(f"training was {clf.stop_reason_} after {clf.n_iter_} of 500 epochs")

# %%
# The border between the classes bends as training goes on.

figure, axes = plt.subplots(1, 4, figsize=(13, 3.2), layout="constrained")
for ax, (epoch, P) in zip(axes, snapshots.pictures.items(), strict=True):
    ax.contourf(
        side_x, side_y, P.reshape(120, 120), levels=20, cmap="coolwarm", alpha=0.75
    )
    ax.scatter(*X.T, c=y, cmap="coolwarm", s=10, edgecolors="white", linewidths=0.3)
    score = snapshots.scores[epoch - 1]
    ax.set(title=f"Epoch {epoch}: {score:.1%}", xticks=[], yticks=[])
plt.show()

# %%
# Without a callback, early stopping needs no more than a parameter: it sets validation
# samples aside, or takes yours, ends when they no longer improve, and keeps the weights
# of the best epoch (:ref:`sphx_glr_gallery_for_your_data_plot_early_stopping.py`).

clf = BPNetClassifier(
    (50,), learning_rate_init=0.01, max_iter=500, early_stopping=True, random_state=0
)
clf.fit(X, y, X_val=X_val, y_val=y_val)
print(f"{clf.stop_reason_} after {clf.n_iter_} epochs, best was {clf.best_epoch_}")
print(f"validation accuracy {clf.best_validation_score_:.1%}")
