"""Where training starts: from drawn weights, or from those of the calls before."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from sklearn_bpnet import _fitted
from sklearn_bpnet import _parameters as parameters
from sklearn_bpnet._rows import some_rows
from sklearn_bpnet.net.initializers import BIAS_INITIALIZERS, INITIALIZERS
from sklearn_bpnet.net.parameters import Parameters
from sklearn_bpnet.training.batches import RowReader

# Sparse columns are centred inside the matrix product, in the network's dtype. With
# means this many deviations from zero, float32 would lose three of its seven digits.
_LARGE_OFFSET = 1e3


def starting_parameters(estimator, network, data, rng, state):
    """The parameters that training starts from, in the dtype it works in.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        What draws them, or what has them from the calls before.
    network : Network
        Whose parameters they are.
    data : Data
        The rows.
    rng : numpy.random.Generator
        Draws them.
    state : dict or None
        What the calls before left, see ``new_state``; None where training does not go
        on from them. Changed where the user has changed the weights since.

    Returns
    -------
    start : Parameters
        The network's, in memory of their own.

    Raises
    ------
    ValueError
        If the fitted weights are those of another network.
    """
    est = estimator
    if state is None:
        dtype = _network_dtype(est, data)
        option = parameters.option_of(est, "initializer")
        laws: dict[str, Any] = {
            "initializer": INITIALIZERS.resolve(option.weights),
            "biases": BIAS_INITIALIZERS.resolve(option.biases),
        }
        if option.output is not None:
            laws["output"] = INITIALIZERS.resolve(option.output)
        if any(law.needs_rows for law in laws.values()):
            widest = max(max(b.n_in, b.n_out) for b in network.blocks)
            reader = RowReader(data.X, dtype, est._input_standardization())
            laws["rows"] = reader.read(some_rows(data, widest, rng))
        start = network.initial_parameters(rng=rng, dtype=dtype, **laws)
        est._set_initial_biases(network, start, data)
        return start
    dtype = est.coefs_[0].dtype if est.dtype == "auto" else np.dtype(est.dtype)
    _check_same_network(est, network)
    start = Parameters.pack(_fitted.blocks(est, network), dtype)
    stands_elsewhere = state["theta"] is not None
    if stands_elsewhere and np.array_equal(start.theta, state["shown"]):
        start.theta[:] = state["theta"]
    else:
        state["average"] = None  # the user's weights
    return start


def _check_same_network(estimator, network):
    """Raise ValueError where the fitted weights are those of another one."""
    est = estimator
    needed = [(layer.n_in, layer.n_out) for layer in network.layers]
    learned = [layer.learned is not None for layer in network.layers]
    fitted = [W.shape for W in est.coefs_]
    start_again = "Use warm_start=False to start again."
    embedding = network.embedding
    shapes = None if embedding is None else list(embedding.shapes)
    own = est.embedding_weights_
    known = None if own is None else [array.shape for array in own]
    newly = est.numeric_embedding is not None and est.embedded_features_ is None
    if shapes != known or newly:
        raise ValueError(
            f"Training cannot go on: numeric_embedding={est.numeric_embedding!r}, "
            f"unlike before. {start_again}"
        )
    if fitted != needed:
        raise ValueError(
            f"Training cannot go on: the weights have the shapes {fitted}, but "
            f"hidden_layer_sizes={est.hidden_layer_sizes} and the data ask for "
            f"{needed}. {start_again}"
        )
    if [w is not None for w in est.activation_weights_] != learned:
        raise ValueError(
            f"Training cannot go on: activation={est.activation!r} and the one "
            "before differ in which layers have an activation that learns. "
            f"{start_again}"
        )
    if (est.learned_input_scale_ is not None) != est.learned_input_scale:
        raise ValueError(
            "Training cannot go on: learned_input_scale="
            f"{est.learned_input_scale}, unlike before. {start_again}"
        )


def _network_dtype(estimator, data):
    offsets = estimator._input_standardization() if sparse.issparse(data.X) else None
    return parameters.network_dtype(
        estimator,
        is_full_batch=not parameters.is_stochastic(estimator)
        or parameters.batch_size_of(estimator, data.n_rows) >= data.n_rows,
        needs_digits=offsets is not None and offsets.largest_offset > _LARGE_OFFSET,
    )
