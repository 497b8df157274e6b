"""The epoch loop compiled by Numba: no Python between batches.

For the common networks, `train_run` does to a run of batches what ``Epoch`` does with
NumPy, batch by batch: the forward pass, the four equations, the penalty and the step,
on the same flat theta and the same optimiser state. The NumPy code is the reference;
what is not in the tables below is left to it. The matrix products go to BLAS and may
use its threads; the loops between them use one.
"""

from __future__ import annotations

from math import erfc, sqrt, tau
from typing import Any

import numba
import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import (
    ELU,
    GELU,
    SELU,
    Activation,
    Identity,
    LeakyReLU,
    Mish,
    ReLU,
    Sigmoid,
    SiLU,
    Softplus,
    Softsign,
    Tanh,
)
from sklearn_bpnet.net.losses import LogLoss, SquaredError
from sklearn_bpnet.net.network import Network, Workspace
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batch
from sklearn_bpnet.training.optimizers import SGD, Adam, Optimizer, State
from sklearn_bpnet.training.share import Share
from sklearn_bpnet.training.step import StepOptions

IDENTITY, RELU, LEAKY_RELU, TANH, SIGMOID, ELU_, SOFTPLUS, SOFTSIGN = range(8)
GELU_, SILU, MISH = range(8, 11)  # whose f' is not a function of A
HIDDEN: dict[type, int] = {
    Identity: IDENTITY,
    ReLU: RELU,
    LeakyReLU: LEAKY_RELU,
    Tanh: TANH,
    Sigmoid: SIGMOID,
    ELU: ELU_,
    SELU: ELU_,
    Softplus: SOFTPLUS,
    Softsign: SOFTSIGN,
    GELU: GELU_,
    SiLU: SILU,
    Mish: MISH,
}
SQUARED_ERROR, BINARY_LOG_LOSS, CATEGORICAL_LOG_LOSS = range(3)  # with their links
SQUARED_ERROR_OF_SIGMOID = 3
PLAIN_SGD, MOMENTUM, NESTEROV, ADAM = range(4)

# Without error_model="numpy" every division is checked, and the loops of the steps do
# not become vector instructions. Sums of a row may be reordered, NaN is respected.
_jit = numba.njit(cache=True, error_model="numpy", nogil=True)
_jit_loop = numba.njit(
    cache=True,
    error_model="numpy",
    nogil=True,
    fastmath={"reassoc", "contract", "nsz"},
)


@_jit_loop
def _activate(Z, b, code, constants, F):  # type: ignore[no-untyped-def]
    """A = f(Z + b), in place; f'(Z + b) into F where it is not a function of A."""
    n, k = Z.shape
    zero, one, half = Z.dtype.type(0), Z.dtype.type(1), Z.dtype.type(0.5)
    slope, scale, alpha = constants
    for i in range(n):
        z = Z[i]
        if code == RELU:
            for j in range(k):
                z[j] = max(z[j] + b[j], zero)
        elif code == LEAKY_RELU:
            for j in range(k):
                shifted = z[j] + b[j]
                z[j] = shifted if shifted > zero else slope * shifted
        elif code == TANH:
            for j in range(k):
                z[j] = np.tanh(z[j] + b[j])
        elif code == SIGMOID:
            for j in range(k):
                z[j] = one / (one + np.exp(-(z[j] + b[j])))
        elif code == ELU_:
            for j in range(k):
                x = z[j] + b[j]
                z[j] = scale * x if x > zero else alpha * np.expm1(x)
        elif code == SOFTPLUS:
            for j in range(k):
                x = z[j] + b[j]
                z[j] = max(x, zero) + np.log1p(np.exp(-abs(x)))
        elif code == SOFTSIGN:
            for j in range(k):
                x = z[j] + b[j]
                z[j] = x / (one + abs(x))
        elif code == GELU_:
            of_root, of_density = Z.dtype.type(-sqrt(0.5)), Z.dtype.type(1 / sqrt(tau))
            for j in range(k):
                x = z[j] + b[j]
                normal = half * erfc(of_root * x)
                F[i * k + j] = normal + x * of_density * np.exp(-half * x * x)
                z[j] = x * normal
        elif code == SILU:
            for j in range(k):
                x = z[j] + b[j]
                sigmoid = one / (one + np.exp(-x))
                F[i * k + j] = sigmoid * (one + x * (one - sigmoid))
                z[j] = x * sigmoid
        elif code == MISH:
            for j in range(k):
                x = z[j] + b[j]
                t = np.tanh(max(x, zero) + np.log1p(np.exp(-abs(x))))
                sigmoid = one / (one + np.exp(-x))
                F[i * k + j] = t + x * (one - t * t) * sigmoid
                z[j] = x * t
        else:
            for j in range(k):
                z[j] += b[j]


@_jit_loop
def _times_derivative(G, A, code, constants, F):  # type: ignore[no-untyped-def]
    """D = G * f'(Z), in place in G; f' is a function of A, or lies in F."""
    n, k = A.shape
    zero, one = A.dtype.type(0), A.dtype.type(1)
    slope, scale, alpha = constants
    for i in range(n):
        g, a = G[i], A[i]
        if code == RELU:
            for j in range(k):
                g[j] = g[j] if a[j] > zero else zero
        elif code == LEAKY_RELU:
            for j in range(k):
                g[j] = g[j] if a[j] > zero else slope * g[j]
        elif code == TANH:
            for j in range(k):
                g[j] *= one - a[j] * a[j]
        elif code == SIGMOID:
            for j in range(k):
                g[j] *= a[j] * (one - a[j])
        elif code == ELU_:
            for j in range(k):
                g[j] *= scale if a[j] > zero else a[j] + alpha
        elif code == SOFTPLUS:
            for j in range(k):
                g[j] *= -np.expm1(-a[j])
        elif code == SOFTSIGN:
            for j in range(k):
                g[j] *= (one - abs(a[j])) * (one - abs(a[j]))
        elif code >= GELU_:
            for j in range(k):
                g[j] *= F[i * k + j]


@_jit
def _output_delta(Z, Y, s, n_all, loss):  # type: ignore[no-untyped-def]
    """Replace Z by D, (A - Y) s / n_all for a link (BP1), and return sum_n s_n L_n."""
    n, k = Z.shape
    zero, one, half = Z.dtype.type(0), Z.dtype.type(1), Z.dtype.type(0.5)
    share = one / Z.dtype.type(n_all)
    total = 0.0
    for i in range(n):
        z, y = Z[i], Y[i]
        value = zero
        if loss == SQUARED_ERROR:
            for j in range(k):
                z[j] -= y[j]
                value += half * z[j] * z[j]
        elif loss == SQUARED_ERROR_OF_SIGMOID:
            for j in range(k):
                a = one / (one + np.exp(-z[j]))
                error = a - y[j]
                value += half * error * error
                z[j] = error * a * (one - a)
        elif loss == BINARY_LOG_LOSS:
            for j in range(k):
                small = np.exp(-abs(z[j]))  # in (0, 1]
                # ln(1 + exp(z)) - y z, where nothing overflows
                value += max(z[j], zero) + np.log1p(small) - y[j] * z[j]
                positive = one / (one + small)
                z[j] = (positive if z[j] > zero else one - positive) - y[j]
        else:
            highest = z[0]
            for j in range(1, k):
                highest = max(highest, z[j])
            normalizer = zero
            for j in range(k):
                z[j] -= highest
                value -= y[j] * z[j]
                z[j] = np.exp(z[j])
                normalizer += z[j]
            value += np.log(normalizer)
            for j in range(k):
                z[j] = z[j] / normalizer - y[j]
        weight = s[i] if s.size else one
        total += value * weight
        for j in range(k):
            z[j] *= weight * share
    return total


@_jit_loop
def _sgd_step(theta, g, v, l2, threshold, rate, momentum, rule):  # type: ignore[no-untyped-def]
    """One step of SGD, and its proximal step, on a slice of theta."""
    zero = theta.dtype.type(0)
    for i in range(theta.size):
        gradient = g[i] + l2 * theta[i]
        if rule != PLAIN_SGD:
            v[i] = momentum * v[i] + gradient
            gradient = gradient + momentum * v[i] if rule == NESTEROV else v[i]
        moved = theta[i] - rate * gradient
        if threshold > zero:
            moved -= min(max(moved, -threshold), threshold)
        theta[i] = moved


@_jit_loop
def _adam_step(  # type: ignore[no-untyped-def]
    theta, g, m, v, l2, l1_share, factor, epsilon, beta_1, beta_2
):
    """One step of Adam, and its proximal step, on a slice of theta."""
    zero = theta.dtype.type(0)
    if l1_share == zero:  # the loop that becomes vector instructions
        for i in range(theta.size):
            gradient = g[i] + l2 * theta[i]
            m[i] = beta_1 * m[i] + gradient
            v[i] = beta_2 * v[i] + gradient * gradient
            theta[i] -= factor * m[i] / (np.sqrt(v[i]) + epsilon)
        return
    for i in range(theta.size):
        gradient = g[i] + l2 * theta[i]
        m[i] = beta_1 * m[i] + gradient
        v[i] = beta_2 * v[i] + gradient * gradient
        step = factor / (np.sqrt(v[i]) + epsilon)
        moved = theta[i] - step * m[i]
        threshold = l1_share * step
        theta[i] = moved - min(max(moved, -threshold), threshold)


@_jit
def _step(  # type: ignore[no-untyped-def]
    theta, gradient, m, v, sizes, rule, lr, hyper, t, first, last
):
    """One step of theta[first:last], layer by layer: the penalty is on W, not on b."""
    momentum, beta_1, beta_2, epsilon, l2, l1 = hyper
    dtype = theta.dtype.type
    root = np.sqrt(1.0 - beta_2)
    factor = lr * (1.0 - beta_1) / root
    if rule == ADAM:
        factor *= np.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t)
    at = 0
    for i in range(sizes.size - 1):
        for part in range(2):
            is_weight = part == 0
            size = sizes[i] * sizes[i + 1] if is_weight else sizes[i + 1]
            of = slice(max(at, first), max(min(at + size, last), at, first))
            l2_here = dtype(l2) if is_weight else dtype(0)
            l1_here = l1 if is_weight else 0.0
            if rule == ADAM:
                _adam_step(
                    theta[of], gradient[of], m[of], v[of], l2_here,
                    dtype(l1_here / (1.0 - beta_1)), dtype(factor),
                    dtype(epsilon / root), dtype(beta_1), dtype(beta_2),
                )  # fmt: skip
            else:
                _sgd_step(
                    theta[of], gradient[of], v[:0] if rule == PLAIN_SGD else v[of],
                    l2_here, dtype(l1_here * lr / (1.0 - momentum)), dtype(lr),
                    dtype(momentum), rule,
                )  # fmt: skip
            at += size


@_jit
def _add_up(  # type: ignore[no-untyped-def]
    X, Y, s, n_all, theta, gradient, A, D, F, sizes, codes, constants, loss
):
    """Write the gradient of (1/n_all) sum_n s_n L_n; return sum_n s_n L_n."""
    n_layers, n = sizes.size - 1, X.shape[0]
    # forward: A[l] = f(A[l-1] @ W[l] + b[l])
    at = 0
    for i in range(n_layers):
        n_in, n_out = sizes[i], sizes[i + 1]
        W = theta[at : at + n_in * n_out].reshape((n_in, n_out))
        b = theta[at + n_in * n_out : at + (n_in + 1) * n_out]
        Z = A[i, : n * n_out].reshape((n, n_out))
        if i == 0:
            np.dot(X, W, Z)
        else:
            np.dot(A[i - 1, : n * n_in].reshape((n, n_in)), W, Z)
        _activate(Z, b, codes[i], constants[i], F[i])
        at += (n_in + 1) * n_out
    # BP1, into the place of A[L]
    k = sizes[n_layers]
    delta = A[n_layers - 1, : n * k].reshape((n, k))
    total = _output_delta(delta, Y, s, n_all, loss)
    # backward, from the output down
    for i in range(n_layers - 1, -1, -1):
        n_in, n_out = sizes[i], sizes[i + 1]
        at -= (n_in + 1) * n_out
        W = theta[at : at + n_in * n_out].reshape((n_in, n_out))
        dW = gradient[at : at + n_in * n_out].reshape((n_in, n_out))
        db = gradient[at + n_in * n_out : at + (n_in + 1) * n_out]
        db[:] = 0
        for row in range(n):  # BP3
            for j in range(n_out):
                db[j] += delta[row, j]
        if i == 0:
            np.dot(X.T, delta, dW)  # BP4
        else:
            below = A[i - 1, : n * n_in].reshape((n, n_in))
            np.dot(below.T, delta, dW)  # BP4
            G = D[i - 1, : n * n_in].reshape((n, n_in))
            np.dot(delta, W.T, G)  # BP2
            _times_derivative(G, below, codes[i - 1], constants[i - 1], F[i - 1])
            delta = G
    return total


@_jit
def train_run(  # type: ignore[no-untyped-def]
    X, Y, s, batch_size, theta, gradient, m, v, good, sizes, codes, constants, loss,
    rule, rates, hyper, t, i_batch,
):  # fmt: skip
    """Train on a run of batches, in place.

    Returns sum_n s_n L_n over its rows (not finite if a batch's was not, where it
    stops), the number of steps made, and that before the last copy to ``good``.
    """
    rows = min(batch_size, X.shape[0])
    A = np.empty((sizes.size - 1, rows * sizes[1:].max()), theta.dtype)
    D = np.empty_like(A)
    F = np.empty_like(A) if codes.max() >= GELU_ else A[:, :0]
    total, n_steps, n_good = 0.0, 0, -1
    for start in range(0, X.shape[0], batch_size):
        stop = min(start + batch_size, X.shape[0])
        total += _add_up(
            X[start:stop], Y[start:stop], s[start:stop], stop - start, theta,
            gradient, A, D, F, sizes, codes, constants, loss,
        )  # fmt: skip
        if not np.isfinite(total):
            return total, n_steps, n_good
        if (i_batch & (i_batch - 1)) == 0:
            good[:] = theta
            n_good = n_steps
        rate = rates[i_batch]
        i_batch += 1
        t += 1
        _step(theta, gradient, m, v, sizes, rule, rate, hyper, t, 0, theta.size)
        n_steps += 1
    return total, n_steps, n_good


class CompiledRun:
    """`train_run` for one network, loss, penalty and optimiser.

    Use `of`, which says whether there is one.

    Parameters
    ----------
    risk : EmpiricalRisk
        What to minimise.
    optimizer : SGD or Adam
        How.
    """

    def __init__(self, risk: EmpiricalRisk, optimizer: Optimizer) -> None:
        blocks = risk.network.layers
        self.sizes = np.array([blocks[0].n_in, *(block.n_out for block in blocks)])
        functions = [block.activation for block in blocks[:-1]]
        self.codes = np.array([*(HIDDEN[type(f)] for f in functions), IDENTITY])
        self.constants = [*(_constants(f) for f in functions), (0.0, 0.0, 0.0)]
        self.loss = _loss_code(risk)
        self.rule = _rule_code(optimizer)
        alpha, ratio = float(np.asarray(risk.alpha)), risk.penalty.l1_ratio
        self.hyper = (
            getattr(optimizer, "momentum", 0.0),
            getattr(optimizer, "beta_1", 0.0),
            getattr(optimizer, "beta_2", 0.0),
            getattr(optimizer, "epsilon", 1.0),
            alpha * (1 - ratio),
            alpha * ratio,
        )

    @classmethod
    def of(cls, risk: EmpiricalRisk, optimizer: Optimizer) -> CompiledRun | None:
        """The compiled run, or None where some part of it is not in the tables."""
        known = (
            type(risk.network) is Network
            and type(risk.penalty) is ElasticNet
            and len(risk.network.layers) == len(risk.network.blocks)
            and not risk.group.alpha
            and np.ndim(risk.alpha) == 0
            and all(type(f.activation) in HIDDEN for f in risk.network.layers[:-1])
            and _loss_code(risk) is not None
            and _rule_code(optimizer) is not None
            and getattr(optimizer, "momentum", 0) < 1
        )
        return cls(risk, optimizer) if known else None

    @staticmethod
    def can_train(run: Batch, theta: Array) -> bool:
        """Whether a run's arrays are what the compiled code takes."""
        X: Any = run.X
        return (
            isinstance(X, np.ndarray)
            and X.dtype == theta.dtype
            and X.flags.c_contiguous
            and X.flags.writeable
            and run.Y.flags.writeable
        )

    def share(
        self,
        i: int,
        n_shares: int,
        risk: EmpiricalRisk,
        optimizer: Optimizer,
        options: StepOptions,
        theta: Array,
        gradients: Array,
        workspace: Workspace,
        state: State,
    ) -> CompiledShare:
        """Share ``i`` of ``n_shares`` of every step; see ``Share``."""
        return CompiledShare(
            self,
            i,
            n_shares,
            risk,
            optimizer,
            options,
            theta,
            gradients,
            workspace,
            state,
        )

    def __call__(
        self,
        run: Batch,
        batch_size: int,
        theta: Array,
        gradient: Array,
        state: State,
        rates: Array,
        good: Array,
        i_batch: int,
    ) -> tuple[float, int, int]:
        """Train on the run; see `train_run` for what is returned.

        ``rates`` are the learning rates of the epoch's batches.
        """
        nothing = theta[:0]
        s = nothing if run.s is None else run.s
        total, n_steps, n_good = train_run(
            run.X,
            run.Y,
            s,
            batch_size,
            theta,
            gradient,
            state.get("m", nothing),
            state.get("v", nothing),
            good,
            self.sizes,
            self.codes,
            np.array(self.constants, dtype=theta.dtype),
            self.loss,
            self.rule,
            rates,
            self.hyper,
            state.get("t", 0),
            i_batch,
        )
        if "t" in state:
            state["t"] += n_steps
        return total, n_steps, n_good


class CompiledShare(Share):
    """A share of every step, in compiled code; parameters as for ``Share``.

    ``run`` is the CompiledRun that knows the network in the compiled code's terms.
    """

    def __init__(
        self,
        run: CompiledRun,
        i: int,
        n_shares: int,
        risk: EmpiricalRisk,
        optimizer: Optimizer,
        options: StepOptions,
        theta: Array,
        gradients: Array,
        workspace: Workspace,
        state: State,
    ) -> None:
        super().__init__(
            i, n_shares, risk, optimizer, options, theta, gradients, workspace, state
        )
        self.run = run
        nothing = theta[:0]
        moments = state.get("m", nothing), state.get("v", nothing)
        self.vectors = theta, gradients[0], *moments
        self.constants = np.array(run.constants, dtype=theta.dtype)
        n_rows = len(workspace[0].Z) // n_shares + 1
        self.A = np.empty((run.codes.size, n_rows * run.sizes[1:].max()), theta.dtype)
        self.D = np.empty_like(self.A)
        self.F = np.empty_like(self.A) if max(run.codes) >= GELU_ else self.A[:, :0]

    def add_up(self, batch: Batch) -> float:
        """Write the gradient over this share's rows; return their sum of s_n L_n."""
        run, theta = self.run, self.parameters.theta
        if not run.can_train(batch, theta):
            return super().add_up(batch)
        X, Y, s = batch.rows(self.part(len(batch.Y)))
        total: float = _add_up(
            X,
            Y,
            theta[:0] if s is None else s,
            len(batch.Y),
            theta,
            self.gradient.theta,
            self.A,
            self.D,
            self.F,
            run.sizes,
            run.codes,
            self.constants,
            run.loss,
        )
        return total

    def step(self, learning_rate: float, decay_factor: float = 1.0) -> float:
        """Move this share's numbers of theta; compiled steps have no weight decay."""
        self.total_gradient()
        t = 0
        if "t" in self.state:
            t = self.state["t"] = self.state["t"] + 1
        run, mine = self.run, self.numbers
        _step(
            *self.vectors, run.sizes, run.rule, learning_rate, run.hyper, t,
            mine.start, mine.stop,
        )  # fmt: skip
        return 0.0


def _constants(f: Activation) -> tuple[float, float, float]:
    """The slope of a leaky ReLU; scale and scale times alpha of an ELU."""
    if isinstance(f, SELU):
        return 0.0, f.scale, f.scale * f.elu.alpha
    return getattr(f, "negative_slope", 0.0), 1.0, getattr(f, "alpha", 0.0)


def _loss_code(risk: EmpiricalRisk) -> int | None:
    loss: Any = risk.loss
    output = risk.network.output_activation
    if type(loss) is SquaredError and type(output) is Sigmoid:
        return SQUARED_ERROR_OF_SIGMOID
    if not loss.is_canonical(output):
        return None
    if type(loss) is SquaredError:
        return SQUARED_ERROR
    if type(loss) is LogLoss:
        return CATEGORICAL_LOG_LOSS if loss.categorical else BINARY_LOG_LOSS
    return None


def _rule_code(optimizer: Optimizer) -> int | None:
    if type(optimizer) is Adam:
        return ADAM
    if type(optimizer) is SGD:
        if not optimizer.momentum:
            return PLAIN_SGD
        return NESTEROV if optimizer.nesterov else MOMENTUM
    return None
