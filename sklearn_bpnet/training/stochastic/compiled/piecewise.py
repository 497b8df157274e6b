"""Piecewise-linear functions of features in compiled code.

See `net.blocks.embeddings.encoding` and `net.blocks.embeddings.linear`. ``numbers`` are
how many features have bins, how many numbers become of one (0 for the encoding), how
many are handed on as they are, and how many steps the search for a bin takes; then
those features, the others, and the first bin of every feature, with the number of all
bins at the end. ``constants`` are the left edge of every bin, the inverses of their
widths, and for every feature the edges between its bins, filled up with infinity to a
power of two less one.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import carray

from sklearn_bpnet.training.stochastic.compiled.cache import jit

_OPTIONS: dict[str, Any] = {
    "error_model": "numpy", "nogil": True, "fastmath": {"reassoc", "contract", "nsz"}
}  # fmt: skip
_jit: Any = jit(**_OPTIONS)
_inlined: Any = numba.njit(**_OPTIONS)


def constants_of(bins: Any) -> np.ndarray:
    """The constants of some bins."""
    size = 2 ** n_steps_of(bins) - 1
    inner = np.full((len(bins.edges), size), np.inf)
    for row, edges in zip(inner, bins.edges, strict=True):
        row[: len(edges) - 2] = edges[1:-1]
    return np.concatenate([bins.left, 1 / bins.width, inner.ravel()])


def n_steps_of(bins: Any) -> int:
    """The number of halvings that find a bin."""
    return int(np.max(bins.counts - 1)).bit_length()


def numbers_of(block: Any, size: int) -> tuple[int, ...]:
    """The whole numbers of a block, of whose features so many numbers become."""
    bins, features, kept = block.bins, block.features, block.kept
    starts = (*bins.starts.tolist(), bins.n)
    steps = n_steps_of(bins)
    return len(features), size, len(kept), steps, *features, *kept, *starts


@_inlined
def _locate(X, feature, inner, n_steps, x, bins):  # type: ignore[no-untyped-def]
    """Write a feature to ``x``, and in which of its bins every value lies to ``bins``.

    That is the number of inner edges up to the value, by halving for all samples at a
    time: vector instructions run along the samples, and there is no branch, as a
    processor cannot foresee on which side of an edge a value lies.
    """
    zero = x.dtype.type(0)
    for i in range(x.size):
        x[i], bins[i] = X[i, feature], zero
    step = (1 << n_steps) >> 1
    while step > 0:
        further = x.dtype.type(step)
        for i in range(x.size):
            edge = inner[np.int32(bins[i]) + np.int32(step - 1)]
            bins[i] += further if edge <= x[i] else zero
        step >>= 1


@_jit
def encode(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A = [X, E] with e_t = (x - b_{t-1}) / (b_t - b_{t-1}), clipped."""
    n_f, n_kept, n_steps = numbers[0], numbers[2], numbers[3]
    starts = 4 + n_f + n_kept
    n_bins, n_inner = numbers[starts + n_f], (1 << n_steps) - 1
    all_inner = carray(constants, 2 * n_bins + n_f * n_inner)[2 * n_bins :]
    X, out = carray(below, (n, n_in)), carray(A, (n, n_out))
    zero, one = X.dtype.type(0), X.dtype.type(1)
    places = carray(memory, (2, n))
    x, bins = places[0], places[1]
    for i in range(n):
        for j in range(n_kept):
            out[i, j] = X[i, numbers[4 + n_f + j]]
    for f in range(n_f):
        first, end = numbers[starts + f], numbers[starts + f + 1]
        _locate(X, numbers[4 + f], all_inner[f * n_inner :], n_steps, x, bins)
        for i in range(n):
            e, t = out[i, n_kept:], first + int(bins[i])
            for s in range(first, end):
                e[s] = one if s < t else zero
            e[t] = (x[i] - constants[t]) * constants[n_bins + t]
    return 0.0


@_jit
def encode_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """G_below = dJ/dX, from the bin that x lies in."""
    if is_lowest:
        return 0.0
    n_f, n_kept, n_steps = numbers[0], numbers[2], numbers[3]
    starts = 4 + n_f + n_kept
    n_bins, n_inner = numbers[starts + n_f], (1 << n_steps) - 1
    all_inner = carray(constants, 2 * n_bins + n_f * n_inner)[2 * n_bins :]
    X, above = carray(below, (n, n_in)), carray(G, (n, n_out))
    of_X = carray(G_below, (n, n_in))
    places = carray(memory, (2, n))
    x, bins = places[0], places[1]
    for i in range(n):
        for j in range(n_kept):
            of_X[i, numbers[4 + n_f + j]] = above[i, j]
    for f in range(n_f):
        first, feature = numbers[starts + f], numbers[4 + f]
        _locate(X, feature, all_inner[f * n_inner :], n_steps, x, bins)
        for i in range(n):
            t = first + int(bins[i])
            of_X[i, feature] = above[i, n_kept + t] * constants[n_bins + t]
    return 0.0


@_jit
def embed_in_bins(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A = [X, E]: in its bin, every function is a line.

    The memory holds the bin of every value and how far it lies beyond the left edge;
    then the functions at every left edge, and the slopes in every bin.
    """
    n_f, m, n_kept, n_steps = numbers[0], numbers[1], numbers[2], numbers[3]
    starts = 4 + n_f + n_kept
    n_bins, n_inner = numbers[starts + n_f], (1 << n_steps) - 1
    all_inner = carray(constants, 2 * n_bins + n_f * n_inner)[2 * n_bins :]
    X, out = carray(below, (n, n_in)), carray(A, (n, n_out))
    w_a = carray(theta, (2, n_f, m))
    V = carray(theta, (2 * n_f + n_bins, m))[2 * n_f :]
    places = carray(memory, (2, n_f, n))
    tables = carray(memory, 2 * n * n_f + 2 * n_bins * m)[2 * n * n_f :]
    lines = tables.reshape((n_bins, 2, m))
    for f in range(n_f):
        first, end = numbers[starts + f], numbers[starts + f + 1]
        for k in range(m):
            w, at = w_a[0, f, k], w_a[1, f, k] + w_a[0, f, k] * constants[first]
            for t in range(first, end):
                slope = w + V[t, k] * constants[n_bins + t]
                lines[t, 0, k], lines[t, 1, k] = at, slope
                if t + 1 < end:
                    at += slope * (constants[t + 1] - constants[t])
    for f in range(n_f):
        bins, x = places[0, f], places[1, f]
        _locate(X, numbers[4 + f], all_inner[f * n_inner :], n_steps, x, bins)
        for i in range(n):
            x[i] -= constants[numbers[starts + f] + int(bins[i])]
    for i in range(n):
        for j in range(n_kept):
            out[i, j] = X[i, numbers[4 + n_f + j]]
        for f in range(n_f):
            t, beyond = numbers[starts + f] + int(places[0, f, i]), places[1, f, i]
            e, line = out[i, n_kept + f * m :], lines[t]
            for k in range(m):
                e[k] = line[0, k] + beyond * line[1, k]
    return 0.0


@_jit
def embed_in_bins_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """dw, da and dV, from two sums over the samples of every bin; G_below = dJ/dX."""
    n_f, m, n_kept = numbers[0], numbers[1], numbers[2]
    starts = 4 + n_f + n_kept
    n_bins = numbers[starts + n_f]
    above = carray(G, (n, n_out))
    places = carray(memory, (2, n_f, n))
    tables = carray(memory, 2 * n * n_f + 4 * n_bins * m)[2 * n * n_f :]
    lines = tables[: 2 * n_bins * m].reshape((n_bins, 2, m))
    sums = tables[2 * n_bins * m :].reshape((n_bins, 2, m))
    dw_da = carray(gradient, (2, n_f, m))
    dV = carray(gradient, (2 * n_f + n_bins, m))[2 * n_f :]
    zero = above.dtype.type(0)
    sums[:] = zero
    for i in range(n):  # outside, as it takes time to add to one bin twice in a row
        for f in range(n_f):
            t, beyond = numbers[starts + f] + int(places[0, f, i]), places[1, f, i]
            g, of_bin = above[i, n_kept + f * m :], sums[t]
            for k in range(m):
                of_bin[0, k] += g[k]
                of_bin[1, k] += beyond * g[k]
    for f in range(n_f):
        first, end = numbers[starts + f], numbers[starts + f + 1]
        for k in range(m):
            after, along = zero, zero
            for t in range(end - 1, first - 1, -1):  # e_t is 1 for later bins
                dV[t, k] = after + sums[t, 1, k] * constants[n_bins + t]
                after += sums[t, 0, k]
                along += sums[t, 0, k] * constants[t] + sums[t, 1, k]
            dw_da[0, f, k], dw_da[1, f, k] = along, after
    if not is_lowest:
        of_X = carray(G_below, (n, n_in))
        for i in range(n):
            for j in range(n_kept):
                of_X[i, numbers[4 + n_f + j]] = above[i, j]
            for f in range(n_f):
                t, total = numbers[starts + f] + int(places[0, f, i]), zero
                for k in range(m):
                    total += above[i, n_kept + f * m + k] * lines[t, 1, k]
                of_X[i, numbers[4 + f]] = total
    return 0.0


# The first layer above an encoding. Of e = (1, ..., 1, f, 0, ..., 0) a product e' W is
# the sum of the rows of W up to a bin, and f times the row of that bin: two rows to
# look up, however many bins there are.


@_jit
def encoded_product(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """Z = [X, E] @ W.

    The memory holds the bin of every value and the fraction of it that is filled; then
    for every bin the sum of the rows of W below it.
    """
    n_f, n_kept, n_steps = numbers[0], numbers[2], numbers[3]
    starts = 4 + n_f + n_kept
    n_bins, n_inner = numbers[starts + n_f], (1 << n_steps) - 1
    all_inner = carray(constants, 2 * n_bins + n_f * n_inner)[2 * n_bins :]
    X, Z = carray(below, (n, n_in)), carray(A, (n, n_out))
    W = carray(theta, (n_kept + n_bins, n_out))
    places = carray(memory, (2, n_f, n))
    sums = carray(memory, 2 * n * n_f + n_bins * n_out)[2 * n * n_f :]
    up_to = sums.reshape((n_bins, n_out))
    zero = X.dtype.type(0)
    for f in range(n_f):
        first, end = numbers[starts + f], numbers[starts + f + 1]
        for k in range(n_out):
            up_to[first, k] = zero
        for t in range(first + 1, end):
            for k in range(n_out):
                up_to[t, k] = up_to[t - 1, k] + W[n_kept + t - 1, k]
        bins, x = places[0, f], places[1, f]
        _locate(X, numbers[4 + f], all_inner[f * n_inner :], n_steps, x, bins)
        for i in range(n):
            t = first + int(bins[i])
            x[i] = (x[i] - constants[t]) * constants[n_bins + t]
    for i in range(n):
        z = Z[i]
        for k in range(n_out):
            z[k] = zero
        for j in range(n_kept):
            x, w = X[i, numbers[4 + n_f + j]], W[j]
            for k in range(n_out):
                z[k] += x * w[k]
        for f in range(n_f):
            t, filled = numbers[starts + f] + int(places[0, f, i]), places[1, f, i]
            w, whole = W[n_kept + t], up_to[t]
            for k in range(n_out):
                z[k] += whole[k] + filled * w[k]
    return 0.0


@_jit
def encoded_product_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """dW, from two sums over the samples of every bin, and G_below = dJ/dX."""
    n_f, n_kept = numbers[0], numbers[2]
    starts = 4 + n_f + n_kept
    n_bins = numbers[starts + n_f]
    X, D = carray(below, (n, n_in)), carray(G, (n, n_out))
    W = carray(theta, (n_kept + n_bins, n_out))
    dW = carray(gradient, (n_kept + n_bins, n_out))
    places = carray(memory, (2, n_f, n))
    sums = carray(memory, 2 * n * n_f + n_bins * n_out)[2 * n * n_f :]
    sums = sums.reshape((n_bins, n_out))
    zero = X.dtype.type(0)
    dW[:] = zero
    sums[:] = zero
    for i in range(n):
        d = D[i]
        for j in range(n_kept):
            x, dw = X[i, numbers[4 + n_f + j]], dW[j]
            for k in range(n_out):
                dw[k] += x * d[k]
        for f in range(n_f):
            t, filled = numbers[starts + f] + int(places[0, f, i]), places[1, f, i]
            dw, total = dW[n_kept + t], sums[t]
            for k in range(n_out):
                dw[k] += filled * d[k]
                total[k] += d[k]
    for f in range(n_f):
        first, end = numbers[starts + f], numbers[starts + f + 1]
        for t in range(end - 2, first - 1, -1):  # e_t is 1 for later bins
            for k in range(n_out):
                dW[n_kept + t, k] += sums[t + 1, k]
                sums[t, k] += sums[t + 1, k]
    if not is_lowest:
        of_X = carray(G_below, (n, n_in))
        for i in range(n):
            for j in range(n_kept):
                of_X[i, numbers[4 + n_f + j]] = _dot(D[i], W[j])
            for f in range(n_f):
                t = numbers[starts + f] + int(places[0, f, i])
                slope = constants[n_bins + t]
                of_X[i, numbers[4 + f]] = slope * _dot(D[i], W[n_kept + t])
    return 0.0


@_inlined
def _dot(a, b):  # type: ignore[no-untyped-def]
    total = a.dtype.type(0)
    for k in range(a.size):
        total += a[k] * b[k]
    return total
