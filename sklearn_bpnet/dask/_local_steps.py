"""Local steps: every partition makes some steps on its own, then weights are averaged.

What is averaged is theta and the arrays of the optimiser's state, such as Adam's
moments: a partition keeps nothing that the next steps need.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.dask._shares import Share
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.blas_threads import OneBlasThread
from sklearn_bpnet.training.stochastic.choice import make_epoch_pass
from sklearn_bpnet.training.stochastic.config import config_context
from sklearn_bpnet.training.stochastic.epoch import Descent, Progress, Rates, Walk
from sklearn_bpnet.training.stochastic.thread_pool import ThreadPool


@dataclass(frozen=True)
class Start:
    """Where all partitions start from.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The parameters.
    state : dict of str to ndarray or number
        The optimiser's state.
    """

    theta: Array
    state: dict[str, Any]


@dataclass(frozen=True)
class Leg:
    """The steps that every partition makes on its own.

    Parameters
    ----------
    first, n_batches : int
        The number of the first batch in the epoch, and how many this has.
    rates : Rates
        Of these steps.
    n : int
        Number of samples of these batches in all partitions.
    seed : int or None
        Of the order of the samples in the epoch; None keeps it.
    noise_seed : int or None
        Of the noise of the network; None for no noise.
    compiled : bool or "auto"
        Whether the steps are compiled, see `config_context`.
    """

    first: int
    n_batches: int
    rates: Rates
    n: int
    seed: int | None
    noise_seed: int | None
    compiled: Any

    def bounds(self, n_samples: int) -> tuple[int, int]:
        """Where the steps of a partition begin and end among its samples."""
        size, n_steps = batch_size(n_samples, self.n_batches), len(self.rates[0])
        ends = self.first * size, (self.first + n_steps) * size
        return min(ends[0], n_samples), min(ends[1], n_samples)


def batch_size(n_samples: int, n_batches: int) -> int:
    """The size of all batches of a partition, but for the last one, if it has any."""
    return -(-n_samples // n_batches)


@dataclass(frozen=True)
class Reached:
    """A part of the average of where partitions got to.

    Parameters
    ----------
    value : float
        sum_n s_n L_n over the batches.
    n_steps : int
        The most steps of a partition.
    arrays : ndarray
        Theta and the arrays of the optimiser's state, one after the other, times the
        partition's share of the samples.
    numbers : dict of str to number
        What else is in the state, after those steps.
    """

    value: float
    n_steps: int
    arrays: Array
    numbers: dict[str, Any]

    def __add__(self, other: Reached) -> Reached:
        longest = self if self.n_steps >= other.n_steps else other
        arrays = self.arrays + other.arrays
        return Reached(
            self.value + other.value, longest.n_steps, arrays, longest.numbers
        )

    def write(self, theta: Array, state: dict[str, Any]) -> None:
        """Write the average into theta and the optimiser's state."""
        targets = [theta, *(state[name] for name in _arrays_of(state))]
        for target, values in zip(
            targets, np.split(self.arrays, len(targets)), strict=True
        ):
            target[:] = values
        state.update(self.numbers)


def _arrays_of(state: dict[str, Any]) -> list[str]:
    return [name for name, value in state.items() if isinstance(value, np.ndarray)]


class LocalWalk:
    """The local steps of a partition, in memory that all of them reuse.

    Parameters
    ----------
    share : Share
        The samples.
    start : Start
        Its shapes count.
    leg : Leg
        Its number of batches counts.
    """

    def __init__(self, share: Share, start: Start, leg: Leg) -> None:
        posed, self.share = share.posed, share
        self.n_batches, self.compiled = leg.n_batches, leg.compiled
        self.rng = None if leg.noise_seed is None else np.random.default_rng(0)
        progress = Progress(n_epochs=1, optimizer_state=dict(start.state))
        self.walk = Walk(start.theta.copy(), posed.solver, progress)
        descent = Descent(
            posed.risk, posed.solver, self._batches(share.indices), posed.options,
            noise_rng=self.rng,
        )  # fmt: skip
        self.epoch_pass = make_epoch_pass(descent, self.walk, ThreadPool())

    def suits(self, start: Start, leg: Leg) -> bool:
        """Whether it can make these steps too."""
        return (
            self.walk.theta.dtype == start.theta.dtype
            and self.walk.state.keys() == start.state.keys()
            and (self.n_batches, self.compiled) == (leg.n_batches, leg.compiled)
            and (self.rng is None) == (leg.noise_seed is None)
        )

    def _batches(self, indices: NDArray[np.intp]) -> Batches:
        share = self.share
        size = batch_size(len(share.indices), self.n_batches)
        return Batches(share.reader, share.Y, share.s, indices, size)

    def run(self, start: Start, leg: Leg) -> Reached | None:
        """Make the steps; None if no sample is left for them."""
        share, walk = self.share, self.walk
        begin, end = leg.bounds(len(share.indices))
        if begin == end:
            return None
        walk.theta[:] = start.theta
        for name, value in start.state.items():
            if isinstance(value, np.ndarray):
                walk.state[name][:] = value
            else:
                walk.state[name] = value
        if self.rng is not None and leg.noise_seed is not None:
            seeds = [leg.noise_seed, leg.first, share.index]
            drawn = np.random.default_rng(seeds)
            self.rng.bit_generator.state = drawn.bit_generator.state
        batches = self._batches(share.order(leg.seed)[begin:end])
        n_steps = batches.n_batches
        self.epoch_pass.descent = replace(self.epoch_pass.descent, batches=batches)
        total = self.epoch_pass.run(Rates(*(rates[:n_steps] for rates in leg.rates)))
        names = _arrays_of(walk.state)
        arrays = np.concatenate([walk.theta, *(walk.state[name] for name in names)])
        arrays *= (end - begin) / leg.n
        numbers = {name: x for name, x in walk.state.items() if name not in names}
        return Reached(total, n_steps, arrays, numbers)


def local_steps(share: Share | None, start: Start, leg: Leg) -> Reached | None:
    """The body of a task: where a partition gets to by its own steps."""
    if share is None:
        return None
    settings = config_context(compiled=leg.compiled)
    with share.lock, settings, OneBlasThread():
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if share.local is None or not share.local.suits(start, leg):
                share.local = LocalWalk(share, start, leg)
            found: Reached | None = share.local.run(start, leg)
            return found


__all__ = ["Leg", "Reached", "Start", "batch_size", "local_steps"]
