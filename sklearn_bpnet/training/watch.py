"""What happens between two epochs, whatever the solver: validate, record, judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from time import perf_counter

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.averaging import WeightAverage
from sklearn_bpnet.training.history import History, Validation
from sklearn_bpnet.training.stopping import Patience


@dataclass
class Best:
    """The best epoch so far by the validation rows.

    Parameters
    ----------
    epoch : int
        Its number, from 1; 0 are the weights before the first epoch.
    theta : ndarray of shape (n_parameters,)
        Its weights.
    """

    epoch: int
    theta: Array


@dataclass
class Watch:
    """Looks at theta after every epoch. A solver calls it and obeys.

    Parameters
    ----------
    history : History
        Gets a row an epoch.
    patience : Patience
        When to stop: watches the training loss, or with ``early_stopping`` what
        ``validate`` found.
    validate : callable or None
        From theta to a ``Validation``.
    early_stopping : bool, default=True
        Whether patience watches the validation, and the best weights are kept.
    best : Best or None
        The best of the calls before.
    average : WeightAverage or None
        If given, its theta is what is validated and kept in place of the last one.
    record : callable or None
        From theta to more columns of the history.
    before_epoch : callable or None
        Called before every epoch (of a full-batch solver before every iteration).
    after_epoch : callable or None
        Called with theta, or with None if training just diverged; returns whether to
        stop.
    """

    history: History
    patience: Patience
    validate: Callable[[Array], Validation] | None = None
    early_stopping: bool = True
    best: Best | None = None
    average: WeightAverage | None = None
    record: Callable[[Array], Mapping[str, float]] | None = None
    before_epoch: Callable[[], None] | None = None
    after_epoch: Callable[[Array | None], bool | None] | None = None
    stopped: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.early_stopping = self.early_stopping and self.validate is not None
        self._time = perf_counter()

    def begin(self) -> None:
        """Take note that an epoch begins."""
        self._time = perf_counter()
        if self.before_epoch:
            self.before_epoch()

    def look(self, theta: Array, loss: float, learning_rate: float = nan) -> None:
        """Take note of an epoch: where it led to and its risk, NaN if it diverged."""
        row = {"loss": loss, "learning_rate": learning_rate}
        found = Validation(nan)
        if self.validate:
            if isfinite(loss):
                found = self.validate(self._averaged(theta))
            row["validation_loss"] = found.loss
            if found.score is not None:
                row["validation_score"] = found.score
        if self.record:
            row |= self.record(theta)
        now = perf_counter()
        self.history.append(row | {"seconds": now - self._time})
        self._time = now
        if not self.early_stopping:
            self.patience.update(loss)
        elif self._improves(found):
            self._keep(theta)
        if self.after_epoch:
            diverged = not isfinite(loss)
            self.stopped = bool(self.after_epoch(None if diverged else theta))

    def start_from(self, theta: Array) -> None:
        """Take the weights before the first epoch as the best so far."""
        if self.early_stopping and self.validate:
            found = self.validate(theta)
            watched = found.loss if found.score is None else found.score
            self.patience.start_from(watched, found.loss)
            if isfinite(self.patience.best):
                self.best = Best(len(self.history), theta.copy())

    def result(self, theta: Array) -> tuple[Array, int]:
        """The weights to keep if training ends at ``theta``, and their epoch."""
        if self.best is not None and self.early_stopping:
            return self.best.theta, self.best.epoch
        return self._averaged(theta), len(self.history)

    def _averaged(self, theta: Array) -> Array:
        return theta if self.average is None else self.average.theta

    def _improves(self, found: Validation) -> bool:
        if found.score is None:
            return self.patience.update(found.loss)
        return self.patience.update(found.score, found.loss)

    def _keep(self, theta: Array) -> None:
        if self.best is None:
            self.best = Best(0, theta.copy())
        self.best.epoch = len(self.history)
        self.best.theta[:] = self._averaged(theta)
