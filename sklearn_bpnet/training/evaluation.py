"""The network's outputs for many samples, in chunks that bound the memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.batches import RowReader

# Numbers in the widest array of a chunk: a few megabytes, the size of a cache.
_CHUNK_NUMBERS = 2**20


def chunk_size(network: Network) -> int:
    """How many samples to process at a time."""
    widest = max(max(block.n_in, block.n_out) for block in network.blocks)
    return max(_CHUNK_NUMBERS // widest, 64)


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
    ndarray of shape (n_samples, n_outputs)
        In the reader's dtype.
    """
    n_samples = reader.X.shape[0] if indices is None else len(indices)
    size = min(chunk_size(network), n_samples)
    workspace = network.workspace(size, reader.dtype, backward=False)
    Z = np.empty((n_samples, network.blocks[-1].n_out), dtype=reader.dtype)
    for start in range(0, n_samples, size):
        piece = slice(start, min(start + size, n_samples))
        X = reader.read(piece if indices is None else indices[piece])
        n = piece.stop - piece.start
        ws = workspace if n == size else [layer.part(slice(n)) for layer in workspace]
        Z[piece] = network.forward_Z(blocks, X, ws)
    return Z
