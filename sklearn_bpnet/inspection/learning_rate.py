"""The learning-rate range test: how a training fares as its rate grows."""

from __future__ import annotations

import warnings
from copy import deepcopy
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.utils import check_array, check_random_state

from sklearn_bpnet import _types as types
from sklearn_bpnet._base import BaseBPNet
from sklearn_bpnet._settings import solver as solvers
from sklearn_bpnet.training.optimizers import SGD

# The test ends where the smoothed loss has risen by this many times a batch's at the
# start.
_MUCH_WORSE = 1.0
# Share of the past in the smoothed loss.
_SMOOTHING = 0.9


@dataclass
class LearningRateDisplay:
    """What `find_learning_rate` found.

    Parameters
    ----------
    learning_rates : ndarray of shape (n_steps,)
        The rate of every step made, rising.
    losses : ndarray of shape (n_steps,)
        The empirical risk of every step's batch, before the step.
    smoothed_losses : ndarray of shape (n_steps,)
        The mean loss at the initial weights, and the running mean of how the losses
        differ from those of the same batches at the initial weights.
    suggestion : float
        The rate at which the smoothed loss falls most steeply.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        What `plot` drew on.
    """

    learning_rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smoothed_losses: NDArray[np.float64]
    suggestion: float

    def plot(self, ax: Any = None) -> LearningRateDisplay:
        """Draw the losses over the learning rates, and the suggestion.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        LearningRateDisplay
            Itself, with ``ax_`` and ``figure_``.

        Raises
        ------
        ImportError
            Without matplotlib.
        """
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError(
                "Plotting needs matplotlib: pip install sklearn-bpnet[plot]"
            ) from error
        if ax is None:
            _, ax = plt.subplots(layout="constrained")
        ax.plot(self.learning_rates, self.losses, color="0.75", label="of a batch")
        ax.plot(self.learning_rates, self.smoothed_losses, label="smoothed")
        ax.axvline(
            self.suggestion,
            color="C1",
            linestyle="--",
            label=f"steepest fall, {self.suggestion:.2g}",
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
    """Train with a rate that grows from step to step, and see where the loss falls.

    The learning rate rises by the same factor in every step. Where it is too small, the
    loss stands still; where it is too large, it explodes, which ends the test. A good
    ``learning_rate_init`` lies where the loss falls steeply, before its lowest point.

    A copy of the estimator is trained, with its solver, batch size and penalty; its
    schedule, early stopping, callbacks and weights, if it is fitted, play no part.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        Left as it is. Its solver has to have a learning rate.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The training inputs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows, at least 0.
    lowest, highest : float, default=1e-6 and 10.0
        The first and the last rate, 0 < lowest < highest.
    n_steps : int, default=150
        Most steps, at least 2.
    random_state : int, RandomState instance or None, default=None
        Determines the order of the rows. The initial weights are those of the
        estimator's ``random_state``.

    Returns
    -------
    LearningRateDisplay
        Rates, losses and a suggestion, which it can plot.

    Raises
    ------
    ValueError
        If the solver has no learning rate, or if the data or a parameter are not
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
    >>> found = find_learning_rate(clf, X, y, random_state=0)
    >>> bool(1e-3 < found.suggestion < 1)
    True
    """
    if not solvers.is_stochastic(estimator._settings):
        raise ValueError(
            f"solver={estimator.solver!r} has no learning rate. Use find_learning_rate "
            'with a solver that has one, such as "adam".'
        )
    if not 0 < lowest < highest:
        raise ValueError(
            "lowest and highest must satisfy 0 < lowest < highest; got "
            f"lowest={lowest!r} and highest={highest!r}."
        )
    if not n_steps >= 2:
        raise ValueError(f"n_steps must be at least 2; got {n_steps!r}.")
    inputs: Any = check_array(X, accept_sparse="csr", dtype="numeric")
    targets: Any = y
    targets = targets.toarray() if sparse.issparse(y) else np.asarray(y)
    w = None if sample_weight is None else np.asarray(sample_weight)
    with warnings.catch_warnings():
        # of one epoch that does not converge, of parameters that play no part here
        warnings.simplefilter("ignore")
        still, model = _at_the_start(estimator, inputs, targets, w)
        batches = _batches(estimator, len(targets), w, check_random_state(random_state))
        found: list[tuple[float, float, float]] = []
        change = 0.0
        for rate in np.geomspace(lowest, highest, n_steps):
            rows = next(batches)
            batch = inputs[rows], targets[rows], None if w is None else w[rows]
            model.set_params(learning_rate_init=float(rate))
            try:
                loss, loss_at_start = (
                    m.partial_fit(*batch).loss_ for m in (model, still)
                )
            except ValueError:  # not one step was finite; the data were checked above
                break
            if not isfinite(loss):
                break
            # the difference is free of what makes one batch harder than another
            change = _SMOOTHING * change + (1 - _SMOOTHING) * (loss - loss_at_start)
            found.append((loss, loss_at_start, change))
            if change > _MUCH_WORSE * loss_at_start:
                break
    losses, at_start, changes = np.array(found).T
    smoothed = at_start.mean() + changes
    rates = np.geomspace(lowest, highest, n_steps)[: len(found)]
    return LearningRateDisplay(rates, losses, smoothed, _steepest(rates, smoothed))


def _at_the_start(estimator, X, y, w):
    """Two copies at their initial weights: one to stay there, one to train."""
    model = clone(estimator).set_params(
        learning_rate="constant",
        learning_rate_init=1e-300,
        early_stopping=False,
        verbose=False,
        n_members=1,
        n_jobs=None,
        warm_start=True,
        max_iter=1,
        solver=SGD(momentum=0),  # which leaves no state for the real solver
    )
    if hasattr(model, "set_callbacks"):  # scikit-learn 1.9 and later
        model.set_callbacks()
    model.fit(X, y, w)
    model.set_params(batch_size="full")  # the rows of a call are a batch
    still = deepcopy(model)
    return still, model.set_params(solver=estimator.solver)


def _batches(estimator, n_rows, w, rng):
    """Row numbers of batch after batch, from pass after pass; weight 0 is left out."""
    rows = np.arange(n_rows) if w is None else np.flatnonzero(w)
    size = solvers.batch_size(estimator._settings, len(rows))
    while True:
        order = rng.permutation(rows)
        for start in range(0, len(order) - size + 1, size):
            yield order[start : start + size]


def _steepest(rates, smoothed):
    """The rate where the smoothed loss falls most over the rate's logarithm."""
    stop = int(np.argmin(smoothed)) + 1
    if stop < 2:
        return float(rates[0])
    slopes = np.gradient(smoothed[:stop], np.log(rates[:stop]))
    return float(rates[np.argmin(slopes)])
