"""From what a user writes in the constructor to the objects that train."""

from __future__ import annotations

import inspect
import warnings
from math import cbrt
from numbers import Integral, Real

import numpy as np
from sklearn.metrics import get_scorer_names

from sklearn_bpnet._rates import KINDS, kinds_without_effect, rate_factors
from sklearn_bpnet._sklearn_compat import HasMethods, Interval, Options, StrOptions
from sklearn_bpnet.net.activations import ACTIVATIONS, Activation
from sklearn_bpnet.net.embeddings import NUMERIC_EMBEDDINGS, PBLD
from sklearn_bpnet.net.hyperparameters import Configurable
from sklearn_bpnet.net.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    BiasInitializer,
    Initializer,
)
from sklearn_bpnet.net.losses import LOSSES, Loss
from sklearn_bpnet.training.full_batch import (
    FULL_BATCH_SOLVERS,
    FullBatchSolver,
)
from sklearn_bpnet.training.monitor.patience import TIES
from sklearn_bpnet.training.monitor.recording import RECORDS
from sklearn_bpnet.training.optimizers import (
    OPTIMIZERS,
    AdamW,
    Optimizer,
)
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.schedules import (
    SCHEDULES,
    Schedule,
    TrainingTime,
    schedule_from,
)

_AT_LEAST_ZERO = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_COUNT = Interval(Integral, 1, None, closed="left")
_DECAY = Interval(Real, 0, 1, closed="left")
# "auto" is a hundredth of the rows between these: small batches learn more in an epoch,
# which large tables do in time anyway
_LEAST_BATCH, _LARGEST_BATCH = 64, 200
# `benchmarks.tabular` chose the usual rates, on tables of about so many features
_FEATURES_AT_USUAL_RATE = 20
# A schedule's last factor from which on training has been brought to rest
_AT_REST = 0.01
_USUAL_PATIENCE = 10  # epochs
_REGISTRIES: dict = {
    "activation": ACTIVATIONS,
    "output_activation": ACTIVATIONS,
    "initializer": INITIALIZERS,
    "bias_initializer": BIAS_INITIALIZERS,
    "output_initializer": INITIALIZERS,
    "loss": LOSSES,
    "numeric_embedding": NUMERIC_EMBEDDINGS,
}
# what some solvers take from the estimator if they are given by name
_TAKEN_BY_SOLVERS = [
    *(name for solver in OPTIMIZERS.values() for name in solver.from_estimator),
    *(name for solver in FULL_BATCH_SOLVERS.values() for name in solver.from_estimator),
]
_DTYPES = {"float32": np.float32, "float64": np.float64}
# Only the learning rate says when training ends at a plateau.
_COURSE = [
    StrOptions({n for n, s in SCHEDULES.items() if not s.follows_plateaus}),
    Schedule,
    callable,
]
_COURSES = ("learning_rate", "dropout_schedule", "weight_decay_schedule")

CONSTRAINTS = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions(set(ACTIVATIONS)), Activation, list, tuple],
    "output_activation": [StrOptions({"auto", *ACTIVATIONS}), Activation, tuple],
    "initializer": [StrOptions(set(INITIALIZERS)), Initializer],
    "bias_initializer": [StrOptions(set(BIAS_INITIALIZERS)), BiasInitializer],
    "output_initializer": [StrOptions(set(INITIALIZERS)), Initializer, None],
    "solver": [
        StrOptions({*FULL_BATCH_SOLVERS, *OPTIMIZERS}),
        Optimizer,
        FullBatchSolver,
    ],
    "alpha": [_AT_LEAST_ZERO, "array-like", StrOptions({"auto"})],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "group_alpha": [_AT_LEAST_ZERO],
    "dropout": [_DECAY, "array-like"],
    "input_dropout": [_DECAY],
    "dropout_schedule": _COURSE,
    "input_noise": [_AT_LEAST_ZERO],
    "batch_size": [StrOptions({"auto", "full"}), _COUNT],
    "learning_rate": [StrOptions({"auto", *SCHEDULES}), Schedule, callable],
    "learning_rate_init": [_POSITIVE, StrOptions({"auto"})],
    "power_t": [_AT_LEAST_ZERO],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_AT_LEAST_ZERO],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_DECAY, HasMethods(["split", "get_n_splits"])],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "ties": [StrOptions(set(TIES))],
    "ema_decay": [_DECAY, None],
    "record": [StrOptions(set(RECORDS)), list, tuple],
    "beta_1": [_DECAY],
    "beta_2": [_DECAY],
    "epsilon": [_POSITIVE],
    "n_members": [_COUNT],
    "n_jobs": [Integral, None],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf}), StrOptions({"auto"})],
    "max_fun": [_COUNT],
    "weight_decay": [_AT_LEAST_ZERO, None],
    "weight_decay_schedule": _COURSE,
    "clip_norm": [_POSITIVE, None],
    "learning_rate_factors": ["array-like", dict, None],
    "input_scaling": [StrOptions({"standard", "squash"}), None],
    "numeric_embedding": [StrOptions(set(NUMERIC_EMBEDDINGS)), PBLD, None],
    "learned_input_scale": ["boolean"],
    "dtype": [StrOptions({"auto", *_DTYPES}), Options(type, set(_DTYPES.values()))],
}


def loss_constraint(task):
    """What ``loss`` may be for a task, "classification" or "regression"."""
    names = {name for name, loss in LOSSES.items() if task in loss.tasks}
    return [StrOptions(names), Loss, tuple]


def solver_of(estimator):
    """The Optimizer or FullBatchSolver that ``estimator.solver`` stands for."""
    solver = estimator.solver
    if not isinstance(solver, str):
        return solver
    registry = OPTIMIZERS if solver in OPTIMIZERS else FULL_BATCH_SOLVERS
    return _from_estimator(registry[solver], estimator)


def _from_estimator(named, estimator):
    """A registered optimiser, solver or schedule, with the estimator's numbers."""
    fields = named.from_estimator.items()
    return named.with_params(**{field: getattr(estimator, p) for p, field in fields})


def configurable_of(estimator, parameter):
    """The object with hyper-parameters that a parameter stands for, or None."""
    spec = getattr(estimator, parameter)
    if parameter == "solver":
        spec = solver_of(estimator)
    elif parameter in _COURSES:
        spec = schedule_of(estimator, parameter)
    elif isinstance(spec, str) and parameter in _REGISTRIES:
        spec = _REGISTRIES[parameter].get(spec)
    return spec if isinstance(spec, Configurable) else None


def solver_name(estimator):
    """What to call the solver in a message."""
    solver = estimator.solver
    return solver if isinstance(solver, str) else type(solver).__name__


def is_stochastic(estimator):
    """Whether the solver is an optimiser that takes steps along gradients."""
    solver = estimator.solver
    if isinstance(solver, str):
        return solver not in FULL_BATCH_SOLVERS
    return not isinstance(solver, FullBatchSolver)


def uses_mini_batches(estimator):
    """Whether the solver may see fewer rows than all in a step."""
    return is_stochastic(estimator) and not solver_of(estimator).full_batch


def step_options(estimator, network):
    """What is done to a gradient and to a step beside the optimiser."""
    factors, decay_factors = rate_factors(
        estimator.learning_rate_factors, network, solver_of(estimator)
    )
    return StepOptions(
        weight_decay=estimator.weight_decay,
        clip_norm=estimator.clip_norm,
        factors=factors,
        decay_factors=decay_factors,
    )


def remedy_for_divergence(estimator):
    """What to change where training did not stay finite."""
    remedies = [f"raise alpha={estimator.alpha}"]
    if is_stochastic(estimator):
        remedies.insert(
            0, f"lower learning_rate_init={learning_rate_init_of(estimator)}"
        )
    return ", ".join(remedies) + ", or scale the data"


def learning_rate_init_of(estimator):
    """The number that the schedule multiplies.

    "auto" falls with the number n of features, as a step moves all weights of a unit at
    once: with its cube root, where the neural tangent parametrisation has the square
    root, which on the 784 of MNIST turned out slow.
    """
    if not isinstance(estimator.learning_rate_init, str):
        return estimator.learning_rate_init
    shrink = min(1.0, cbrt(_FEATURES_AT_USUAL_RATE / estimator.n_features_in_))
    return solver_of(estimator).usual_rate * shrink


def schedule_of(estimator, parameter="learning_rate", *, goes_on=False):
    """The Schedule that a parameter stands for.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
    parameter : str, default="learning_rate"
        Of which parameter.
    goes_on : bool, default=False
        Whether nobody knows where training will end: then "auto" is constant, where
        it else comes down to the end of the call.

    Raises
    ------
    ValueError
        If it follows plateaus, but is not that of the learning rate.
    """
    spec = getattr(estimator, parameter)
    if isinstance(spec, str) and spec == "auto":
        spec = "constant" if goes_on else "cosine"
    schedule = schedule_from(spec)
    if isinstance(spec, str):
        schedule = _from_estimator(schedule, estimator)
    if parameter != "learning_rate" and schedule.follows_plateaus:
        raise ValueError(
            f"{parameter}={spec!r} follows plateaus, which only learning_rate can. Use "
            "a schedule that follows the epochs, such as 'flat_cosine'."
        )
    return schedule


def batch_size_of(estimator, n_rows):
    """Rows a mini-batch, at most ``n_rows``."""
    if not uses_mini_batches(estimator):
        return n_rows
    if estimator.batch_size == "auto":
        return min(max(n_rows // 100, _LEAST_BATCH), _LARGEST_BATCH, n_rows)
    if estimator.batch_size == "full":
        return n_rows
    return min(estimator.batch_size, n_rows)


def record_of(estimator):
    """The names of what ``estimator.record`` asks for."""
    names = estimator.record
    names = (names,) if isinstance(names, str) else tuple(names)
    unknown = [name for name in names if name not in RECORDS]
    if unknown:
        raise ValueError(
            f"record holds {unknown[0]!r}, which is unknown. Known: "
            f"{', '.join(sorted(RECORDS))}."
        )
    return names


def network_dtype(estimator, is_full_batch, needs_digits):
    """float32 or float64 for the weights and all arithmetic.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        Its ``dtype`` decides, unless that is "auto".
    is_full_batch : bool
        Whether every step sees all rows: such a training is deterministic, and
        rounding is what limits it.
    needs_digits : bool
        Whether the input cannot be represented well in float32.
    """
    if estimator.dtype == "auto":
        return np.dtype(np.float64 if is_full_batch or needs_digits else np.float32)
    return np.dtype(estimator.dtype)


def comes_to_rest(estimator, *, goes_on):
    """Whether the learning rate comes down to 0, or nearly, in the last epoch."""
    end = TrainingTime(estimator.max_iter, estimator.max_iter)
    return schedule_of(estimator, goes_on=goes_on).factor(end) <= _AT_REST


def n_iter_no_change_of(estimator, *, goes_on):
    """How many epochs without improvement end training.

    "auto" is infinite where the loss of the training rows is watched while the learning
    rate comes down to rest: that the loss stands still says then that the rate is still
    high. On MNIST it ended training after 16 of 100 epochs, at 97.8 in place of 98.5 %.
    """
    if not isinstance(estimator.n_iter_no_change, str):
        return estimator.n_iter_no_change
    if estimator.early_stopping or not is_stochastic(estimator):
        return _USUAL_PATIENCE
    return np.inf if comes_to_rest(estimator, goes_on=goes_on) else _USUAL_PATIENCE


def warn_about_unused(estimator, *, goes_on):
    """Warn of parameters that were set but have no effect beside the others.

    ``goes_on`` is that of `schedule_of`.
    """
    stochastic, solver = is_stochastic(estimator), estimator.solver
    mini_batches = uses_mini_batches(estimator)
    taken = solver_of(estimator).from_estimator if isinstance(solver, str) else {}
    has_hidden_layers = np.size(estimator.hidden_layer_sizes) > 0
    drops_units = estimator.input_dropout or (has_hidden_layers and estimator.dropout)
    courses = [getattr(estimator, name) for name in _COURSES]
    decay = StepOptions(estimator.weight_decay)
    used_where = {
        "batch_size": mini_batches,
        "learning_rate": stochastic,
        "learning_rate_init": stochastic,
        "shuffle": mini_batches,
        "n_iter_no_change": stochastic or estimator.early_stopping,
        # a tolerance of 0 asks for all epochs too
        "tol": estimator.tol == 0
        or not isinstance(estimator.n_iter_no_change, str)
        or n_iter_no_change_of(estimator, goes_on=goes_on) < np.inf,
        "power_t": stochastic and "invscaling" in courses,
        **{name: name in taken for name in _TAKEN_BY_SOLVERS},
        "dropout": stochastic and has_hidden_layers,
        "input_dropout": stochastic,
        "dropout_schedule": stochastic and any(np.ravel(drops_units).tolist()),
        "input_noise": stochastic,
        "weight_decay": stochastic and not isinstance(solver, AdamW),
        "weight_decay_schedule": stochastic and decay.decay_of(solver_of(estimator)),
        "clip_norm": stochastic,
        "learning_rate_factors": stochastic,
        "validation_fraction": estimator.early_stopping,
        "ties": estimator.early_stopping,
        "ema_decay": stochastic,
        "n_jobs": estimator.n_members > 1,
    }
    signature = inspect.signature(type(estimator).__init__).parameters
    unused = [
        name
        for name, used in used_where.items()
        if not used and _differs(getattr(estimator, name), signature[name].default)
    ]
    if unused:
        beside = ["solver", *([] if has_hidden_layers else ["hidden_layer_sizes"])]
        beside += [
            name.removesuffix("_schedule") for name in unused if name in _COURSES
        ]
        beside += ["n_iter_no_change"] if "tol" in unused else []
        beside += ["learning_rate", "early_stopping"]
        beside += ["n_members"] if "n_jobs" in unused else []
        warnings.warn(
            f"{_settings(estimator, unused)} has no effect with "
            f"{_settings(estimator, dict.fromkeys(beside))}. Leave it at its default.",
            UserWarning,
            stacklevel=5,
        )


def warn_about_misfits(estimator, network, n_rows):
    """Warn of parameters that do not fit the network or the rows of this call."""
    if not is_stochastic(estimator):
        return
    size = batch_size_of(estimator, n_rows)
    if not isinstance(estimator.batch_size, str) and estimator.batch_size > size:
        warnings.warn(
            f"batch_size={estimator.batch_size} is larger than the {size} rows. It is "
            "going to be clipped.",
            UserWarning,
            stacklevel=5,
        )
    for kind in kinds_without_effect(estimator.learning_rate_factors, network):
        warnings.warn(
            f"learning_rate_factors[{kind!r}] has no effect: the network has no "
            f"{KINDS[kind]}. Leave it out.",
            UserWarning,
            stacklevel=5,
        )


def _settings(estimator, names):
    return ", ".join(f"{name}={getattr(estimator, name)!r}" for name in names)


def _differs(value, default):
    return value is not default and (np.ndim(value) > 0 or value != default)
