"""One epoch of stochastic gradient descent: a pass over the mini-batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.averaging import WeightAverage
from sklearn_bpnet.training.batches import Batch, Batches
from sklearn_bpnet.training.history import NoFiniteStepError
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.share import Share
from sklearn_bpnet.training.sparse_share import SparseShare
from sklearn_bpnet.training.step import StepOptions
from sklearn_bpnet.training.threads import Crew

if TYPE_CHECKING:
    from sklearn_bpnet.training.compiled import CompiledRun

# Loading the compiled code takes about a second. Whether that is worth it depends on
# the batches of an epoch only, not on how many epochs a call makes or on what ran
# before, so that ten calls of one epoch make the very steps of one call of ten.
COMPILE_FROM = 100  # batches
COMPILE_FROM_WORK = 2**30  # multiplications of a forward pass over all rows


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


class Epoch:
    """A pass over the batches, with the memory that every epoch reuses.

    Parameters
    ----------
    risk : EmpiricalRisk
        What to minimise.
    optimizer : Optimizer
        How a gradient becomes a step.
    theta : ndarray of shape (n_parameters,)
        The parameters, changed in place.
    batches : Batches
        The training rows.
    rng : numpy.random.Generator or None
        Shuffles the rows before every epoch; None keeps their order.
    progress : Progress
        Whose optimiser state is used and updated.
    average : WeightAverage or None, default=None
        Takes in theta after every step.
    options : StepOptions, default=StepOptions()
        What is done beside the optimiser's step.
    crew : Crew, default=Crew()
        Threads that share every step; see ``Share.can_be_several``.
    noise_rng : numpy.random.Generator or None, default=None
        Draws the noise of a network that has some; None leaves it out.
    """

    def __init__(
        self,
        risk: EmpiricalRisk,
        optimizer: Optimizer,
        theta: Array,
        batches: Batches,
        rng: np.random.Generator | None,
        progress: Progress,
        average: WeightAverage | None = None,
        options: StepOptions = StepOptions(),  # noqa: B008  (it is immutable)
        crew: Crew | None = None,
        noise_rng: np.random.Generator | None = None,
    ) -> None:
        self.average = average
        self.noise_rng = noise_rng if risk.network.is_noisy else None
        self.risk = risk
        self.optimizer = optimizer
        self.batches = batches
        self.rng = rng
        self.progress = progress
        self.parameters = risk.network.parameters(theta)
        self.strength = risk.strength(theta)
        self.good = theta.copy()
        self.before = theta.copy()
        self.total = nan  # sum_n s_n L_n of the last epoch
        # the weights that a training goes on from are good already
        goes_on = progress.n_epochs > 0 and isfinite(theta.sum())
        self.n_steps = self.n_good_steps = int(goes_on)
        # an optimiser goes on from a state of its own kind only
        own_kind = optimizer.start(theta[:0]).keys()
        if progress.optimizer_state.keys() != own_kind:
            progress.optimizer_state = optimizer.start(theta)
        self.compiled = None
        if options.are_plain(optimizer):
            self.compiled = _compiled_run(risk, optimizer, batches)
        self.crew = crew or Crew()
        self.gradients = np.zeros((self.crew.size, theta.size), theta.dtype)
        self.shares = self._shares(options)

    def _shares(self, options: StepOptions) -> list[Share]:
        theta, batches, n = self.parameters.theta, self.batches, self.crew.size
        workspace = self.risk.network.workspace(batches.batch_size, theta.dtype)
        state = self.progress.optimizer_state
        whole = self.risk, self.optimizer, options, theta, self.gradients
        if batches.reader.is_sparse and SparseShare.is_exact(*whole[:3]):
            return [SparseShare(0, 1, *whole, workspace, state)]
        if n > 1 and self.compiled is not None:
            share = self.compiled.share
            return [share(i, n, *whole, workspace, state) for i in range(n)]
        return [Share(i, n, *whole, workspace, state) for i in range(n)]

    def run(
        self,
        learning_rate: float | Sequence[float],
        decay_factor: float | Sequence[float] = 1.0,
        dropout_factor: float | Sequence[float] = 1.0,
    ) -> float:
        """Return the epoch's mean risk, NaN as soon as a batch's is not finite.

        The penalty is that of the weights before the epoch. ``learning_rate`` and the
        factors of weight decay and dropout are one for all batches, or one for each.
        """
        n_batches = self.batches.n_batches
        rates = np.empty(n_batches)
        rates[:] = learning_rate
        self.decay_factors = np.broadcast_to(decay_factor, n_batches)
        self.dropout_factors = np.broadcast_to(dropout_factor, n_batches)
        risk, theta = self.risk, self.parameters.theta
        self.before[:] = theta
        penalty = risk.penalty_value(theta, self.strength)
        total, first_step = 0.0, self.n_steps
        for run in self.batches.runs(self.rng):
            i_batch = self.n_steps - first_step
            compiled = None if self.crew.size > 1 else self.compiled
            if compiled is not None and compiled.can_train(run, theta):
                total += self._train_compiled(run, rates, i_batch)
            else:
                total += self._train(run, rates, i_batch)
            if not isfinite(total):
                return nan
        self.total = total
        # a number that is not finite makes the sum so
        return total / self.batches.n_rows + penalty if isfinite(theta.sum()) else nan

    def _train(self, run: Batch, rates: Array, i_batch: int) -> float:
        """Make a step for every batch of the run; return its sum of s_n L_n."""
        total, theta, shares = 0.0, self.parameters.theta, self.shares
        for batch in run.split(self.batches.batch_size):
            if self.noise_rng is not None:
                dropout = float(self.dropout_factors[i_batch])
                for share in shares:
                    share.draw(len(batch.Y), self.noise_rng, dropout)
            total += self.crew.run([partial(share.add_up, batch) for share in shares])
            if not isfinite(total):
                return nan
            if i_batch & (i_batch - 1) == 0:  # batches 0, 1, 2, 4, 8, ...
                self.good[:] = theta
                self.n_good_steps = self.n_steps
            step = float(rates[i_batch]), float(self.decay_factors[i_batch])
            self.crew.run([partial(share.step, *step) for share in shares])
            self.n_steps += 1
            if self.average is not None:
                self.average.update(theta)
            i_batch += 1
        if self.crew.size > 1:  # the arrays are its own already
            state = self.progress.optimizer_state
            numbers = shares[0].state
            state.update((k, numbers[k]) for k in state if np.isscalar(numbers[k]))
        return total

    def _train_compiled(self, run: Batch, rates: Array, i_batch: int) -> float:
        """Do as `_train`, in one call of compiled code (one a batch, to average)."""
        assert self.compiled is not None
        if self.average is not None and len(run.Y) > self.batches.batch_size:
            total = 0.0
            for batch in run.split(self.batches.batch_size):
                total += self._train_compiled(batch, rates, i_batch)
                i_batch += 1
                if not isfinite(total):
                    return nan
            return total
        total, n_steps, n_good_steps = self.compiled(
            run,
            self.batches.batch_size,
            self.parameters.theta,
            self.gradients[0],
            self.progress.optimizer_state,
            rates,
            self.good,
            i_batch,
        )
        if n_good_steps >= 0:
            self.n_good_steps = self.n_steps + n_good_steps
        self.n_steps += n_steps
        if self.average is not None and n_steps:
            self.average.update(self.parameters.theta)
        return total

    def stood_still(self) -> bool:
        """Whether the epoch just made moved no weight: no gradient is left.

        The steps of several batches may also have led back to where they began, as
        the perceptron's do where no line separates the classes. They have not where
        no row had a loss.
        """
        self.before -= self.parameters.theta
        no_detour = self.batches.n_batches == 1 or self.total == 0
        return no_detour and not self.before.any()

    def restore_last_good(self) -> None:
        """Put back the last weights for which a batch's risk was finite.

        What the optimiser remembers led away from them, so it forgets.
        """
        if self.n_good_steps == 0:
            raise NoFiniteStepError
        self.parameters.theta[:] = self.good
        self.progress.optimizer_state = {}
        if self.average is not None:
            self.average.restart(self.good)


def _compiled_run(
    risk: EmpiricalRisk, optimizer: Optimizer, batches: Batches
) -> CompiledRun | None:
    """Compiled code for this training; None without Numba or for rare networks."""
    work = batches.n_rows * sum(b.n_in * b.n_out for b in risk.network.layers)
    pays = batches.n_batches >= COMPILE_FROM or work >= COMPILE_FROM_WORK
    if batches.reader.is_sparse or not pays:
        return None
    try:
        from sklearn_bpnet.training.compiled import CompiledRun
    except ImportError:
        return None
    return CompiledRun.of(risk, optimizer)
