"""
Training better and faster
==========================

The lecture ends with an outlook on weight initialisation, loss functions,
regularisation and advanced gradient descent. This example compares variants of each on
handwritten digits, with one hidden layer of 64 units.
"""

# %%
# The data and the curves
# -----------------------
# The training set has only 400 digits, which makes the differences visible. ``X_val``
# and ``y_val`` are not used for training; their loss and accuracy per epoch are
# recorded in ``history_``.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sklearn_bpnet import BPNetClassifier
from sklearn_bpnet.net.initializers import VarianceScaling
from sklearn_bpnet.training.optimizers import SGD

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=400, stratify=y, random_state=0
)


def curves(n_rows=400, **parameters):
    """Return the history of a training on some of the digits."""
    settings = {
        "activation": "sigmoid",
        "solver": SGD(momentum=0.0),
        "learning_rate": "constant",
        "learning_rate_init": 0.1,
        "batch_size": 10,
        "alpha": 0.0,
        "max_iter": 30,
        "n_iter_no_change": np.inf,
        "random_state": 0,
    }
    clf = BPNetClassifier((64,), **(settings | parameters))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 30 epochs are few
        warnings.filterwarnings("ignore", "initializer='zeros'")  # it is shown below
        clf.fit(X_train[:n_rows], y_train[:n_rows], X_val=X_test, y_val=y_test)
    return clf.history_


def draw(title, variants, column="validation_score"):
    """Plot the training loss, and the score or loss of the test digits."""
    _, (left, right) = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
    for name, parameters in variants.items():
        history = curves(**parameters)
        epochs = np.arange(1, len(history["loss"]) + 1)
        left.plot(epochs, history["loss"], label=name)
        right.plot(epochs, history[column], label=name)
        print(f"{name:28s} test accuracy {history['validation_score'][-1]:.3f}")
    left.set(title=title, xlabel="Epoch", ylabel="Training loss", yscale="log")
    if column == "validation_score":
        right.set(xlabel="Epoch", ylabel="Test accuracy")
    else:
        right.set(xlabel="Epoch", ylabel="Test loss", ylim=(0.35, 0.7))
    right.legend()


# %%
# Weight initialisation
# ---------------------
# Equal weights have equal gradients: if they start at zero, all hidden units remain
# identical. Large weights saturate the units: the network fits the training digits, but
# generalises poorly. Glorot's initialisation preserves the variance of the signals from
# layer to layer.

draw(
    "Weight initialisation",
    {
        "zeros": {"initializer": "zeros"},
        "normal, std 1": {"initializer": VarianceScaling(64.0, "in", "normal")},
        "Glorot": {"initializer": "glorot_uniform"},
    },
)

# %%
# Loss function
# -------------
# Ten sigmoids at the output, with the quadratic loss and with cross-entropy, and the
# softmax. The training losses are different quantities; compare the accuracies.

ten_sigmoids = {"output_activation": "sigmoid"}
draw(
    "Loss function",
    {
        "quadratic, sigmoids": {"loss": "squared_error", **ten_sigmoids},
        "cross-entropy, sigmoids": ten_sigmoids,
        "cross-entropy, softmax": {},
    },
)

# %%
# Regularisation
# --------------
# With only 100 training digits and no penalty, the training loss keeps decreasing while
# the test loss increases again: the network becomes overconfident. The accuracies
# hardly differ here. The training loss includes the penalty.

overfitting = {
    "n_rows": 100,
    "activation": "relu",
    "solver": "adam",
    "learning_rate_init": 0.005,
    "max_iter": 150,
}
draw(
    "Regularisation, 100 training digits",
    {
        "none": overfitting,
        "L2, alpha = 0.01": {**overfitting, "alpha": 0.01},
        "L1, alpha = 0.003": {**overfitting, "alpha": 0.003, "l1_ratio": 1.0},
    },
    column="validation_loss",
)

# %%
# Advanced gradient descent
# -------------------------
# Momentum, Nesterov's momentum, and methods with an adaptive learning rate per weight.

draw(
    "Advanced gradient descent",
    {
        "SGD": {"learning_rate_init": 0.03},
        "momentum": {
            "solver": SGD(momentum=0.9, nesterov=False),
            "learning_rate_init": 0.03,
        },
        "Nesterov": {
            "solver": SGD(momentum=0.9, nesterov=True),
            "learning_rate_init": 0.03,
        },
        "RMSprop": {"solver": "rmsprop", "learning_rate_init": 0.003},
        "Adam": {"solver": "adam", "learning_rate_init": 0.003},
    },
)
plt.show()
