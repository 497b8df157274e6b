"""The plan of one call of fit, resolved once from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet._settings import solver as solvers
from sklearn_bpnet._settings.curvature import output_curvature
from sklearn_bpnet._settings.rate_factors import rate_factors
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.initializers import (
    BIAS_INITIALIZERS,
    INITIALIZERS,
    Initialization,
)
from sklearn_bpnet.net.losses import Loss
from sklearn_bpnet.net.names import did_you_mean
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.options import EarlyStopping
from sklearn_bpnet.training.full_batch import FullBatchSolver
from sklearn_bpnet.training.monitor.recording import RECORDS
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.schedules import Constant, Schedule, TrainingTime

# A schedule's last factor from which on the learning rate has annealed to zero
_ANNEALED = 0.01
_USUAL_PATIENCE = 10  # epochs
# Sparse columns are centred inside the matrix product, in the network's dtype. With
# means this many standard deviations from zero, float32 would lose three of its seven
# digits.
_LARGE_OFFSET = 1e3


@dataclass(frozen=True)
class Stopping:
    """When training ends before ``max_iter``, and which weights are kept.

    Parameters
    ----------
    tol : float
        Least improvement that counts.
    n_iter_no_change : float
        Consecutive epochs without improvement that end training; may be infinite.
    early_stopping : bool
        Whether the validation score is monitored and the best weights are kept.
    ties : {"loss", "first", "last"}
        Which of two epochs is the better one.
    scoring : str
        The monitored score, as in ``described_scoring``; the patience of a previous
        call continues only if it is the same.
    scores : bool
        Whether a validation score is computed in addition to the validation loss.
    n_iter_fitted : float
        Consecutive epochs that end training if the mean loss of a sample, without the
        penalty, was about zero in them; may be infinite.
    """

    tol: float
    n_iter_no_change: float
    early_stopping: bool
    ties: str
    scoring: str
    scores: bool
    n_iter_fitted: float = inf


@dataclass(frozen=True)
class TrainingPlan:
    """How one call trains a network.

    Parameters
    ----------
    solver : Optimizer or FullBatchSolver
        Minimises the empirical risk.
    step_options : StepOptions
        Weight decay, gradient clipping and learning-rate factors of a step.
    learning_rate : float
        Initial learning rate, multiplied by ``schedule``; NaN for a full-batch solver.
    schedule, weight_decay_schedule, dropout_schedule : Schedule
        The factors of the learning rate, the weight decay and the dropout rates.
    batch_size : int
        Samples per batch.
    shuffle : bool
        Whether the samples are shuffled before every epoch.
    max_iter : int
        Maximum number of epochs (iterations of a full-batch solver) of this call.
    horizon : int
        Number of epochs of a schedule: ``max_iter`` of the constructor.
    stopping : Stopping
        Criteria for an earlier end of training.
    ema_decay : float or None
        Decay of the moving average of the weights.
    record : tuple of str
        Additional quantities in the history.
    dtype : dtype
        dtype of the weights and of all arithmetic.
    incremental : bool
        Whether the call is `partial_fit`: one epoch of the horizon.
    open_ended : bool
        Whether more calls may follow: `partial_fit`, or `fit` with ``warm_start``.
    verbose : bool
        Whether to print the loss and other facts after every epoch.
    """

    solver: Optimizer | FullBatchSolver
    step_options: StepOptions
    learning_rate: float
    schedule: Schedule
    weight_decay_schedule: Schedule
    dropout_schedule: Schedule
    batch_size: int
    shuffle: bool
    max_iter: int
    horizon: int
    stopping: Stopping
    ema_decay: float | None
    record: tuple[str, ...]
    dtype: np.dtype[Any]
    incremental: bool
    open_ended: bool
    verbose: int


def resolve(
    settings: Settings,
    network: Network,
    loss: Loss,
    *,
    n_samples: int,
    n_features: int,
    input_dtype: DTypeLike,
    incremental: bool = False,
    fitted_dtype: DTypeLike | None = None,
    largest_offset: float = 0.0,
) -> TrainingPlan:
    """Resolve the settings into the plan of one call.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    network : Network
        The network to be trained.
    loss : Loss
        Its loss.
    n_samples, n_features : int
        Number of training samples, and of features of X.
    input_dtype : dtype
        dtype of X.
    incremental : bool, default=False
        Whether the call is `partial_fit`: one epoch.
    fitted_dtype : dtype or None, default=None
        dtype of the weights that training continues from; None for a first call.
    largest_offset : float, default=0.0
        Largest ratio of mean to standard deviation of a sparse column.

    Returns
    -------
    TrainingPlan

    Raises
    ------
    ValueError
        If a parameter is not compatible with the others or the network.
    """
    open_ended = incremental or settings.warm_start
    solver = solvers.solver_of(settings)
    batch_size = solvers.batch_size(settings, n_samples, n_features)
    wide = solvers.is_wide(n_samples, n_features)

    def schedule(parameter: str) -> Schedule:
        if not isinstance(solver, Optimizer):
            return Constant()
        return solvers.schedule(settings, parameter, open_ended=open_ended)

    full_batch = one_batch = batch_size >= n_samples
    if wide and solvers.uses_mini_batches(settings) and settings.batch_size != "full":
        full_batch = False  # the few samples just happen to be one batch
    return TrainingPlan(
        solver=solver,
        step_options=_step_options(settings, network, solver),
        learning_rate=_learning_rate(settings, network, loss, solver, n_features),
        schedule=schedule("learning_rate"),
        weight_decay_schedule=schedule("weight_decay"),
        dropout_schedule=schedule("dropout"),
        batch_size=batch_size,
        shuffle=settings.shuffle and solvers.uses_mini_batches(settings),
        max_iter=1 if incremental else settings.max_iter,
        horizon=settings.max_iter,
        stopping=_stopping(settings, wide and one_batch, open_ended=open_ended),
        ema_decay=settings.ema_decay if solvers.may_average(settings) else None,
        record=_records(settings),
        dtype=_dtype(settings, input_dtype, full_batch, fitted_dtype, largest_offset),
        incremental=incremental,
        open_ended=open_ended,
        verbose=int(settings.verbose),
    )


def _learning_rate(
    settings: Settings,
    network: Network,
    loss: Loss,
    solver: Optimizer | FullBatchSolver,
    n_features: int,
) -> float:
    """The initial learning rate; NaN for a full-batch solver, which has none."""
    if not isinstance(solver, Optimizer):
        return np.nan
    is_limited = solver.stable_rate < np.inf
    curvature = output_curvature(network, loss) if is_limited else 1.0
    stretch = solvers.stretch_of(network)
    return solvers.learning_rate(settings, n_features, curvature, stretch)


def _step_options(
    settings: Settings, network: Network, solver: Optimizer | FullBatchSolver
) -> StepOptions:
    """What else is done in a step."""
    factors = decay_factors = None
    if isinstance(solver, Optimizer):
        spec = settings.learning_rate_factors
        factors, decay_factors = rate_factors(spec, network, solver)
    return StepOptions(
        weight_decay=settings.option("weight_decay").rate,
        clip_norm=settings.clip_norm,
        factors=factors,
        decay_factors=decay_factors,
    )


def _stopping(
    settings: Settings, is_one_wide_batch: bool, *, open_ended: bool
) -> Stopping:
    """When training ends before ``max_iter``."""
    return Stopping(
        settings.tol,
        patience(settings, open_ended=open_ended),
        bool(settings.early_stopping),
        (settings.option("early_stopping") or EarlyStopping()).ties,
        described_scoring(settings.scoring),
        settings.scoring != "loss",
        _patience_once_fitted(settings, is_one_wide_batch, open_ended=open_ended),
    )


def described_scoring(scoring: Any) -> str:
    """``scoring`` as passed to the constructor, a function by its name."""
    return f"scoring={getattr(scoring, '__name__', repr(scoring))}"


def initialization(settings: Settings) -> Initialization:
    """The initialisation schemes of weights and biases."""
    option = settings.option("initializer")
    output = option.output
    return Initialization(
        INITIALIZERS.resolve(option.weights),
        BIAS_INITIALIZERS.resolve(option.biases),
        None if output is None else INITIALIZERS.resolve(output),
    )


def anneals(settings: Settings, *, open_ended: bool) -> bool:
    """Whether the learning rate anneals to zero, or nearly, by the last epoch.

    Or whether the solver averages the weights instead, to the same effect.
    """
    if solvers.optimizer_of(settings).constant_rate:
        return True
    return last_factor(settings, open_ended=open_ended) <= _ANNEALED


def last_factor(settings: Settings, *, open_ended: bool) -> float:
    """The factor of the learning rate at the end of the last epoch."""
    end = TrainingTime(settings.max_iter, settings.max_iter)
    return solvers.schedule(settings, open_ended=open_ended).factor(end)


def patience(settings: Settings, *, open_ended: bool) -> float:
    """The number of consecutive epochs without improvement that end training.

    "auto" is infinite if the training loss is monitored and the learning rate anneals
    to zero: a plateau of the loss then only shows that the rate is still high. On MNIST
    a patience of 10 epochs ended training after 16 of 100 epochs, at an accuracy of
    97.8 instead of 98.5 %.
    """
    if not isinstance(settings.n_iter_no_change, str):
        return float(settings.n_iter_no_change)
    if settings.early_stopping or not solvers.is_stochastic(settings):
        return _USUAL_PATIENCE
    return np.inf if anneals(settings, open_ended=open_ended) else _USUAL_PATIENCE


def _patience_once_fitted(
    settings: Settings, steady: bool, *, open_ended: bool
) -> float:
    """The patience with a network that fits its samples; ``steady``: of a wide table.

    If these are one batch, steps are not random, and a loss near zero does not show
    that the learning rate is still high. Later epochs would only shrink the weights: on
    20 to 50 samples of 5,000 or 10,000 features, they changed the accuracy by 0.2 %.
    """
    is_auto = settings.n_iter_no_change == "auto"
    waits = isinf(patience(settings, open_ended=open_ended))
    return _USUAL_PATIENCE if steady and is_auto and waits else inf


def _records(settings: Settings) -> tuple[str, ...]:
    """The quantities that ``record`` names."""
    names = settings.record
    names = (names,) if isinstance(names, str) else tuple(names)
    known = list(RECORDS)  # any value can be compared with them
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(
            f"record holds {unknown[0]!r}, which is unknown."
            f"{did_you_mean(unknown[0], RECORDS)} Known: {', '.join(sorted(RECORDS))}."
        )
    return names


def given_dtype(settings: Settings) -> np.dtype[Any] | None:
    """The dtype that the settings name; None if they leave it to the data."""
    if isinstance(settings.dtype, str) and settings.dtype in ("auto", "input"):
        return None
    return np.dtype(settings.dtype)


def _dtype(
    settings: Settings,
    input_dtype: DTypeLike,
    full_batch: bool,
    fitted_dtype: DTypeLike | None,
    largest_offset: float,
) -> np.dtype[Any]:
    """float32 or float64 for the weights and all arithmetic.

    Full-batch training is deterministic, so that its accuracy is limited by rounding.
    """
    given = given_dtype(settings)
    if given is not None:
        return given
    if fitted_dtype is not None:
        return np.dtype(fitted_dtype)
    if settings.dtype == "input":
        needs_digits = np.dtype(input_dtype).newbyteorder("=") != np.float32
    else:
        needs_digits = full_batch or largest_offset > _LARGE_OFFSET
    return np.dtype(np.float64 if needs_digits else np.float32)
