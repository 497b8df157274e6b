"""L-BFGS, by SciPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy import optimize

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.full_batch.coordinates import (
    Coordinates,
    Orthant,
    SignSplit,
)
from sklearn_bpnet.training.full_batch.solver import (
    FALL_PER_TOL,
    FullBatchSolver,
    Minimisation,
)

__all__ = ["LBFGS"]

_LIMIT_REACHED, _NO_LOWER_POINT = 1, 2  # SciPy's status: of iterations; of rounding


@dataclass(frozen=True)
class LBFGS(FullBatchSolver):
    """Limited-memory BFGS, a quasi-Newton method, for trainings that are full-batch.

    An L1 penalty is handled exactly, in two stages: first every weight is split into
    its positive and its negative part, both bounded below by zero, then training
    continues from orthant to orthant, in each of which the penalty is linear.

    Parameters
    ----------
    max_fun : int, default=15000
        Most evaluations of the risk and its gradient.
    history_size : int, default=10
        Number of past steps that the curvature is estimated from.

    References
    ----------
    Zhu, Byrd, Lu and Nocedal, "Algorithm 778: L-BFGS-B", ACM TOMS 23, 1997. Andrew and
    Gao, "Scalable training of L1-regularized log-linear models", ICML 2007.
    """

    from_estimator: ClassVar[Mapping[str, str]] = {"max_fun": "max_fun"}
    rotation_invariant: ClassVar[bool] = True

    max_fun: int = 15_000
    history_size: int = 10

    def minimise(self, problem: Minimisation, theta: Array) -> Any:
        split, fall = SignSplit(problem.l1), problem.smallest_fall
        result = self._minimise_in(split, problem, theta, self.max_fun, fall)
        if not problem.l1.any() or result.status != 0:
            return result
        n_fun, iterations = result.nfev, problem.iterations
        fall_of_many = max(fall, problem.tol * FALL_PER_TOL * self.history_size)
        signs: Array | None = None
        while n_fun < self.max_fun and iterations.n_left > 0:
            _, gradient = problem.smooth.value_and_gradient(result.x)
            orthant = Orthant(problem.l1, result.x, gradient)
            if signs is not None and np.array_equal(orthant.sign, signs):
                break
            signs, before = orthant.sign, result.fun
            # it starts with no memory of curvature, so its first steps are short
            iterations.stop_below(fall_of_many, n_iter=self.history_size)
            left = self.max_fun - n_fun
            result = self._minimise_in(orthant, problem, result.x, left, 0.0)
            n_fun += result.nfev
            # by its own criterion it had converged before: the limits, and a line
            # search that rounding ends, only mean that it is no more exact than this
            if result.status in (_LIMIT_REACHED, _NO_LOWER_POINT):
                result.status = 0
            over = result.status != 0 and not iterations.converged
            if over or not before - result.fun > fall * max(abs(before), 1):
                break
        return result

    def _minimise_in(
        self,
        coordinates: Coordinates,
        problem: Minimisation,
        theta: Array,
        max_fun: int,
        smallest_fall: float,
    ) -> Any:
        """Continue from theta in these coordinates; the result's ``x`` is theta."""
        result = optimize.minimize(
            problem.objective(coordinates),
            coordinates.separate(theta),
            method="L-BFGS-B",
            jac=True,
            bounds=coordinates.bounds,
            callback=problem.iterations.callback(coordinates),
            options={
                "maxfun": max_fun,
                "maxiter": problem.iterations.n_left,
                "maxcor": self.history_size,
                "maxls": 50,
                "gtol": problem.tol,
                "ftol": smallest_fall,
            },
        )
        if np.isfinite(result.fun):
            result.fun = coordinates.value_at_theta(result.x, float(result.fun))
        result.x = coordinates.join(result.x)
        return result


ENTRIES: dict[str, FullBatchSolver] = {"lbfgs": LBFGS()}
