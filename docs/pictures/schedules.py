"""Every schedule, as a training has it."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.training.schedules import SCHEDULES

X, y = load_iris(return_X_y=True)
names: dict[object, str] = {}  # a schedule may have two names
for name, schedule in SCHEDULES.items():
    names.setdefault(schedule, name)
figure, axes = plt.subplots(
    -(-len(names) // 4), 4, figsize=(10, 1.5 * -(-len(names) // 4)), sharex=True
)
for ax in axes.flat[len(names) :]:
    ax.remove()
for ax, name in zip(axes.flat, names.values(), strict=False):
    clf = BPNetClassifier(
        (5,), learning_rate=name, max_iter=60, n_iter_no_change=np.inf, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of fits that do not converge
        rates = clf.fit(X, y).history_["learning_rate"]
    ax.plot(rates / rates.max())
    ax.set_title(f'"{name}"', fontsize=9)
    ax.set(ylim=(-0.05, 1.1), yticks=[0, 1])
figure.supxlabel("epoch", fontsize=10)
