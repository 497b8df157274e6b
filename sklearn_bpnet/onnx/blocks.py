"""Blocks in ONNX: A from A_below, as ``Block.forward`` computes it in prediction."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks import (
    Block,
    Dense,
    Dropout,
    GaussianNoise,
    InputScale,
    Lookup,
    MemberHeads,
    MemberScale,
)
from sklearn_bpnet.net.blocks.embeddings import (
    Embedding,
    PiecewiseEncoding,
    PiecewiseLinear,
)
from sklearn_bpnet.net.blocks.tables import (
    FixedTable,
    LearnedTable,
    OneHotTable,
    Table,
)
from sklearn_bpnet.net.network import Arrays, Network
from sklearn_bpnet.onnx.activations import activated
from sklearn_bpnet.onnx.converters import Converters
from sklearn_bpnet.onnx.tensor import Tensor

_BLOCKS = Converters(
    "The block", "Blocks need a function in sklearn_bpnet.onnx.blocks."
)
_AFFINE = Converters(
    "The layer", "Layers need a function in sklearn_bpnet.onnx.blocks."
)
_TABLES = Converters(
    "The table", "Tables need a function in sklearn_bpnet.onnx.blocks."
)


def output_Z(network: Network, arrays: Arrays, X: Tensor) -> Tensor:
    """The pre-activations of the output layer.

    Parameters
    ----------
    network : Network
        The chain of blocks.
    arrays : sequence of sequence of ndarray
        The parameters of every block.
    X : Tensor of shape (n_samples, n_features)
        Scaled features, in the dtype of the network.

    Returns
    -------
    Tensor of shape (n_samples * n_members, n_outputs)
        The rows of a sample are those of the network's members.
    """
    A = X
    for block, of_block in zip(network.blocks[:-1], arrays[:-1], strict=True):
        A = _BLOCKS(block, A, of_block)
    Z: Tensor = _AFFINE(network.output, A, arrays[-1])
    return Z


# Layers


@_AFFINE.of(Dense)
def _affine(block: Dense, A: Tensor, arrays: Sequence[Array]) -> Tensor:
    W, b = (A.graph.constant(array, A.dtype) for array in arrays[:2])
    return A.graph.node("Gemm", [A, W, b], A.dtype)


@_AFFINE.of(MemberHeads)
def _heads(block: MemberHeads, A: Tensor, arrays: Sequence[Array]) -> Tensor:
    W, b = arrays
    k, n_in, n_out = W.shape
    by_member = A.reshape(-1, k, n_in).transposed(1, 0, 2)
    Z = by_member @ W + b[:, None]
    return Z.transposed(1, 0, 2).reshape(-1, n_out)


@_BLOCKS.of(Dense)
def _dense(block: Dense, A: Tensor, arrays: Sequence[Array]) -> Tensor:
    weights = arrays[2] if block.learned else None
    return activated(block.activation, _affine(block, A, arrays), weights)


# Blocks between the features and the first layer


@_BLOCKS.of(Dropout, GaussianNoise)
def _noise(block: Block, A: Tensor, _: Sequence[Array]) -> Tensor:
    return A


@_BLOCKS.of(InputScale)
def _input_scale(block: InputScale, A: Tensor, arrays: Sequence[Array]) -> Tensor:
    return A * arrays[0]


@_BLOCKS.of(MemberScale)
def _member_scale(block: MemberScale, A: Tensor, arrays: Sequence[Array]) -> Tensor:
    n_units = block.n_units
    return (A.reshape(-1, 1, n_units) * arrays[0]).reshape(-1, n_units)


@_BLOCKS.of(Lookup)
def _lookup(block: Lookup, A: Tensor, arrays: Sequence[Array]) -> Tensor:
    n, learned = block.n_numeric, iter(arrays)
    parts = [A.columns(range(n))] if n else []
    for k, table in enumerate(block.tables):
        code = A.columns([n + k]).minimum(table.n_codes - 1).cast(np.int64)
        parts.append(_TABLES(table, code, A.dtype, learned))
    return A.graph.concat(parts)


@_TABLES.of(FixedTable)
def _fixed(table: FixedTable, code: Tensor, dtype: object, _: object) -> Tensor:
    return _rows(table.values, code, dtype)


@_TABLES.of(LearnedTable)
def _learned(table: Table, code: Tensor, dtype: object, learned: object) -> Tensor:
    return _rows(next(learned), code, dtype)  # type: ignore[call-overload]


def _rows(values: Array, code: Tensor, dtype: object) -> Tensor:
    """The rows of a table for codes of shape (n_samples, 1)."""
    rows = code.graph.constant(values, dtype).rows_at(code)  # type: ignore[arg-type]
    return rows.reshape(-1, values.shape[1])


@_TABLES.of(OneHotTable)
def _one_hot(table: OneHotTable, code: Tensor, dtype: object, _: object) -> Tensor:
    graph = code.graph
    own = code.equals(np.arange(table.width)[None])
    rows = graph.where(own, table.on, table.off, dtype)  # type: ignore[arg-type]
    if table.last is None:
        return rows
    is_last = code.equals(table.width)
    return graph.where(is_last, table.last, rows, dtype)  # type: ignore[arg-type]


@_BLOCKS.of(Embedding)
def _waves(block: Embedding, A: Tensor, arrays: Sequence[Array]) -> Tensor:
    w, c, V, d = arrays
    n = len(block.features)
    x = A.columns(block.features).transposed(1, 0).reshape(n, -1, 1)
    H = (x * (2 * pi * w)[:, None] + c[:, None]).cos()
    E = (H @ V + d[:, None]).transposed(1, 0, 2).reshape(-1, d.size)
    return A.graph.concat([A, E])


@_BLOCKS.of(PiecewiseEncoding)
def _encoding(block: PiecewiseEncoding, A: Tensor, _: Sequence[Array]) -> Tensor:
    bins = block.bins
    features = np.array(block.features)[bins.feature_of]
    first, last = bins.starts, bins.starts + bins.counts - 1
    low, high = np.zeros(bins.n), np.ones(bins.n)
    # the ends are not clipped outside
    largest = np.finfo(A.dtype).max
    low[first], high[last] = -largest, largest
    in_dtype = bins.in_dtype(A.dtype)
    E = (A.columns(features) - in_dtype.left) * in_dtype.per_width
    return _beside_kept(block.kept, A, E.clip(low, high))


@_BLOCKS.of(PiecewiseLinear)
def _lines(block: PiecewiseLinear, A: Tensor, arrays: Sequence[Array]) -> Tensor:
    (w, a, V), bins = arrays, block.bins
    of, in_dtype = bins.feature_of, bins.in_dtype(A.dtype)
    slopes = V * in_dtype.per_width[:, None] + w[of]
    at_left = w[of] * in_dtype.left[:, None] + a[of] + bins.sums(V)
    edges = np.full((len(bins.counts), bins.counts.max()), np.nan)
    for row, inner in zip(edges, in_dtype.inner, strict=True):
        row[1 : len(inner) + 1] = inner
    edges[:, 0] = -np.inf
    x, graph = A.columns(block.features), A.graph
    bin_of = x.position_in(edges) + bins.starts[None]
    beyond = x - graph.constant(in_dtype.left, A.dtype).rows_at(bin_of)
    E = graph.constant(slopes, A.dtype).rows_at(bin_of)
    E = E * beyond.reshape(0, 0, 1) + graph.constant(at_left, A.dtype).rows_at(bin_of)
    return _beside_kept(block.kept, A, E.reshape(-1, w.size))


def _beside_kept(kept: tuple[int, ...], A: Tensor, E: Tensor) -> Tensor:
    """The features that an embedding hands on, followed by what it makes of others."""
    return A.graph.concat([A.columns(kept), E]) if kept else E
