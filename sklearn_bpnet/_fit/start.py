"""Where training starts: initial weights, or those of the calls before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_bpnet._fit import given_weights
from sklearn_bpnet._fit.fitted import FittedNetwork
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.batches import RowReader

# What changes the arrays of a block that has such a kind of parameters
_PARAMETER_OF_KIND = {
    "embedding": "numeric_embedding",
    "activation": "activation",
    "input_scale": "learned_input_scale",
}


def starting_theta(
    problem: Problem, state: TrainingState, before: FittedNetwork | None
) -> Theta:
    """The theta that training starts from, in memory of its own.

    Parameters
    ----------
    problem : Problem
        The network, and samples that some initialisation schemes need.
    state : TrainingState
        Whose generator draws initial weights; changed.
    before : FittedNetwork or None
        What the calls before left; None where training does not continue from it.

    Raises
    ------
    ValueError
        If the fitted weights are those of another network, or given ones do not fit.
    """
    if before is None:
        start = _initial(problem, state)
    else:
        start = _continued(problem, state, before)
    coefs, intercepts = problem.given_init
    layers = problem.risk.network.of_layers(start.arrays)
    given_weights.write(layers, coefs, intercepts, suffix="_init")
    return start


def _initial(problem: Problem, state: TrainingState) -> Theta:
    network, samples = problem.risk.network, problem.data.training
    scheme, dtype = problem.initialization, problem.plan.dtype
    rng, X = state.generator(), None
    if scheme.needs_samples:
        widest = max(max(b.n_in, b.n_out) for b in network.blocks)
        reader = RowReader(samples.X, dtype, problem.standardization)
        X = reader.read(samples.some(widest, rng))
    start = network.initial_theta(scheme, rng, dtype, X)
    biases = problem.task.initial_output_biases(samples)
    if biases is not None:
        start.arrays[-1][1][...] = biases
    state.rng = dict(rng.bit_generator.state)
    return start


def _continued(problem: Problem, state: TrainingState, before: FittedNetwork) -> Theta:
    _check_same_network(problem.risk.network, before.network)
    try:
        start = Theta.pack(before.arrays, problem.plan.dtype)
    except ValueError as error:
        raise ValueError(
            f"Training cannot continue: {error} Use warm_start=False to start again."
        ) from error
    if state.theta is not None and np.array_equal(start.flat, state.shown):
        start.flat[:] = state.theta
    else:
        state.average = None  # the user has changed the weights
    return start


def _check_same_network(network: Network, before: Network) -> None:
    """Raise ValueError where the fitted weights are those of another one."""
    start_again = "Use warm_start=False to start again."
    for kind, parameter in _PARAMETER_OF_KIND.items():
        if _shapes_of_kind(network, kind) != _shapes_of_kind(before, kind):
            raise ValueError(
                f"Training cannot continue: {parameter} makes other weights than "
                f"before. {start_again}"
            )
    if [s for s in network.shapes if s] != [s for s in before.shapes if s]:
        sizes = tuple(layer.n_out for layer in network.layers[:-1])
        raise ValueError(
            f"Training cannot continue: the weights have the shapes "
            f"{_shapes_of_kind(before, 'W')}, but hidden_layer_sizes={sizes} and the "
            f"data ask for {_shapes_of_kind(network, 'W')}. {start_again}"
        )


def _shapes_of_kind(network: Network, kind: str) -> Sequence[tuple[int, ...]]:
    return [
        shape
        for block in network.blocks
        for shape, its_kind in zip(block.shapes, block.kinds, strict=True)
        if its_kind == kind
    ]
