"""
Finding a learning rate
=======================

Train with a learning rate that grows from step to step, and watch the loss: too small a
rate does nothing, too large a one explodes. In between lies a good one.
"""

# %%
# The range test
# --------------
# :func:`~sklearn_bpnet.inspection.find_learning_rate` trains a copy of an estimator.
# The estimator stays as it is. Each solver has its own scale of rates: Adam moves every
# weight by about the rate, SGD by the rate times the gradient.

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.inspection import find_learning_rate
from sklearn_bpnet.training.schedules import SCHEDULES, TrainingTime, Warmup

X, y = load_digits(return_X_y=True)
X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)

figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
found = {}
for ax, solver in zip(axes, ("adam", "sgd"), strict=True):
    clf = BPNetClassifier(solver=solver, batch_size=32, random_state=0)
    found[solver] = find_learning_rate(clf, X, y, random_state=0)
    found[solver].plot(ax)
    ax.set_title(solver)

# %%
# With the rate it suggests
# -------------------------
# A schedule that falls to zero uses a large rate well. Thirty epochs follow, with the
# rate suggested and with a hundredth of it.

warnings.simplefilter("ignore", ConvergenceWarning)  # max_iter is the plan here

figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
for ax, (solver, display) in zip(axes, found.items(), strict=True):
    for share, style in ((1, "-"), (0.01, "--")):
        clf = BPNetClassifier(
            solver=solver,
            batch_size=32,
            learning_rate="cosine",
            learning_rate_init=share * display.suggestion,
            max_iter=30,
            tol=0,
            random_state=0,
        ).fit(X, y)
        score = clf.score(X_test, y_test)
        label = f"{clf.learning_rate_init:.2g}: {score:.1%} right"
        ax.plot(clf.loss_curve_, style, label=label)
    ax.set(title=solver, xlabel="Epoch", yscale="log")
    ax.legend(title="Learning rate, accuracy on the test rows")
axes[0].set_ylabel("Loss")

# %%
# Schedules
# ---------
# What ``learning_rate`` may name, over a hundred epochs. An instance has other
# hyper-parameters; a function of the part of training that is done draws any curve.

shown = {name: schedule for name, schedule in SCHEDULES.items() if name != "on_plateau"}
shown['Warmup("cosine", 20)'] = Warmup("cosine", 20)
epochs = [n / 5 for n in range(500)]
figure, axes = plt.subplots(
    3, 4, figsize=(11, 6), sharex=True, sharey=True, layout="constrained"
)
for ax, (name, schedule) in zip(axes.flat, shown.items(), strict=True):
    # as if patience had run out after 40 and after 70 epochs
    plateaus = [(t >= 40) + (t >= 70) for t in epochs]
    ax.plot(
        epochs,
        [
            schedule.factor(TrainingTime(t, 100, n))
            for t, n in zip(epochs, plateaus, strict=True)
        ],
    )
    ax.set_title(name)
figure.supxlabel("Epoch")
figure.supylabel("Factor of learning_rate_init")
plt.show()
