"""When to stop: patience with a value that no longer improves."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite, isnan, nan

TIES = ("loss", "first", "last")


class Patience:
    """Counts the consecutive epochs that did not improve a monitored value.

    An epoch improves if its value is better than the best so far, by at least
    ``tol``. A score such as the accuracy takes few values, so ties are frequent;
    ``ties`` says what then decides. A value that is not finite never improves.

    Parameters
    ----------
    tol : float
        The least improvement that counts, at least 0.
    n_iter_no_change : int or inf
        Patience runs out after exactly this many epochs without improvement.
    maximize : bool, default=False
        Whether larger values are better (a score) or smaller ones (a loss).
    ties : {"loss", "first", "last"}, default="loss"
        Which of two epochs is the better one. "loss": where the value differs from
        the best by less than ``tol``, the validation loss decides in its place, and
        its fall by ``tol`` counts as an improvement. "first" and "last": of equal
        values the earlier or the later; neither is an improvement.

    Attributes
    ----------
    best : float
        The best value so far; infinite before the first finite one.
    best_loss : float
        The lowest validation loss among the epochs with that value.
    count : int
        Consecutive epochs without improvement.
    """

    def __init__(
        self,
        tol: float,
        n_iter_no_change: float,
        maximize: bool = False,
        ties: str = "loss",
    ) -> None:
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.sign = 1 if maximize else -1
        self.ties = ties
        self.best = -self.sign * inf
        self.best_loss = inf
        self.count = 0

    def start_from(self, value: float, loss: float = nan) -> None:
        """Take the value before the first epoch as the best, if it is finite."""
        if isfinite(value):
            self.best = value
            self.best_loss = inf if isnan(loss) else loss

    def update(self, value: float, loss: float = nan) -> bool:
        """Count one epoch; return whether it is the best so far.

        Parameters
        ----------
        value : float
            The monitored value of the epoch.
        loss : float, default=nan
            The validation loss of the epoch, which decides between equal values.
        """
        if not isfinite(value):
            self.count += 1
            return False
        gain = rise = self.sign * (value - self.best)
        alike = rise == 0 or abs(rise) < self.tol
        if self.ties == "loss" and not isnan(loss) and alike:
            gain = self.best_loss - loss
        is_best = gain > 0 or (self.ties == "last" and rise == 0)
        if is_best:
            self.best = value if rise > 0 else self.best
            self.best_loss = inf if isnan(loss) else loss
        self.count = 0 if gain > 0 and gain >= self.tol else self.count + 1
        return is_best

    @property
    def ran_out(self) -> bool:
        """Whether it is time to stop."""
        return self.count >= self.n_iter_no_change

    @property
    def has_value(self) -> bool:
        """Whether any value so far was finite."""
        return isfinite(self.best)

    @property
    def state(self) -> dict[str, float]:
        """The values that a later training continues with."""
        return {"best": self.best, "best_loss": self.best_loss, "count": self.count}

    @state.setter
    def state(self, state: Mapping[str, float]) -> None:
        self.best, self.best_loss = state["best"], state["best_loss"]
        self.count = int(state["count"])
