"""Stochastic training: epoch after epoch, until patience runs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.epoch import Epoch, Progress
from sklearn_bpnet.training.history import (
    History,
    Outcome,
    StopReason,
    Validation,
)
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.schedules import Schedule
from sklearn_bpnet.training.stopping import Patience


@dataclass
class StochasticTraining:
    """Minimise an empirical risk by steps along the gradients of mini-batches.

    Parameters
    ----------
    risk : EmpiricalRisk
        What to minimise.
    optimizer : Optimizer
        How a gradient becomes a step.
    schedule : Schedule
        The learning rate's course.
    learning_rate_init : float
        The learning rate that the schedule multiplies.
    patience : Patience
        When to stop: watches the loss, or the validation score if there is one.
    rng : numpy.random.Generator or None
        Shuffles the rows before every epoch; None keeps their order.
    validate : callable or None
        From theta to a ``Validation``. If given, the best theta is kept.
    after_epoch : callable or None
        Called with the history after every epoch.
    """

    risk: EmpiricalRisk
    optimizer: Optimizer
    schedule: Schedule
    learning_rate_init: float
    patience: Patience
    rng: np.random.Generator | None = None
    validate: Callable[[Array], Validation] | None = None
    after_epoch: Callable[[History], None] | None = None

    def run(
        self,
        theta: Array,
        batches: Batches,
        max_iter: int,
        progress: Progress,
        history: History,
    ) -> Outcome:
        """Walk ``theta`` in place; update ``progress`` and ``history``.

        Raises
        ------
        NoFiniteStepError
            If the risk was not finite before, or not after, the very first step.
        """
        epoch = Epoch(self.risk, self.optimizer, theta, batches, self.rng, progress)
        best = theta.copy() if self.validate else theta
        reason, n_iter = StopReason.MAX_ITER, 0
        try:
            while n_iter < max_iter:
                loss = epoch.run(self.learning_rate(progress))
                n_iter += 1
                progress.n_epochs += 1
                if not isfinite(loss):
                    epoch.restore_last_good()
                self._record(loss, theta, best, history)
                if not isfinite(loss):
                    reason = StopReason.DIVERGED
                    break
                if self.patience.ran_out and not self._go_on(progress):
                    reason = StopReason.CONVERGED
                    break
        except KeyboardInterrupt:
            reason = StopReason.INTERRUPTED
            if not isfinite(theta.sum()):
                epoch.restore_last_good()
        if self.validate and np.isfinite(self.patience.best):
            theta[:] = best
        return Outcome(reason, n_iter, history.loss[-1] if history.loss else nan)

    def _record(self, loss: float, theta: Array, best: Array, history: History) -> None:
        """Enter an epoch into the history; keep theta if it is the best validated."""
        history.loss.append(loss)
        if self.validate:
            found = self.validate(theta) if isfinite(loss) else Validation(nan)
            history.validation_score.append(found.score)
            if self.patience.update(*found):
                best[:] = theta
        else:
            self.patience.update(loss)
        if self.after_epoch:
            self.after_epoch(history)

    def learning_rate(self, progress: Progress) -> float:
        """The learning rate of the next epoch."""
        factor = self.schedule.factor(progress.n_epochs, progress.n_plateaus)
        return self.learning_rate_init * factor

    def _go_on(self, progress: Progress) -> bool:
        if not self.schedule.goes_on_after_plateau(self.learning_rate(progress)):
            return False
        progress.n_plateaus += 1
        self.patience.count = 0
        return True
