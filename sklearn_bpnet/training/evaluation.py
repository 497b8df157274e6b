"""The network's outputs for many rows, in blocks that keep memory bounded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.batches import RowReader

# Numbers in the widest array of a block: a few megabytes, the size of a cache.
_BLOCK_NUMBERS = 2**20


def block_rows(network: Network) -> int:
    """How many rows to take at a time."""
    widest = max(max(block.n_in, block.n_out) for block in network.blocks)
    return max(_BLOCK_NUMBERS // widest, 64)


def output_Z(
    network: Network,
    blocks: Sequence[Sequence[Array]],
    reader: RowReader,
    rows: NDArray[np.intp] | None = None,
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
    rows : ndarray of int or None
        The rows to compute; None means all.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
        In the reader's dtype.
    """
    n_rows = reader.X.shape[0] if rows is None else len(rows)
    size = min(block_rows(network), n_rows)
    workspace = network.workspace(size, reader.dtype, backward=False)
    Z = np.empty((n_rows, network.blocks[-1].n_out), dtype=reader.dtype)
    for start in range(0, n_rows, size):
        piece = slice(start, min(start + size, n_rows))
        X = reader.read(piece if rows is None else rows[piece])
        n = piece.stop - piece.start
        ws = workspace if n == size else [layer.part(slice(n)) for layer in workspace]
        Z[piece] = network.forward_Z(blocks, X, ws)
    return Z
