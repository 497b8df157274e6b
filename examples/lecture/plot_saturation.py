r"""
Saturation and vanishing gradients
==================================

A saturated sigmoid learns slowly with the quadratic loss: its error is multiplied by
:math:`\sigma'(z) = a (1 - a)`, which is nearly zero. With cross-entropy this factor
cancels, and a neuron learns the faster, the larger its error is.
"""

# %%
# One neuron
# ----------
# For a single input x = 1 the target is 0. The initial weights are w = b = 2, so the
# output is 0.98. In the first step :math:`\delta = (a - y)\, a (1 - a) = 0.017` for the
# quadratic loss, and :math:`\delta = a - y = 0.98` for cross-entropy.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet import BPNetClassifier, empirical_risk

STEPS, EVERY = 500, 5


def outputs(loss):
    """Return the output of the neuron before every fifth step."""
    neuron = BPNetClassifier.from_weights(
        [[[2.0]]],
        [[2.0]],
        loss=loss,
        solver="sgd",
        momentum=0.0,
        learning_rate="constant",
        learning_rate_init=0.15,
        alpha=0.0,
        batch_size=1,
    )
    activations = []
    for _ in range(0, STEPS, EVERY):
        activations.append(neuron.predict_proba([[1.0]])[0, 1])
        neuron.partial_fit([[1.0]] * EVERY, [0] * EVERY)
    return np.array(activations)


names = {"squared_error": "quadratic loss", "log_loss": "cross-entropy"}
curves = {name: outputs(loss) for loss, name in names.items()}
for name, activations in curves.items():
    print(f"{name}: above 0.1 for {EVERY * np.sum(activations > 0.1)} steps")

figure, ax = plt.subplots(figsize=(7, 4.5), layout="constrained")
for name, activations in curves.items():
    ax.plot(range(0, STEPS, EVERY), activations, label=name)
ax.axhline(0.1, color="0.5", linestyle="--", linewidth=1)
ax.set(
    title="One sigmoid from $w = b = 2$, learning rate 0.15",
    xlabel="Step",
    ylabel="Output (the target is 0)",
)
ax.legend()

# %%
# Hidden layers
# -------------
# In hidden layers the factor does not cancel: equation 2 multiplies :math:`\delta` by
# :math:`\sigma' \le 1/4` in every layer. ``record`` stores the norm of the gradient and
# the fraction of saturated units per epoch and layer. Two networks with four layers of
# sigmoids are trained from the default initial weights, and from weights ten times as
# large; the third network has rectifiers.

X, y = load_digits(return_X_y=True)
HIDDEN = (30, 30, 30, 30)


def fit(activation, factor=1):
    """Train a network from its default initial weights times a factor."""
    clf = BPNetClassifier(
        HIDDEN,
        activation=activation,
        numeric_embedding=None,
        record=["gradient_norm", "saturation"],
        learning_rate="constant",
        learning_rate_init=0.003,
        max_iter=40,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    J = empirical_risk(clf, X, y)
    coefs, _ = J.coefs_and_intercepts(factor * J.theta)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 40 epochs are few
        return clf.fit(X, y, coefs_init=coefs)


models = {
    "sigmoid": fit("sigmoid"),
    "sigmoid, weights times 10": fit("sigmoid", 10),
    "relu": fit("relu"),
}

# %%
# Initially the gradient of the lowest layer of sigmoids is dozens of times smaller than
# that of the output layer, and the loss is on a plateau. With large weights, units are
# saturated and remain so. The gradients of the rectifiers have similar norms in all
# layers; their saturated units are those that are 0 for nearly every digit.

figure, axes = plt.subplots(
    3, 3, figsize=(12, 9), sharex=True, sharey="row", layout="constrained"
)
colors = plt.get_cmap("viridis")(np.linspace(0, 0.9, 5))
for column, (name, clf) in zip(axes.T, models.items(), strict=True):
    history = clf.history_
    epochs = np.arange(1, len(history["loss"]) + 1)
    column[0].plot(epochs, history["loss"], color="black")
    column[0].set(title=name)
    for layer, color in enumerate(colors, start=1):
        label = "output" if layer == 5 else f"layer {layer}"
        norms = history[f"gradient_norm_{layer}"]
        column[1].plot(epochs, norms, color=color, label=label)
        if layer < 5:  # softmax mixes the units: no unit of it is saturated alone
            shares = history[f"saturation_{layer}"]
            column[2].plot(epochs, shares, color=color, label=label)
    column[2].set(xlabel="Epoch")
axes[0, 0].set(ylabel="Loss", yscale="log")
axes[1, 0].set(ylabel="Norm of the gradient", yscale="log")
axes[2, 0].set(ylabel="Fraction of saturated units")
axes[1, 0].legend()
plt.show()
