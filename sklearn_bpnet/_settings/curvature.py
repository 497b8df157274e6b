"""How curved the empirical risk is at the start: what bounds the rate of "gd"."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from sklearn_bpnet.net.activations import Activation, Identity
from sklearn_bpnet.net.initializers import INITIALIZERS, VarianceScaling
from sklearn_bpnet.net.losses import Loss
from sklearn_bpnet.net.network import Network

_N_NODES = 64  # of the quadrature over Z


def output_curvature(network: Network, loss: Loss) -> float:
    """About the largest second derivative of the risk in the output layer.

    The risk is most curved where W and b of the output layer change all outputs alike:
    along the mean m of the activations below. A step (m, 1) changes an output by
    |m|^2 + 1, and the risk by as much times the second derivative of the loss. That is
    1 for a loss of regression above the identity, and at most 1/4 for the logistic
    function and the log loss. m follows from Z ~ N(0, gain) with the gain of the
    activation's usual initialiser.
    """
    of_loss = 1.0 if is_regression(network, loss) else 0.25
    if len(network.layers) == 1:
        return of_loss
    below = network.layers[-2]
    mean = _mean_activation(below.activation, below.n_out)
    return of_loss * (1 + float(mean @ mean))


def is_regression(network: Network, loss: Loss) -> bool:
    """Whether the outputs are numbers of any size, as in regression."""
    above_identity = isinstance(network.output_activation, Identity)
    return above_identity and "regression" in loss.tasks


def _mean_activation(f: Activation, n_units: int) -> np.ndarray:
    """The mean of every unit of a layer with normal pre-activations."""
    usual = INITIALIZERS[f.usual_initializer]
    gain = usual.gain if isinstance(usual, VarianceScaling) else 1.0
    nodes, weights = hermegauss(_N_NODES)
    Z = np.repeat(sqrt(gain) * nodes[:, None], n_units, axis=1)
    with np.errstate(all="ignore"):  # a function may be infinite far from zero
        A = f.forward(Z, np.empty_like(Z))
        mean: np.ndarray = weights @ A / sqrt(2 * pi)
    return mean
