"""From an estimator's parameters to its network, its penalty and its risk."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import sparse

from sklearn_bpnet import _parameters as parameters
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.custom import check_activation, check_loss
from sklearn_bpnet.net.embeddings import NUMERIC_EMBEDDINGS, Embedding
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet, GroupLasso
from sklearn_bpnet.net.registry import is_pair_of_functions
from sklearn_bpnet.net.risk import EmpiricalRisk

# Chosen by `python -m benchmarks.tabular`, see the guide's page "Choosing".
_AUTO_ALPHA = 1.1
_LARGEST_AUTO_ALPHA = 0.01
_ROWS_OF_A_STREAM = 15_000  # which nobody knows; as partial_fit takes them to be


def build_network(estimator, n_features, n_outputs, output_activation):
    """The network that the estimator's parameters ask for."""
    sizes = hidden_sizes(estimator.hidden_layer_sizes)
    hidden = hidden_activations(estimator.activation, len(sizes))
    return Network.dense(
        (n_features, *sizes, n_outputs),
        (*hidden, output_activation),
        dropout=(estimator.input_dropout, *_dropout_rates(estimator, len(sizes))),
        input_noise=estimator.input_noise,
        embedding=_embedding(estimator, n_features),
        input_scale=estimator.learned_input_scale,
    )


def _embedding(estimator, n_features):
    """The block that embeds features; None where none is to be embedded."""
    features = estimator.embedded_features_
    if estimator.numeric_embedding is None or features is None or not len(features):
        return None
    law = NUMERIC_EMBEDDINGS.resolve(estimator.numeric_embedding)
    return Embedding(n_features, tuple(features.tolist()), law)


def build_risk(estimator, data, output_activation, *, of_a_stream=False):
    """The empirical risk of the estimator's network, loss and penalty.

    ``of_a_stream`` says that ``data`` are some rows of many.
    """
    loss = LOSSES.resolve(estimator.loss)
    stochastic = parameters.is_stochastic(estimator)
    n_outputs = loss.n_outputs(data.Y.shape[1])
    n_features = data.X.shape[1]
    network = build_network(estimator, n_features, n_outputs, output_activation)
    if sparse.issparse(data.X) and (estimator.input_dropout or estimator.input_noise):
        raise ValueError(
            "input_dropout and input_noise need dense X; got a sparse one. Use "
            "X.toarray(), or dropout in the hidden layers."
        )
    if estimator.group_alpha and not _has_proximal_steps(estimator):
        raise ValueError(
            f"group_alpha={estimator.group_alpha} needs a solver with proximal steps; "
            f"solver={estimator.solver!r} has none. Use 'adam', 'sgd' or 'gd'."
        )
    if estimator.group_alpha and estimator.learned_input_scale:
        raise ValueError(
            f"group_alpha={estimator.group_alpha} penalises the weights that leave a "
            "feature; learned_input_scale=True multiplies these by a number that is "
            "not penalised and would make up for it. Use one of the two."
        )
    if estimator.group_alpha and estimator.numeric_embedding is not None:
        raise ValueError(
            f"group_alpha={estimator.group_alpha} penalises the weights that leave a "
            "feature; with numeric_embedding="
            f"{estimator.numeric_embedding!r} a feature is several inputs of the first "
            "layer, and would not be switched off as a whole. Use one of the two."
        )
    risk = EmpiricalRisk(
        network,
        loss,
        _alphas(estimator, len(network.layers), data, of_a_stream),
        ElasticNet(estimator.l1_ratio),
        GroupLasso(estimator.group_alpha),
    )
    has_l1 = risk.is_penalised and estimator.l1_ratio
    if has_l1 and stochastic and not _has_proximal_steps(estimator):
        raise ValueError(
            f"l1_ratio={estimator.l1_ratio} needs a solver with proximal steps; "
            f"solver={estimator.solver!r} has none. Use 'adam', 'sgd', 'gd' or "
            "'lbfgs', or l1_ratio=0."
        )
    return risk


def check_users_own(risk, Y):
    """Hold activations and a loss that are the user's own against their formulas.

    Raises
    ------
    ValueError
        If a shape is wrong, or a derivative is not that of its function.
    """
    for layer in risk.network.layers:
        check_activation(layer.activation)
    check_loss(risk.loss, risk.network.output_activation, Y)


def hidden_sizes(hidden_layer_sizes):
    """The number of units of every hidden layer, a tuple of int."""
    sizes = hidden_layer_sizes
    sizes = np.asarray(sizes if isinstance(sizes, Iterable) else [sizes])
    if sizes.size == 0:
        return ()
    if sizes.ndim != 1 or sizes.dtype.kind not in "iu" or (sizes <= 0).any():
        raise ValueError(
            "hidden_layer_sizes must be > 0, a whole number for every hidden layer; "
            f"got {hidden_layer_sizes!r}."
        )
    return tuple(sizes.tolist())


def hidden_activations(activation, n_hidden):
    """The activation of every hidden layer, a tuple of Activation."""
    if not isinstance(activation, (list, tuple)) or is_pair_of_functions(activation):
        return (ACTIVATIONS.resolve(activation),) * n_hidden
    if len(activation) != n_hidden:
        raise ValueError(
            f"activation names {len(activation)} functions, but hidden_layer_sizes "
            f"has {n_hidden} layers. Give one for each, or a single one for all."
        )
    return tuple(ACTIVATIONS.resolve(spec) for spec in activation)


def _has_proximal_steps(estimator):
    stochastic = parameters.is_stochastic(estimator)
    return stochastic and parameters.solver_of(estimator).has_proximal_step


def _dropout_rates(estimator, n_hidden):
    """The rate of every hidden layer."""
    rates = _numbers(estimator.dropout, n_hidden)
    if rates is None or not ((rates >= 0).all() and (rates < 1).all()):
        raise ValueError(
            "dropout must be a number in [0, 1), or one for each of the "
            f"{n_hidden} hidden layers; got {estimator.dropout!r}."
        )
    return np.broadcast_to(rates, n_hidden).tolist()


def _alphas(estimator, n_layers, data, of_a_stream):
    """Alpha as a number, or as one for every layer of weights.

    A normal law over the weights, the same for every number N of rows, would make it
    c / N: (1/N) sum_n L_n + (c/N) |W|^2 / 2 is least where sum_n L_n + c |W|^2 / 2 is.
    "auto" falls a little slower, as suits hundreds of rows and tens of thousands, and
    with the number of classes: to tell one from many takes larger weights.
    """
    if isinstance(estimator.alpha, str):
        n_rows = data.n_rows
        if data.weights is not None:
            n_rows -= np.sum(data.weights[... if data.rows is None else data.rows] == 0)
        n_rows = max(n_rows, _ROWS_OF_A_STREAM) if of_a_stream else n_rows
        usual = _AUTO_ALPHA / (estimator._n_choices * n_rows**0.75)
        return min(usual, _LARGEST_AUTO_ALPHA)
    alphas = _numbers(estimator.alpha, n_layers)
    if alphas is None or not (np.isfinite(alphas).all() and (alphas >= 0).all()):
        raise ValueError(
            "alpha must be a number of at least 0, or one for each of the "
            f"{n_layers} layers of weights; got {estimator.alpha!r}."
        )
    return float(alphas) if alphas.ndim == 0 else tuple(alphas.tolist())


def _numbers(spec, n):
    """An array of one number or of n; None if ``spec`` is something else."""
    try:
        numbers = np.asarray(spec, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.shape in {(), (n,)} else None
