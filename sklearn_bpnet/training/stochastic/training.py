"""Stochastic training: epoch after epoch, until patience runs out."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite, nan

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.monitor.averaging import WeightAverage
from sklearn_bpnet.training.monitor.history import Outcome, StopReason
from sklearn_bpnet.training.monitor.monitor import Monitor
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.schedules import Constant, Schedule, TrainingTime
from sklearn_bpnet.training.stochastic.choice import make_epoch_pass
from sklearn_bpnet.training.stochastic.divergence import Divergence
from sklearn_bpnet.training.stochastic.epoch import Descent, Progress, Rates, Walk
from sklearn_bpnet.training.stochastic.epoch_pass import EpochPass
from sklearn_bpnet.training.stochastic.thread_pool import ThreadPool


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
        Of the learning rate.
    learning_rate_init : float
        The learning rate that the schedule multiplies.
    rng : numpy.random.Generator or None
        Shuffles the samples before every epoch; None keeps their order.
    step_options : StepOptions, default=StepOptions()
        What is done beside the optimiser's step.
    noise_rng : numpy.random.Generator or None, default=None
        Draws the noise of a network that has some.
    n_epochs : int or None, default=None
        The epochs in all, of earlier calls too, that a schedule may count down to.
        None means that there is no end.
    weight_decay_schedule, dropout_schedule : Schedule, default=Constant()
        Of the weight decay and of the dropout rates.
    average : WeightAverage or None, default=None
        Takes in theta after every step.
    pool : ThreadPool, default=ThreadPool()
        Threads that share every batch of a compiled epoch.
    n_iter_fitted : float, default=inf
        Consecutive epochs that end training if the mean loss of a sample, without the
        penalty, was about zero in them.
    verbose : bool, default=False
        Whether to print that compilation is going on, if it takes long.
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
    average: WeightAverage | None = None
    pool: ThreadPool = field(default_factory=ThreadPool)
    n_iter_fitted: float = inf
    verbose: bool = False

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
        KeyboardInterrupt
            If Ctrl-C ends it before the first step; later, that is its outcome.
        """
        walk = Walk(theta, self.optimizer, progress, self.average)
        divergence = self.divergence(batches, walk, max_iter)
        epoch_pass = self.epoch_pass(batches, walk)
        strength = self.risk.strength(theta)
        n_iter, n_steps = 0, walk.n_steps
        # a checkpoint may have been written in the last epoch
        reason = self._end(monitor, progress)
        try:
            while reason is None and n_iter < max_iter:
                monitor.begin_epoch()
                walk.begin_epoch()
                rates = self.rates(progress, batches.n_batches)
                penalty = self.risk.penalty_value(theta, strength)
                total = epoch_pass.run(rates)
                loss = nan
                if isfinite(total):
                    walk.total = total
                    if isfinite(theta.sum()):  # which is so of all of its numbers
                        loss = total / batches.n_samples + penalty
                    progress.note(total / batches.n_samples)
                n_iter += 1
                progress.n_epochs += 1
                if isfinite(loss):
                    divergence.note(loss)
                else:
                    loss, reason = nan, StopReason.DIVERGED
                    divergence.restore()
                monitor.end_epoch(theta, loss, rates.learning_rate[0])
                rests = self.optimizer.pauses or not rates.learning_rate.any()
                if walk.stood_still(batches.n_batches) and not rests:
                    reason = reason or StopReason.CONVERGED
                reason = reason or self._end(monitor, progress)
        except KeyboardInterrupt:
            if walk.n_steps == n_steps:  # nothing has been learned yet
                raise
            reason = StopReason.INTERRUPTED
            if not isfinite(theta.sum()):
                divergence.restore()
        reason = reason or StopReason.MAX_ITER
        kept, _ = monitor.result(theta)
        if reason is not StopReason.DIVERGED and divergence.restore_from(kept):
            if reason is not StopReason.INTERRUPTED:
                reason = StopReason.DIVERGED
        loss = monitor.history.last("loss")
        if divergence.has_restored:
            monitor.return_to(theta, divergence.n_epochs_back)
            loss = divergence.restored_loss
        return Outcome(reason, n_iter, loss)

    def divergence(self, batches: Batches, walk: Walk, max_iter: int) -> Divergence:
        """What notices that training diverges."""
        return Divergence(self.risk, batches, walk, max_iter, self.n_epochs)

    def epoch_pass(self, batches: Batches, walk: Walk) -> EpochPass:
        """What makes the steps of an epoch."""
        return make_epoch_pass(self._descent(batches), walk, self.pool, self.verbose)

    def _descent(self, batches: Batches) -> Descent:
        return Descent(
            self.risk,
            self.optimizer,
            batches,
            self.step_options,
            self.rng,
            self.noise_rng,
        )

    def learning_rate(self, progress: Progress) -> float:
        """The learning rate at the beginning of the next epoch."""
        return self.learning_rate_init * self._factors(self.schedule, progress, 1)[0]

    def rates(self, progress: Progress, n_batches: int) -> Rates:
        """The rates of every batch of the next epoch."""
        factors = self._factors(self.schedule, progress, n_batches)
        return Rates.of(
            n_batches,
            [self.learning_rate_init * factor for factor in factors],
            self._factors(self.weight_decay_schedule, progress, n_batches),
            self._factors(self.dropout_schedule, progress, n_batches),
        )

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
        if progress.n_fitted >= self.n_iter_fitted:
            return StopReason.CONVERGED
        if monitor.patience.ran_out:
            reason = monitor.end_of_patience
            rate = self.learning_rate(progress)
            is_plateau = reason is StopReason.CONVERGED
            if not (is_plateau and self.schedule.continues_after_plateau(rate)):
                return reason
            progress.n_plateaus += 1
            monitor.patience.count = 0
        return StopReason.STOPPED if monitor.stopped else None
