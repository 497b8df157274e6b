"""When to stop: patience with a value that no longer improves."""

from __future__ import annotations

from math import inf


class Patience:
    """Counts the epochs in a row that did not improve a watched value.

    An epoch improves if its value is better than the best so far by at least
    ``tol``; a NaN never improves.

    Parameters
    ----------
    tol : float
        The least improvement that counts, at least 0.
    n_iter_no_change : int or inf
        Patience runs out after exactly this many epochs without improvement.
    maximize : bool, default=False
        Whether larger values are better (a score) or smaller ones (a loss).

    Attributes
    ----------
    best : float
        The best value so far.
    count : int
        Epochs in a row without improvement.
    """

    def __init__(
        self, tol: float, n_iter_no_change: float, maximize: bool = False
    ) -> None:
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.sign = 1 if maximize else -1
        self.best = -self.sign * inf
        self.count = 0

    def update(self, value: float) -> bool:
        """Count one epoch; return whether its value is the best so far."""
        gain = self.sign * (value - self.best)
        self.count = 0 if gain >= self.tol else self.count + 1
        is_best = gain > 0
        if is_best:
            self.best = value
        return is_best

    @property
    def ran_out(self) -> bool:
        """Whether it is time to stop."""
        return self.count >= self.n_iter_no_change
