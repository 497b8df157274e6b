"""What happens at every iteration of a full-batch solver."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import isfinite
from typing import Any

import numpy as np
from scipy import optimize

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.full_batch.coordinates import Coordinates
from sklearn_bpnet.training.monitor.history import StopReason
from sklearn_bpnet.training.monitor.monitor import Monitor


class Iterations:
    """Counts the iterations, reports them to the monitor, and ends them.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        Where training starts.
    monitor : Monitor
        Notes every iteration.
    max_iter : int
        Most iterations.

    Attributes
    ----------
    n : int
        Iterations so far.
    last : ndarray of shape (n_parameters,)
        Theta after them.
    converged : bool
        Whether the risk fell too little to continue, in the sense of ``stop_below``.
    """

    def __init__(self, theta: Array, monitor: Monitor, max_iter: int) -> None:
        self.monitor = monitor
        self.max_iter = max_iter
        self.last: Array = theta.astype(np.float64)
        self.n = 0
        self.smallest_fall = 0.0
        self.losses: deque[float] = deque()
        self.converged = False

    def stop_below(self, smallest_fall: float, n_iter: int) -> None:
        """End the solver's run where the risk falls too little.

        That is where in ``n_iter`` iterations it fell by less than ``smallest_fall``
        of itself. With 0 that is left to the solver.
        """
        self.smallest_fall, self.converged = smallest_fall, False
        self.losses = deque(maxlen=n_iter + 1)

    def callback(
        self, coordinates: Coordinates
    ) -> Callable[[optimize.OptimizeResult], None]:
        """A ``callback`` for SciPy, whose points are in these coordinates."""

        # SciPy looks for this name of the parameter
        def on_iteration(intermediate_result: optimize.OptimizeResult) -> None:
            x, value = intermediate_result.x, float(intermediate_result.fun)
            if not isfinite(value):
                raise StopIteration
            self._end(coordinates.join(x), coordinates.value_at_theta(x, value))

        return on_iteration

    def _end(self, theta: Array, loss: float) -> None:
        """Note the end of an iteration; StopIteration if it is the last."""
        self.n += 1
        self.last = theta
        self.monitor.end_epoch(self.last, loss)
        self.losses.append(loss)
        if self.smallest_fall and len(self.losses) == self.losses.maxlen:
            fall = self.losses[0] - loss
            self.converged = fall < self.smallest_fall * max(abs(loss), 1)
        if self.monitor.stopped or self.out_of_patience:
            raise StopIteration
        self.monitor.begin_epoch()
        if self.converged:
            raise StopIteration

    @property
    def n_left(self) -> int:
        """How many iterations may still be made."""
        return self.max_iter - self.n

    @property
    def out_of_patience(self) -> bool:
        """Whether patience ends training.

        Without a validation the solver's own criterion decides.
        """
        return self.monitor.early_stopping and self.monitor.patience.ran_out

    def reason(self, result: Any) -> tuple[StopReason, str]:
        """Why a solver ended, and what it said."""
        if not isfinite(result.fun):
            return StopReason.DIVERGED, ""
        if result.status == 0 or self.converged:
            return StopReason.CONVERGED, ""
        if self.out_of_patience:
            return self.monitor.end_of_patience, ""
        if self.monitor.stopped:
            return StopReason.STOPPED, ""
        out_of_time = self.n >= self.max_iter
        reason = StopReason.MAX_ITER if out_of_time else StopReason.FAILED
        return reason, str(result.message)
