"""One epoch of stochastic gradient descent: a pass over the mini-batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.noise import Dropout
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.vectors import aligned
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.blas_threads import BlasTrial, Crew
from sklearn_bpnet.training.monitor.averaging import WeightAverage
from sklearn_bpnet.training.monitor.history import NoFiniteStepError
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.stochastic.epoch_pass import BatchStep

if TYPE_CHECKING:
    from sklearn_bpnet.training.stochastic.compiled.epoch_pass import CompiledRun

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
        Threads that share the batches of a compiled epoch.
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
        for name, value in progress.optimizer_state.items():
            if isinstance(value, np.ndarray):
                quick_to_reach = aligned(value.shape, value.dtype)
                quick_to_reach[...] = value
                progress.optimizer_state[name] = quick_to_reach
        whole = risk, optimizer, options, theta
        self.compiled = None
        rows = batches.reader.X, batches.n_samples, batches.batch_size
        if is_compiled(risk, optimizer, options, *rows):
            from sklearn_bpnet.training.stochastic.compiled.epoch_pass import (
                CompiledRun,
            )

            self.compiled = CompiledRun(*whole, self.good, batches, crew or Crew())
            return
        self.batch_step = BatchStep(*whole, batches.batch_size)
        sizes = batches.batch_size, batches.n_batches
        self.blas = BlasTrial(risk.network, *sizes)

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
        self.rates, self.decay_factors, self.dropout_factors = (
            np.broadcast_to(given, n_batches).astype(np.float64)
            for given in (learning_rate, decay_factor, dropout_factor)
        )
        risk, theta = self.risk, self.parameters.theta
        self.before[:] = theta
        penalty = risk.penalty_value(theta, self.strength)
        if self.compiled is not None:
            total = self._run_compiled(self.compiled)
        else:
            with self.blas:
                total = self._run()
        if not isfinite(total):
            return nan
        self.total = total
        # a number that is not finite makes the sum so
        return (
            total / self.batches.n_samples + penalty if isfinite(theta.sum()) else nan
        )

    def _run(self) -> float:
        """Make a step for every batch; return the sum of s_n L_n."""
        total, theta, batch_step = 0.0, self.parameters.theta, self.batch_step
        # of lists, an element is a Python number at once
        factors = self.rates, self.decay_factors, self.dropout_factors
        rates, decay_factors, dropout_factors = (given.tolist() for given in factors)
        for i, batch in enumerate(self.batches.epoch(self.rng)):
            if self.noise_rng is not None:
                batch_step.draw(len(batch.Y), self.noise_rng, dropout_factors[i])
            total += batch_step.add_up(batch)
            if not isfinite(total):
                return nan
            if i & (i - 1) == 0:  # batches 0, 1, 2, 4, 8, ...
                self.good[:] = theta
                self.n_good_steps = self.n_steps
            state = self.progress.optimizer_state
            batch_step.step(state, rates[i], decay_factors[i])
            self.n_steps += 1
            if self.average is not None:
                self.average.update(theta)
            if self.blas.is_made:
                self.blas.look(len(batch.Y))
        return total

    def _run_compiled(self, compiled: CompiledRun) -> float:
        """Do as `_run`, piece by piece in compiled code (batch by batch to average)."""
        total, i = 0.0, 0
        for block in self.risk.network.blocks:
            if isinstance(block, Dropout):
                block.rate_at(float(self.dropout_factors.max()))  # or an error
        for table, rows in compiled.pieces(self.rng):
            size = len(rows) if self.average is None else self.batches.batch_size
            for start in range(0, len(rows), size):
                s_L, n_steps, n_good = compiled(
                    table,
                    rows[start : start + size],
                    self.progress.optimizer_state,
                    self.rates,
                    self.decay_factors,
                    self.dropout_factors,
                    i,
                    self.noise_rng,
                )
                if n_good >= 0:
                    self.n_good_steps = self.n_steps + n_good
                self.n_steps += n_steps
                i += n_steps
                total += s_L
                if not isfinite(total):
                    return nan
                if self.average is not None:
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


def is_compiled(
    risk: EmpiricalRisk,
    optimizer: Optimizer,
    options: StepOptions,
    X: Any,
    n_rows: int,
    batch_size: int,
) -> bool:
    """Whether there is compiled code for this training, and it pays to load it.

    ``n_rows`` of X are trained on, in batches of ``batch_size``.
    """
    work = n_rows * sum(b.n_in * b.n_out for b in risk.network.layers)
    pays = n_rows > (COMPILE_FROM - 1) * batch_size or work >= COMPILE_FROM_WORK
    if sparse.issparse(X) or not pays:
        return False
    try:
        from sklearn_bpnet.training.stochastic.compiled.epoch_pass import CompiledRun
    except ImportError:
        return False
    return CompiledRun.can_train(risk, optimizer, options)
