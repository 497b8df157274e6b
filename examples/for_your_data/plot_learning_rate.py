"""
Finding a learning rate
=======================

Train with a learning rate that increases from step to step, and monitor the loss: it is
constant for rates that are too small, and diverges for rates that are too large.
Suitable rates are in between.
"""

# %%
# The range test
# --------------
# :func:`~sklearn_bpnet.inspection.find_learning_rate` trains a copy of an estimator.
# The scale of suitable rates depends on the solver: Adam changes every weight by about
# the learning rate, SGD by the learning rate times the gradient.

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
# Training with the suggested rate
# --------------------------------
# A large initial rate is suitable for a schedule that is annealed to zero. Here are
# thirty epochs with the suggested rate and with a hundredth of it.

warnings.simplefilter("ignore", ConvergenceWarning)  # max_iter ends each fit

figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True, layout="constrained")
for ax, (solver, display) in zip(axes, found.items(), strict=True):
    for factor, style in ((1, "-"), (0.01, "--")):
        clf = BPNetClassifier(
            solver=solver,
            batch_size=32,
            learning_rate="cosine",
            learning_rate_init=factor * display.suggestion,
            max_iter=30,
            tol=0,
            random_state=0,
        ).fit(X, y)
        score = clf.score(X_test, y_test)
        label = f"{clf.learning_rate_init:.2g}: {score:.1%}"
        ax.plot(clf.loss_curve_, style, label=label)
    ax.set(title=solver, xlabel="Epoch", yscale="log")
    ax.legend(title="Learning rate: test accuracy")
axes[0].set_ylabel("Loss")

# %%
# Schedules
# ---------
# The schedules that ``learning_rate`` can name, over a hundred epochs. Instances have
# other hyper-parameters; a function of the completed fraction of training can be any
# curve.

shown = {name: schedule for name, schedule in SCHEDULES.items() if name != "on_plateau"}
shown['Warmup("cosine", 20)'] = Warmup("cosine", 20)
epochs = [n / 5 for n in range(500)]
figure, axes = plt.subplots(
    3, 4, figsize=(11, 6), sharex=True, sharey=True, layout="constrained"
)
for ax, (name, schedule) in zip(axes.flat, shown.items(), strict=True):
    # with plateaus after 40 and after 70 epochs
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
