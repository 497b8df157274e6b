"""Training on a cluster: the optimiser here, the gradients on the workers."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from math import isfinite, nan
from typing import Any, ClassVar

import numpy as np

from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.ensemble import train
from sklearn_bpnet._fit.fitted import Trained
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.network_fit import NetworkFit, train_network
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet.dask import _shares as shares
from sklearn_bpnet.dask._calls import Calls
from sklearn_bpnet.dask._local_steps import Leg, Start, local_steps
from sklearn_bpnet.dask._rounds import Rounds
from sklearn_bpnet.dask._shares import Piece, bounds
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.full_batch import FullBatchSolver
from sklearn_bpnet.training.full_batch.risk import FullBatchRisk
from sklearn_bpnet.training.monitor.history import Outcome
from sklearn_bpnet.training.optimizers.step import Step
from sklearn_bpnet.training.stochastic.config import get_config
from sklearn_bpnet.training.stochastic.divergence import Divergence
from sklearn_bpnet.training.stochastic.epoch import Rates, Walk
from sklearn_bpnet.training.stochastic.training import StochasticTraining


class Spread:
    """The training samples on the workers, in the place of batches.

    Parameters
    ----------
    rounds : Rounds
        The tasks of the fit.
    shares : list of Future
        Of every partition.
    sizes : list of int
        Their numbers of samples.
    batch_size : int
        Samples per batch, of all partitions together.
    local_steps : int, default=1
        The steps that every partition makes before they are averaged.
    calls : Calls or None, default=None
        Of the shares; made if it is None.
    """

    def __init__(
        self,
        rounds: Rounds,
        shares: list[Any],
        sizes: list[int],
        batch_size: int,
        local_steps: int = 1,
        calls: Calls | None = None,
    ) -> None:
        self.rounds, self.shares, self.sizes = rounds, shares, sizes
        self.calls = calls or Calls(rounds, shares)
        self.n_samples = sum(sizes)
        self.batch_size = min(batch_size, self.n_samples)
        self.local_steps = local_steps

    def of_size(self, batch_size: int) -> Spread:
        """The same samples in batches of another size."""
        return Spread(
            self.rounds, self.shares, self.sizes, batch_size, self.local_steps,
            self.calls,
        )  # fmt: skip

    def __enter__(self) -> Spread:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing has to be closed: there is no reader of samples here."""

    @property
    def n_batches(self) -> int:
        """Batches per epoch."""
        return -(-self.n_samples // self.batch_size)

    def digests(self) -> dict[str, str]:
        """Digests of the samples of all partitions, by argument of fit."""
        rounds = self.rounds
        found = rounds.results(rounds.each("digests", shares.digests, self.shares))
        names = dict.fromkeys(name for one in found for name in one)
        lists = {name: [one[name] for one in found if name in one] for name in names}
        return {
            name: ", ".join(of_parts)
            if name == "partitions"
            else blake2b("".join(of_parts).encode(), digest_size=16).hexdigest()
            for name, of_parts in lists.items()
        }

    def n_in(self, batch: int) -> int:
        """The number of samples of a batch."""
        ends = (bounds(n, batch, self.n_batches) for n in self.sizes)
        return sum(end - begin for begin, end in ends)


class DistributedRisk(FullBatchRisk):
    """The smooth part of J and its gradient, a round of tasks per evaluation."""

    has_samples: ClassVar[bool] = False

    def __init__(self, risk: Any, spread: Spread, theta: Array) -> None:
        self.risk, self.spread, self.theta = risk, spread, theta
        self.strength = risk.strength(theta)

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        self.theta[:] = x
        spread, penalty = self.spread, self.risk.penalty
        n = spread.n_samples
        found = spread.rounds.gradient(spread.shares, self.theta, None, n)
        total, gradient = found.value, found.gradient
        scratch = np.empty_like(gradient)
        penalty.add_l2_gradient(self.theta, self.strength, gradient, scratch)
        return total / n + penalty.l2_value(self.theta, self.strength), gradient


class DistributedEpochPass:
    """A pass over the batches, a call of the workers for each.

    Parameters
    ----------
    training : DistributedTraining
        What is minimised, with which steps.
    spread : Spread
        The samples.
    walk : Walk
        Theta and the optimiser's state; changed.
    """

    def __init__(
        self, training: DistributedTraining, spread: Spread, walk: Walk
    ) -> None:
        self.training, self.spread, self.walk = training, spread, walk
        self.step = Step(
            training.risk, training.optimizer, training.step_options, walk.theta
        )

    def run(self, rates: Rates) -> float:
        """Make a step for every batch; return the sum of s_n L_n over the epoch."""
        walk, spread, theta = self.walk, self.spread, self.walk.theta
        n_batches, total = spread.n_batches, 0.0
        seed, noise = self._seeds()
        for i, (rate, decay, dropout) in enumerate(zip(*rates, strict=True)):
            n = spread.n_in(i)
            if not n:
                continue
            piece = Piece(seed, i, n_batches, n, noise, float(dropout))
            found = spread.calls.total("gradient", shares.gradient, theta, piece, n)
            total += found.value
            if not isfinite(total):
                return nan
            if i & (i - 1) == 0:
                walk.good[:] = theta
                walk.n_good_steps = walk.n_steps
            self.step.take(theta, found.gradient, walk.state, float(rate), float(decay))
            walk.n_steps += 1
            if walk.average is not None:
                walk.average.update(theta)
        return total

    def _seeds(self) -> tuple[int | None, int | None]:
        """Seeds of the order of the samples and of the noise in an epoch."""
        training, seed, noise = self.training, None, None
        if training.rng is not None and self.spread.n_batches > 1:
            seed = int(training.rng.integers(2**63))
        if training.noise_rng is not None and training.risk.network.is_noisy:
            noise = int(training.noise_rng.integers(2**63))
        return seed, noise


class LocalStepsPass(DistributedEpochPass):
    """A pass over the batches in which partitions make several steps on their own."""

    def run(self, rates: Rates) -> float:
        """Make and average the steps; return the sum of s_n L_n over the epoch."""
        walk, spread, theta = self.walk, self.spread, self.walk.theta
        n_batches, h, total = spread.n_batches, spread.local_steps, 0.0
        seed, noise = self._seeds()
        compiled = get_config()["compiled"]
        for first in range(0, n_batches, h):
            of_leg = Rates(*(one[first : first + h] for one in rates))
            leg = Leg(first, n_batches, of_leg, 0, seed, noise, compiled)
            ends = (leg.bounds(n) for n in spread.sizes)
            n = sum(end - begin for begin, end in ends)
            if not n:
                continue
            start, leg = Start(theta, walk.state), replace(leg, n=n)
            found = spread.calls.total("local-steps", local_steps, start, leg)
            total += found.value
            if not isfinite(total):
                return nan
            walk.good[:] = theta
            walk.n_good_steps = walk.n_steps
            found.write(theta, walk.state)
            walk.n_steps += found.n_steps
            if walk.average is not None:
                for _ in range(found.n_steps):  # as if each step had led there
                    walk.average.update(theta)
        return total


class DistributedDivergence(Divergence):
    """Notices divergence by the risk of all samples, a round of tasks."""

    def _risk(self, theta: Array, n_max: int | None = None) -> float:
        spread: Any = self.batches
        theta = theta.astype(self.walk.theta.dtype, copy=False)
        value = spread.rounds.value(spread.shares, theta) / spread.n_samples
        value += self.risk.penalty_value(theta, self.risk.strength(theta))
        return value if isfinite(value) else nan


class DistributedTraining(StochasticTraining):
    """Stochastic training whose gradients are computed by the workers."""

    def divergence(self, batches: Any, walk: Walk, max_iter: int) -> Divergence:
        return DistributedDivergence(self.risk, batches, walk, max_iter, self.n_epochs)

    def epoch_pass(self, batches: Any, walk: Walk) -> Any:
        one = DistributedEpochPass if batches.local_steps == 1 else LocalStepsPass
        return one(self, batches, walk)


class DistributedFit(NetworkFit):
    """The training of one network on a cluster.

    Parameters
    ----------
    problem, state, previous, on_epoch_begin, on_epoch_end
        As of `NetworkFit`; the training samples are an `Outline`.
    spread : Spread
        The samples.
    """

    training_class = DistributedTraining

    def __init__(
        self,
        problem: Problem,
        state: TrainingState,
        previous: FittedNetwork | None,
        *,
        spread: Spread,
        **hooks: Any,
    ) -> None:
        self.spread = spread
        super().__init__(problem, state, previous, shares_batches=False, **hooks)

    def _batches(self, indices: Any, batch_size: int) -> Any:
        return self.spread.of_size(batch_size)

    def _minimise(self) -> Outcome:
        plan = self.plan
        if not isinstance(plan.solver, FullBatchSolver):
            return super()._minimise()
        return plan.solver.run_on(
            DistributedRisk(self.problem.risk, self.spread, self.theta),
            self.theta,
            tol=plan.stopping.tol,
            max_iter=self.max_iter,
            monitor=self.monitor,
        )


def train_on(spread: Spread, call: Call, problem: Problem, tasks: FitTasks) -> Trained:
    """Train one network, or the members of an ensemble one after the other.

    Parameters
    ----------
    spread : Spread
        The samples.
    call, problem, tasks
        As of `_fit.ensemble.train`.
    """
    fit_class = partial(DistributedFit, spread=spread)
    return train(
        call,
        problem,
        tasks,
        fit_class=fit_class,
        train_members=partial(_train_members, fit_class),
    )


def _train_members(
    fit_class: Callable[..., DistributedFit],
    problem: Problem,
    state: TrainingState,
    seeds: list[int],
    n_jobs: int | None,
    remedy: str,
    first: int,
) -> Generator[tuple[FittedNetwork, Outcome], None, None]:
    """Train a member for every seed: each has all the workers."""
    for seed in seeds:
        fit = fit_class(problem, state.of_member(seed), None)
        network, outcome = train_network(fit, remedy)
        yield replace(network, random_state=seed), outcome


__all__ = ["DistributedFit", "Spread", "train_on"]
