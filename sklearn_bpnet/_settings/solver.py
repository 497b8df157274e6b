"""The solver, the schedules and the batch size that a user's settings stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from math import cbrt
from typing import Any

from sklearn_bpnet._settings.settings import OPTIONS, Settings
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS
from sklearn_bpnet.net.hyperparameters import Configurable
from sklearn_bpnet.net.initializers import INITIALIZERS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.registry import Registry
from sklearn_bpnet.options import Initialization
from sklearn_bpnet.training.full_batch import FULL_BATCH_SOLVERS, FullBatchSolver
from sklearn_bpnet.training.optimizers import OPTIMIZERS, Optimizer
from sklearn_bpnet.training.schedules import Schedule, schedule_from

# "auto" is a hundredth of the samples between these: small batches learn more per
# epoch, which large tables do in time anyway
_SMALLEST_BATCH, _LARGEST_BATCH = 64, 200
# `benchmarks.tabular` chose the usual rates, on tables of about so many features
_FEATURES_AT_USUAL_RATE = 20
# what some solvers take from the settings if they are given by name
TAKEN_BY_SOLVERS = [
    *(name for solver in OPTIMIZERS.values() for name in solver.from_estimator),
    *(name for solver in FULL_BATCH_SOLVERS.values() for name in solver.from_estimator),
]
_REGISTRIES: Mapping[str, Registry[Any]] = {
    "activation": ACTIVATIONS,
    "output_activation": ACTIVATIONS,
    "initializer": INITIALIZERS,
    "loss": LOSSES,
    "numeric_embedding": NUMERIC_EMBEDDINGS,
}
_OF_INITIALIZATION = {field.name for field in fields(Initialization)}


def solver_of(settings: Settings) -> Optimizer | FullBatchSolver:
    """The optimiser or full-batch solver that ``solver`` stands for."""
    solver: Any = settings.solver
    if not isinstance(solver, str):
        return solver
    registry: Mapping[str, Any] = OPTIMIZERS
    if solver not in OPTIMIZERS:
        registry = FULL_BATCH_SOLVERS
    return _with_settings(registry[solver], settings)


def _with_settings(named: Any, settings: Settings) -> Any:
    """A registered solver or schedule, with the numbers of the settings for it."""
    fields = named.from_estimator.items()
    return named.with_params(**{f: getattr(settings, name) for name, f in fields})


def optimizer_of(settings: Settings) -> Optimizer:
    """The optimiser, where it is known to be one."""
    solver = solver_of(settings)
    assert isinstance(solver, Optimizer)
    return solver


def solver_name(settings: Settings) -> str:
    """What to call the solver in a message."""
    solver = settings.solver
    return solver if isinstance(solver, str) else type(solver).__name__


def is_stochastic(settings: Settings) -> bool:
    """Whether the solver is an optimiser that takes steps along gradients."""
    solver = settings.solver
    if isinstance(solver, str):
        return solver not in FULL_BATCH_SOLVERS
    return not isinstance(solver, FullBatchSolver)


def uses_mini_batches(settings: Settings) -> bool:
    """Whether the solver may see fewer samples than all in a step."""
    solver = solver_of(settings)
    return isinstance(solver, Optimizer) and not solver.full_batch


def batch_size(settings: Settings, n_samples: int) -> int:
    """Samples per mini-batch, at most ``n_samples``."""
    if not uses_mini_batches(settings) or settings.batch_size == "full":
        return n_samples
    if settings.batch_size == "auto":
        return min(max(n_samples // 100, _SMALLEST_BATCH), _LARGEST_BATCH, n_samples)
    return min(int(settings.batch_size), n_samples)


def learning_rate(settings: Settings, n_features: int) -> float:
    """The number that the schedule multiplies.

    "auto" falls with the number of features, as a step moves all weights of a unit at
    once: with its cube root, where the neural tangent parametrisation has the square
    root, which turned out slow on the 784 features of MNIST.
    """
    if not isinstance(settings.learning_rate_init, str):
        return float(settings.learning_rate_init)
    solver = optimizer_of(settings)
    return solver.usual_rate * min(1.0, cbrt(_FEATURES_AT_USUAL_RATE / n_features))


def schedule(
    settings: Settings, parameter: str = "learning_rate", *, open_ended: bool = False
) -> Schedule:
    """The schedule of a parameter.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    parameter : {"learning_rate", "dropout", "weight_decay"}, default="learning_rate"
        Which of them.
    open_ended : bool, default=False
        Whether more calls may follow, so that the end of training is unknown: then
        "auto" is constant, where it otherwise anneals to zero by the end of the call.
    """
    if parameter == "learning_rate":
        spec = settings.learning_rate
    else:
        spec = settings.option(parameter).schedule
    if isinstance(spec, str) and spec == "auto":
        spec = "constant" if open_ended else "cosine"
    found = schedule_from(spec)
    return _with_settings(found, settings) if isinstance(spec, str) else found


def configurable(
    settings: Settings, parameter: str, keys: Iterable[str]
) -> Configurable | None:
    """The object with hyper-parameters that a parameter stands for, or None.

    ``keys`` are the hyper-parameters that are to be set: an initialiser becomes an
    Initialization by those of one.
    """
    spec = getattr(settings, parameter)
    first = {key.partition("__")[0] for key in keys}
    is_option = parameter in OPTIONS
    if parameter == "initializer" and not first & _OF_INITIALIZATION:
        is_option = False
    if parameter == "solver":
        spec = solver_of(settings)
    elif parameter == "learning_rate":
        spec = schedule(settings)
    elif is_option:
        spec = settings.option(parameter)
    elif isinstance(spec, str) and parameter in _REGISTRIES:
        spec = _REGISTRIES[parameter].get(spec)
    return spec if isinstance(spec, Configurable) else None
