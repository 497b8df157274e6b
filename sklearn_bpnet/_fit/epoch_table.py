"""What `verbose` prints: a table with a row per epoch, and a line at the end."""

from __future__ import annotations

from math import inf, isnan

from sklearn_bpnet.training.monitor.history import History, Outcome, StopReason
from sklearn_bpnet.training.monitor.monitor import Monitor

_COLUMNS = {
    "loss": "loss",
    "validation_loss": "val. loss",
    "validation_score": "val. score",
    "learning_rate": "learning rate",
}
_WIDTH = 15
_ENDS = {
    StopReason.CONVERGED: "Converged",
    StopReason.MAX_ITER: "Reached max_iter",
    StopReason.DIVERGED: "Diverged",
    StopReason.INTERRUPTED: "Interrupted",
    StopReason.STOPPED: "Stopped by a callback",
    StopReason.FAILED: "The solver failed",
}


class EpochTable:
    """Prints every k-th epoch of a training, and marks the best so far.

    Best is what early stopping says, and without it the smallest loss.

    Parameters
    ----------
    monitor : Monitor
        Follows the training.
    max_iter : int
        Most epochs of this call.
    every : int
        k, at least 1.
    word : str
        "Epoch" or "Iteration".
    incremental : bool, default=False
        Whether a training has many calls of one epoch: then there is one header, epochs
        are counted over all calls, and there is no line at the end.
    """

    def __init__(
        self,
        monitor: Monitor,
        max_iter: int,
        every: int,
        word: str,
        *,
        incremental: bool = False,
    ) -> None:
        self.monitor, self.every, self.word = monitor, every, word
        self.history: History = monitor.history
        self.incremental = incremental
        n_before = len(self.history)
        self.n_before = 0 if incremental else n_before
        self.of = "" if incremental else f"/{max_iter}"
        self.titled = self._shown() if incremental and n_before else None
        self.least = min((x for x in self.history.loss if not isnan(x)), default=inf)

    def print_epoch(self) -> None:
        """Print the last epoch, if it is its turn."""
        n = len(self.history) - self.n_before
        is_best = self._is_best()
        if n % self.every:
            return
        shown = self._shown()
        if shown != self.titled:
            titles = [f"{_COLUMNS[name]:>{_WIDTH}}" for name in shown]
            print(f"{self.word:>11}{''.join(titles)}{'seconds':>10}")
            self.titled = shown
        cells = [f"{self.history.last(name):#{_WIDTH}.6g}" for name in shown]
        seconds = self.history.last("seconds")
        mark = "  *" if is_best else ""
        print(f"{f'{n}{self.of}':>11}{''.join(cells)}{seconds:10.3f}{mark}")

    def _shown(self) -> list[str]:
        """The columns, which do not change where an epoch diverged."""
        return [name for name in _COLUMNS if self._is_shown(name)]

    def _is_shown(self, name: str) -> bool:
        """Whether any epoch has a number in a column."""
        if name == "loss":
            return True
        column = self.history.column(name)
        return column is not None and not all(map(isnan, column))

    def _is_best(self) -> bool:
        """Whether the last epoch is the best so far."""
        monitor, loss = self.monitor, self.history.last("loss")
        is_least = loss < self.least
        if is_least:
            self.least = loss
        if monitor.early_stopping:
            best = monitor.best
            return best is not None and best.epoch == len(self.history)
        return is_least

    def print_end(self, outcome: Outcome, best_epoch: int) -> None:
        """Print why and when training ended, the weights that are kept, the seconds."""
        n = len(self.history) - self.n_before
        if self.incremental or not n:
            return
        word = self.word.lower()
        seconds = sum((self.history.column("seconds") or [])[self.n_before :])
        kept = best_epoch - self.n_before
        weights = f"those of {word} {kept}" if kept > 0 else "those before this call"
        score = self.history.column("validation_score")
        validation = score or self.history.column("validation_loss")
        if kept > 0 and validation and not isnan(value := validation[best_epoch - 1]):
            name = "score" if score else "loss"
            weights += f" (validation {name} {value:.6g})"
        print(
            f"{_ENDS[outcome.reason]} after {n} {word}{'s' if n > 1 else ''} in "
            f"{seconds:.3f} seconds. The weights are {weights}."
        )
