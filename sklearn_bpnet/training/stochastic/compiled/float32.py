"""exp and its relatives of float32, without a branch or a call: vector instructions.

They are compiled into the functions that call them, whose files name this one as one
of their ``parts``, see `cache.jit`.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba.extending import intrinsic, overload

_exact: Any = numba.njit(error_model="numpy", fastmath={"contract"})

_half, _1, _2 = (np.float32(x) for x in (0.5, 1, 2))

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


@_exact
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


@_exact
def _exp_of_float32(x):  # type: ignore[no-untyped-def]
    power, q = _exp_parts(x)
    return power * q + power


@_exact
def _expm1_of_float32(x):  # type: ignore[no-untyped-def]
    power, q = _exp_parts(x)
    return power * q + (power - _1)


@_exact
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


def exp(x: Any) -> Any:
    """exp(x)."""


def expm1(x: Any) -> Any:
    """exp(x) - 1."""


def log1p(u: Any) -> Any:
    """ln(1 + u) for u in [0, 1]."""


def _of_float32(function: Any, of_float32: Any, of_others: Any) -> None:
    """Give a function one implementation for float32 and one for other numbers."""

    @overload(function)
    def choose(x):  # type: ignore[no-untyped-def]
        chosen = of_float32 if x == numba.types.float32 else of_others
        return lambda x: chosen(x)


_of_float32(exp, _exp_of_float32, np.exp)
_of_float32(expm1, _expm1_of_float32, np.expm1)
_of_float32(log1p, _log1p_of_float32, np.log1p)
