"""What a training leaves on its estimator, and what a user should know about it."""

from __future__ import annotations

import warnings
from math import isinf, isnan, nan

from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet import _parameters as parameters
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.embeddings import Embedding
from sklearn_bpnet.net.input_scale import InputScale
from sklearn_bpnet.net.network import Dense
from sklearn_bpnet.training.monitor.history import StopReason

# What differs between the members of an ensemble, which has these attributes not.
OF_ONE_NETWORK = (
    "coefs_",
    "intercepts_",
    "activation_weights_",
    "learned_input_scale_",
    "embedding_weights_",
    "loss_curve_",
    "best_loss_",
    "validation_loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "best_epoch_",
    "history_",
    "stop_reason_",
    "t_",
)
OF_AN_ENSEMBLE = (
    "estimators_",
    "temperature_",
    "n_iter_",
    "loss_",
    "_state",
    "_resumes",
    "_classes_preset",
)
# What every member finds out in training, and the same
ALIKE = ("n_layers_", "n_outputs_", "out_activation_", "target_min_", "target_max_")
# Marks of scikit-learn that come and go
_OF_SCIKIT_LEARN = ("_skl_", "_callback", "_parent_callback", "_sklearn_")


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
    blocks = network.parameters(theta).blocks
    scores = history.column("validation_score")
    validated = scores is not None or history.column("validation_loss") is not None
    return {
        "_state": state,
        **weights(network, blocks),
        "n_layers_": len(network.layers) + 1,
        "n_outputs_": network.blocks[-1].n_out,
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


def learned(estimator):
    """What calls left on an estimator, by name, public or not."""
    parameters = estimator.get_params(deep=False)
    return {
        name: value
        for name, value in vars(estimator).items()
        if name not in parameters and not name.startswith(_OF_SCIKIT_LEARN)
    }


class SometimesThere:
    """A fitted attribute of one network, or of an ensemble, that says so elsewhere.

    What an instance holds under this name comes before this.

    Parameters
    ----------
    name : str
        Of the attribute.
    """

    def __init__(self, name):
        self.name = name

    def __get__(self, estimator, owner=None):
        """Raise AttributeError, on an instance."""
        if estimator is None:
            return self
        name = self.name
        message = f"{type(estimator).__name__!r} object has no attribute {name!r}"
        if "estimators_" in vars(estimator):
            n = len(estimator.estimators_)
            message += (
                f": it is an ensemble of {n} networks. Each has its own; see those of "
                f"estimators_[0] to estimators_[{n - 1}]"
            )
        elif "coefs_" in vars(estimator):
            message += ": it is a single network. Use n_members > 1 for an ensemble"
        raise AttributeError(message + ".")


def weights(network, blocks):
    """The attributes that hold the arrays of a network's blocks, by name."""
    layers = network.of_layers(blocks)
    pairs = list(zip(network.blocks, blocks, strict=True))
    scales = [arrays[0] for block, arrays in pairs if isinstance(block, InputScale)]
    embeddings = [arrays for block, arrays in pairs if isinstance(block, Embedding)]
    return {
        "coefs_": [W for W, *_ in layers],
        "intercepts_": [b for _, b, *_ in layers],
        "activation_weights_": [own[0] if own else None for _, _, *own in layers],
        "learned_input_scale_": scales[0] if scales else None,
        "embedding_weights_": list(embeddings[0]) if embeddings else None,
    }


def blocks(estimator, network):
    """The arrays of every block of a fitted estimator's network: the way back."""
    of_layers = iter(
        zip(
            estimator.coefs_,
            estimator.intercepts_,
            estimator.activation_weights_,
            strict=True,
        )
    )
    arrays: list[tuple] = []
    for block in network.blocks:
        if isinstance(block, Dense):
            W, b, w = next(of_layers)
            arrays.append((W, b) if w is None else (W, b, w))
        elif isinstance(block, InputScale):
            arrays.append((estimator.learned_input_scale_,))
        elif isinstance(block, Embedding):
            arrays.append(tuple(estimator.embedding_weights_))
        else:
            arrays.append(())
    return arrays


def warn(estimator, outcomes):
    """Say what a user should know about the end of training.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
    outcomes : list of Outcome
        How it ended, for every member of an ensemble.
    """
    if any(outcome.reason is StopReason.INTERRUPTED for outcome in outcomes):
        warnings.warn("Training interrupted by user.", stacklevel=5)
        return
    by_reason: dict = {}
    for outcome in outcomes:
        by_reason.setdefault(outcome.reason, []).append(outcome)
    for alike in by_reason.values():
        if message := _message(estimator, alike[0]):
            if len(outcomes) > 1:
                message = f"{len(alike)} of {len(outcomes)} members: {message}"
            warnings.warn(message, ConvergenceWarning, stacklevel=5)


def _message(estimator, outcome):
    """What to say about an end of training, or None."""
    solver = parameters.solver_name(estimator)
    full_batch = not parameters.is_stochastic(estimator)
    if outcome.reason is StopReason.MAX_ITER and full_batch:
        return (
            f"{solver} failed to converge after {outcome.n_iter} iterations. "
            f"Increase max_iter={estimator.max_iter}, or scale the data."
        )
    if outcome.reason is StopReason.MAX_ITER:
        goes_on = estimator.warm_start
        patience = parameters.n_iter_no_change_of(estimator, goes_on=goes_on)
        if isinf(patience) or parameters.comes_to_rest(estimator, goes_on=goes_on):
            return None  # that is what was asked for
    return {
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


def _best(choose, values, default):
    """The smallest or largest of the values that are not NaN."""
    return choose((value for value in values if not isnan(value)), default=default)
