"""Full-batch training: L-BFGS, by SciPy."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import numpy as np
from scipy import optimize

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.parameters import Parameters
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.history import NoFiniteStepError, Outcome, StopReason
from sklearn_bpnet.training.watch import Watch

# SciPy's default relative reduction, 2.2e-9, at scikit-learn's default tol, 1e-4.
_FTOL_PER_TOL = 2.2e-5


@dataclass
class FullBatchRisk:
    """The smooth part of J and its gradient over all rows, block by block of rows.

    Parameters
    ----------
    risk : EmpiricalRisk
        J.
    batches : Batches
        The rows, in blocks of a size that keeps memory bounded.
    theta : ndarray of shape (n_parameters,)
        Where a point is put, in the network's dtype, before J is computed there.
    """

    risk: EmpiricalRisk
    batches: Batches
    theta: Array

    def __post_init__(self) -> None:
        network, dtype = self.risk.network, self.theta.dtype
        self.parameters = network.parameters(self.theta)
        self.block_gradient = Parameters.zeros(network.shapes, dtype)
        self.strength = self.risk.strength(self.theta)
        self.workspace = network.workspace(self.batches.batch_size, dtype)

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """J without its L1 part, and the gradient of that, at ``x``."""
        self.theta[:] = x
        n, total = self.batches.n_rows, 0.0
        gradient = np.zeros_like(self.theta)
        for batch in self.batches.epoch():
            ws = [layer.rows(len(batch.Y)) for layer in self.workspace]
            block = self.block_gradient
            total += self.risk.add_up(
                self.parameters, batch.X, batch.Y, batch.s, n, block, ws
            )
            gradient += block.theta
        penalty = self.risk.penalty
        scratch = self.block_gradient.theta
        penalty.add_l2_gradient(self.theta, self.strength, gradient, scratch)
        return total / n + penalty.l2_value(self.theta, self.strength), gradient


class SignSplit:
    """theta = p - q with p, q >= 0 where L1 acts, which makes |theta| = p + q smooth.

    The point that L-BFGS sees is p for every parameter, then q for those that L1
    penalises; parameters without an L1 penalty are free and have no q.

    Parameters
    ----------
    l1 : ndarray of shape (n_parameters,)
        Strength of the L1 penalty of every parameter.
    """

    def __init__(self, l1: Array) -> None:
        self.l1 = np.asarray(l1, dtype=np.float64)
        self.split = np.flatnonzero(l1)

    def join(self, z: Array) -> Array:
        """Theta of a point."""
        theta = z[: self.l1.size].copy()
        theta[self.split] -= z[self.l1.size :]
        return theta

    def separate(self, theta: Array) -> Array:
        """A point of theta, with p or q zero."""
        z = np.concatenate([theta, np.maximum(-theta[self.split], 0)])
        z[self.split] = np.maximum(theta[self.split], 0)
        return z

    @property
    def bounds(self) -> optimize.Bounds | None:
        """Bounds of a point; None where nothing is penalised by L1."""
        if not self.split.size:
            return None
        low = np.full(self.l1.size + self.split.size, -inf)
        low[self.split] = low[self.l1.size :] = 0
        return optimize.Bounds(low, inf)

    def add_l1(self, z: Array, value: float, gradient: Array) -> tuple[float, Array]:
        """Value and gradient at a point, from those of the smooth part at theta."""
        l1 = self.l1[self.split]
        p, q = z[self.split], z[self.l1.size :]
        whole = np.concatenate([gradient + self.l1, l1 - gradient[self.split]])
        return value + float(l1 @ (p + q)), whole

    def without_overlap(self, z: Array, value: float) -> float:
        """The value at theta from that at a point, where p and q may both be > 0."""
        p, q = z[self.split], z[self.l1.size :]
        return value - 2 * float(self.l1[self.split] @ np.minimum(p, q))


@dataclass(frozen=True)
class LBFGS:
    """Limited-memory BFGS, a quasi-Newton method, for trainings that are full-batch.

    L1 penalties are handled exactly, by splitting a weight into its positive and
    its negative part, both bounded below by zero.

    Parameters
    ----------
    max_fun : int, default=15000
        Most evaluations of the risk and its gradient.
    history_size : int, default=10
        Number of past steps that the curvature is estimated from.

    References
    ----------
    Zhu, Byrd, Lu and Nocedal, "Algorithm 778: L-BFGS-B", ACM TOMS 23, 1997.
    """

    max_fun: int = 15_000
    history_size: int = 10

    def run(
        self,
        risk: EmpiricalRisk,
        theta: Array,
        batches: Batches,
        *,
        tol: float,
        max_iter: int,
        watch: Watch,
    ) -> Outcome:
        """Walk ``theta`` in place to a minimum of the risk; let ``watch`` look.

        It converges where no component of the (projected) gradient exceeds ``tol``,
        or where the risk no longer falls by a matching relative amount.

        Raises
        ------
        NoFiniteStepError
            If the risk is not finite at the start.
        """
        smooth = FullBatchRisk(risk, batches, theta)
        split = SignSplit(risk.penalty.l1_ratio * smooth.strength)
        iterations = _Iterations(theta, split, watch)

        def objective(z: Array) -> tuple[float, Array]:
            value, gradient = smooth.value_and_gradient(split.join(z))
            return split.add_l1(z, value, gradient.astype(np.float64))

        def value(theta: Array) -> float:
            return objective(split.separate(theta.astype(np.float64)))[0]

        start = split.separate(theta.astype(np.float64))
        if not isfinite(value(theta)):
            raise NoFiniteStepError
        if iterations.out_of_patience or max_iter == 0:  # at the last checkpoint
            done = iterations.out_of_patience
            reason = StopReason.CONVERGED if done else StopReason.MAX_ITER
            return Outcome(reason, 0, value(theta))
        watch.begin()
        options = {
            "maxfun": self.max_fun,
            "maxiter": max_iter,
            "maxcor": self.history_size,
            "maxls": 50,
            "gtol": tol,
            "ftol": max(tol * _FTOL_PER_TOL, 64 * np.finfo(theta.dtype).eps),
        }
        try:
            result = optimize.minimize(
                objective,
                start,
                method="L-BFGS-B",
                jac=True,
                bounds=split.bounds,
                callback=iterations,
                options=options,
            )
            reason, message = iterations.reason(result, max_iter)
            last = split.join(result.x) if isfinite(result.fun) else iterations.last
        except KeyboardInterrupt:
            reason, message, last = StopReason.INTERRUPTED, "", iterations.last
        kept, epoch = watch.result(last)
        loss = value(kept)
        theta[:] = last
        if iterations.n and epoch == len(watch.history):
            watch.history.loss[-1] = loss  # of these very weights, to the last digit
        return Outcome(reason, iterations.n, loss, message)


class _Iterations:
    """Looks at every iteration of L-BFGS; a callable for SciPy's ``callback``."""

    def __init__(self, theta: Array, split: SignSplit, watch: Watch) -> None:
        self.split = split
        self.watch = watch
        self.last: Array = theta.astype(np.float64)
        self.n = 0

    def __call__(self, intermediate_result: optimize.OptimizeResult) -> None:
        if not isfinite(intermediate_result.fun):
            raise StopIteration
        self.n += 1
        x = intermediate_result.x
        self.last = self.split.join(x)
        loss = self.split.without_overlap(x, float(intermediate_result.fun))
        self.watch.look(self.last, loss)
        if self.watch.stopped or self.out_of_patience:
            raise StopIteration
        self.watch.begin()

    @property
    def out_of_patience(self) -> bool:
        # without a validation the solver's own criterion decides
        return self.watch.early_stopping and self.watch.patience.ran_out

    def reason(self, result: Any, max_iter: int) -> tuple[StopReason, str]:
        """Why L-BFGS ended, and what it said."""
        if not isfinite(result.fun):
            return StopReason.DIVERGED, ""
        if result.status == 0 or self.out_of_patience:
            return StopReason.CONVERGED, ""
        if self.watch.stopped:
            return StopReason.STOPPED, ""
        out_of_time = self.n >= max_iter
        reason = StopReason.MAX_ITER if out_of_time else StopReason.FAILED
        return reason, str(result.message)
