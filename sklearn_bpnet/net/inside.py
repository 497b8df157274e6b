"""Inside a network: the activations of a layer, and the gradient of an output.

Training needs neither: it goes down no further than the lowest block that learns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.network import Arrays, Network, Workspace
from sklearn_bpnet.net.theta import Theta


def layer_activations(
    network: Network, arrays: Arrays, X: Operand, ws: Workspace, layer: int
) -> Array:
    """A[l] of the layer l, counted from 1, for a batch; valid until the next pass.

    There is a row per sample and, of members that share weights, per member.
    """
    if layer == len(network.layers):
        return network.forward(arrays, X, ws)
    places = [i for i, block in enumerate(network.blocks) if block.is_layer]
    A: Any = X
    for i, block in enumerate(network.blocks[: places[layer - 1] + 1]):
        A = block.forward(arrays[i], A, ws[i])
    of_layer: Array = A
    return of_layer


def input_gradient(
    network: Network,
    theta: Theta,
    X: Array,
    ws: Workspace,
    output: int,
    *,
    of_logits: bool,
) -> Array:
    """The derivative of an output with respect to the inputs, of the shape of X.

    Of members that share weights, that of the mean of their outputs.

    Parameters
    ----------
    network : Network
        The chain.
    theta : Theta
        Its arrays.
    X : ndarray of shape (n_samples, n_features)
        The inputs.
    ws : Workspace
        With memory for a backward pass, for so many samples; noise is not drawn.
    output : int
        The index of the output.
    of_logits : bool
        Whether the pre-activation Z[L] is differentiated, and not A[L].
    """
    arrays, top = theta.arrays, len(network.blocks) - 1
    # anew for every output, as the backward pass of some blocks overwrites A
    network.forward(arrays, X, ws)
    start = ws[top].D if of_logits else ws[top].G
    start[...] = 0
    start[:, output] = 1 / network.n_members
    if not of_logits:
        network.output.delta(arrays[top], ws[top])
    unused = Theta.zeros(network.shapes, X.dtype).arrays
    gradient = np.zeros_like(X)
    for i in range(top, -1, -1):
        A, G = (ws[i - 1].A, ws[i - 1].G) if i else (X, gradient)
        if i == top:
            network.output.backward_from_delta(arrays[i], A, ws[i], unused[i], G)
        else:
            network.blocks[i].backward(arrays[i], A, ws[i], unused[i], G)
    return gradient
