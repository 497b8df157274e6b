"""What happens between two epochs, whatever the solver: validate, record, stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite, nan
from time import perf_counter

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.monitor.history import History, StopReason, Validation
from sklearn_bpnet.training.monitor.patience import Patience


@dataclass
class Best:
    """The best epoch so far by the validation samples.

    Parameters
    ----------
    epoch : int
        Its number, from 1; 0 stands for the weights before the first epoch.
    theta : ndarray of shape (n_parameters,)
        Its weights.
    """

    epoch: int
    theta: Array


@dataclass
class Monitor:
    """Follows a training: validates, records and decides when to stop.

    A solver calls `begin_epoch` and `end_epoch`, and stops where ``patience`` has run
    out or ``stopped`` is set.

    Parameters
    ----------
    history : History
        Gets one row per epoch.
    patience : Patience
        When to stop: monitors the training loss, or with ``early_stopping`` the result
        of ``validate``.
    validate : callable or None
        From theta to a ``Validation``.
    early_stopping : bool, default=True
        Whether patience monitors the validation, and the best weights are kept.
    best : Best or None
        The best of the calls before.
    evaluated : callable or None
        From theta to the weights that are validated and kept in its place.
    record : callable or None
        From theta to more columns of the history.
    on_epoch_begin : callable or None
        Called before every epoch (of a full-batch solver before every iteration).
    on_epoch_end : callable or None
        Called with theta, or with None if training just diverged; returns whether to
        stop.

    Attributes
    ----------
    stopped : bool
        Whether ``on_epoch_end`` has asked to stop.
    last_epoch : int or None
        The epoch of the last weights, if training returned to earlier ones.
    """

    history: History
    patience: Patience
    validate: Callable[[Array], Validation] | None = None
    early_stopping: bool = True
    best: Best | None = None
    evaluated: Callable[[Array], Array] | None = None
    record: Callable[[Array], Mapping[str, float]] | None = None
    on_epoch_begin: Callable[[], None] | None = None
    on_epoch_end: Callable[[Array | None], bool | None] | None = None
    stopped: bool = field(default=False, init=False)
    last_epoch: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.early_stopping = self.early_stopping and self.validate is not None
        self._time = perf_counter()

    @property
    def reads_theta(self) -> bool:
        """Whether `end_epoch` reads theta."""
        return bool(self.validate or self.record or self.on_epoch_end)

    def begin_epoch(self) -> None:
        """Note that an epoch begins."""
        self._time = perf_counter()
        if self.on_epoch_begin:
            self.on_epoch_begin()

    def end_epoch(self, theta: Array, loss: float, learning_rate: float = nan) -> None:
        """Note the theta and the risk of an epoch; a risk of NaN means divergence."""
        row = {"loss": loss, "learning_rate": learning_rate}
        validation = Validation(nan)
        if self.validate:
            if isfinite(loss):
                validation = self.validate(self._evaluated(theta))
            row["validation_loss"] = validation.loss
            if validation.score is not None:
                row["validation_score"] = validation.score
        if self.record:
            row |= self.record(theta)
        now = perf_counter()
        self.history.append(row | {"seconds": now - self._time})
        self._time = now
        if not self.early_stopping:
            self.patience.update(loss)
        elif self._improves(validation):
            self._keep(theta)
        if self.on_epoch_end:
            diverged = not isfinite(loss)
            self.stopped = bool(self.on_epoch_end(None if diverged else theta))

    def start_from(self, theta: Array) -> None:
        """Take the weights before the first epoch as the best so far."""
        if self.early_stopping and self.validate:
            theta = self._evaluated(theta)
            validation = self.validate(theta)
            score = validation.score
            monitored = validation.loss if score is None else score
            self.patience.start_from(monitored, validation.loss)
            if self.patience.has_value:
                self.best = Best(len(self.history), theta.copy())

    @property
    def end_of_patience(self) -> StopReason:
        """Why training ends once patience has run out."""
        return StopReason.CONVERGED if self.patience.has_value else StopReason.FAILED

    def return_to(self, theta: Array, n_epochs_back: int) -> None:
        """Note that training returned to earlier weights.

        They may be better than the best that were validated.
        """
        self.last_epoch = len(self.history) - n_epochs_back
        if not self.early_stopping:
            return
        assert self.validate is not None
        if self._improves(self.validate(theta)):
            self.best = Best(self.last_epoch, theta.copy())

    def result(self, theta: Array) -> tuple[Array, int]:
        """The weights to keep if training ends at ``theta``, and their epoch."""
        if self.best is not None and self.early_stopping:
            return self.best.theta, self.best.epoch
        epoch = len(self.history) if self.last_epoch is None else self.last_epoch
        return self._evaluated(theta), epoch

    def _evaluated(self, theta: Array) -> Array:
        return theta if self.evaluated is None else self.evaluated(theta)

    def _improves(self, validation: Validation) -> bool:
        if validation.score is None:
            return self.patience.update(validation.loss)
        return self.patience.update(validation.score, validation.loss)

    def _keep(self, theta: Array) -> None:
        if self.best is None:
            self.best = Best(0, theta.copy())
        self.best.epoch = len(self.history)
        self.best.theta[:] = self._evaluated(theta)
