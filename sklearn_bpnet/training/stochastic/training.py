"""Stochastic training: epoch after epoch, until patience runs out."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.blas_threads import Crew
from sklearn_bpnet.training.monitor.history import Outcome, StopReason
from sklearn_bpnet.training.monitor.monitor import Monitor
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.schedules import Constant, Schedule, TrainingTime
from sklearn_bpnet.training.stochastic.epoch import Epoch, Progress


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
    rng : numpy.random.Generator or None
        Shuffles the rows before every epoch; None keeps their order.
    step_options : StepOptions, default=StepOptions()
        What is done beside the optimiser's step.
    noise_rng : numpy.random.Generator or None, default=None
        Draws the noise of a network that has some.
    n_epochs : int or None, default=None
        The epochs in all, of earlier calls too, that a schedule may count down to.
        None means that there is no end.
    weight_decay_schedule, dropout_schedule : Schedule, default=Constant()
        The courses of the weight decay and of the dropout rates.
    crew : Crew
        Threads that share every step.
    """

    risk: EmpiricalRisk
    optimizer: Optimizer
    schedule: Schedule
    learning_rate_init: float
    rng: np.random.Generator | None = None
    step_options: StepOptions = field(default_factory=StepOptions)
    noise_rng: np.random.Generator | None = None
    n_epochs: int | None = None
    weight_decay_schedule: Schedule = Constant()  # noqa: RUF009  (it is immutable)
    dropout_schedule: Schedule = Constant()  # noqa: RUF009
    crew: Crew = field(default_factory=Crew)

    def run(
        self,
        theta: Array,
        batches: Batches,
        max_iter: int,
        progress: Progress,
        monitor: Monitor,
    ) -> Outcome:
        """Walk ``theta`` in place; update ``progress``, report to ``monitor``.

        Raises
        ------
        NoFiniteStepError
            If the risk was not finite before, or not after, the very first step.
        """
        epoch = Epoch(
            self.risk,
            self.optimizer,
            theta,
            batches,
            self.rng,
            progress,
            monitor.average,
            self.step_options,
            self.crew,
            self.noise_rng,
        )
        n_iter = 0
        reason = self._end(monitor, progress)  # where a checkpoint was the last epoch
        try:
            while reason is None and n_iter < max_iter:
                monitor.begin_epoch()
                n_batches = batches.n_batches
                rates = self.learning_rates(progress, n_batches)
                loss = epoch.run(
                    rates,
                    self._factors(self.weight_decay_schedule, progress, n_batches),
                    self._factors(self.dropout_schedule, progress, n_batches),
                )
                n_iter += 1
                progress.n_epochs += 1
                if not isfinite(loss):
                    epoch.restore_last_good()
                    reason = StopReason.DIVERGED
                monitor.end_epoch(theta, loss, rates[0])
                rests = self.optimizer.pauses or not any(rates)
                if epoch.stood_still() and not rests:
                    reason = reason or StopReason.CONVERGED
                reason = reason or self._end(monitor, progress)
        except KeyboardInterrupt:
            reason = StopReason.INTERRUPTED
            if not isfinite(theta.sum()):
                epoch.restore_last_good()
        loss = monitor.history.last("loss")
        return Outcome(reason or StopReason.MAX_ITER, n_iter, loss)

    def learning_rate(self, progress: Progress) -> float:
        """The learning rate at the beginning of the next epoch."""
        return self.learning_rates(progress, n_batches=1)[0]

    def learning_rates(self, progress: Progress, n_batches: int) -> list[float]:
        """The learning rate of every batch of the next epoch."""
        factors = self._factors(self.schedule, progress, n_batches)
        return [self.learning_rate_init * factor for factor in factors]

    def _factors(
        self, schedule: Schedule, progress: Progress, n_batches: int
    ) -> list[float]:
        """A schedule's factor for every batch of the next epoch."""
        planned, n_plateaus = self.n_epochs or inf, progress.n_plateaus
        moves = schedule.moves_within_epoch
        times = [
            TrainingTime(progress.n_epochs + i / n_batches, planned, n_plateaus)
            for i in range(n_batches if moves else 1)
        ]
        factors = [schedule.factor(time) for time in times]
        return factors if moves else factors * n_batches

    def _end(self, monitor: Monitor, progress: Progress) -> StopReason | None:
        """Why training ends where it stands, or None."""
        if monitor.patience.ran_out:
            if not self.schedule.goes_on_after_plateau(self.learning_rate(progress)):
                return StopReason.CONVERGED
            progress.n_plateaus += 1
            monitor.patience.count = 0
        return StopReason.STOPPED if monitor.stopped else None
