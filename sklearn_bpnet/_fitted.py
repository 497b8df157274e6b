"""What a training leaves on its estimator, and what a user should know about it."""

from __future__ import annotations

import warnings
from math import isnan, nan

from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet import _parameters as parameters
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.training.history import StopReason


def attributes(network, theta, state, history, outcome, best_epoch=0):
    """The fitted attributes, by name.

    Parameters
    ----------
    network : Network
    theta : ndarray of shape (n_parameters,)
        The weights to keep; `coefs_` and `intercepts_` are views into it.
    state : dict
        What going on later needs besides.
    history : History
    outcome : Outcome
    best_epoch : int, default=0
        The epoch of theta.
    """
    layers = network.parameters(theta).layers
    scores = history.column("validation_score")
    validated = scores is not None or history.column("validation_loss") is not None
    return {
        "_state": state,
        **weights(layers),
        "n_layers_": len(layers) + 1,
        "n_outputs_": layers[-1][0].shape[1],
        "out_activation_": ACTIVATIONS.name_of(network.output_activation),
        "n_iter_": outcome.n_iter,
        "stop_reason_": outcome.reason.value,
        "loss_": outcome.loss,
        "history_": history.arrays(),
        "loss_curve_": history.column("loss"),
        "best_loss_": None if validated else _best(min, history.loss, outcome.loss),
        "validation_loss_curve_": history.column("validation_loss"),
        "validation_scores_": scores,
        "best_validation_score_": None if scores is None else _best(max, scores, nan),
        "best_epoch_": best_epoch,
    }


def weights(layers):
    """The attributes that hold the layers' arrays, by name."""
    return {
        "coefs_": [W for W, *_ in layers],
        "intercepts_": [b for _, b, *_ in layers],
        "activation_weights_": [own[0] if own else None for _, _, *own in layers],
    }


def layers(estimator):
    """The arrays of every layer of a fitted estimator: the way back."""
    of_layers = zip(
        estimator.coefs_,
        estimator.intercepts_,
        estimator.activation_weights_,
        strict=True,
    )
    return [(W, b) if w is None else (W, b, w) for W, b, w in of_layers]


def warn(estimator, outcome):
    """Say what a user should know about the end of training."""
    if outcome.reason is StopReason.INTERRUPTED:
        warnings.warn("Training interrupted by user.", stacklevel=5)
        return
    solver = parameters.solver_name(estimator)
    message = {
        StopReason.MAX_ITER: (
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached "
            "and the optimization hasn't converged yet."
        ),
        StopReason.DIVERGED: (
            f"Training diverged after {outcome.n_iter} iterations: the loss was no "
            "longer finite. The last finite weights are kept; "
            f"{parameters.remedy_for_divergence(estimator)}."
        ),
        StopReason.FAILED: (
            f"{solver} failed to converge after {outcome.n_iter} iterations: "
            f"{outcome.message}. Scale the data, or raise max_fun or tol."
        ),
    }.get(outcome.reason)
    full_batch = not parameters.is_stochastic(estimator)
    if outcome.reason is StopReason.MAX_ITER and full_batch:
        message = (
            f"{solver} failed to converge after {outcome.n_iter} iterations. "
            f"Increase max_iter={estimator.max_iter}, or scale the data."
        )
    if message:
        warnings.warn(message, ConvergenceWarning, stacklevel=5)


def _best(choose, values, default):
    """The smallest or largest of the values that are not NaN."""
    return choose((value for value in values if not isnan(value)), default=default)
