"""The loops of training, compiled by Numba: no Python between batches.

`train_run` does to some batches what ``Epoch`` does with NumPy: it reads the rows,
makes the forward pass, the four equations and the step, on the same flat theta and the
same optimiser state. The NumPy code is the reference. All compiled functions are in
this one file, because Numba compiles anew what changed in a function's own file only.

Several threads may share every batch: each runs `train_run` for its share of the rows
and of the numbers of theta. They meet twice a batch, by counters that they wait for
without Python and for a moment without sleep, as to wake a thread can take longer than
a small step. The matrix products go to BLAS.
"""

from __future__ import annotations

from math import erfc, sqrt, tau
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.extending import intrinsic, overload

IDENTITY, RELU, LEAKY_RELU, TANH, SIGMOID, ELU, SOFTPLUS, SOFTSIGN = range(8)
GELU, SILU, MISH = range(8, 11)  # whose f' is not a function of A
SQUARED_ERROR, BINARY_LOG_LOSS, CATEGORICAL_LOG_LOSS = range(3)  # with their links
SQUARED_ERROR_OF_SIGMOID = 3
PLAIN_SGD, MOMENTUM, NESTEROV, ADAM = range(4)

# How often a thread looks for another before it sleeps: some 100 microseconds.
_LOOKS = 2**16

# A step makes several passes over this many numbers, which stay in the nearest cache.
_PIECE = 2_048


class Table(NamedTuple):
    """The training rows; ``mean`` and ``factor`` may be empty, ``s`` too.

    ``clip`` is that of a `Standardization`, infinite for none.
    """

    X: Any
    mean: Any
    factor: Any
    clip: float
    Y: Any
    s: Any


class Layers(NamedTuple):
    """The network: units, codes and constants of the activations; code of the loss.

    ``is_scaled`` says whether theta begins with a learned scale of the features.
    ``dropout`` is the rate of what every layer sees, empty if no unit is dropped.
    """

    is_scaled: bool
    dropout: Any
    sizes: Any
    activations: Any
    constants: Any
    loss: int


class Rule(NamedTuple):
    """The step; ``factors`` (of learning rates) and ``decay`` may be empty."""

    code: int
    momentum: float
    beta_1: float
    beta_2: float
    epsilon: float
    l2: float
    l1: float
    factors: Any
    decay: Any


class Vectors(NamedTuple):
    """What is as long as theta; ``gradients`` has a row, or a longer, for a thread."""

    theta: Any
    gradients: Any
    m: Any
    v: Any
    good: Any


class Memory(NamedTuple):
    """One thread's memory for its rows of a batch; a row of A, B, D and F is a layer.

    B is what dropout leaves of A.
    """

    X: Any
    scaled: Any
    Y: Any
    s: Any
    A: Any
    B: Any
    D: Any
    F: Any


class Course(NamedTuple):
    """What the threads tell each other, and what they leave.

    ``halves`` counts the halves of batches that each thread has finished (gradient,
    then step), ``totals`` is each one's sum of s_n L_n in the batch. ``result`` is
    sum_n s_n L_n over all rows so far, the number of steps, and that number when theta
    was last copied to ``good`` (-1 for never).
    """

    halves: Any
    totals: Any
    result: Any


# Without error_model="numpy" every division is checked, and the loops of the steps do
# not become vector instructions. Sums of a row may be reordered, NaN is respected.
_jit = numba.njit(cache=True, error_model="numpy", nogil=True)
_jit_loop = numba.njit(
    cache=True,
    error_model="numpy",
    nogil=True,
    fastmath={"reassoc", "contract", "nsz"},
)


@intrinsic
def _float_of(typing_context, bits):  # type: ignore[no-untyped-def]
    """The float32 that has these bits."""

    def codegen(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        to = context.get_value_type(signature.return_type)
        return builder.bitcast(arguments[0], to)

    return numba.types.float32(numba.types.int32), codegen


_one_half, _log2_e = np.float32(0.5), np.float32(1.4426950408889634)
_ln_2, _ln_2_rest = np.float32(0.693359375), np.float32(-2.12194440e-4)
_1, _C2 = np.float32(1), np.float32(5.0000001201e-1)
_C3, _C4 = np.float32(1.6666665459e-1), np.float32(4.1665795894e-2)
_C5, _C6 = np.float32(8.3334519073e-3), np.float32(1.3981999507e-3)
_C7 = np.float32(1.9875691500e-4)
_least, _largest = np.float32(-87), np.float32(88)
_2, _A3, _A5 = np.float32(2), np.float32(1 / 3), np.float32(1 / 5)
_A7, _A9, _A11 = np.float32(1 / 7), np.float32(1 / 9), np.float32(1 / 11)
_A13, _A15 = np.float32(1 / 13), np.float32(1 / 15)


@numba.njit(error_model="numpy", fastmath={"contract"})
def _exp_parts(x):  # type: ignore[no-untyped-def]
    """2^k and q with exp(x) = 2^k (1 + q): without a branch or a call, for vectors.

    x = k ln 2 + r with |r| <= (ln 2) / 2, and q = exp(r) - 1 by a polynomial, that of
    the Cephes library (Moshier, 1989); exact to 1e-7 for x from -87 to 88.
    """
    x = _least if x < _least else x
    x = _largest if x > _largest else x
    scaled = x * _log2_e
    k = np.int32(scaled + (_one_half if scaled >= 0 else -_one_half))
    whole = np.float32(k)
    r = x - whole * _ln_2
    r = r - whole * _ln_2_rest
    q = _C7 * r + _C6
    q = q * r + _C5
    q = q * r + _C4
    q = q * r + _C3
    q = q * r + _C2
    q = q * r * r + r
    return _float_of(np.int32((k + np.int32(127)) << np.int32(23))), q


@numba.njit(error_model="numpy", fastmath={"contract"})
def _exp_of_float32(x):  # type: ignore[no-untyped-def]
    power, q = _exp_parts(x)
    return power * q + power


@numba.njit(error_model="numpy", fastmath={"contract"})
def _expm1_of_float32(x):  # type: ignore[no-untyped-def]
    power, q = _exp_parts(x)
    return power * q + (power - _1)


@numba.njit(error_model="numpy", fastmath={"contract"})
def _log1p_of_float32(u):  # type: ignore[no-untyped-def]
    """ln(1 + u) = 2 artanh(u / (2 + u)) for u in [0, 1], by artanh's series."""
    s = u / (_2 + u)
    s2 = s * s
    p = _A15 * s2 + _A13
    p = p * s2 + _A11
    p = p * s2 + _A9
    p = p * s2 + _A7
    p = p * s2 + _A5
    p = p * s2 + _A3
    return _2 * (s + s * s2 * p)


def _log1p(u: Any) -> Any:
    """ln(1 + u) for u in [0, 1], likewise."""
    return np.log1p(u)


def _exp(x: Any) -> Any:
    """exp(x), in compiled code of float32 so that it becomes vector instructions."""
    return np.exp(x)


def _expm1(x: Any) -> Any:
    """exp(x) - 1, likewise."""
    return np.expm1(x)


@overload(_exp)
def _exp_for(x):  # type: ignore[no-untyped-def]
    if x == numba.types.float32:
        return lambda x: _exp_of_float32(x)
    return lambda x: np.exp(x)


@overload(_log1p)
def _log1p_for(u):  # type: ignore[no-untyped-def]
    if u == numba.types.float32:
        return lambda u: _log1p_of_float32(u)
    return lambda u: np.log1p(u)


@overload(_expm1)
def _expm1_for(x):  # type: ignore[no-untyped-def]
    if x == numba.types.float32:
        return lambda x: _expm1_of_float32(x)
    return lambda x: np.expm1(x)


@_jit_loop
def _activate(Z, b, code, constants, F):  # type: ignore[no-untyped-def]
    """A = f(Z + b), in place; f'(Z + b) into F where it is not a function of A."""
    n, k = Z.shape
    zero, one, half = Z.dtype.type(0), Z.dtype.type(1), Z.dtype.type(0.5)
    two, four = Z.dtype.type(2), Z.dtype.type(4)
    slope, scale, alpha = constants[0], constants[1], constants[2]
    if code == RELU:
        for i in range(n):
            for j in range(k):
                Z[i, j] = max(Z[i, j] + b[j], zero)
    elif code == LEAKY_RELU:
        for i in range(n):
            for j in range(k):
                x = Z[i, j] + b[j]
                Z[i, j] = x if x > zero else slope * x
    elif code == TANH:
        most = Z.dtype.type(20)  # where it is 1
        for i in range(n):
            for j in range(k):
                x = Z[i, j] + b[j]
                rest = _expm1(-two * (most if abs(x) > most else abs(x)))
                size = -rest / (rest + two)
                Z[i, j] = size if x > zero else -size
    elif code == SIGMOID:
        for i in range(n):
            for j in range(k):
                Z[i, j] = one / (one + _exp(-(Z[i, j] + b[j])))
    elif code == ELU:
        for i in range(n):
            for j in range(k):
                x = Z[i, j] + b[j]
                Z[i, j] = scale * x if x > zero else alpha * _expm1(x)
    elif code == SOFTPLUS:
        for i in range(n):
            for j in range(k):
                x = Z[i, j] + b[j]
                Z[i, j] = max(x, zero) + np.log1p(np.exp(-abs(x)))
    elif code == SOFTSIGN:
        for i in range(n):
            for j in range(k):
                x = Z[i, j] + b[j]
                Z[i, j] = x / (one + abs(x))
    elif code == GELU:
        of_root, of_density = Z.dtype.type(-sqrt(0.5)), Z.dtype.type(1 / sqrt(tau))
        for i in range(n):
            for j in range(k):
                x = Z[i, j] + b[j]
                normal = half * erfc(of_root * x)
                F[i * k + j] = normal + x * of_density * np.exp(-half * x * x)
                Z[i, j] = x * normal
    elif code == SILU:
        for i in range(n):
            for j in range(k):
                x = Z[i, j] + b[j]
                sigmoid = one / (one + _exp(-x))
                F[i * k + j] = sigmoid * (one + x * (one - sigmoid))
                Z[i, j] = x * sigmoid
    elif code == MISH:
        most = Z.dtype.type(20)  # where tanh(softplus(x)) is 1
        for i in range(n):
            for j in range(k):
                x = Z[i, j] + b[j]
                bounded = most if x > most else x
                u = _exp(bounded)
                above = u * (u + two)
                below = one / (above + two)
                t = above * below
                F[i * k + j] = t + four * bounded * u * (one + u) * below * below
                Z[i, j] = x * t
    else:
        for i in range(n):
            for j in range(k):
                Z[i, j] += b[j]


@_jit_loop
def _times_derivative(G, A, code, constants, F):  # type: ignore[no-untyped-def]
    """D = G * f'(Z), in place in G; f' is a function of A, or lies in F."""
    n, k = A.shape
    zero, one = A.dtype.type(0), A.dtype.type(1)
    slope, scale, alpha = constants[0], constants[1], constants[2]
    if code == RELU:
        for i in range(n):
            for j in range(k):
                G[i, j] = G[i, j] if A[i, j] > zero else zero
    elif code == LEAKY_RELU:
        for i in range(n):
            for j in range(k):
                G[i, j] = G[i, j] if A[i, j] > zero else slope * G[i, j]
    elif code == TANH:
        for i in range(n):
            for j in range(k):
                G[i, j] *= one - A[i, j] * A[i, j]
    elif code == SIGMOID:
        for i in range(n):
            for j in range(k):
                G[i, j] *= A[i, j] * (one - A[i, j])
    elif code == ELU:
        for i in range(n):
            for j in range(k):
                G[i, j] *= scale if A[i, j] > zero else A[i, j] + alpha
    elif code == SOFTPLUS:
        for i in range(n):
            for j in range(k):
                G[i, j] *= -np.expm1(-A[i, j])
    elif code == SOFTSIGN:
        for i in range(n):
            for j in range(k):
                rest = one - abs(A[i, j])
                G[i, j] *= rest * rest
    elif code >= GELU:
        for i in range(n):
            for j in range(k):
                G[i, j] *= F[i * k + j]


@_jit_loop
def _delta_of_events(z, y, factor):  # type: ignore[no-untyped-def]
    """Replace z by (a - y) factor, and return the log loss, of sigmoids."""
    zero, one = z.dtype.type(0), z.dtype.type(1)
    total = zero
    for j in range(z.size):
        small = _exp(-abs(z[j]))  # in (0, 1]
        # ln(1 + exp(z)) - y z, where nothing overflows
        total += max(z[j], zero) + _log1p(small) - y[j] * z[j]
        positive = one / (one + small)
        z[j] = factor * ((positive if z[j] > zero else one - positive) - y[j])
    return total


@_jit
def _output_delta(Z, Y, s, n_all, loss):  # type: ignore[no-untyped-def]
    """Replace Z by D, (A - Y) s / n_all for a link (BP1), and return sum_n s_n L_n."""
    n, k = Z.shape
    zero, one, half = Z.dtype.type(0), Z.dtype.type(1), Z.dtype.type(0.5)
    share = one / Z.dtype.type(n_all)
    total = 0.0
    if loss == BINARY_LOG_LOSS:
        if s.size == 0:
            return np.float64(_delta_of_events(Z.ravel(), Y.ravel(), share))
        for i in range(n):
            total += s[i] * _delta_of_events(Z[i], Y[i], s[i] * share)
        return total
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
def _sgd_step(  # type: ignore[no-untyped-def]
    theta, g, v, l2, threshold, rate, momentum, rule, factors
):
    """One step of SGD, and its proximal step, on a piece of theta."""
    zero, one = theta.dtype.type(0), theta.dtype.type(1)
    for i in range(theta.size):
        gradient = g[i] + l2 * theta[i]
        if rule != PLAIN_SGD:
            v[i] = momentum * v[i] + gradient
            gradient = gradient + momentum * v[i] if rule == NESTEROV else v[i]
        own = factors[i] if factors.size else one
        moved = theta[i] - rate * own * gradient
        if threshold > zero:
            length = threshold * own
            moved -= min(max(moved, -length), length)
        theta[i] = moved


@_jit_loop
def _adam_step(  # type: ignore[no-untyped-def]
    theta, g, m, v, l2, l1_share, factor, epsilon, beta_1, beta_2, factors
):
    """One step of Adam, and its proximal step, on a piece of theta."""
    zero, one = theta.dtype.type(0), theta.dtype.type(1)
    if l1_share == zero and factors.size == 0:  # becomes vector instructions
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
        own = factors[i] if factors.size else one
        step = own * factor / (np.sqrt(v[i]) + epsilon)
        moved = theta[i] - step * m[i]
        threshold = l1_share * step
        theta[i] = moved - min(max(moved, -threshold), threshold)


@_jit_loop
def _decay(theta, g, l2, rate, decay):  # type: ignore[no-untyped-def]
    """Add L2's gradient to g, then shrink theta, which is another one thereby."""
    for i in range(theta.size):
        g[i] += l2 * theta[i]
        theta[i] -= rate * decay[i] * theta[i]


@_jit_loop
def _add(g, other):  # type: ignore[no-untyped-def]
    for i in range(g.size):
        g[i] += other[i]


@_jit
def _step(  # type: ignore[no-untyped-def]
    vectors, layers, rule, lr, decay_factor, t, first, last
):
    """One step of theta[first:last], layer by layer: the penalty is on W, not on b."""
    theta, gradients, sizes = vectors.theta, vectors.gradients, layers.sizes
    beta_1, beta_2, momentum = rule.beta_1, rule.beta_2, rule.momentum
    none, dtype = theta[:0], theta.dtype.type
    root = np.sqrt(1.0 - beta_2)
    factor = lr * (1.0 - beta_1) / root
    if rule.code == ADAM:
        factor *= np.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t)
    end = 0
    for k in range(-1 if layers.is_scaled else 0, 2 * (sizes.size - 1)):
        is_weight = k % 2 == 0
        n_out = sizes[k // 2 + 1]
        begin, end = end, end + (sizes[k // 2] * n_out if is_weight else n_out)
        begin = max(begin, first)
        # all pieces but the first begin where a cache line of 16 numbers does
        for start in range(begin - begin % 16, min(end, last), _PIECE):
            of = slice(max(start, begin), min(start + _PIECE, end, last))
            g = gradients[0, of]
            for j in range(1, len(gradients)):
                _add(g, gradients[j, of])
            l2 = dtype(rule.l2) if is_weight else dtype(0)
            l1 = rule.l1 if is_weight else 0.0
            if rule.decay.size:
                _decay(theta[of], g, l2, dtype(lr * decay_factor), rule.decay[of])
                l2 = dtype(0)
            factors = rule.factors[of] if rule.factors.size else none
            if rule.code == ADAM:
                _adam_step(
                    theta[of], g, vectors.m[of], vectors.v[of], l2,
                    dtype(l1 / (1.0 - beta_1)), dtype(factor),
                    dtype(rule.epsilon / root), dtype(beta_1), dtype(beta_2), factors,
                )  # fmt: skip
            else:
                _sgd_step(
                    theta[of], g, none if rule.code == PLAIN_SGD else vectors.v[of],
                    l2, dtype(l1 * lr / (1.0 - momentum)), dtype(lr),
                    dtype(momentum), rule.code, factors,
                )  # fmt: skip


@_jit
def _read(X, rows, mean, factor, clip, out):  # type: ignore[no-untyped-def]
    """The rows of X, standardised in the precision of ``mean``, then cast."""
    wide = mean.dtype.type
    for i in range(rows.size):
        x, z = X[rows[i]], out[i]
        if mean.size == 0:
            for j in range(x.size):
                z[j] = x[j]
        elif np.isinf(clip):
            for j in range(x.size):
                z[j] = (wide(x[j]) - mean[j]) * factor[j]
        else:
            for j in range(x.size):
                scaled = (wide(x[j]) - mean[j]) * factor[j]
                z[j] = scaled / np.hypot(scaled / wide(clip), wide(1))


@_jit_loop
def _drop(A, U, rate, out):  # type: ignore[no-untyped-def]
    """A without the units whose U is below the rate, the others scaled up."""
    zero, threshold = A.dtype.type(0), A.dtype.type(rate)
    factor = A.dtype.type(1.0 / (1.0 - rate))
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            out[i, j] = factor * A[i, j] if U[i, j] >= threshold else zero


@_jit
def _scale(X, s, out):  # type: ignore[no-untyped-def]
    """X diag(s)."""
    for i in range(X.shape[0]):
        for j in range(s.size):
            out[i, j] = X[i, j] * s[j]


@_jit
def _add_columns(X, G, ds):  # type: ignore[no-untyped-def]
    """The gradient of J(X diag(s)) by s, from G = dJ/d(X diag(s))."""
    ds[:] = 0
    for i in range(X.shape[0]):
        for j in range(ds.size):
            ds[j] += X[i, j] * G[i, j]


# A product with a single column is one pass over a matrix. BLAS would pack it first.


@_jit_loop
def _forward_product(A, W, Z):  # type: ignore[no-untyped-def]
    """Z = A @ W."""
    if W.shape[1] > 1:
        np.dot(A, W, Z)
        return
    for i in range(A.shape[0]):
        total = A.dtype.type(0)
        for j in range(A.shape[1]):
            total += A[i, j] * W[j, 0]
        Z[i, 0] = total


@_jit_loop
def _gradient_of_W(A, delta, dW):  # type: ignore[no-untyped-def]
    """DW = A.T @ delta."""
    if delta.shape[1] > 1:
        np.dot(A.T, delta, dW)
        return
    dW[:] = 0
    for i in range(A.shape[0]):
        d = delta[i, 0]
        for j in range(A.shape[1]):
            dW[j, 0] += d * A[i, j]


@_jit_loop
def _gradient_of_A(delta, W, G):  # type: ignore[no-untyped-def]
    """G = delta @ W.T."""
    if W.shape[1] > 1:
        np.dot(delta, W.T, G)
        return
    for i in range(G.shape[0]):
        d = delta[i, 0]
        for j in range(G.shape[1]):
            G[i, j] = d * W[j, 0]


@_jit
def _of_rows(noise, at, first, A):  # type: ignore[no-untyped-def]
    """The uniform numbers of the rows of A, of those of a layer that begin ``at``."""
    n, k = A.shape
    return noise[at + first * k : at + (first + n) * k].reshape((n, k))


@_jit
def _add_up(  # type: ignore[no-untyped-def]
    rows, first, n_all, table, layers, theta, gradient, memory, noise, dropout_factor
):
    """Write the gradient of (1/n_all) sum_n s_n L_n; return sum_n s_n L_n.

    The rows are the batch's from ``first`` on. ``noise`` holds, for one layer after
    the other that has dropout, a uniform number for every row and unit below; it is
    empty where nothing is dropped.
    """
    sizes, n_layers, n = layers.sizes, layers.sizes.size - 1, rows.size
    A, B, D, F = memory.A, memory.B, memory.D, memory.F
    X, Y, s = memory.X[:n], memory.Y[:n], memory.s[: min(n, table.s.size)]
    _read(table.X, rows, table.mean, table.factor, table.clip, X)
    for row in range(n):
        Y[row] = table.Y[rows[row]]
        if s.size:
            s[row] = table.s[rows[row]]
    at, at_noise, A_0 = 0, 0, X
    if noise.size and layers.dropout[0] > 0:
        _drop(X, _of_rows(noise, 0, first, X), dropout_factor * layers.dropout[0], X)
        at_noise = n_all * sizes[0]
    if layers.is_scaled:
        at, A_0 = sizes[0], memory.scaled[:n]
        _scale(X, theta[:at], A_0)
    # forward: A[l] = f(A[l-1] @ W[l] + b[l])
    for i in range(n_layers):
        n_in, n_out = sizes[i], sizes[i + 1]
        W = theta[at : at + n_in * n_out].reshape((n_in, n_out))
        b = theta[at + n_in * n_out : at + (n_in + 1) * n_out]
        Z = A[i, : n * n_out].reshape((n, n_out))
        if i == 0:
            _forward_product(A_0, W, Z)
        else:
            below = A[i - 1, : n * n_in].reshape((n, n_in))
            if noise.size and layers.dropout[i] > 0:
                U, rate = _of_rows(noise, at_noise, first, below), layers.dropout[i]
                seen = B[i - 1, : n * n_in].reshape((n, n_in))
                _drop(below, U, dropout_factor * rate, seen)
                at_noise += n_all * n_in
                below = seen
            _forward_product(below, W, Z)
        _activate(Z, b, layers.activations[i], layers.constants[i], F[i])
        at += (n_in + 1) * n_out
    # BP1, into the place of A[L]
    k = sizes[n_layers]
    delta = A[n_layers - 1, : n * k].reshape((n, k))
    total = _output_delta(delta, Y, s, n_all, layers.loss)
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
            _gradient_of_W(A_0, delta, dW)  # BP4
            if layers.is_scaled:
                _gradient_of_A(delta, W, A_0)  # BP2, in the place of A[0]
                _add_columns(X, A_0, gradient[:n_in])
        else:
            below = A[i - 1, : n * n_in].reshape((n, n_in))
            G = D[i - 1, : n * n_in].reshape((n, n_in))
            _gradient_of_A(delta, W, G)  # BP2
            if noise.size and layers.dropout[i] > 0:
                at_noise -= n_all * n_in
                U, rate = _of_rows(noise, at_noise, first, below), layers.dropout[i]
                _drop(G, U, dropout_factor * rate, G)
                seen = B[i - 1, : n * n_in].reshape((n, n_in))
                _gradient_of_W(seen, delta, dW)  # BP4
            else:
                _gradient_of_W(below, delta, dW)  # BP4
            f, constants = layers.activations[i - 1], layers.constants[i - 1]
            _times_derivative(G, below, f, constants, F[i - 1])
            delta = G
    return total


@intrinsic
def _look(typing_context, counters, i):  # type: ignore[no-untyped-def]
    """counters[i], and all that its thread wrote before it set it."""

    def codegen(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        return builder.load_atomic(place, "acquire", 8)

    return numba.types.int64(counters, numba.types.intp), codegen


@intrinsic
def _show(typing_context, counters, i, count):  # type: ignore[no-untyped-def]
    """counters[i] = count, for `_look`."""

    def codegen(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        builder.store_atomic(arguments[2], place, "release", 8)
        return context.get_dummy_value()

    return numba.types.void(counters, numba.types.intp, numba.types.int64), codegen


@_jit
def _all_have_finished(n_halves, course):  # type: ignore[no-untyped-def]
    """Whether all threads have, or do after a moment."""
    n_threads = course.totals.size
    stride = course.halves.size // n_threads  # a cache line for each
    for j in range(n_threads):
        looks = 0
        while _look(course.halves, j * stride) < n_halves:
            looks += 1
            if looks == _LOOKS:
                return False
    return True


@_jit
def train_run(  # type: ignore[no-untyped-def]
    i, rows, batch_size, first_batch, t, rates, decay_factors, dropout_factors, noise,
    table, layers, rule, vectors, memory, course,
):  # fmt: skip
    """Do thread i's share of training on ``rows``, in batches, in place.

    Returns whether it is done. It is not where another thread is late: call it again
    then. It stops before the step of a batch whose risk is not finite. The first of
    the batches is the epoch's ``first_batch``, before which were ``t`` steps. ``noise``
    is that of one batch after the other, see `_add_up`.
    """
    n_threads = course.totals.size
    mine = i * (course.halves.size // n_threads)
    n = vectors.theta.size
    # whole cache lines of 16 numbers for each, as the loops are quick on
    lines = -(-n // 16)
    of_theta = slice(
        min(16 * (lines * i // n_threads), n),
        min(16 * (lines * (i + 1) // n_threads), n),
    )
    n_batches = -(-rows.size // batch_size)
    for half in range(_look(course.halves, mine), 2 * n_batches):
        if not _all_have_finished(half, course):
            return False
        k = half // 2
        if half % 2 == 0:
            batch = rows[k * batch_size : (k + 1) * batch_size]
            first = batch.size * i // n_threads
            last = batch.size * (i + 1) // n_threads
            n_noise = noise.size // rows.size  # for every row
            start = k * batch_size * n_noise
            course.totals[i] = _add_up(
                batch[first:last], first, batch.size, table, layers, vectors.theta,
                vectors.gradients[i, :n], memory,
                noise[start : start + batch.size * n_noise],
                dropout_factors[first_batch + k],
            )  # fmt: skip
        else:
            total = course.totals.sum()
            if i == 0:
                course.result[0] += total
            if not np.isfinite(total):
                return True
            i_batch = first_batch + k
            if (i_batch & (i_batch - 1)) == 0:
                vectors.good[of_theta] = vectors.theta[of_theta]
                if i == 0:
                    course.result[2] = k
            _step(
                vectors, layers, rule, rates[i_batch], decay_factors[i_batch],
                t + k + 1, of_theta.start, of_theta.stop,
            )  # fmt: skip
            if i == 0:
                course.result[1] = k + 1
        _show(course.halves, mine, half + 1)
    return True
