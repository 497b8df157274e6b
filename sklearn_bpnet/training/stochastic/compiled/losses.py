"""Losses in compiled code, each with an output activation.

The loop around them is compiled for one loss at a time, see `elementwise`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numba
import numpy as np
from numba import carray, types
from numba.extending import overload

from sklearn_bpnet.training.stochastic.compiled import float32
from sklearn_bpnet.training.stochastic.compiled.cache import jit
from sklearn_bpnet.training.stochastic.compiled.float32 import exp, log1p
from sklearn_bpnet.training.stochastic.compiled.units import Types, pointer

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_jit: Any = jit(parts=(float32,), **_OPTIONS)
_jit_fast: Any = jit(
    parts=(float32,), **_OPTIONS, fastmath={"reassoc", "contract", "nsz"}
)

_0, _half, _1 = (np.float32(x) for x in (0, 0.5, 1))


# z becomes factor dL/dz, and L is returned


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
        small = exp(-abs(z[j]))  # in (0, 1]
        # ln(1 + exp(z)) - y z, where nothing overflows
        total += max(z[j], _0) + log1p(small) - y[j] * z[j]
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
