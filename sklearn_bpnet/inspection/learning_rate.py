"""The learning-rate range test: the loss while the learning rate increases."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import check_array, check_random_state

from sklearn_bpnet import _types as types
from sklearn_bpnet._base import BaseBPNet
from sklearn_bpnet._data.features import checked_features
from sklearn_bpnet._data.frames import categorical_columns, read_table
from sklearn_bpnet._data.numbers import as_numbers
from sklearn_bpnet._data.samples import Indices
from sklearn_bpnet._data.sources import MappedSource, source_of
from sklearn_bpnet._settings import solver as solvers
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.inspection.plotting import new_axes
from sklearn_bpnet.net.hyperparameters import is_count, is_finite
from sklearn_bpnet.training.optimizers import SGD

# The test ends when the smoothed loss has risen by this multiple of a batch's loss at
# the initial weights.
_MUCH_WORSE = 1.0
# Share of the past in the smoothed loss.
_SMOOTHING = 0.9


@dataclass
class LearningRateDisplay:
    """Result of `find_learning_rate`, with a plot.

    Parameters
    ----------
    learning_rates : ndarray of shape (n_steps,)
        Learning rate of every step, ascending.
    losses : ndarray of shape (n_steps,)
        Empirical risk of the batch of every step, before the step.
    smoothed_losses : ndarray of shape (n_steps,)
        Mean loss at the initial weights, plus an exponential moving average of the
        difference between the losses and those of the same batches at the initial
        weights.
    suggestion : float
        Learning rate at which the smoothed loss decreases most steeply.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        The axes and the figure of the last `plot`.
    """

    learning_rates: NDArray[np.float64] = field(repr=False)
    losses: NDArray[np.float64] = field(repr=False)
    smoothed_losses: NDArray[np.float64] = field(repr=False)
    suggestion: float

    def plot(self, ax: Any = None) -> LearningRateDisplay:
        """Plot the losses over the learning rates, and the suggestion.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to plot on; None creates a new figure.

        Returns
        -------
        LearningRateDisplay
            This object, with ``ax_`` and ``figure_`` set.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = new_axes(ax)
        ax.plot(self.learning_rates, self.losses, color="0.75", label="per batch")
        ax.plot(self.learning_rates, self.smoothed_losses, label="smoothed")
        ax.axvline(
            self.suggestion,
            color="C1",
            linestyle="--",
            label=f"steepest descent, {self.suggestion:.2g}",
        )
        start, lowest = self.smoothed_losses[0], self.smoothed_losses.min()
        margin = 0.2 * max(start - lowest, 1e-9 * abs(start))
        ax.set_ylim(lowest - margin, start + 2 * margin)
        ax.set(xscale="log", xlabel="Learning rate", ylabel="Loss")
        ax.legend(loc="lower left")
        self.ax_, self.figure_ = ax, ax.figure
        return self


def find_learning_rate(
    estimator: BaseBPNet,
    X: types.MatrixLike,
    y: types.MatrixLike,
    sample_weight: ArrayLike | None = None,
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    n_steps: int = 150,
    random_state: types.RandomState = None,
) -> LearningRateDisplay:
    """Train with an increasing learning rate, and record where the loss decreases.

    The learning rate grows by the same factor in every step. As long as it is too
    small, the loss hardly changes; once it is too large, the loss diverges, which ends
    the test. A good ``learning_rate_init`` lies where the loss decreases steeply, at
    rates below that of the minimum.

    A copy of the estimator is trained from new initial weights, with its solver, batch
    size and penalty, but without its schedule, early stopping and callbacks.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        Not modified. Its solver must have a learning rate.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The training inputs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples, at least 0.
    lowest, highest : float, default=1e-6 and 10.0
        First and last learning rate, 0 < lowest < highest.
    n_steps : int, default=150
        Maximum number of steps, at least 2.
    random_state : int, RandomState instance or None, default=None
        Determines the order of the samples. The initial weights are determined by the
        ``random_state`` of the estimator.

    Returns
    -------
    LearningRateDisplay
        Learning rates, losses and a suggestion, with a method `plot`.

    Raises
    ------
    ValueError
        If the solver has no learning rate, or if the data or a parameter is not
        valid.

    References
    ----------
    Smith, "Cyclical learning rates for training neural networks", WACV 2017,
    section 3.3.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.inspection import find_learning_rate
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = BPNetClassifier((32,), random_state=0)
    >>> display = find_learning_rate(clf, X, y, random_state=0)
    >>> bool(1e-3 < display.suggestion < 1)
    True
    """
    _check_arguments(estimator, X, lowest, highest, n_steps)
    is_categorical = categorical_columns(X, estimator.categorical_features)
    inputs: Any = check_array(
        read_table(X, "X", is_categorical, is_first=True).X,
        accept_sparse="csr",
        dtype="numeric",
        ensure_all_finite=False,
    )
    inputs, *_ = checked_features(as_numbers(inputs, "X"), "X")
    targets: Any = y
    targets = targets.toarray() if sparse.issparse(y) else np.asarray(y)
    w = None if sample_weight is None else np.asarray(sample_weight)
    with warnings.catch_warnings():
        # about convergence after one epoch, and about parameters without effect here
        warnings.simplefilter("ignore")
        # the levels of categories are their codes here
        reference, model = _initial_copies(
            estimator, inputs, targets, w, is_categorical
        )
        batches = (
            (inputs[indices], targets[indices], None if w is None else w[indices])
            for indices in _indices_of_batches(
                estimator._settings.chosen(reference.plan_),
                inputs.shape,
                w,
                check_random_state(random_state),
            )
        )
        rates = np.geomspace(lowest, highest, n_steps)
        steps = list(_steps(model, reference, batches, rates.tolist()))
    losses, at_start, changes = np.array(steps).T
    smoothed = at_start.mean() + changes
    rates = rates[: len(steps)]
    return LearningRateDisplay(rates, losses, smoothed, _steepest(rates, smoothed))


def _steps(
    model: BaseBPNet,
    reference: BaseBPNet,
    batches: Iterator[tuple[Any, Any, Any]],
    rates: Iterable[float],
) -> Iterator[tuple[float, float, float]]:
    """A step for each learning rate, until the loss diverges.

    Of every step the loss of its batch before it, the loss of the batch at the initial
    weights, and the smoothed difference of the two, which is without the variation of
    the loss between batches.
    """
    change = 0.0
    for rate, batch in zip(rates, batches, strict=False):
        model.set_params(learning_rate_init=rate)
        try:
            loss, loss_at_start = (
                m.partial_fit(*batch).loss_ for m in (model, reference)
            )
        except ValueError:  # no step was finite; the data were checked before
            return
        if not isfinite(loss):
            return
        change = _SMOOTHING * change + (1 - _SMOOTHING) * (loss - loss_at_start)
        yield loss, loss_at_start, change
        diverged = model.stop_reason_ == "diverged"
        if diverged or change > _MUCH_WORSE * loss_at_start:
            return


def _check_arguments(
    estimator: BaseBPNet, X: Any, lowest: Any, highest: Any, n_steps: Any
) -> None:
    """Raise ValueError if there is no learning rate to find, or none in this way."""
    if not solvers.is_stochastic(estimator._settings):
        raise ValueError(
            f"solver={estimator.solver!r} has no learning rate. Use find_learning_rate "
            'with a solver that has one, such as "adam".'
        )
    are_finite = is_finite(lowest) and is_finite(highest)
    if not (are_finite and 0 < lowest < highest):
        raise ValueError(
            "lowest and highest must satisfy 0 < lowest < highest; got "
            f"lowest={lowest!r} and highest={highest!r}."
        )
    if not is_count(n_steps, 2):
        raise ValueError(
            f"n_steps must be at least 2, a whole number; got {n_steps!r}."
        )
    if not isinstance(source_of(X), MappedSource | None):
        raise ValueError(
            "find_learning_rate needs X in memory; got Parquet or a collection of "
            "Dask. Give some of the samples, such as 10,000."
        )


def _initial_copies(
    estimator: BaseBPNet, X: Any, y: Any, w: Any, is_categorical: Any
) -> tuple[BaseBPNet, BaseBPNet]:
    """Two copies at the same initial weights: a reference, and one to train."""
    model = clone(estimator).set_params(
        learning_rate="constant",
        learning_rate_init=1e-300,
        early_stopping=False,
        verbose=False,
        n_members=1,
        member_folds=None,
        n_jobs=None,
        warm_start=True,
        max_iter=1,
        time_budget=None,
        categorical_features=is_categorical,
        solver=SGD(momentum=0),  # leaves no state for the actual solver
    )
    if hasattr(model, "set_callbacks"):  # scikit-learn 1.9 and later
        model.set_callbacks()
    model.fit(X, y, w)
    model.set_params(batch_size="full")  # the samples of a call are one batch
    reference = deepcopy(model)
    return reference, model.set_params(solver=estimator.solver)


def _indices_of_batches(
    settings: Settings, shape: tuple[int, int], w: Any, rng: np.random.RandomState
) -> Iterator[Indices]:
    """Indices of batches, epoch after epoch; samples of weight 0 are left out."""
    n_samples, n_features = shape
    indices = np.arange(n_samples) if w is None else np.flatnonzero(w)
    size = solvers.batch_size(settings, len(indices), n_features)
    while True:
        order = rng.permutation(indices)
        for start in range(0, len(order) - size + 1, size):
            yield order[start : start + size]


def _steepest(rates: NDArray[np.float64], smoothed: NDArray[np.float64]) -> float:
    """The rate at which the smoothed loss has the steepest slope in log(rate)."""
    stop = int(np.argmin(smoothed)) + 1
    if stop < 2:
        return float(rates[0])
    slopes = np.gradient(smoothed[:stop], np.log(rates[:stop]))
    return float(rates[np.argmin(slopes)])
