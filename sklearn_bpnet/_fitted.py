"""What a training leaves on its estimator, and what a user should know about it."""

from __future__ import annotations

import warnings
from math import isnan, nan

from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet import _parameters as parameters
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.embeddings import Embedding
from sklearn_bpnet.net.input_scale import InputScale
from sklearn_bpnet.net.network import Dense
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
