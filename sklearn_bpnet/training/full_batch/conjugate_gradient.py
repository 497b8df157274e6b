"""Nonlinear conjugate gradients, by SciPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from scipy import optimize

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.full_batch.coordinates import SignSplit
from sklearn_bpnet.training.full_batch.solver import FullBatchSolver, Minimisation

__all__ = ["ConjugateGradient"]


@dataclass(frozen=True)
class ConjugateGradient(FullBatchSolver):
    """Nonlinear conjugate gradients, Polak and Ribière's, for full-batch training.

    Every direction is the negative gradient plus a multiple of the direction before;
    a line search finds how far to go.

    References
    ----------
    Nocedal and Wright, "Numerical optimization", 2nd ed., 2006, section 5.2 (PR+).
    """

    rotation_invariant: ClassVar[bool] = True

    def minimise(self, problem: Minimisation, theta: Array) -> Any:
        if problem.l1.any():
            raise ValueError(
                'solver="cg" needs a smooth risk, and an L1 penalty has a kink at '
                'zero. Use solver="lbfgs", or l1_ratio=0.'
            )
        iterations, coordinates = problem.iterations, SignSplit(problem.l1)
        iterations.stop_below(problem.smallest_fall, n_iter=1)
        return optimize.minimize(
            problem.objective(coordinates),
            theta,
            method="CG",
            jac=True,
            callback=iterations.callback(coordinates),
            options={"maxiter": iterations.n_left, "gtol": problem.tol},
        )


ENTRIES: dict[str, FullBatchSolver] = {"cg": ConjugateGradient()}
