"""Optimisers in compiled code: the step on a part of theta, its penalty included.

Numba keeps the result on disk until this file changes, so everything that is compiled
into a step has to stand in this file.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from sklearn_bpnet.training.stochastic.compiled.cache import jit

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


_PLAIN_SGD, _NESTEROV = int(Rule.PLAIN_SGD), int(Rule.NESTEROV)
_ADAM = int(Rule.ADAM)


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
def _decay(theta, g, l2, rate, decay):  # type: ignore[no-untyped-def]
    """Add L2's gradient to g, then shrink theta; L2 is that before the decay."""
    for i in range(theta.size):
        g[i] += l2 * theta[i]
        theta[i] -= rate * decay[i] * theta[i]


@_jit_fast
def _add(g, other):  # type: ignore[no-untyped-def]
    for i in range(g.size):
        g[i] += other[i]


@_jit
def _scalars(code, numbers, l1, t, dtype):  # type: ignore[no-untyped-def]
    """The rate, the threshold of L1 per factor, and the constants of a step."""
    momentum, beta_1, beta_2, epsilon, rate, _ = numbers
    threshold = l1 * rate / (1.0 - momentum)
    if code == _ADAM:
        root = np.sqrt(1.0 - beta_2)
        rate = rate * (1.0 - beta_1) / root
        rate *= np.sqrt(1.0 - beta_2**t) / (1.0 - beta_1**t)
        threshold, epsilon = l1 / (1.0 - beta_1), epsilon / root
        momentum = beta_1
    return (
        dtype(rate), dtype(threshold), dtype(momentum), dtype(beta_2), dtype(epsilon)
    )  # fmt: skip


@_jit
def step(  # type: ignore[no-untyped-def]
    code, theta, gradients, m, v, factors, decay, ends, is_weight, first, last, l2, l1,
    numbers, t,
):  # fmt: skip
    """One step of theta[first:last], whose gradient is the sum of several rows.

    ``ends`` says where every array of parameters ends in theta, ``is_weight`` whether
    it is penalised. ``factors`` (of learning rates), ``decay`` (the weight decay),
    ``m`` and ``v`` may be empty. ``numbers`` are SGD's momentum, Adam's betas and
    epsilon, the learning rate and the factor of the decay; ``t`` counts the steps, this
    one included.
    """
    dtype = theta.dtype.type
    rate, threshold, momentum, beta_2, epsilon = _scalars(code, numbers, l1, t, dtype)
    decay_rate = dtype(numbers[4] * numbers[5])
    end = 0
    for k in range(ends.size):
        begin, end = max(end, first), ends[k]
        # all pieces but the first begin where a cache line of 16 numbers does
        for start in range(begin - begin % 16, min(end, last), _PIECE):
            piece = slice(max(start, begin), min(start + _PIECE, end, last))
            g = gradients[0, piece]
            for j in range(1, len(gradients)):
                _add(g, gradients[j, piece])
            l2_here = dtype(l2) if is_weight[k] else dtype(0)
            l1_here = threshold if is_weight[k] else dtype(0)
            if decay.size:
                _decay(theta[piece], g, l2_here, decay_rate, decay[piece])
                l2_here = dtype(0)
            if code == _ADAM:
                _adam(
                    theta[piece], g, m[piece], v[piece], l2_here, l1_here, rate,
                    epsilon, momentum, beta_2, factors[piece],
                )  # fmt: skip
            else:
                _sgd(
                    code, theta[piece], g, v[piece], l2_here, l1_here, rate, momentum,
                    factors[piece],
                )  # fmt: skip
    return 0.0
