"""Activations and losses in compiled code: one scalar definition for each.

The loops around them are compiled for one activation or loss at a time, when it is
first used. Numba keeps the result on disk until this file changes, so everything that
is compiled into such a loop has to stand in this file.

Numbers such as ``_1`` are of float32, which float64 contains: arithmetic with them
keeps either precision.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from math import erfc
from typing import Any, NamedTuple

import numba
import numpy as np
from numba import carray, types
from numba.extending import intrinsic, overload

from sklearn_bpnet.training.stochastic.compiled.cache import jit
from sklearn_bpnet.training.stochastic.compiled.units import Types, pointer

# Without error_model="numpy" every division is checked, and the loops do not become
# vector instructions. Sums of a row may be reordered, NaN is respected.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_FAST_OPTIONS = _OPTIONS | {"fastmath": {"reassoc", "contract", "nsz"}}
_jit: Any = jit(**_OPTIONS)
_jit_fast: Any = jit(**_FAST_OPTIONS)
_inlined_fast: Any = numba.njit(**_FAST_OPTIONS)
_inlined_exact: Any = numba.njit(error_model="numpy", fastmath={"contract"})

_0, _half, _1, _2, _4, _20 = (np.float32(x) for x in (0, 0.5, 1, 2, 4, 20))


# exp and its relatives of float32, without a branch or a call: for vector instructions

_log2_e = np.float32(1.4426950408889634)
_ln_2, _ln_2_rest = np.float32(0.693359375), np.float32(-2.12194440e-4)
_C2, _C3 = np.float32(5.0000001201e-1), np.float32(1.6666665459e-1)
_C4, _C5 = np.float32(4.1665795894e-2), np.float32(8.3334519073e-3)
_C6, _C7 = np.float32(1.3981999507e-3), np.float32(1.9875691500e-4)
_least, _largest = np.float32(-87), np.float32(88)
_A3, _A5, _A7, _A9, _A11, _A13, _A15 = (np.float32(1 / n) for n in range(3, 16, 2))


@intrinsic
def _float_of(typing_context, bits):  # type: ignore[no-untyped-def]
    """The float32 that has these bits."""

    def codegen(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        to = context.get_value_type(signature.return_type)
        return builder.bitcast(arguments[0], to)

    return numba.types.float32(numba.types.int32), codegen


@_inlined_exact
def _exp_parts(x):  # type: ignore[no-untyped-def]
    """2^k and q with exp(x) = 2^k (1 + q).

    x = k ln 2 + r with |r| <= (ln 2) / 2, and q = exp(r) - 1 by a polynomial, that of
    the Cephes library (Moshier, 1989); exact to 1e-7 for x from -87 to 88.
    """
    x = _least if x < _least else x
    x = _largest if x > _largest else x
    scaled = x * _log2_e
    k = np.int32(scaled + (_half if scaled >= 0 else -_half))
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


@_inlined_exact
def _exp_of_float32(x):  # type: ignore[no-untyped-def]
    power, q = _exp_parts(x)
    return power * q + power


@_inlined_exact
def _expm1_of_float32(x):  # type: ignore[no-untyped-def]
    power, q = _exp_parts(x)
    return power * q + (power - _1)


@_inlined_exact
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


def _exp(x: Any) -> Any:
    """exp(x)."""


def _expm1(x: Any) -> Any:
    """exp(x) - 1."""


def _log1p(u: Any) -> Any:
    """ln(1 + u) for u in [0, 1]."""


def _of_float32(function: Any, of_float32: Any, of_others: Any) -> None:
    """Give a function one implementation for float32 and one for other numbers."""

    @overload(function)
    def choose(x):  # type: ignore[no-untyped-def]
        chosen = of_float32 if x == numba.types.float32 else of_others
        return lambda x: chosen(x)


_of_float32(_exp, _exp_of_float32, np.exp)
_of_float32(_expm1, _expm1_of_float32, np.expm1)
_of_float32(_log1p, _log1p_of_float32, np.log1p)


class Activation(IntEnum):
    """The activations there are here."""

    IDENTITY = 0
    RELU = 1
    LEAKY_RELU = 2
    TANH = 3
    SIGMOID = 4
    ELU = 5
    SOFTPLUS = 6
    SOFTSIGN = 7
    GELU = 8
    SILU = 9
    MISH = 10


class Scalar(NamedTuple):
    """The scalar functions of an activation f, with three constants c of it.

    Parameters
    ----------
    forward : callable
        From z and c to a = f(z), or to a and f'(z), which is then stored.
    vjp : callable or None
        From g, a and c to d = g f'(z), where f' is a function of a; None if stored.
    """

    forward: Callable[..., Any]
    vjp: Callable[..., Any] | None


def _tanh(z, c):  # type: ignore[no-untyped-def]
    rest = _expm1(-_2 * (_20 if abs(z) > _20 else abs(z)))  # beyond 20 it is 1
    size = -rest / (rest + _2)
    return size if z > _0 else -size


def _gelu(z, c):  # type: ignore[no-untyped-def]
    """The constants are -sqrt(1/2) and 1 / sqrt(2 pi)."""
    normal = _half * erfc(c[0] * z)
    return z * normal, normal + z * c[1] * np.exp(-_half * z * z)


def _silu(z, c):  # type: ignore[no-untyped-def]
    sigmoid = _1 / (_1 + _exp(-z))
    return z * sigmoid, sigmoid * (_1 + z * (_1 - sigmoid))


def _mish(z, c):  # type: ignore[no-untyped-def]
    bounded = _20 if z > _20 else z  # beyond 20 tanh(softplus(z)) is 1
    u = _exp(bounded)
    above = u * (u + _2)
    below = _1 / (above + _2)
    t = above * below
    return z * t, t + _4 * bounded * u * (_1 + u) * below * below


SCALARS = {
    Activation.IDENTITY: Scalar(lambda z, c: z, lambda g, a, c: g),
    Activation.RELU: Scalar(
        lambda z, c: max(z, _0), lambda g, a, c: g if a > _0 else _0
    ),
    Activation.LEAKY_RELU: Scalar(
        lambda z, c: z if z > _0 else c[0] * z,
        lambda g, a, c: g if a > _0 else c[0] * g,
    ),
    Activation.TANH: Scalar(_tanh, lambda g, a, c: g * (_1 - a * a)),
    Activation.SIGMOID: Scalar(
        lambda z, c: _1 / (_1 + _exp(-z)), lambda g, a, c: g * (a * (_1 - a))
    ),
    Activation.ELU: Scalar(
        lambda z, c: c[0] * z if z > _0 else c[1] * _expm1(z),
        lambda g, a, c: g * (c[0] if a > _0 else a + c[1]),
    ),
    Activation.SOFTPLUS: Scalar(
        lambda z, c: max(z, _0) + np.log1p(np.exp(-abs(z))),
        lambda g, a, c: g * -np.expm1(-a),
    ),
    Activation.SOFTSIGN: Scalar(
        lambda z, c: z / (_1 + abs(z)),
        lambda g, a, c: g * ((_1 - abs(a)) * (_1 - abs(a))),
    ),
    Activation.GELU: Scalar(_gelu, None),
    Activation.SILU: Scalar(_silu, None),
    Activation.MISH: Scalar(_mish, None),
}


def _f(code: Any, z: Any, c: Any) -> Any:
    """The ``forward`` of the activation with this code, a literal."""


def _vjp(code: Any, g: Any, a: Any, c: Any) -> Any:
    """The ``vjp`` of the activation with this code."""


@overload(_f)
def _choose_f(code, z, c):  # type: ignore[no-untyped-def]
    if isinstance(code, numba.types.IntegerLiteral):
        f = _inlined_fast(SCALARS[Activation(code.literal_value)].forward)
        return lambda code, z, c: f(z, c)
    return None


def _both(code: Any, z: Any, c: Any) -> Any:
    """f(z) and f'(z) of the activation with this code."""


@overload(_both)
def _choose_both(code, z, c):  # type: ignore[no-untyped-def]
    if isinstance(code, numba.types.IntegerLiteral):
        scalar = SCALARS[Activation(code.literal_value)]
        f = _inlined_fast(scalar.forward)
        if scalar.vjp is None:
            return lambda code, z, c: f(z, c)
        vjp = _inlined_fast(scalar.vjp)

        def both(code, z, c):  # type: ignore[no-untyped-def]
            a = f(z, c)
            return a, vjp(_1, a, c)

        return both
    return None


@overload(_vjp)
def _choose_vjp(code, g, a, c):  # type: ignore[no-untyped-def]
    if isinstance(code, numba.types.IntegerLiteral):
        vjp = _inlined_fast(SCALARS[Activation(code.literal_value)].vjp)
        return lambda code, g, a, c: vjp(g, a, c)
    return None


# An affine map's bias and the activation: f(Z + b)


def types_of_block(dtype: Any) -> Types:
    """Of the units of a block, see `chain.Link`."""
    of = pointer(dtype)
    integers = (types.intp,) * 5
    return (
        *integers, of, pointer(types.intp), *(of,) * 8, types.intp, types.float64,
    )  # fmt: skip


@_jit_fast
def forward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A = f(Z + b), in place of Z."""
    c, b = (constants[0], constants[1], constants[2]), carray(theta, n_out)
    Z = carray(A, (n, n_out))
    for i in range(n):
        for j in range(n_out):
            Z[i, j] = _f(code, Z[i, j] + b[j], c)
    return 0.0


@_jit_fast
def backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """D = G f'(Z), in place of G, where f' is a function of A; BP3."""
    c, db = (constants[0], constants[1], constants[2]), carray(gradient, n_out)
    of_A, D = carray(A, (n, n_out)), carray(G, (n, n_out))
    db[:] = 0
    for i in range(n):
        for j in range(n_out):
            D[i, j] = _vjp(code, D[i, j], of_A[i, j], c)
        for j in range(n_out):
            db[j] += D[i, j]
    return 0.0


@_jit_fast
def forward_and_slopes(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A = f(Z + b), in place of Z, and f'(Z + b) into the memory."""
    c, b = (constants[0], constants[1], constants[2]), carray(theta, n_out)
    Z, slopes = carray(A, (n, n_out)), carray(memory, (n, n_out))
    for i in range(n):
        for j in range(n_out):
            Z[i, j], slopes[i, j] = _f(code, Z[i, j] + b[j], c)
    return 0.0


@_jit_fast
def backward_by_slopes(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """D = G f'(Z), in place of G, where f' is stored; BP3."""
    slopes, db = carray(memory, (n, n_out)), carray(gradient, n_out)
    D = carray(G, (n, n_out))
    db[:] = 0
    for i in range(n):
        for j in range(n_out):
            D[i, j] *= slopes[i, j]
        for j in range(n_out):
            db[j] += D[i, j]
    return 0.0


# Activations with a learned weight w of every unit, which follows b in theta. The
# memory holds df/dw and its derivative, for all units of a sample each.


@_jit_fast
def forward_mixed(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A = z + w (g(z) - z) with z = Z + b, in place of Z."""
    c, b_and_w = (constants[0], constants[1], constants[2]), carray(theta, (2, n_out))
    Z, kept = carray(A, (n, n_out)), carray(memory, (n, 2, n_out))
    b, w = b_and_w[0], b_and_w[1]
    for i in range(n):
        for j in range(n_out):
            z = Z[i, j] + b[j]
            g, slope = _both(code, z, c)
            kept[i, 0, j], kept[i, 1, j] = g - z, slope - _1
            Z[i, j] = z + w[j] * kept[i, 0, j]
    return 0.0


@_jit_fast
def forward_prelu(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A = max(z, 0) + w min(z, 0) with z = Z + b, in place of Z."""
    b_and_w = carray(theta, (2, n_out))
    Z, kept = carray(A, (n, n_out)), carray(memory, (n, 2, n_out))
    b, w = b_and_w[0], b_and_w[1]
    for i in range(n):
        for j in range(n_out):
            z = Z[i, j] + b[j]
            kept[i, 0, j] = min(z, _0)
            kept[i, 1, j] = _0 if z > _0 else _1
            Z[i, j] = max(z, _0) + w[j] * kept[i, 0, j]
    return 0.0


@_jit_fast
def backward_learned(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """D in place of G, dJ/dw and BP3.

    With h = df/dw, f' is 1 + w h' for a mix (code 1), and 1 - h' + w h' for a PReLU.
    """
    w, kept = carray(theta, (2, n_out))[1], carray(memory, (n, 2, n_out))
    both, D = carray(gradient, (2, n_out)), carray(G, (n, n_out))
    db, dw = both[0], both[1]
    both[:] = 0
    for i in range(n):
        for j in range(n_out):
            g = D[i, j]
            dw[j] += g * kept[i, 0, j]
            slope = w[j] * kept[i, 1, j] + (_1 if code == 1 else _1 - kept[i, 1, j])
            D[i, j] = g * slope
        for j in range(n_out):
            db[j] += D[i, j]
    return 0.0


# Losses, each with an output activation: z becomes factor dL/dz, and L is returned


@_jit
def _squared_error(z, y, factor):  # type: ignore[no-untyped-def]
    value = z.dtype.type(0)
    for j in range(z.size):
        z[j] -= y[j]
        value += _half * z[j] * z[j]
        z[j] *= factor
    return value


@_jit
def _squared_error_of_sigmoid(z, y, factor):  # type: ignore[no-untyped-def]
    value = z.dtype.type(0)
    for j in range(z.size):
        a = _1 / (_1 + np.exp(-z[j]))
        error = a - y[j]
        value += _half * error * error
        z[j] = error * a * (_1 - a)
        z[j] *= factor
    return value


@_jit_fast
def _binary_log_loss(z, y, factor):  # type: ignore[no-untyped-def]
    total = z.dtype.type(0)
    for j in range(z.size):
        small = _exp(-abs(z[j]))  # in (0, 1]
        # ln(1 + exp(z)) - y z, where nothing overflows
        total += max(z[j], _0) + _log1p(small) - y[j] * z[j]
        positive = _1 / (_1 + small)
        z[j] = factor * ((positive if z[j] > _0 else _1 - positive) - y[j])
    return total


@_jit
def _categorical_log_loss(z, y, factor):  # type: ignore[no-untyped-def]
    k, value, normalizer = z.size, z.dtype.type(0), z.dtype.type(0)
    highest = z[0]
    for j in range(1, k):
        highest = max(highest, z[j])
    for j in range(k):
        z[j] -= highest
        value -= y[j] * z[j]
        z[j] = np.exp(z[j])
        normalizer += z[j]
    value += np.log(normalizer)
    for j in range(k):
        z[j] = z[j] / normalizer - y[j]
        z[j] *= factor
    return value


@_jit
def _grouped_log_loss(z, y, factor, ends):  # type: ignore[no-untyped-def]
    """Of groups of outputs: of one above the logistic function, of more a softmax."""
    value, start = z.dtype.type(0), 0
    for end in ends:
        if end - start == 1:
            value += _binary_log_loss(z[start:end], y[start:end], factor)
        else:
            value += _categorical_log_loss(z[start:end], y[start:end], factor)
        start = end
    return value


class Loss(IntEnum):
    """The losses there are here, with their output activations."""

    SQUARED_ERROR = 0
    BINARY_LOG_LOSS = 1
    CATEGORICAL_LOG_LOSS = 2
    SQUARED_ERROR_OF_SIGMOID = 3
    GROUPED_LOG_LOSS = 4


LOSSES = {  # of a single group
    Loss.SQUARED_ERROR: _squared_error,
    Loss.BINARY_LOG_LOSS: _binary_log_loss,
    Loss.CATEGORICAL_LOG_LOSS: _categorical_log_loss,
    Loss.SQUARED_ERROR_OF_SIGMOID: _squared_error_of_sigmoid,
}
_SUMMED_AT_ONCE = int(Loss.BINARY_LOG_LOSS)  # over all samples, where these have no s


def _loss(code: Any, z: Any, y: Any, factor: Any, ends: Any) -> Any:
    """The loss with this code, a literal."""


@overload(_loss)
def _choose_loss(code, z, y, factor, ends):  # type: ignore[no-untyped-def]
    if not isinstance(code, numba.types.IntegerLiteral):
        return None
    if code.literal_value == Loss.GROUPED_LOG_LOSS:
        return lambda code, z, y, factor, ends: _grouped_log_loss(z, y, factor, ends)
    loss = LOSSES[Loss(code.literal_value)]
    return lambda code, z, y, factor, ends: loss(z, y, factor)


def types_of_loss(dtype: Any) -> Types:
    """Of ``output_delta``."""
    of = pointer(dtype)
    integers, indices = (types.intp,) * 5, pointer(types.intp)
    return *integers, indices, of, of, of, types.intp, of, types.intp, indices


@_jit
def output_delta(  # type: ignore[no-untyped-def]
    code, n, k, n_members, n_all, indices, Z, Y, s, has_s, gathered, n_groups, ends,
):  # fmt: skip
    """Replace Z by D (BP1), and return sum_n s_n L_n.

    The samples are n of the n_all of a batch. Each has a row of Z per member, and L_n
    is the mean of their losses. Y and s are those of all training
    samples, from which the indices choose; Y is gathered in the memory given. A group
    of outputs ends where the next starts, at one of ``ends``.
    """
    n_rows = n * n_members
    of_Z, of_Y = carray(Z, (n_rows, k)), carray(gathered, (n_rows, k))
    of_groups = carray(ends, n_groups)
    one = of_Z.dtype.type(1)
    share = one / of_Z.dtype.type(n_all * n_members)
    for i in range(n):
        start = indices[i] * k
        for row in range(i * n_members, (i + 1) * n_members):
            for j in range(k):
                of_Y[row, j] = Y[start + j]
    if not has_s and code == _SUMMED_AT_ONCE:
        value = _loss(code, of_Z.ravel(), of_Y.ravel(), share, of_groups)
        return np.float64(value) / n_members
    total = 0.0
    for i in range(n):
        weight = s[indices[i]] if has_s else one
        for row in range(i * n_members, (i + 1) * n_members):
            value = _loss(code, of_Z[row], of_Y[row], weight * share, of_groups)
            total += weight * value
    return total / n_members
