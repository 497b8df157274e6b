"""The epoch loop: stochastic gradient descent over mini-batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import LayerWorkspace, Workspace
from sklearn_bpnet.net.parameters import Parameters
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.history import (
    History,
    NoFiniteStepError,
    Outcome,
    StopReason,
    Validation,
)
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.schedules import Schedule
from sklearn_bpnet.training.stopping import Patience


@dataclass
class Progress:
    """Where a training stands: what going on later needs besides theta.

    Parameters
    ----------
    n_epochs : int
        Epochs made so far.
    n_plateaus : int
        How often patience ran out and training went on.
    optimizer_state : dict of str to ndarray or number
        What the optimiser remembers; empty before the first step.
    """

    n_epochs: int = 0
    n_plateaus: int = 0
    optimizer_state: dict[str, Any] = field(default_factory=dict)


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
        epoch = _Epoch(self, theta, batches, progress)
        best = theta.copy() if self.validate else theta
        reason, n_iter = StopReason.MAX_ITER, 0
        try:
            while n_iter < max_iter:
                loss = epoch.run()
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


class _Epoch:
    """One pass over the batches, with the memory that every epoch reuses."""

    def __init__(
        self,
        training: StochasticTraining,
        theta: Array,
        batches: Batches,
        progress: Progress,
    ) -> None:
        self.training = training
        self.batches = batches
        self.progress = progress
        network = training.risk.network
        self.parameters = network.parameters(theta)
        self.gradient = Parameters.zeros(network.shapes, theta.dtype)
        self.workspace = network.workspace(batches.batch_size, theta.dtype)
        self.tails: dict[int, list[LayerWorkspace]] = {}
        self.strength = training.risk.strength(theta)
        self.scratch = np.empty_like(theta)
        self.good = theta.copy()
        self.n_steps = self.n_good_steps = 0
        # an optimiser goes on from a state of its own kind only
        own_kind = training.optimizer.start(theta[:0]).keys()
        if progress.optimizer_state.keys() != own_kind:
            progress.optimizer_state = training.optimizer.start(theta)

    def run(self) -> float:
        """Return the epoch's mean risk, NaN as soon as a batch's is not finite.

        The penalty is that of the weights before the epoch.
        """
        risk, theta = self.training.risk, self.parameters.theta
        learning_rate = self.training.learning_rate(self.progress)
        penalty = risk.penalty.value(theta, self.strength) if risk.alpha else 0.0
        total = 0.0
        for i, batch in enumerate(self.batches.epoch(self.training.rng)):
            n = len(batch.Y)
            total += risk.add_up(
                self.parameters,
                batch.X,
                batch.Y,
                batch.s,
                n,
                self.gradient,
                self._workspace(n),
            )
            if not isfinite(total):
                return nan
            if i & (i - 1) == 0:  # batches 0, 1, 2, 4, 8, ...
                self.good[:] = theta
                self.n_good_steps = self.n_steps
            self._step(learning_rate)
        # a number that is not finite makes the sum so
        return total / self.batches.n_rows + penalty if isfinite(theta.sum()) else nan

    def _step(self, learning_rate: float) -> None:
        training, theta = self.training, self.parameters.theta
        risk, state = training.risk, self.progress.optimizer_state
        g = self.gradient.theta
        if risk.alpha and risk.penalty.l1_ratio < 1:
            risk.penalty.add_l2_gradient(theta, self.strength, g, self.scratch)
        training.optimizer.step(theta, g, state, learning_rate)
        if risk.alpha and risk.penalty.l1_ratio:
            step = training.optimizer.proximal_step(state, learning_rate)
            risk.penalty.prox(theta, self.strength, step)
        self.n_steps += 1

    def _workspace(self, n_rows: int) -> Workspace:
        if n_rows == self.batches.batch_size:
            return self.workspace
        if n_rows not in self.tails:
            self.tails[n_rows] = [layer.rows(n_rows) for layer in self.workspace]
        return self.tails[n_rows]

    def restore_last_good(self) -> None:
        """Put back the last weights for which a batch's risk was finite.

        What the optimiser remembers led away from them, so it forgets.
        """
        if self.n_good_steps == 0:
            raise NoFiniteStepError
        self.parameters.theta[:] = self.good
        self.progress.optimizer_state = {}
