"""Outputs and risk for many samples, in chunks that bound the memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk, weighted_sum
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.sparse_rows import dense_is_faster
from sklearn_bpnet.training.standardization import Standardization

# Numbers in the widest array of a chunk: a few megabytes, the size of a cache.
_CHUNK_NUMBERS = 2**20


def chunk_size(network: Network, reader: RowReader | None = None) -> int:
    """How many samples to process at a time.

    Of sparse samples that ``reader`` reads, stored elements count, not features.
    """
    rows = network.rows_below
    widths = [b.n_out * n for b, n in zip(network.blocks, rows[1:], strict=True)]
    if reader is not None and reader.is_sparse:
        widths.append(-(-reader.X.nnz // reader.X.shape[0]))
        widths += [block.n_in for block in network.blocks[1:]]
    else:
        widths += [block.n_in for block in network.blocks]
    return max(_CHUNK_NUMBERS // max(widths), 64)


def reader_for(
    network: Network,
    X: Any,
    dtype: DTypeLike,
    standardization: Standardization | None,
    batch_size: int | None = None,
) -> RowReader:
    """A reader of samples for a network, sparse or dense, whatever is faster.

    Parameters
    ----------
    network : Network
        What multiplies them.
    X, dtype, standardization
        As those of `RowReader`.
    batch_size : int or None, default=None
        Samples that are read at a time; None means those of `chunk_size`.
    """
    size = chunk_size(network) if batch_size is None else batch_size
    dense = makes_dense(network, X, size)
    return RowReader(X, dtype, standardization, makes_dense=dense)


def makes_dense(network: Network, X: Any, batch_size: int) -> bool:
    """Whether a reader makes batches of a sparse X dense: where that is faster.

    Not where the user shall make X dense, which must not depend on its density; and
    always where the network asks for it.
    """
    if network.blocks[0].needs_dense:
        return False
    if network.makes_dense:
        return sparse.issparse(X)
    return dense_is_faster(X, network.layers[0].n_out, batch_size)


def output_Z(
    network: Network,
    blocks: Sequence[Sequence[Array]],
    reader: RowReader,
    indices: NDArray[np.intp] | None = None,
) -> Array:
    """The pre-activations of the output layer.

    Parameters
    ----------
    network : Network
        The function.
    blocks : sequence of sequence of ndarray
        The parameters of every block.
    reader : RowReader
        X.
    indices : ndarray of int or None
        The samples to compute; None means all.

    Returns
    -------
    ndarray of shape (n_samples * n_members, n_outputs)
        In the reader's dtype. The rows of a sample are those of the network's members,
        see `Network.n_members`.
    """
    n_samples = reader.X.shape[0] if indices is None else len(indices)
    size = min(chunk_size(network, reader), n_samples)
    workspace = network.workspace(size, reader.dtype, backward=False)
    n_outputs = network.blocks[-1].n_out
    Z = np.empty((n_samples, network.n_members * n_outputs), dtype=reader.dtype)
    for start in range(0, n_samples, size):
        piece = slice(start, min(start + size, n_samples))
        X = reader.read(piece if indices is None else indices[piece])
        n = piece.stop - piece.start
        ws = workspace if n == size else network.part(workspace, n)
        Z[piece] = network.forward_Z(blocks, X, ws).reshape(n, -1)
    return Z.reshape(-1, n_outputs)


def empirical_risk(
    risk: EmpiricalRisk, theta: Array, batches: Batches, n_max: int | None = None
) -> float:
    """J(theta), without the noise of the network; NaN if it is not finite.

    Parameters
    ----------
    risk : EmpiricalRisk
        J.
    theta : ndarray of shape (n_parameters,)
        In the dtype of the batches.
    batches : Batches
        The samples; their order is not touched.
    n_max : int or None, default=None
        Most samples to use, evenly spaced; None means all.
    """
    network, indices = risk.network, batches.indices
    if n_max is not None and n_max < batches.n_samples:
        spaced = np.linspace(0, batches.n_samples - 1, n_max).astype(np.intp)
        indices = spaced if indices is None else indices[spaced]
    arrays, total = network.arrays(theta), 0.0
    chunks = Batches(batches.reader, batches.Y, batches.s, indices, chunk_size(network))
    workspace = network.workspace(chunks.batch_size, theta.dtype, backward=False)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for X, Y, s in chunks.epoch():
            n = len(Y)
            is_whole = n == chunks.batch_size
            ws = workspace if is_whole else network.part(workspace, n)
            Z = network.forward_Z(arrays, X, ws)
            A = network.output_activation.forward(Z, out=np.empty_like(Z))
            losses = risk.losses(Y, Z, A)
            total += weighted_sum(losses, s)
        value = total / chunks.n_samples
        value += risk.penalty_value(theta, risk.strength(theta))
    return value if isfinite(value) else nan
