"""What the compiled loops can train, and how they are called.

What is not in the tables below is left to the NumPy code, which is the reference.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net import activations
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.input_scale import InputScale
from sklearn_bpnet.net.losses import LogLoss, SquaredError
from sklearn_bpnet.net.network import Dense, Network
from sklearn_bpnet.net.noise import Dropout
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.vectors import CACHE_LINE, aligned
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.blas_threads import AbandonedError, Crew
from sklearn_bpnet.training.optimizers import SGD, Adam, AdamW, Optimizer, State
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.stochastic.compiled import loops

HIDDEN: dict[type, int] = {
    activations.Identity: loops.IDENTITY,
    activations.ReLU: loops.RELU,
    activations.LeakyReLU: loops.LEAKY_RELU,
    activations.Tanh: loops.TANH,
    activations.Sigmoid: loops.SIGMOID,
    activations.ELU: loops.ELU,
    activations.SELU: loops.ELU,
    activations.Softplus: loops.SOFTPLUS,
    activations.Softsign: loops.SOFTSIGN,
    activations.GELU: loops.GELU,
    activations.SiLU: loops.SILU,
    activations.Mish: loops.MISH,
}

# Multiplications of a forward pass between two looks at Python, some tenths of a
# second: there Ctrl-C is heard.
_WORK_AT_ONCE = 2**30

# Random numbers that are drawn at a time, some megabytes
_NOISE_AT_ONCE = 2**20

_NAP = 2e-5  # seconds, until a thread that waits for another looks again


class CompiledRun:
    """Training on some batches in compiled code, shared by the threads of a crew.

    Parameters
    ----------
    risk : EmpiricalRisk
        What to minimise; see `can_train`.
    optimizer : Optimizer
        How a gradient becomes a step.
    options : StepOptions
        What else is done in a step.
    theta, good : ndarray of shape (n_parameters,)
        The parameters, and the last good ones; both are changed.
    batches : Batches
        The training rows.
    crew : Crew
        Threads that share every batch.
    """

    def __init__(
        self,
        risk: EmpiricalRisk,
        optimizer: Optimizer,
        options: StepOptions,
        theta: Array,
        good: Array,
        batches: Batches,
        crew: Crew,
    ) -> None:
        self.theta, self.good = theta, good
        self.batches, self.crew = batches, crew
        self.layers = _layers(risk, theta.dtype)
        self.rule = _rule(risk, optimizer, options, theta)
        # random numbers for a row
        self.n_noise = sum(block.n_units for block in _dropouts(risk.network))
        self.noise = theta[:0]
        self.gradients = aligned((crew.size, -(-theta.size // 16) * 16), theta.dtype)
        self.memory = [self._memory() for _ in range(crew.size)]

    @staticmethod
    def can_train(
        risk: EmpiricalRisk, optimizer: Optimizer, options: StepOptions
    ) -> bool:
        """Whether all that takes part is in the tables."""
        return (
            type(risk) is EmpiricalRisk
            and type(risk.network) is Network
            and _is_usual(risk.network)
            and type(risk.penalty) is ElasticNet
            and not risk.group.alpha
            and np.ndim(risk.alpha) == 0
            and all(type(f.activation) in HIDDEN for f in risk.network.layers[:-1])
            and _loss_code(risk) is not None
            and _rule_code(optimizer) is not None
            and getattr(optimizer, "momentum", 0) < 1
            and options.clip_norm is None
        )

    def pieces(
        self, rng: np.random.Generator | None
    ) -> Iterator[tuple[loops.Table, NDArray[np.intp]]]:
        """All rows once, in pieces of whole batches: a table, and the rows of it."""
        reader, batches = self.batches.reader, self.batches
        if reader.is_plain:
            X, mean, factor, clip = reader.plain_table()
            table = _table(X, mean, factor, clip, batches.Y, batches.s)
            sizes = self.layers.sizes
            work = int(np.dot(sizes[:-1], sizes[1:]))
            n_rows = _WORK_AT_ONCE // work
            if self.n_noise:
                n_rows = min(n_rows, _NOISE_AT_ONCE // self.n_noise)
            for rows in batches.orders(rng, max(1, n_rows // batches.batch_size)):
                yield table, rows
            return
        nothing = np.empty(0, reader.wide)
        for run in batches.runs(rng):
            table = _table(run.X, nothing, nothing, np.inf, run.Y, run.s)
            yield table, np.arange(len(run.Y))

    def __call__(
        self,
        table: loops.Table,
        rows: NDArray[np.intp],
        state: State,
        rates: Array,
        decay_factors: Array,
        dropout_factors: Array,
        i_batch: int,
        noise_rng: np.random.Generator | None = None,
    ) -> tuple[float, int, int]:
        """Train on the rows of the table.

        ``state`` is the optimiser's. ``rates`` and the factors are those of the
        epoch's batches, of which ``i_batch`` is the first that is made. ``noise_rng``
        draws what is dropped; None drops nothing.

        Returns
        -------
        tuple of float, int, int
            sum_n s_n L_n (not finite if a batch's was not, before whose step it stops),
            the number of steps, and that before the last copy to ``good``, or -1.
        """
        nothing, n = self.theta[:0], self.crew.size
        moments = state.get("m", nothing), state.get("v", nothing)
        vectors = loops.Vectors(self.theta, self.gradients, *moments, self.good)
        halves = np.zeros(n * CACHE_LINE // 8, np.int64)
        course = loops.Course(halves, np.zeros(n), np.array([0.0, 0.0, -1.0]))
        before = (
            _read_only(rows), self.batches.batch_size, i_batch, state.get("t", 0),
            rates, decay_factors, dropout_factors, self._noise(len(rows), noise_rng),
            table, self.layers, self.rule, vectors,
        )  # fmt: skip
        self.crew.run(
            [
                partial(self._share, i, *before, memory, course)
                for i, memory in enumerate(self.memory)
            ]
        )
        total, n_steps, n_good = course.result
        if "t" in state:
            state["t"] += int(n_steps)
        return float(total), int(n_steps), int(n_good)

    def _share(self, *arguments: Any) -> float:
        while not loops.train_run(*arguments):
            if self.crew.is_abandoned:
                raise AbandonedError
            time.sleep(_NAP)
        return 0.0

    def _noise(self, n_rows: int, rng: np.random.Generator | None) -> Array:
        """Uniform numbers in the order in which the NumPy code draws them."""
        if rng is None or not self.n_noise:
            return self.theta[:0]
        size = n_rows * self.n_noise
        if self.noise.size < size:
            self.noise = aligned((size,), self.theta.dtype)
        rng.random(out=self.noise[:size], dtype=self.theta.dtype)
        return self.noise[:size]

    def _memory(self) -> loops.Memory:
        """One thread's memory for its rows of a batch."""
        n_rows = -(-self.batches.batch_size // self.crew.size)
        dtype, sizes = self.theta.dtype, self.layers.sizes
        shape = sizes.size - 1, n_rows * int(sizes[1:].max())
        of_B = shape if self.n_noise else (shape[0], 0)
        of_F = shape if self.layers.activations.max() >= loops.GELU else (shape[0], 0)
        of_X = n_rows, int(sizes[0])
        scaled = of_X if self.layers.is_scaled else (n_rows, 0)
        of_Y = n_rows, int(sizes[-1])
        shapes = of_X, scaled, of_Y, (n_rows,), shape, of_B, shape, of_F
        return loops.Memory(*(aligned(shape, dtype) for shape in shapes))


def _is_usual(network: Network) -> bool:
    """Whether the layers have nothing between them but dropout."""
    blocks = list(network.blocks)
    kinds = [type(block) for block in blocks]
    if kinds[0] is Dropout:
        del kinds[0]
    if kinds[0] is InputScale:
        del kinds[0]
    pairs = pairwise([Dropout, *kinds])
    return all(
        kind is Dense or (kind is Dropout and below is Dense) for below, kind in pairs
    )


def _dropouts(network: Network) -> list[Dropout]:
    return [block for block in network.blocks if isinstance(block, Dropout)]


def _dropout_rates(network: Network) -> Array:
    """The rate of what every layer sees; empty if there is no dropout."""
    if not _dropouts(network):
        return np.empty(0)
    rates, rate = [], 0.0
    for block in network.blocks:
        if isinstance(block, Dropout):
            rate = block.rate
        elif isinstance(block, Dense):
            rates.append(rate)
            rate = 0.0
    return np.array(rates)


def _read_only(array: Any) -> Any:
    """A view like any other array's: compiled code is made for each kind of array."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view


def _table(
    X: Any, mean: Array, factor: Array, clip: float, Y: Array, s: Array | None
) -> loops.Table:
    weights = np.empty(0, Y.dtype) if s is None else s
    return loops.Table(
        _read_only(X), mean, factor, clip, _read_only(Y), _read_only(weights)
    )


def _layers(risk: EmpiricalRisk, dtype: Any) -> loops.Layers:
    blocks = risk.network.layers
    functions = [block.activation for block in blocks[:-1]]
    constants = [*(_constants(f) for f in functions), (0.0, 0.0, 0.0)]
    loss = _loss_code(risk)
    assert loss is not None
    return loops.Layers(
        any(type(block) is InputScale for block in risk.network.blocks),
        _dropout_rates(risk.network),
        np.array([blocks[0].n_in, *(block.n_out for block in blocks)]),
        np.array([*(HIDDEN[type(f)] for f in functions), loops.IDENTITY]),
        np.array(constants, dtype=dtype),
        loss,
    )


def _rule(
    risk: EmpiricalRisk, optimizer: Optimizer, options: StepOptions, theta: Array
) -> loops.Rule:
    code = _rule_code(optimizer)
    assert code is not None
    alpha, ratio = float(np.asarray(risk.alpha)), risk.penalty.l1_ratio
    factors = theta[:0] if options.factors is None else options.factors
    decay = options.decay(optimizer, risk.network, theta.dtype)
    return loops.Rule(
        code,
        float(getattr(optimizer, "momentum", 0.0)),
        float(getattr(optimizer, "beta_1", 0.0)),
        float(getattr(optimizer, "beta_2", 0.0)),
        float(getattr(optimizer, "epsilon", 1.0)),
        float(alpha * (1 - ratio)),
        float(alpha * ratio),
        np.ascontiguousarray(factors, theta.dtype),
        theta[:0] if decay is None else decay,
    )


def _constants(f: Activation) -> tuple[float, float, float]:
    """The slope of a leaky ReLU; scale and scale times alpha of an ELU."""
    if isinstance(f, activations.SELU):
        return 0.0, f.scale, f.scale * f.elu.alpha
    return getattr(f, "negative_slope", 0.0), 1.0, getattr(f, "alpha", 0.0)


def _loss_code(risk: EmpiricalRisk) -> int | None:
    loss: Any = risk.loss
    output = risk.network.output_activation
    if type(loss) is SquaredError and type(output) is activations.Sigmoid:
        return loops.SQUARED_ERROR_OF_SIGMOID
    if not loss.is_canonical(output):
        return None
    if type(loss) is SquaredError:
        return loops.SQUARED_ERROR
    if type(loss) is LogLoss:
        categorical = loss.categorical
        return loops.CATEGORICAL_LOG_LOSS if categorical else loops.BINARY_LOG_LOSS
    return None


def _rule_code(optimizer: Optimizer) -> int | None:
    if type(optimizer) in (Adam, AdamW):
        return loops.ADAM
    if type(optimizer) is SGD:
        if not optimizer.momentum:
            return loops.PLAIN_SGD
        return loops.NESTEROV if optimizer.nesterov else loops.MOMENTUM
    return None
