"""The loop over the batches, compiled by Numba: no Python between batches.

`train` does to some batches what ``NumpyEpochPass`` does, on the same flat theta and
the same optimiser state. The gradient and the step are units. The table, the layers and
the memory are passed on to that of the gradient as they are, because Numba would not
compile this file anew where their fields change.

Several threads may share every batch: each runs `train` for its share of the samples
and of the numbers of theta. They meet twice per batch, at a barrier where they wait
without Python and for a moment without sleep, as to wake a thread can take longer than
a small step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from sklearn_bpnet.training.stochastic.compiled.cache import jit
from sklearn_bpnet.training.stochastic.compiled.units import (
    Types,
    caller,
    matrix,
    vector,
)

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_jit: Any = jit(**_OPTIONS)
# a call would count references to every array of its arguments
_inlined: Any = numba.njit(forceinline=True, **_OPTIONS)

# How often a thread looks for another before it sleeps: some 100 microseconds.
_SPINS = 2**16


class Rule(NamedTuple):
    """The step; ``factors`` (of learning rates) and ``decay`` may be empty.

    ``ends`` says where every array of parameters ends in theta, ``is_weight`` whether
    it is penalised.

    ``add_up`` and ``step`` are the units of the gradient and of the step.
    """

    code: int
    momentum: float
    beta_1: float
    beta_2: float
    epsilon: float
    l2: float
    l1: float
    factors: Any
    decay: Any
    ends: Any
    is_weight: Any
    add_up: int
    step: int


class Vectors(NamedTuple):
    """Vectors as long as theta; ``gradients`` has a longer row for each thread."""

    theta: Any
    gradients: Any
    m: Any
    v: Any
    good: Any


class Run(NamedTuple):
    """Some batches of an epoch, from its batch ``first`` on, after ``n_steps`` steps.

    The rates are those of all batches of the epoch; ``noise`` is that of one batch
    after the other, in each of one layer after the other.
    """

    indices: Any
    batch_size: int
    first: int
    n_steps: int
    rates: Any
    decay_factors: Any
    dropout_factors: Any
    noise: Any


class Shared(NamedTuple):
    """What the threads share of a run.

    ``phases`` counts, for each thread, its finished halves of batches (the gradient,
    then the step); ``totals`` is each one's sum of s_n L_n in the batch. ``result`` is
    sum_n s_n L_n over all samples so far, the number of steps, and that number when
    theta was last copied to ``good`` (-1 for never).
    """

    phases: Any
    totals: Any
    result: Any


# The types of the units' arguments


def add_up_types(theta: Any, table: Any, layers: Any, memory: Any) -> Types:
    """Of `equations.add_up`."""
    indices = types.Array(types.intp, 1, "C", readonly=True)
    numbers = vector(theta.dtype)
    return (
        indices, types.int64, types.int64, table, layers, numbers, numbers, memory,
        numbers, types.float64,
    )  # fmt: skip


def step_types(theta: Any) -> Types:
    """Of `steps.step`, from that of theta."""
    dtype = theta.dtype
    vectors = (vector(dtype),) * 4
    arrays, part = (vector(types.int64), vector(types.boolean)), (types.int64,) * 2
    penalty, numbers = (types.float64,) * 2, types.UniTuple(types.float64, 6)
    return (
        types.int64, vector(dtype), matrix(dtype), *vectors, *arrays, *part, *penalty,
        numbers, types.int64,
    )  # fmt: skip


_call_add_up = caller(
    lambda given: add_up_types(given[5], given[3], given[4], given[7])
)
_call_step = caller(lambda given: step_types(given[1]))


# The barrier. A thread that has finished a half of a batch adds 1 to its counter, and
# waits until the counters of all threads are as high. The counters say nothing about
# the memory beside them, unless they are written with "release" and read with
# "acquire": a thread that reads the new count then also reads everything that was
# written before it.
# Without these the processor or the compiler may reorder the writes, and a thread would
# add gradients that are not there yet. Numba has no such operations, LLVM does.


@intrinsic
def _load_acquire(typing_context, counters, i):  # type: ignore[no-untyped-def]
    """counters[i], after which all that its thread wrote before can be read."""

    def codegen(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        return builder.load_atomic(place, "acquire", 8)

    return types.int64(counters, types.intp), codegen


@intrinsic
def _store_release(typing_context, counters, i, count):  # type: ignore[no-untyped-def]
    """counters[i] = count, after all that this thread wrote before."""

    def codegen(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        builder.store_atomic(arguments[2], place, "release", 8)
        return context.get_dummy_value()

    return types.void(counters, types.intp, types.int64), codegen


@_inlined
def _all_have_finished(n_phases, shared):  # type: ignore[no-untyped-def]
    """Whether all threads have finished so many phases, or do after a moment."""
    n_threads = shared.totals.size
    stride = shared.phases.size // n_threads  # a cache line for each
    for j in range(n_threads):
        spins = 0
        while _load_acquire(shared.phases, j * stride) < n_phases:
            spins += 1
            if spins == _SPINS:
                return False
    return True


@_inlined
def _add_up(i, k, run, table, layers, rule, vectors, memory):  # type: ignore[no-untyped-def]
    """Thread i's share of the gradient of batch k; return its sum of s_n L_n."""
    n, n_threads = vectors.theta.size, len(vectors.gradients)
    start = k * run.batch_size
    batch = run.indices[start : start + run.batch_size]
    first, last = batch.size * i // n_threads, batch.size * (i + 1) // n_threads
    n_noise = run.noise.size // run.indices.size  # per sample
    noise = run.noise[start * n_noise : (start + batch.size) * n_noise]
    return _call_add_up(
        rule.add_up,
        (
            batch[first:last], first, batch.size, table, layers, vectors.theta,
            vectors.gradients[i, :n], memory, noise,
            run.dropout_factors[run.first + k],
        ),
    )  # fmt: skip


@_inlined
def _take_step(first, last, k, run, rule, vectors):  # type: ignore[no-untyped-def]
    """The step of batch k on theta[first:last]."""
    i_batch = run.first + k
    numbers = (
        rule.momentum, rule.beta_1, rule.beta_2, rule.epsilon, run.rates[i_batch],
        run.decay_factors[i_batch],
    )  # fmt: skip
    _call_step(
        rule.step,
        (
            rule.code, vectors.theta, vectors.gradients, vectors.m, vectors.v,
            rule.factors, rule.decay, rule.ends, rule.is_weight, first, last,
            rule.l2, rule.l1, numbers, run.n_steps + k + 1,
        ),
    )  # fmt: skip


@_jit
def train(i, run, table, layers, rule, vectors, memory, shared):  # type: ignore[no-untyped-def]
    """Do thread i's share of training on the batches of a run, in place.

    Returns whether it is done. It is not where another thread is late: call it again
    then. It stops before the step of a batch whose risk is not finite.
    """
    n, n_threads = vectors.theta.size, shared.totals.size
    own = i * (shared.phases.size // n_threads)
    # whole cache lines of 16 numbers for each, on which the loops are quick
    lines = -(-n // 16)
    begin = min(16 * (lines * i // n_threads), n)
    end = min(16 * (lines * (i + 1) // n_threads), n)
    n_batches = -(-run.indices.size // run.batch_size)
    for phase in range(_load_acquire(shared.phases, own), 2 * n_batches):
        if not _all_have_finished(phase, shared):
            return False
        k = phase // 2
        if phase % 2 == 0:
            shared.totals[i] = _add_up(i, k, run, table, layers, rule, vectors, memory)
        else:
            total = shared.totals.sum()
            if i == 0:
                shared.result[0] += total
            if not np.isfinite(total):
                return True
            i_batch = run.first + k
            if (i_batch & (i_batch - 1)) == 0:  # batches 0, 1, 2, 4, 8, ...
                vectors.good[begin:end] = vectors.theta[begin:end]
                if i == 0:
                    shared.result[2] = k
            _take_step(begin, end, k, run, rule, vectors)
            if i == 0:
                shared.result[1] = k + 1
        _store_release(shared.phases, own, phase + 1)
    return True
