"""The loop over the batches, compiled by Numba: no Python between batches.

`train` does to some batches what ``NumpyEpochPass`` does, on the same flat theta and
the same optimiser state. It knows nothing but addresses and whole numbers, so that it
is compiled once, whatever is trained: the blocks, the loss and the step are units.

Several threads may share every batch: each runs `train` for its share of the samples
and of the numbers of theta. They meet twice per batch, thrice where the gradient's norm
is clipped, at a barrier where they wait without Python and for a moment without sleep,
as to wake a thread can take longer than a small step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic

from sklearn_bpnet.training.stochastic.compiled.cache import jit
from sklearn_bpnet.training.stochastic.compiled.units import call, copy_memory

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_jit: Any = jit(**_OPTIONS)
# a call would count references to every array of its arguments
_inlined: Any = numba.njit(forceinline=True, **_OPTIONS)

# How often a thread looks for another before it sleeps: some 100 microseconds.
_SPINS = 2**16


class Link(NamedTuple):
    """What a thread does to its samples in one block, or in a part of one.

    Addresses, but for the number of units below and above, the codes of the two units,
    ``noise``: where the random numbers for the link begin among those of a sample, or
    -1, and ``n_rows``: how many rows per sample there are below. ``backward`` is 0
    where G_below is G.
    """

    forward: int
    backward: int
    forward_code: int
    backward_code: int
    n_in: int
    n_out: int
    constants: int
    numbers: int
    theta: int
    gradient: int
    below: int
    A: int
    G: int
    G_below: int
    memory: int
    noise: int
    n_rows: int


class Chain(NamedTuple):
    """The links of a thread, each a row of ``links``; backward as far as ``lowest``."""

    links: Any
    lowest: int
    item_size: int  # of theta
    blas: int


class Table(NamedTuple):
    """The training samples: addresses, the number of features, and numbers.

    ``n_bent`` is how many features the clip bends, see `reading.read`.
    """

    read: int
    X: int
    n_features: int
    mean: int
    factor: int
    is_scaled: int
    n_bent: int
    clip: float
    Y: int
    s: int
    has_s: int


class Loss(NamedTuple):
    """The loss: its unit, its code, and addresses.

    Of a thread's memory for its targets, and of where each group of outputs ends. A
    sample has a row of outputs per member.
    """

    output_delta: int
    code: int
    n_outputs: int
    n_members: int
    Y: int
    n_groups: int
    ends: int


class Rule(NamedTuple):
    """The step: units, codes, and addresses of vectors; see `steps.step`."""

    step: int
    squared_norm: int
    code: int
    n_arrays: int
    ends: int
    l1: int
    l2: int
    theta: int
    size: int
    gradients: int
    stride: int
    has_factors: int
    factors: int
    has_decay: int
    decay: int
    constants: int
    good: int
    item_size: int
    clip_norm: float  # infinite for none


class Run(NamedTuple):
    """Some batches of an epoch, from its batch ``first`` on, after ``n_steps`` steps.

    ``m`` and ``v`` are addresses: of the optimiser's state. The rates, and the shares
    of the steps in an average, are those of all batches of the epoch; ``noise`` is that
    of one batch after the other, in each of one link after the other, ``n_noise`` per
    sample.
    """

    indices: Any
    batch_size: int
    first: int
    n_steps: int
    m: int
    v: int
    rates: Any
    decay_factors: Any
    shares: Any
    dropout_factors: Any
    noise: int
    n_noise: int


class Shared(NamedTuple):
    """What the threads share of a run.

    ``phases`` counts, for each thread, its finished parts of batches (the gradient, its
    norm, the step); ``totals`` is each one's sum of s_n L_n in the batch, ``norms`` its
    part of the squared norm. ``result`` is sum_n s_n L_n over all samples so far, the
    number of steps, and that number when theta was last copied to ``good`` (-1 for
    never).
    """

    phases: Any
    totals: Any
    norms: Any
    result: Any


_FORWARD, _BACKWARD, _CODE, _, _N_IN, _N_OUT, _CONSTANTS, _NUMBERS, _THETA = range(9)
_GRADIENT, _BELOW, _A, _G, _G_BELOW, _MEMORY, _NOISE, _N_ROWS = range(9, 17)


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
def _add_up(i, k, run, table, chain, loss, n_threads):  # type: ignore[no-untyped-def]
    """Thread i's share of the gradient of batch k; return its sum of s_n L_n.

    That of the risk without penalty, (1/b) sum_n s_n L_n over the batch of b samples.
    """
    start, links = k * run.batch_size, chain.links
    b = min(run.batch_size, run.indices.size - start)
    first, last = b * i // n_threads, b * (i + 1) // n_threads
    n, indices = last - first, run.indices.ctypes.data + 8 * (start + first)
    X = links[0, _BELOW]
    call(
        table.read,
        (
            n, table.n_features, table.is_scaled, table.n_bent, indices, table.X,
            table.mean, table.factor, X,
        ),
        (table.clip,),
    )  # fmt: skip
    factor = run.dropout_factors[run.first + k]
    noise = run.noise + chain.item_size * start * run.n_noise
    top = len(links) - 1
    for j in range(top + 1):
        _call(j, _FORWARD, n, 0, first, b, chain, noise, factor)
    total = call(
        loss.output_delta,
        (
            loss.code, n, loss.n_outputs, loss.n_members, b, indices, links[top, _A],
            table.Y, table.s, table.has_s, loss.Y, loss.n_groups, loss.ends,
        ),
        (),
    )  # fmt: skip
    for j in range(top, chain.lowest - 1, -1):
        if links[j, _BACKWARD]:
            _call(j, _BACKWARD, n, j == chain.lowest, first, b, chain, noise, factor)
    return total


@_inlined
def _call(j, which, n, is_lowest, first, b, chain, noise, factor):  # type: ignore[no-untyped-def]
    """Call a unit of link j for n samples, from ``first`` on of the b of a batch."""
    link = chain.links[j]
    n_in, n_rows = link[_N_IN], link[_N_ROWS]
    of_link = noise + chain.item_size * (b * link[_NOISE] + first * n_rows * n_in)
    call(
        link[which],
        (
            link[_CODE + which], n * n_rows, n_in, link[_N_OUT], is_lowest,
            link[_CONSTANTS], link[_NUMBERS], link[_THETA], link[_GRADIENT],
            link[_BELOW], link[_A], link[_G], link[_G_BELOW], link[_MEMORY], of_link,
            chain.blas,
        ),
        (factor,),
    )  # fmt: skip


@_inlined
def _square(first, last, rule, n_gradients):  # type: ignore[no-untyped-def]
    """The squared norm of the gradient of theta[first:last], which is added up."""
    return call(
        rule.squared_norm,
        (
            rule.code, rule.n_arrays, n_gradients, rule.stride, first, last, rule.ends,
            rule.l2, rule.theta, rule.gradients,
        ),
        (),
    )  # fmt: skip


@_inlined
def _take_step(first, last, k, run, rule, n_gradients, l2, scale):  # type: ignore[no-untyped-def]
    """The step of batch k on theta[first:last]."""
    i_batch = run.first + k
    call(
        rule.step,
        (
            rule.code, rule.n_arrays, n_gradients, rule.stride, first, last, rule.ends,
            rule.l1, l2, rule.theta, rule.gradients, run.m, run.v, rule.has_factors,
            rule.factors, rule.has_decay, rule.decay, rule.constants,
            run.n_steps + k + 1,
        ),
        (run.rates[i_batch], run.decay_factors[i_batch], scale, run.shares[i_batch]),
    )  # fmt: skip


@_jit
def train(i, run, table, chain, loss, rule, no_l2, shared):  # type: ignore[no-untyped-def]
    """Do thread i's share of training on the batches of a run, in place.

    Returns whether it is done. It is not where another thread is late: call it again
    then. It stops before the step of a batch whose risk is not finite. ``no_l2`` is the
    address of zeros, as many as there are arrays.
    """
    n_threads = shared.totals.size
    own = i * (shared.phases.size // n_threads)
    # whole cache lines of 16 numbers for each, on which the loops are quick
    lines = -(-rule.size // 16)
    begin = min(16 * (lines * i // n_threads), rule.size)
    end = min(16 * (lines * (i + 1) // n_threads), rule.size)
    n_batches = -(-run.indices.size // run.batch_size)
    clips = rule.clip_norm < np.inf
    n_parts = 3 if clips else 2
    for phase in range(_load_acquire(shared.phases, own), n_parts * n_batches):
        if not _all_have_finished(phase, shared):
            return False
        k = phase // n_parts
        part = phase - n_parts * k
        if part == 0:
            shared.totals[i] = _add_up(i, k, run, table, chain, loss, n_threads)
        elif part < n_parts - 1:
            shared.norms[i] = _square(begin, end, rule, n_threads)
        else:
            total = shared.totals.sum()
            if i == 0:
                shared.result[0] += total
            if not np.isfinite(total):
                return True
            i_batch = run.first + k
            if (i_batch & (i_batch - 1)) == 0:  # batches 0, 1, 2, 4, 8, ...
                at, size = rule.item_size * begin, rule.item_size * (end - begin)
                copy_memory(rule.good + at, rule.theta + at, size)
                if i == 0:
                    shared.result[2] = k
            if clips:
                norm = np.sqrt(shared.norms.sum())
                scale = min(1.0, rule.clip_norm / norm) if norm > 0 else 1.0
                _take_step(begin, end, k, run, rule, 1, no_l2, scale)
            else:
                _take_step(begin, end, k, run, rule, n_threads, rule.l2, 1.0)
            if i == 0:
                shared.result[1] = k + 1
        _store_release(shared.phases, own, phase + 1)
    return True
