"""Activations and gradients of many samples, in chunks that bound the memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.inside import input_gradient, layer_activations
from sklearn_bpnet.net.network import Arrays, Network
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.batches import RowReader
from sklearn_bpnet.training.evaluation import chunk_size
from sklearn_bpnet.training.monitor.recording import MAX_SAMPLES, saturated_units


def activations(
    network: Network, arrays: Arrays, reader: RowReader, layer: int
) -> Array:
    """A of a layer, counted from 1, of shape (n_members, n_samples, n_units).

    Parameters
    ----------
    network : Network
        The chain.
    arrays : sequence of sequence of ndarray
        The parameters of every block.
    reader : RowReader
        X.
    layer : int
        The layer.
    """
    n_samples, k = reader.X.shape[0], network.n_members
    found = np.empty((n_samples, k, network.layers[layer - 1].n_out), reader.dtype)
    for piece in _pieces(n_samples, chunk_size(network, reader)):
        X, n = reader.read(piece), piece.stop - piece.start
        ws = network.workspace(n, reader.dtype, backward=False)
        A = layer_activations(network, arrays, X, ws, layer)
        found[piece] = A.reshape(n, k, -1)
    return found.transpose(1, 0, 2)


def unit_states(
    network: Network, arrays: Arrays, reader: RowReader
) -> list[tuple[Array, NDArray[np.bool_] | None]]:
    """A of every layer, and which of its units are saturated; see `saturated_units`.

    Of as many samples of the reader, evenly spaced, as `Recorder` takes. There is a row
    per sample and, of members that share weights, per member.
    """
    n_samples = reader.X.shape[0]
    spaced = np.linspace(0, n_samples - 1, min(n_samples, MAX_SAMPLES))
    indices = spaced.astype(np.intp)
    ws = network.workspace(len(indices), reader.dtype, backward=False, keep_Z=True)
    network.forward(arrays, reader.read(indices), ws)
    passes, of_layers = network.of_layers(ws), network.of_layers(arrays)
    return [
        (one.A, saturated_units(layer.function(of_layer), one))
        for layer, of_layer, one in zip(network.layers, of_layers, passes, strict=True)
    ]


def input_gradients(
    network: Network, theta: Theta, reader: RowReader, *, of_logits: bool
) -> NDArray[np.float64]:
    """The derivatives of the outputs with respect to what is read from X.

    They are those of the mean over members that share weights, and of the features
    before they are standardised; of shape (n_samples, n_outputs, n_features).

    Parameters
    ----------
    network : Network
        The chain.
    theta : Theta
        Its parameters, in float64.
    reader : RowReader
        X, dense, in float64.
    of_logits : bool
        Whether the outputs are pre-activations.
    """
    n_samples, n_features = reader.X.shape
    found = np.empty((n_samples, network.output.n_out, n_features))
    for piece in _pieces(n_samples, chunk_size(network)):
        X: Array = np.array(reader.read(piece))
        ws = network.workspace(len(X), X.dtype)
        for k in range(found.shape[1]):
            found[piece, k] = input_gradient(
                network, theta, X, ws, k, of_logits=of_logits
            )
        if reader.standardization is not None:
            found[piece] *= reader.standardization.slopes(X)[:, None]
    return found


def _pieces(n_samples: int, size: int) -> Iterator[slice]:
    """The samples, so many at a time."""
    for start in range(0, n_samples, size):
        yield slice(start, min(start + size, n_samples))
