"""The start of training: initial weights, or those of the previous calls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sklearn_bpnet._fit import given_weights
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS, EmbeddedFeatures
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.batches import RowReader
from sklearn_bpnet.training.optimizers import Optimizer

_START_AGAIN = "Use warm_start=False to start again."


def starting_theta(
    problem: Problem, state: TrainingState, previous: FittedNetwork | None
) -> Theta:
    """The theta from which training starts, as a new vector.

    Parameters
    ----------
    problem : Problem
        The network, and the samples that some initialisation schemes need.
    state : TrainingState
        Its generator draws the initial weights; changed in place.
    previous : FittedNetwork or None
        Result of the previous calls, if training continues them.

    Raises
    ------
    ValueError
        If fitted or given weights do not fit the network.
    """
    if previous is None:
        start = _initial(problem, state)
    else:
        start = _continued(problem, state, previous)
    coefs, intercepts = problem.given_init
    if previous is not None and not (coefs is None and intercepts is None):
        _forget_other_weights(problem, state)
    layers = problem.risk.network.of_layers(start.arrays)
    given_weights.write(layers, coefs, intercepts, suffix="_init")
    return start


def _initial(problem: Problem, state: TrainingState) -> Theta:
    """New initial weights and biases."""
    network, samples = problem.risk.network, problem.data.training
    scheme, dtype = problem.initialization, problem.plan.dtype
    rng, X = state.generator(), None
    if scheme.needs_samples:
        widest = max(max(b.n_in, b.n_out) for b in network.blocks)
        scaling, makes_dense = problem.standardization, network.makes_dense
        reader = RowReader(samples.X, dtype, scaling, makes_dense=makes_dense)
        X = reader.read(samples.random_subset(widest, rng))
    start = network.initial_theta(scheme, rng, dtype, X)
    biases = problem.task.initial_output_biases(samples)
    if biases is not None:
        start.arrays[-1][1][...] = biases
    state.rng = dict(rng.bit_generator.state)
    return start


def _continued(
    problem: Problem, state: TrainingState, previous: FittedNetwork
) -> Theta:
    """The last weights of the previous calls."""
    network = problem.risk.network
    try:
        start = Theta.pack(previous.arrays, problem.plan.dtype)
    except ValueError as error:
        raise ValueError(f"Training cannot continue: {error} {_START_AGAIN}") from error
    kept = state.kept
    if kept is not None and np.array_equal(start.flat, kept):
        start.flat[:] = state.theta
    else:
        _forget_other_weights(problem, state)  # coefs_ or intercepts_ were edited
    # blocks of noise may be new or missing; they have no arrays
    return Theta(network.shapes, start.flat)


def _forget_other_weights(problem: Problem, state: TrainingState) -> None:
    """Forget the weights beside theta: training starts from others."""
    state.average = None
    solver = problem.plan.solver
    if isinstance(solver, Optimizer) and not solver.evaluates_theta:
        state.progress.optimizer_state = {}


def check_same_embedding(settings: Settings, embedded: EmbeddedFeatures | None) -> None:
    """Raise ValueError if the network was not trained with such an embedding.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    embedded : EmbeddedFeatures or None
        The features that were embedded, with their bins.
    """
    if settings.numeric_embedding is None:
        if embedded is not None and embedded.features.size:
            raise ValueError(_continued_with(settings, "numeric_embedding"))
        return
    form = NUMERIC_EMBEDDINGS.resolve(settings.numeric_embedding)
    if embedded is None or not embedded.suits(form):
        raise ValueError(_continued_with(settings, "numeric_embedding"))


def check_same_network(settings: Settings, network: Network, previous: Network) -> None:
    """Raise ValueError if the fitted weights belong to a different network.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters, which define ``network``.
    network, previous : Network
        The network to be trained, and that of the previous calls.
    """
    blocks = (*network.blocks, *previous.blocks)
    changed = [
        parameter
        for block in blocks
        for kind, parameter in block.parameters.items()
        if _shapes_of_kind(network, kind) != _shapes_of_kind(previous, kind)
    ]
    if changed:
        raise ValueError(_continued_with(settings, changed[0]))
    if [s for s in network.shapes if s] != [s for s in previous.shapes if s]:
        raise ValueError(
            "Training cannot continue: the weights have the shapes "
            f"{_shapes_of_kind(previous, 'W')}, but "
            f"{settings.described(['hidden_layer_sizes'])} and the data require "
            f"{_shapes_of_kind(network, 'W')}. {_START_AGAIN}"
        )


def _continued_with(settings: Settings, parameter: str) -> str:
    """The message that a parameter has changed since the previous calls."""
    return (
        f"Training cannot continue: {settings.described([parameter])}, unlike before. "
        f"{_START_AGAIN}"
    )


def _shapes_of_kind(network: Network, kind: str) -> Sequence[tuple[int, ...]]:
    """The shapes of all parameters of a kind."""
    return [
        shape
        for block in network.blocks
        for shape, block_kind in zip(block.shapes, block.kinds, strict=True)
        if block_kind == kind
    ]
