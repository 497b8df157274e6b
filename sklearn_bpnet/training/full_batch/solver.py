"""What full-batch solvers share: the problem, the record of iterations, the end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, ClassVar

import numpy as np
from scipy import optimize

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.hyperparameters import Configurable
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.full_batch.coordinates import Coordinates, SignSplit
from sklearn_bpnet.training.full_batch.iterations import Iterations
from sklearn_bpnet.training.full_batch.risk import FullBatchRisk
from sklearn_bpnet.training.full_batch.row_space import RowSpace
from sklearn_bpnet.training.monitor.history import (
    NoFiniteStepError,
    Outcome,
    StopReason,
)
from sklearn_bpnet.training.monitor.monitor import Monitor

# SciPy's default relative reduction, 2.2e-9, at scikit-learn's default tol, 1e-4.
FALL_PER_TOL = 2.2e-5


class Minimisation:
    """The problem that a solver is given, in the form of SciPy's functions.

    Parameters
    ----------
    smooth : FullBatchRisk
        The risk without its L1 part.
    l1 : ndarray of shape (n_parameters,)
        Strength of the L1 penalty of every parameter.
    iterations : Iterations
        Makes the callback.
    tol : float
        Largest component of the gradient at convergence.
    smallest_fall : float
        Or the least share of itself that the risk must fall by in an iteration.
    """

    def __init__(
        self,
        smooth: FullBatchRisk,
        l1: Array,
        iterations: Iterations,
        tol: float,
        smallest_fall: float,
    ) -> None:
        self.smooth = smooth
        self.l1 = l1
        self.iterations = iterations
        self.tol = tol
        self.smallest_fall = smallest_fall

    def objective(
        self, coordinates: Coordinates
    ) -> Callable[[Array], tuple[float, Array]]:
        """Value and gradient of the risk at a point, in these coordinates."""

        def value_and_gradient(z: Array) -> tuple[float, Array]:
            value, gradient = self.smooth.value_and_gradient(coordinates.join(z))
            self.iterations.evaluated = z, gradient
            return coordinates.add_l1(z, value, gradient.astype(np.float64))

        return value_and_gradient

    def within(self, space: RowSpace) -> Minimisation:
        """The same problem in a row space, where ``iterations`` judge the gradient."""
        self.iterations.enter(space, self.tol)
        no_l1, fall = np.zeros(space.start.size), self.smallest_fall
        return Minimisation(space.smooth, no_l1, self.iterations, 0.0, fall)

    def value(self, theta: Array) -> float:
        """The risk at theta."""
        coordinates = SignSplit(self.l1)
        z = coordinates.separate(theta.astype(np.float64))
        value, gradient = self.smooth.value_and_gradient(coordinates.join(z))
        return coordinates.add_l1(z, value, gradient)[0]


class FullBatchSolver(Configurable, ABC):
    """Minimises the empirical risk with all samples in every step.

    To add one, write a module with the class, and its ``ENTRIES`` and ``__all__``.

    Attributes
    ----------
    from_estimator : mapping of str to str
        The estimator's parameters that set hyper-parameters where the solver is given
        by its name: from parameter to hyper-parameter.
    rotation_invariant : bool
        Whether it makes the same steps in rotated coordinates, if ``tol`` is 0. Then it
        trains wide tables in fewer coordinates, those of a `RowSpace`.
    """

    from_estimator: ClassVar[Mapping[str, str]] = {}
    rotation_invariant: ClassVar[bool] = False

    @abstractmethod
    def minimise(self, problem: Minimisation, theta: Array) -> Any:
        """Return SciPy's result; its ``x`` is theta.

        Parameters
        ----------
        problem : Minimisation
            What to minimise, when to stop, and the callback.
        theta : ndarray of shape (n_parameters,)
            Where to start, in float64.
        """

    def run(
        self,
        risk: EmpiricalRisk,
        theta: Array,
        batches: Batches,
        *,
        tol: float,
        max_iter: int,
        monitor: Monitor,
    ) -> Outcome:
        """Walk ``theta`` in place to a minimum of the risk; report to ``monitor``.

        It converges where no component of the (projected) gradient exceeds ``tol``,
        or where the risk no longer falls by a matching relative amount.

        Raises
        ------
        NoFiniteStepError
            If the risk is not finite at the start.
        """
        smooth = FullBatchRisk(risk, batches, theta)
        return self.run_on(smooth, theta, tol=tol, max_iter=max_iter, monitor=monitor)

    def run_on(
        self,
        smooth: FullBatchRisk,
        theta: Array,
        *,
        tol: float,
        max_iter: int,
        monitor: Monitor,
    ) -> Outcome:
        """`run`, given what computes the smooth part of the risk."""
        l1 = np.asarray(
            smooth.risk.penalty.l1_ratio * smooth.strength, dtype=np.float64
        )
        smallest_fall = max(tol * FALL_PER_TOL, 64 * float(np.finfo(theta.dtype).eps))
        iterations = Iterations(theta, monitor, max_iter)
        problem = Minimisation(smooth, l1, iterations, tol, smallest_fall)
        if not isfinite(problem.value(theta)):
            raise NoFiniteStepError
        if iterations.out_of_patience or max_iter == 0:  # at the last checkpoint
            done = iterations.out_of_patience
            reason = monitor.end_of_patience if done else StopReason.MAX_ITER
            return Outcome(reason, 0, problem.value(theta))
        n_before = len(monitor.history)
        monitor.begin_epoch()
        try:
            result = self._minimise(problem, theta)
            reason, message = iterations.reason(result)
            finite = isfinite(result.fun)
            last = iterations.theta(result.x) if finite else iterations.last
        except KeyboardInterrupt:
            reason, message, last = StopReason.INTERRUPTED, "", iterations.last
        kept, epoch = monitor.result(last)
        loss = problem.value(kept)
        theta[:] = last
        # an iteration that was interrupted is not among them
        n_iter = len(monitor.history) - n_before
        if n_iter and epoch == len(monitor.history):
            monitor.history.loss[-1] = loss  # of these weights, to the last digit
        return Outcome(reason, n_iter, loss, message)

    def _minimise(self, problem: Minimisation, theta: Array) -> Any:
        """`minimise`, in the row space of the samples where that pays."""
        rotates = self.rotation_invariant and problem.smooth.has_samples
        space = RowSpace.of(problem.smooth) if rotates else None
        if space is None:
            return self.minimise(problem, theta.astype(np.float64))
        inner = problem.within(space)
        value, gradient = inner.smooth.value_and_gradient(space.start)
        if space.is_flat(gradient, problem.tol):  # which `minimise` would not notice
            return optimize.OptimizeResult(
                x=space.start, fun=value, status=0, message=""
            )
        return self.minimise(inner, space.start)
