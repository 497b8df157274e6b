"""Optimisers in compiled code: the step on a part of theta, its penalty included.

Numba keeps the result on disk until this file changes, so everything that is compiled
into a step has to stand in this file.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numba import carray, types

from sklearn_bpnet.training.stochastic.compiled.cache import jit
from sklearn_bpnet.training.stochastic.compiled.units import Types, pointer

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_jit: Any = jit(**_OPTIONS)
_jit_fast: Any = jit(fastmath={"reassoc", "contract", "nsz"}, **_OPTIONS)

# A step makes several passes over this many numbers, which stay in the nearest cache.
_PIECE = 2_048


class Rule(IntEnum):
    """The optimisers there are here."""

    PLAIN_SGD = 0
    MOMENTUM = 1
    NESTEROV = 2
    ADAM = 3
    SCHEDULE_FREE = 4


_PLAIN_SGD, _NESTEROV = int(Rule.PLAIN_SGD), int(Rule.NESTEROV)
_ADAM, _SCHEDULE_FREE = int(Rule.ADAM), int(Rule.SCHEDULE_FREE)


@_jit_fast
def _sgd(  # type: ignore[no-untyped-def]
    code, theta, g, v, l2, threshold, rate, momentum, factors
):
    """One step of SGD, and its proximal step."""
    zero, one = theta.dtype.type(0), theta.dtype.type(1)
    for i in range(theta.size):
        gradient = g[i] + l2 * theta[i]
        if code != _PLAIN_SGD:
            v[i] = momentum * v[i] + gradient
            gradient = gradient + momentum * v[i] if code == _NESTEROV else v[i]
        factor = factors[i] if factors.size else one
        moved = theta[i] - rate * factor * gradient
        if threshold > zero:
            length = threshold * factor
            moved -= min(max(moved, -length), length)
        theta[i] = moved


@_jit_fast
def _adam(  # type: ignore[no-untyped-def]
    theta, g, m, v, l2, l1_share, rate, epsilon, beta_1, beta_2, factors
):
    """One step of Adam, and its proximal step; "m" and "v" as in `optimizers.Adam`."""
    zero, one = theta.dtype.type(0), theta.dtype.type(1)
    if l1_share == zero and factors.size == 0:  # becomes vector instructions
        for i in range(theta.size):
            gradient = g[i] + l2 * theta[i]
            m[i] = beta_1 * m[i] + gradient
            v[i] = beta_2 * v[i] + gradient * gradient
            theta[i] -= rate * m[i] / (np.sqrt(v[i]) + epsilon)
        return
    for i in range(theta.size):
        gradient = g[i] + l2 * theta[i]
        m[i] = beta_1 * m[i] + gradient
        v[i] = beta_2 * v[i] + gradient * gradient
        factor = factors[i] if factors.size else one
        step = factor * rate / (np.sqrt(v[i]) + epsilon)
        moved = theta[i] - step * m[i]
        threshold = l1_share * step
        theta[i] = moved - min(max(moved, -threshold), threshold)


@_jit_fast
def _schedule_free(  # type: ignore[no-untyped-def]
    y, g, z, v, l2, rate, correction, epsilon, beta_1, beta_2, share, factors, decay,
    decay_factor,
):  # fmt: skip
    """One step of `ScheduleFreeAdamW`, whose "v" is Adam's; y is theta."""
    one = y.dtype.type(1)
    kept = one - share
    along = one - beta_1 * kept
    for i in range(y.size):
        gradient = g[i] + l2 * y[i]
        v[i] = beta_2 * v[i] + gradient * gradient
        factor = factors[i] if factors.size else one
        direction = factor * gradient / (correction * np.sqrt(v[i]) + epsilon)
        if decay.size:
            direction += decay_factor * decay[i] * y[i]
        moved = rate * direction
        y[i] = z[i] + kept * (y[i] - z[i]) - along * moved
        z[i] -= moved


@_jit_fast
def _decay(theta, g, l2, rate, decay):  # type: ignore[no-untyped-def]
    """Add L2's gradient to g, then shrink theta; L2 is that before the decay."""
    for i in range(theta.size):
        g[i] += l2 * theta[i]
        theta[i] -= rate * decay[i] * theta[i]


@_jit_fast
def _add(g, other):  # type: ignore[no-untyped-def]
    for i in range(g.size):
        g[i] += other[i]


@_jit_fast
def _add_l2(theta, g, l2):  # type: ignore[no-untyped-def]
    """Add L2's gradient to g; return the sum of squares."""
    total = 0.0
    for i in range(theta.size):
        g[i] += l2 * theta[i]
        total += np.float64(g[i]) * np.float64(g[i])
    return total


@_jit_fast
def _scale(g, factor):  # type: ignore[no-untyped-def]
    for i in range(g.size):
        g[i] *= factor


@_jit
def _total(gradients, stride, n_gradients, begin, end):  # type: ignore[no-untyped-def]
    """The sum of the threads' gradients of a part of theta, in the first's place."""
    g = carray(gradients, end)[begin:]
    for j in range(1, n_gradients):
        _add(g, carray(gradients, j * stride + end)[j * stride + begin :])
    return g


# Both units go over the arrays of theta: ``ends`` says where each one ends, ``l1`` and
# ``l2`` are its penalties. The integers they begin with are the number of arrays; that
# of gradients, one for each thread, and their distance; and the part of theta.


def types_of_norm(dtype: Any) -> Types:
    """Of ``squared_norm``."""
    of, strengths = pointer(dtype), pointer(types.float64)
    return *(types.intp,) * 6, pointer(types.intp), strengths, of, of


@_jit
def squared_norm(  # type: ignore[no-untyped-def]
    code, n_arrays, n_gradients, stride, first, last, ends, l2, theta, gradients
):
    """The gradient of the risk, in the place of the first; return |g|^2 of the part."""
    total, end = 0.0, 0
    for k in range(n_arrays):
        begin, end = max(end, first), min(ends[k], last)
        if begin < end:
            g = _total(gradients, stride, n_gradients, begin, end)
            part = carray(theta, end)[begin:]
            total += _add_l2(part, g, part.dtype.type(l2[k]))
        end = ends[k]
    return total


def types_of_step(dtype: Any) -> Types:
    """Of ``step``."""
    of, strengths = pointer(dtype), pointer(types.float64)
    return (
        *(types.intp,) * 6, pointer(types.intp), strengths, strengths, *(of,) * 4,
        types.intp, of, types.intp, of, pointer(types.float64), types.intp,
        *(types.float64,) * 4,
    )  # fmt: skip


@_jit
def step(  # type: ignore[no-untyped-def]
    code, n_arrays, n_gradients, stride, first, last, ends, l1, l2, theta, gradients, m,
    v, has_factors, factors, has_decay, decay, constants, t, rate, decay_rate, scale,
    share,
):  # fmt: skip
    """One step of theta[first:last], whose gradient is the sum of several.

    ``factors`` (of learning rates), ``decay`` (the weight decay), ``m`` and ``v`` may
    not be there. ``constants`` are SGD's momentum, Adam's betas and epsilon. ``t``
    counts the steps, this one included. ``scale`` is 1, or by what the norm of the
    gradient is clipped: then the first of the gradients is that of the risk, see
    ``squared_norm``. ``share`` is that of the step in the average of a schedule-free
    rule, whose z is ``m``.
    """
    dtype = carray(theta, 1).dtype.type
    momentum, beta_1, beta_2, epsilon = (
        constants[0], constants[1], constants[2], constants[3]
    )  # fmt: skip
    threshold = scale * rate / (1.0 - momentum)
    if code == _ADAM:
        root = np.sqrt(1.0 - beta_2)
        decayed = np.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t)
        threshold, momentum = scale / (1.0 - beta_1), beta_1
        epsilon, rate_now = epsilon / root, rate * (1.0 - beta_1) / root * decayed
    else:
        rate_now = rate
    end = 0
    for k in range(n_arrays):
        begin, end = max(end, first), ends[k]
        # all pieces but the first begin where a cache line of 16 numbers does
        for start in range(begin - begin % 16, min(end, last), _PIECE):
            low, high = max(start, begin), min(start + _PIECE, end, last)
            g = _total(gradients, stride, n_gradients, low, high)
            part = carray(theta, high)[low:]
            l2_here = dtype(l2[k])
            if scale != 1.0:
                _scale(g, dtype(scale))
            if has_decay and code != _SCHEDULE_FREE:
                shrink = carray(decay, high)[low:]
                _decay(part, g, l2_here, dtype(rate * decay_rate), shrink)
                l2_here = dtype(0)
            of_factors = carray(factors, high if has_factors else 0)
            if has_factors:
                of_factors = of_factors[low:]
            of_v = carray(v, high)[low:]
            if code == _ADAM:
                _adam(
                    part, g, carray(m, high)[low:], of_v, l2_here,
                    dtype(l1[k] * threshold), dtype(rate_now), dtype(epsilon),
                    dtype(momentum), dtype(beta_2), of_factors,
                )  # fmt: skip
            elif code == _SCHEDULE_FREE:
                of_decay = carray(decay, high if has_decay else 0)
                if has_decay:
                    of_decay = of_decay[low:]
                _schedule_free(
                    part, g, carray(m, high)[low:], of_v, l2_here, dtype(rate),
                    dtype(np.sqrt((1.0 - beta_2) / (1.0 - beta_2**t))), dtype(epsilon),
                    dtype(beta_1), dtype(beta_2), dtype(share), of_factors, of_decay,
                    dtype(decay_rate),
                )  # fmt: skip
            else:
                _sgd(
                    code, part, g, of_v, l2_here, dtype(l1[k] * threshold),
                    dtype(rate_now), dtype(momentum), of_factors,
                )  # fmt: skip
    return 0.0
