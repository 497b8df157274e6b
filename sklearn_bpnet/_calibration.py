"""Temperature scaling: one number that makes a classifier's probabilities honest."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from sklearn_bpnet.net.activations import Softmax
from sklearn_bpnet.net.losses import LogLoss

_LARGEST = 1e3  # and its inverse: beyond, probabilities are all alike or all 0 and 1


def temperature(Z, Y, weights, output_activation):
    """The temperature T of the lowest log loss of the probabilities f(Z / T).

    A few rows may all be predicted well, but that does not make the next one certain.
    So the target of a class of K is not 1, but (n + 1) / (n + K) for n rows, Laplace's
    rule of succession, as in Platt's scaling; the others share the rest.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_outputs)
        Pre-activations of the output neurons, logits, of rows not trained on.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets, 0 and 1.
    weights : ndarray of shape (n_samples,) or None
        Sample weights; n is their sum.
    output_activation : Sigmoid or Softmax
        f.

    Returns
    -------
    float
        Above 1 where the logits are too sure of themselves, below 1 where they are
        too cautious.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML
    2017, section 4.2. Platt, "Probabilistic outputs for support vector machines", 1999.
    """
    n = len(Y) if weights is None else float(np.sum(weights))
    n_classes = Y.shape[1] if isinstance(output_activation, Softmax) else 2
    share = n_classes / (n + n_classes)
    loss = LogLoss(label_smoothing=share).for_output(output_activation)
    Y = loss.encode_targets(np.asarray(Y, dtype=np.float64))
    Z = np.asarray(Z, dtype=np.float64)

    def mean_loss(log_t: float) -> float:
        scaled = Z / np.exp(log_t)
        A = output_activation.forward(scaled, out=np.empty_like(scaled))
        return float(np.average(loss.value_from_Z(Y, scaled, A), weights=weights))

    limit = np.log(_LARGEST)
    # the log loss is convex in 1 / T, so it has one minimum in T
    found = minimize_scalar(mean_loss, bounds=(-limit, limit), method="bounded")
    return float(np.exp(found.x))
