"""The compiled pass: what compiled code is given, and how it is called."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from math import inf, isfinite, nan
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.memory import CACHE_LINE, aligned
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.optimizers import State
from sklearn_bpnet.training.optimizers.schedule_free import ScheduleFree
from sklearn_bpnet.training.stochastic.compiled import (
    loops,
    losses,
    reading,
    steps,
)
from sklearn_bpnet.training.stochastic.compiled.chain import Chain
from sklearn_bpnet.training.stochastic.compiled.supported import (
    group_ends,
    kind_of,
    loss_of,
    rule_of,
    strengths_of,
)
from sklearn_bpnet.training.stochastic.compiled.units import (
    address_of,
    make,
    with_code,
)
from sklearn_bpnet.training.stochastic.epoch import Descent, Rates, Walk
from sklearn_bpnet.training.stochastic.thread_pool import CancelledError, ThreadPool

# Multiplications of a forward pass between two returns to Python, some tenths of a
# second: there Ctrl-C is noticed.
_WORK_AT_ONCE = 2**30

# Random numbers that are drawn at a time, some megabytes
_NOISE_AT_ONCE = 2**20

_PAUSE = 2e-5  # seconds, after which a thread that waits for another looks again


class CompiledEpochPass:
    """The pass in compiled code, its batches shared by the threads of a pool.

    Parameters
    ----------
    descent : Descent
        What is minimised, with which steps, on which batches; see `supported`.
    walk : Walk
        Theta and the optimiser's state; changed.
    pool : ThreadPool
        Threads that share every batch.
    """

    def __init__(self, descent: Descent, walk: Walk, pool: ThreadPool) -> None:
        self.descent, self.walk, self.pool = descent, walk, pool
        theta, network = walk.theta, descent.risk.network
        self.dtype = numba.typeof(theta).dtype
        blocks: Sequence[Any] = network.blocks
        self.dropouts = [b for b in blocks if kind_of(b) == "dropout"]
        self.gradients = aligned((pool.size, -(-theta.size // 16) * 16), theta.dtype)
        chain = Chain(network, self.dtype, descent.noise_rng is not None)
        self.random_numbers = chain.random_numbers
        self.n_noise = sum(n for _, n in self.random_numbers)
        self.noise = theta[:0]
        share = -(-descent.batches.batch_size // pool.size)
        self.chains = [
            chain.of_thread(theta, gradient, share) for gradient in self.gradients
        ]
        self._kept: list[Any] = [chain]
        self.losses = [self._loss(share) for _ in range(pool.size)]
        self.read = self._read()
        self.no_l2 = np.zeros(len(strengths_of(descent.risk)[0]))
        self.rule = self._rule()
        self.shares = np.empty(0)
        self._compile_loop()

    def run(self, rates: Rates) -> float:
        """Make a step for every batch; return the sum of s_n L_n over the epoch."""
        walk, batches, total, i = self.walk, self.descent.batches, 0.0, 0
        self.shares, states = self._shares_in_average(rates)
        for block in self.dropouts:
            block.rate_at(float(rates.dropout_factor.max()))  # or an error
        for table, indices in self._chunks():
            # to average, batch by batch
            size = len(indices) if walk.average is None else batches.batch_size
            for start in range(0, len(indices), size):
                piece = indices[start : start + size]
                s_L, n_steps, n_good_steps = self._train(table, piece, rates, i)
                if states and n_steps:
                    walk.state.update(states[i + n_steps - 1])
                if n_good_steps >= 0:
                    walk.n_good_steps = walk.n_steps + n_good_steps
                walk.n_steps += n_steps
                i += n_steps
                total += s_L
                if not isfinite(total):
                    return nan
                if walk.average is not None:
                    walk.average.update(walk.theta)
        return total

    def _shares_in_average(
        self, rates: Rates
    ) -> tuple[NDArray[np.float64], list[State]]:
        """Of a schedule-free rule: the share of every step, and its state thereafter.

        Of other rules, whose steps do not read it, and no states.
        """
        optimizer = self.descent.optimizer
        if not isinstance(optimizer, ScheduleFree):
            return rates.learning_rate, []
        names = "t", "weight_sum", "largest_rate"
        state = {name: self.walk.state[name] for name in names}
        shares, states = [], []
        for rate in rates.learning_rate.tolist():
            state["t"] += 1
            shares.append(optimizer.share(state, rate))
            states.append({name: x for name, x in state.items() if name != "t"})
        return np.array(shares), states

    def _chunks(self) -> Iterator[tuple[loops.Table, NDArray[np.intp]]]:
        """All samples once, in chunks of whole batches: a table, and indices in it."""
        for part, rng in self.descent.batches.parts(self.descent.rng):
            yield from self._chunks_of(part, rng)

    def _chunks_of(
        self, batches: Batches, rng: np.random.Generator | None
    ) -> Iterator[tuple[loops.Table, NDArray[np.intp]]]:
        """The same for samples in memory."""
        reader, network = batches.reader, self.descent.risk.network
        if reader.is_plain:
            table = self._table(*reader.plain_table(), batches.Y, batches.s)
            n_samples = _WORK_AT_ONCE // sum(network.layer_work)
            if self.n_noise:
                n_samples = min(n_samples, _NOISE_AT_ONCE // self.n_noise)
            for indices in batches.orders(rng, max(1, n_samples // batches.batch_size)):
                yield table, indices
            return
        nothing = np.empty(0, reader.wide)
        for run in batches.runs(rng):
            assert isinstance(run.X, np.ndarray)
            yield (
                self._table(run.X, nothing, nothing, 0, np.inf, run.Y, run.s),
                np.arange(len(run.Y)),
            )

    def _train(
        self, table: loops.Table, indices: NDArray[np.intp], rates: Rates, i: int
    ) -> tuple[float, int, int]:
        """Train on samples of the table, the first batch of which is the epoch's i-th.

        Returns
        -------
        tuple of float, int, int
            sum_n s_n L_n (not finite if that of a batch was not, before whose step it
            stops), the number of steps, and that before the last copy to the walk's
            ``good``, or -1.
        """
        state = self.walk.state
        run, shared = self._run(indices, rates, i), self._shared()
        shares = self._shares(run, table, shared)
        self.pool.run([partial(self._share, *share) for share in shares])
        total, n_steps, n_good_steps = shared.result
        if "t" in state:
            state["t"] += int(n_steps)
        return float(total), int(n_steps), int(n_good_steps)

    def _shares(
        self, run: loops.Run, table: loops.Table, shared: loops.Shared
    ) -> list[tuple[Any, ...]]:
        """The arguments of `loops.train`, for every thread."""
        no_l2 = self.no_l2.ctypes.data
        of_threads = zip(self.chains, self.losses, strict=True)
        return [
            (k, run, table, chain, loss, self.rule, no_l2, shared)
            for k, (chain, loss) in enumerate(of_threads)
        ]

    def _run(self, indices: NDArray[np.intp], rates: Rates, i: int) -> loops.Run:
        """The batches of some indices, the first of which is the epoch's i-th."""
        state, nothing = self.walk.state, self.walk.theta[:0]
        return loops.Run(
            _read_only(indices),
            self.descent.batches.batch_size,
            i,
            state.get("t", 0),
            state.get("z" if "z" in state else "m", nothing).ctypes.data,
            state.get("v", nothing).ctypes.data,
            rates.learning_rate,
            rates.decay_factor,
            self.shares,
            rates.dropout_factor,
            self._draw(len(indices)).ctypes.data,
            self.n_noise,
        )

    def _shared(self) -> loops.Shared:
        n_threads = self.pool.size
        return loops.Shared(
            np.zeros(n_threads * CACHE_LINE // 8, np.int64),
            np.zeros(n_threads),
            np.zeros(n_threads),
            np.array([0.0, 0.0, -1.0]),
        )

    def _compile_loop(self) -> None:
        """Compile or load the loop, for the types of a run of no batch."""
        theta, nothing = self.walk.theta[:0], np.empty(0)
        table = self._table(theta.reshape(0, 1), nothing, nothing, 0, inf, theta, None)
        run = self._run(np.empty(0, np.intp), Rates(nothing, nothing, nothing), 0)
        share, *_ = self._shares(run, table, self._shared())
        make(loops.train, tuple(map(numba.typeof, share)))

    def _share(self, *arguments: Any) -> float:
        while not loops.train(*arguments):
            if self.pool.is_cancelled:
                raise CancelledError
            time.sleep(_PAUSE)
        return 0.0

    def _draw(self, n_samples: int) -> Array:
        """Random numbers in the order in which the NumPy pass draws them."""
        rng, size = self.descent.noise_rng, n_samples * self.n_noise
        if rng is None or not size:
            return self.noise
        dtype = self.walk.theta.dtype
        if self.noise.size < size:
            self.noise = aligned((size,), dtype)
        if all(distribution == "uniform" for distribution, _ in self.random_numbers):
            rng.random(out=self.noise[:size], dtype=dtype)
            return self.noise
        end, batch_size = 0, self.descent.batches.batch_size
        for start in range(0, n_samples, batch_size):
            for distribution, n in self.random_numbers:
                begin, end = end, end + n * min(batch_size, n_samples - start)
                draw = rng.random if distribution == "uniform" else rng.standard_normal
                draw(out=self.noise[begin:end], dtype=dtype)
        return self.noise

    # What the compiled code is given

    def _read(self) -> int:
        """The unit that reads X, all parts of which have one dtype."""
        reader = self.descent.batches.reader
        of_X, of_mean = self.dtype, numba.from_dtype(reader.wide)
        if reader.is_plain:
            _, mean, *_ = reader.plain_table()
            of_X, of_mean = map(numba.from_dtype, (reader.X.dtype, mean.dtype))
        types = reading.types_of_reading(self.dtype, of_X, of_mean)
        return address_of(reading.read, types)

    def _table(
        self,
        X: Any,
        mean: Array,
        factor: Array,
        n_bent: int,
        clip: float,
        Y: Array,
        s: Array | None,
    ) -> loops.Table:
        """The samples; the arrays must outlive it."""
        assert Y.flags.c_contiguous
        assert s is None or s.flags.c_contiguous
        return loops.Table(
            self.read,
            X.ctypes.data,
            X.shape[1],
            mean.ctypes.data,
            factor.ctypes.data,
            int(mean.size > 0),
            n_bent,
            clip,
            Y.ctypes.data,
            0 if s is None else s.ctypes.data,
            int(s is not None),
        )

    def _loss(self, n_samples: int) -> loops.Loss:
        """The loss, and a thread's memory for its targets."""
        risk = self.descent.risk
        code, k = loss_of(risk), risk.network.output.n_out
        n_members = risk.network.n_members
        assert code is not None
        unit = with_code(code, losses.types_of_loss(self.dtype))
        Y = self._keep(aligned((n_samples * n_members, k), self.walk.theta.dtype))
        delta, ends = address_of(losses.output_delta, unit), group_ends(risk)
        return loops.Loss(
            delta, int(code), k, n_members, Y, len(ends), self._keep(ends)
        )

    def _keep(self, array: Any) -> int:
        """The address of an array, which lives as long as this object."""
        self._kept.append(array)
        return int(array.ctypes.data)

    def _rule(self) -> loops.Rule:
        descent, theta = self.descent, self.walk.theta
        found = rule_of(descent.optimizer)
        assert found is not None
        code, numbers = found
        options = descent.options
        decay = options.decay(descent.optimizer, descent.risk.network, theta.dtype)
        ends, l1, l2 = strengths_of(descent.risk)
        factors, decays = (
            theta[:0] if vector is None else vector.astype(theta.dtype, copy=False)
            for vector in (options.factors, decay)
        )
        step, norm = steps.types_of_step(self.dtype), steps.types_of_norm(self.dtype)
        clip_norm = options.clip_norm
        return loops.Rule(
            address_of(steps.step, with_code(code, step)),
            0 if clip_norm is None else address_of(steps.squared_norm, norm),
            int(code),
            len(ends),
            self._keep(ends),
            self._keep(l1),
            self._keep(l2),
            theta.ctypes.data,
            theta.size,
            self.gradients.ctypes.data,
            self.gradients.shape[1],
            int(factors.size > 0),
            self._keep(factors),
            int(decays.size > 0),
            self._keep(decays),
            self._keep(np.array(numbers)),
            self.walk.good.ctypes.data,
            theta.itemsize,
            inf if clip_norm is None else float(clip_norm),
        )


def _read_only(array: Any) -> Any:
    """A view like any other array's: compiled code is made for each kind of array."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
