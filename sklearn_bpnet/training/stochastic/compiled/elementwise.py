"""Activations in compiled code: one scalar definition for each.

The loops around them are compiled for one activation at a time, when it is first used.
Numba keeps the result on disk until this file or `float32` changes, so everything that
is compiled into such a loop has to stand in one of the two.

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
from numba.extending import overload

from sklearn_bpnet.training.stochastic.compiled import float32
from sklearn_bpnet.training.stochastic.compiled.cache import jit
from sklearn_bpnet.training.stochastic.compiled.float32 import exp, expm1
from sklearn_bpnet.training.stochastic.compiled.units import Types, pointer

# Without error_model="numpy" every division is checked, and the loops do not become
# vector instructions. Sums of a row may be reordered, NaN is respected.
_OPTIONS: dict[str, Any] = {
    "error_model": "numpy",
    "nogil": True,
    "fastmath": {"reassoc", "contract", "nsz"},
}
_jit: Any = jit(parts=(float32,), **_OPTIONS)
_inlined: Any = numba.njit(**_OPTIONS)

_0, _half, _1, _2, _4, _20 = (np.float32(x) for x in (0, 0.5, 1, 2, 4, 20))


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
    rest = expm1(-_2 * (_20 if abs(z) > _20 else abs(z)))  # beyond 20 it is 1
    size = -rest / (rest + _2)
    return size if z > _0 else -size


def _gelu(z, c):  # type: ignore[no-untyped-def]
    """The constants are -sqrt(1/2) and 1 / sqrt(2 pi)."""
    normal = _half * erfc(c[0] * z)
    return z * normal, normal + z * c[1] * np.exp(-_half * z * z)


def _silu(z, c):  # type: ignore[no-untyped-def]
    sigmoid = _1 / (_1 + exp(-z))
    return z * sigmoid, sigmoid * (_1 + z * (_1 - sigmoid))


def _mish(z, c):  # type: ignore[no-untyped-def]
    bounded = _20 if z > _20 else z  # beyond 20 tanh(softplus(z)) is 1
    u = exp(bounded)
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
        lambda z, c: _1 / (_1 + exp(-z)), lambda g, a, c: g * (a * (_1 - a))
    ),
    Activation.ELU: Scalar(
        lambda z, c: c[0] * z if z > _0 else c[1] * expm1(z),
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
        f = _inlined(SCALARS[Activation(code.literal_value)].forward)
        return lambda code, z, c: f(z, c)
    return None


def _both(code: Any, z: Any, c: Any) -> Any:
    """f(z) and f'(z) of the activation with this code."""


@overload(_both)
def _choose_both(code, z, c):  # type: ignore[no-untyped-def]
    if isinstance(code, numba.types.IntegerLiteral):
        scalar = SCALARS[Activation(code.literal_value)]
        f = _inlined(scalar.forward)
        if scalar.vjp is None:
            return lambda code, z, c: f(z, c)
        vjp = _inlined(scalar.vjp)

        def both(code, z, c):  # type: ignore[no-untyped-def]
            a = f(z, c)
            return a, vjp(_1, a, c)

        return both
    return None


@overload(_vjp)
def _choose_vjp(code, g, a, c):  # type: ignore[no-untyped-def]
    if isinstance(code, numba.types.IntegerLiteral):
        vjp = _inlined(SCALARS[Activation(code.literal_value)].vjp)
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


@_jit
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


@_jit
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


@_jit
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


@_jit
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


@_jit
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


@_jit
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


@_jit
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
