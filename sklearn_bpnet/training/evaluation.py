"""Outputs and risk for many samples, in chunks that bound the memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk, weighted_sum
from sklearn_bpnet.training.batches import Batches, RowReader

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
            ws = (
                workspace
                if n == chunks.batch_size
                else [b.part(slice(n)) for b in workspace]
            )
            Z = network.forward_Z(arrays, X, ws)
            A = network.output_activation.forward(Z, out=np.empty_like(Z))
            losses = risk.losses(Y, Z, A)
            total += weighted_sum(losses, s)
        value = total / chunks.n_samples
        value += risk.penalty_value(theta, risk.strength(theta))
    return value if isfinite(value) else nan
