"""The loss of trainings with learning rates from too small to too large."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

from sklearn_bpnet import BPNetRegressor

X, y = load_iris(return_X_y=True)
figure, ax = plt.subplots(figsize=(7, 3))
for rate in (0.003, 0.05, 0.3, 1):
    reg = BPNetRegressor(
        (20, 20), solver="gd", learning_rate="constant", learning_rate_init=rate,
        max_iter=60, n_iter_no_change=np.inf, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of divergence
        reg.fit(X, y)
    label = f"rate {rate:g}: stop_reason_ {reg.stop_reason_!r}"
    ax.semilogy(reg.loss_curve_, label=label)
ax.set(xlabel="epoch", ylabel="loss", ylim=(0.3, 10))
ax.legend(fontsize=8)
