"""The compiled pass: what compiled code is given, and how it is called."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from math import isfinite, nan
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.memory import CACHE_LINE, aligned
from sklearn_bpnet.training.stochastic.compiled import (
    elementwise,
    equations,
    loops,
    reading,
    steps,
)
from sklearn_bpnet.training.stochastic.compiled.elementwise import Activation
from sklearn_bpnet.training.stochastic.compiled.supported import (
    HIDDEN,
    arrays_of,
    kind_of,
    layer_starts,
    loss_of,
    noise_of,
    rule_of,
)
from sklearn_bpnet.training.stochastic.compiled.units import address_of, make
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
        self.theta_type = numba.typeof(theta)
        blocks: Sequence[Any] = network.blocks
        self.dropouts = [b for b in blocks if kind_of(b) == "dropout"]
        is_noisy = descent.noise_rng is not None
        self.n_noise = sum(b.n_units for b in self.dropouts) if is_noisy else 0
        self.noise = theta[:0]
        self.gradients = aligned((pool.size, -(-theta.size // 16) * 16), theta.dtype)
        self.layers = self._layers()
        self.memory = [self._memory() for _ in range(pool.size)]
        self.read: int | None = None  # once a table is made
        self.rule: loops.Rule | None = None

    def run(self, rates: Rates) -> float:
        """Make a step for every batch; return the sum of s_n L_n over the epoch."""
        walk, batches, total, i = self.walk, self.descent.batches, 0.0, 0
        for block in self.dropouts:
            block.rate_at(float(rates.dropout_factor.max()))  # or an error
        for table, indices in self._chunks():
            # to average, batch by batch
            size = len(indices) if walk.average is None else batches.batch_size
            for start in range(0, len(indices), size):
                piece = indices[start : start + size]
                s_L, n_steps, n_good_steps = self._train(table, piece, rates, i)
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

    def _chunks(self) -> Iterator[tuple[equations.Table, NDArray[np.intp]]]:
        """All samples once, in chunks of whole batches: a table, and indices in it."""
        batches, rng = self.descent.batches, self.descent.rng
        reader, sizes = batches.reader, self.layers.sizes
        if reader.is_plain:
            table = self._table(*reader.plain_table(), batches.Y, batches.s)
            n_samples = _WORK_AT_ONCE // int(np.dot(sizes[:-1], sizes[1:]))
            if self.n_noise:
                n_samples = min(n_samples, _NOISE_AT_ONCE // self.n_noise)
            for indices in batches.orders(rng, max(1, n_samples // batches.batch_size)):
                yield table, indices
            return
        nothing = np.empty(0, reader.wide)
        for run in batches.runs(rng):
            assert isinstance(run.X, np.ndarray)
            yield (
                self._table(run.X, nothing, nothing, np.inf, run.Y, run.s),
                np.arange(len(run.Y)),
            )

    def _train(
        self, table: equations.Table, indices: NDArray[np.intp], rates: Rates, i: int
    ) -> tuple[float, int, int]:
        """Train on samples of the table, the first batch of which is the epoch's i-th.

        Returns
        -------
        tuple of float, int, int
            sum_n s_n L_n (not finite if that of a batch was not, before whose step it
            stops), the number of steps, and that before the last copy to the walk's
            ``good``, or -1.
        """
        walk, state, n_threads = self.walk, self.walk.state, self.pool.size
        nothing = walk.theta[:0]
        vectors = loops.Vectors(
            walk.theta,
            self.gradients,
            state.get("m", nothing),
            state.get("v", nothing),
            walk.good,
        )
        run = loops.Run(
            _read_only(indices),
            self.descent.batches.batch_size,
            i,
            state.get("t", 0),
            rates.learning_rate,
            rates.decay_factor,
            rates.dropout_factor,
            self._draw(len(indices)),
        )
        shared = loops.Shared(
            np.zeros(n_threads * CACHE_LINE // 8, np.int64),
            np.zeros(n_threads),
            np.array([0.0, 0.0, -1.0]),
        )
        is_first, rule = self.rule is None, self.rule or self._rule(table)
        shares = [
            (k, run, table, self.layers, rule, vectors, memory, shared)
            for k, memory in enumerate(self.memory)
        ]
        if is_first:
            make(loops.train, tuple(map(numba.typeof, shares[0])))
            self.rule = rule
        self.pool.run([partial(self._share, *share) for share in shares])
        total, n_steps, n_good_steps = shared.result
        if "t" in state:
            state["t"] += int(n_steps)
        return float(total), int(n_steps), int(n_good_steps)

    def _share(self, *arguments: Any) -> float:
        while not loops.train(*arguments):
            if self.pool.is_cancelled:
                raise CancelledError
            time.sleep(_PAUSE)
        return 0.0

    def _draw(self, n_samples: int) -> Array:
        """Uniform numbers in the order in which the NumPy pass draws them."""
        rng, size = self.descent.noise_rng, n_samples * self.n_noise
        if rng is None or not size:
            return self.walk.theta[:0]
        if self.noise.size < size:
            self.noise = aligned((size,), self.walk.theta.dtype)
        rng.random(out=self.noise[:size], dtype=self.walk.theta.dtype)
        return self.noise[:size]

    # What the compiled code is given

    def _table(
        self, X: Any, mean: Array, factor: Array, clip: float, Y: Array, s: Array | None
    ) -> equations.Table:
        """The samples; X, mean and factor must outlive it."""
        if self.read is None:  # all parts of X have one dtype
            of_X, of_mean = (numba.typeof(array).dtype for array in (X, mean))
            types = equations.reading_types(self.theta_type, of_X, of_mean)
            self.read = address_of(reading.read, types)
        return equations.Table(
            X.ctypes.data,
            X.shape,
            mean.ctypes.data,
            factor.ctypes.data,
            mean.size > 0,
            clip,
            self.read,
            _read_only(Y),
            _read_only(np.empty(0, Y.dtype) if s is None else s),
        )

    def _layers(self) -> equations.Layers:
        risk, theta = self.descent.risk, self.theta_type
        blocks = risk.network.layers
        hidden = [HIDDEN[type(block.activation)] for block in blocks[:-1]]
        codes = [*(code for code, _ in hidden), Activation.IDENTITY]
        constants = np.zeros((len(blocks), 3), self.walk.theta.dtype)
        for row, (_, of), block in zip(constants, hidden, blocks, strict=False):
            numbers = of(block.activation)
            row[: len(numbers)] = numbers
        passes = [_activation_units(code, theta) for code in codes]
        loss = loss_of(risk)
        assert loss is not None
        types = _with_code(loss, equations.loss_types(theta))
        return equations.Layers(
            any(kind_of(block) == "input_scale" for block in risk.network.blocks),
            np.array([blocks[0].n_in, *(block.n_out for block in blocks)]),
            layer_starts(risk.network),
            *noise_of(risk.network, is_noisy=self.n_noise > 0),
            np.array(codes),
            constants,
            np.array([forward for forward, _ in passes]),
            np.array([backward for _, backward in passes]),
            int(loss),
            address_of(elementwise.output_delta, types),
        )

    def _rule(self, table: equations.Table) -> loops.Rule:
        descent, theta = self.descent, self.walk.theta
        found = rule_of(descent.optimizer)
        assert found is not None
        code, numbers = found
        risk, options = descent.risk, descent.options
        alpha, ratio = float(np.asarray(risk.alpha)), risk.penalty.l1_ratio
        factors = theta[:0] if options.factors is None else options.factors
        decay = options.decay(descent.optimizer, risk.network, theta.dtype)
        given = map(numba.typeof, (theta, table, self.layers, self.memory[0]))
        return loops.Rule(
            int(code),
            *numbers,
            float(alpha * (1 - ratio)),
            float(alpha * ratio),
            np.ascontiguousarray(factors, theta.dtype),
            theta[:0] if decay is None else decay,
            *arrays_of(risk.network),
            address_of(equations.add_up, loops.add_up_types(*given)),
            address_of(steps.step, _with_code(code, loops.step_types(self.theta_type))),
        )

    def _memory(self) -> equations.Memory:
        """One thread's memory for its samples of a batch."""
        n = -(-self.descent.batches.batch_size // self.pool.size)
        layers, sizes = self.layers, self.layers.sizes
        wide, none = (sizes.size - 1, n * int(sizes[1:].max())), (sizes.size - 1, 0)
        of_X, of_Y = (n, int(sizes[0])), (n, int(sizes[-1]))
        stored = [elementwise.SCALARS[Activation(c)].vjp is None for c in layers.codes]
        shapes = [
            of_X, of_X if layers.is_scaled else (n, 0), of_Y, (n,), wide,
            wide if self.n_noise else none, wide, wide if any(stored) else none,
        ]  # fmt: skip
        dtype = self.walk.theta.dtype
        return equations.Memory(*(aligned(shape, dtype) for shape in shapes))


def _read_only(array: Any) -> Any:
    """A view like any other array's: compiled code is made for each kind of array."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _with_code(code: int, types: tuple[Any, ...]) -> tuple[Any, ...]:
    """The types of a unit that is compiled for one code."""
    return numba.types.literal(int(code)), *types[1:]


def _activation_units(code: Activation, theta: Any) -> tuple[int, int]:
    types = _with_code(code, equations.activation_types(theta))
    if elementwise.SCALARS[code].vjp is None:
        functions = elementwise.forward_and_slopes, elementwise.backward_by_slopes
    else:
        functions = elementwise.forward, elementwise.backward
    forward, backward = (address_of(function, types) for function in functions)
    return forward, backward
