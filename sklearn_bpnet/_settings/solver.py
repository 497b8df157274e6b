"""The solver, the schedules and the batch size that the settings define."""

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
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.registry import Registry
from sklearn_bpnet.options import Initialization
from sklearn_bpnet.training.full_batch import FULL_BATCH_SOLVERS, FullBatchSolver
from sklearn_bpnet.training.optimizers import OPTIMIZERS, Optimizer
from sklearn_bpnet.training.schedules import Schedule, schedule_from

# "auto" is a hundredth of the samples within these limits: small batches make more
# progress per epoch, which matters less for large tables. A sample is a row of every
# member that shares the weights, so that fewer samples keep a step efficient.
_SMALLEST_BATCH, _LARGEST_BATCH = 64, 200
_SMALLEST_SHARED = 32
# The pass over the weights that follows every batch of a wide table takes longer than
# its samples, so that it has larger batches: six in an epoch, up to a size.
_WIDE_FROM = 1_000  # features
_BATCHES_OF_WIDE = 6
_LARGEST_BATCH_OF_WIDE = 400
# the usual rates were chosen by `benchmarks.tabular` for about this many features
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
_INITIALIZATION_FIELDS = {field.name for field in fields(Initialization)}


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
    """The optimiser, if the solver is known to be one."""
    solver = solver_of(settings)
    assert isinstance(solver, Optimizer)
    return solver


def may_average(settings: Settings) -> bool:
    """Whether ``ema_decay`` applies: the solver takes steps and averages no weights."""
    return is_stochastic(settings) and optimizer_of(settings).evaluates_theta


def solver_name(settings: Settings) -> str:
    """The name of the solver in messages."""
    solver = settings.solver
    return solver if isinstance(solver, str) else type(solver).__name__


def is_stochastic(settings: Settings) -> bool:
    """Whether the solver is an optimiser that takes steps along gradients."""
    solver = settings.solver
    if isinstance(solver, str):
        return solver not in FULL_BATCH_SOLVERS
    return not isinstance(solver, FullBatchSolver)


def uses_mini_batches(settings: Settings) -> bool:
    """Whether the solver may use fewer than all samples per step."""
    solver = solver_of(settings)
    return isinstance(solver, Optimizer) and not solver.full_batch


def is_wide(n_samples: int, n_features: int) -> bool:
    """Whether a table has many features, and fewer samples.

    A linear map of so many features can fit any targets, and the time of a step is that
    of passes over the weights of the first layer.
    """
    return n_features >= _WIDE_FROM and n_features > n_samples


def batch_size(settings: Settings, n_samples: int, n_features: int) -> int:
    """Samples per mini-batch, at most ``n_samples``."""
    if not uses_mini_batches(settings) or settings.batch_size == "full":
        return n_samples
    if settings.batch_size == "auto":
        size, largest = n_samples // 100, _LARGEST_BATCH
        if is_wide(n_samples, n_features):
            size, largest = -(-n_samples // _BATCHES_OF_WIDE), _LARGEST_BATCH_OF_WIDE
        is_shared = settings.shared_members not in (None, 1)
        smallest = _SMALLEST_SHARED if is_shared else _SMALLEST_BATCH
        return min(max(size, smallest), largest, n_samples)
    return min(int(settings.batch_size), n_samples)


def learning_rate(
    settings: Settings, n_features: int, curvature: float, stretch: float = 1.0
) -> float:
    """The initial learning rate, which the schedule multiplies.

    "auto" decreases with the number of features, as a step changes all weights of a
    unit at once: with the cube root. The square root of the neural tangent
    parametrisation turned out to be slow on the 784 features of MNIST. For gradient
    descent it is at most a multiple of the inverse of the risk's ``curvature``: above
    100 rectifiers, 0.1 would first throw a regression far off, and switch units off.
    Solvers whose steps do not follow the size of the gradient get ``stretch`` times the
    usual rate, that of `stretch_of`.
    """
    if not isinstance(settings.learning_rate_init, str):
        return float(settings.learning_rate_init)
    solver = optimizer_of(settings)
    usual = solver.usual_rate * min(1.0, cbrt(_FEATURES_AT_USUAL_RATE / n_features))
    if solver.scale_free:
        usual *= stretch
    return min(usual, solver.stable_rate / curvature)


def stretch_of(network: Network) -> float:
    """How many times as large weights get with the activations of the hidden layers.

    With those of the first one, as its weights decide what the network can learn.
    """
    layers = network.layers
    return layers[0].activation.stretch if len(layers) > 1 else 1.0


def schedule(
    settings: Settings, parameter: str = "learning_rate", *, open_ended: bool = False
) -> Schedule:
    """The schedule of a parameter.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    parameter : {"learning_rate", "dropout", "weight_decay"}, default="learning_rate"
        The parameter whose schedule is returned.
    open_ended : bool, default=False
        Whether more calls may follow, so that the end of training is unknown. "auto"
        is then constant, and for a solver that takes the place of a schedule; otherwise
        it anneals to zero by the end of the call.
    """
    if parameter == "learning_rate":
        spec = settings.learning_rate
    else:
        spec = settings.option(parameter).schedule
    if isinstance(spec, str) and spec == "auto":
        steady = parameter == "learning_rate" and optimizer_of(settings).constant_rate
        spec = "constant" if open_ended or steady else "cosine"
    found = schedule_from(spec)
    return _with_settings(found, settings) if isinstance(spec, str) else found


def configurable(
    settings: Settings, parameter: str, keys: Iterable[str]
) -> Configurable | None:
    """The object with hyper-parameters that a parameter stands for, or None.

    ``keys`` are the hyper-parameters to be set; those of an Initialization turn an
    initialiser into one.
    """
    spec = getattr(settings, parameter)
    first = {key.partition("__")[0] for key in keys}
    is_option = parameter in OPTIONS
    if parameter == "initializer" and not first & _INITIALIZATION_FIELDS:
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
