"""When to stop: patience with a value that no longer improves."""

from __future__ import annotations

from math import inf, isfinite, isnan


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
        self._has_moved = False
        self._lowest_loss = inf

    def start_from(self, value: float) -> None:
        """Take the value before the first epoch as the best so far, unless NaN."""
        if not isnan(value):
            self.best = value

    def update(self, value: float, loss: float | None = None) -> bool:
        """Count one epoch; return whether its value is the best so far.

        Parameters
        ----------
        value : float
            The watched value of the epoch.
        loss : float, default=None
            The training loss of the epoch, where ``value`` is a score. A score such
            as the accuracy may stand still while the first epochs bring the loss
            down; until it has risen once, such epochs do not count against it.
        """
        gain = self.sign * (value - self.best)
        is_best = gain > 0
        if is_best:
            self._has_moved = isfinite(self.best)
            self.best = value
        falls = False
        if loss is not None:
            falls = self._lowest_loss - loss >= self.tol
            self._lowest_loss = min(loss, self._lowest_loss)
        waits = falls and not self._has_moved
        self.count = 0 if gain >= self.tol or waits else self.count + 1
        return is_best

    @property
    def ran_out(self) -> bool:
        """Whether it is time to stop."""
        return self.count >= self.n_iter_no_change
