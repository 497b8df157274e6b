"""Temperature scaling: one number that makes a classifier's probabilities honest."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from sklearn_bpnet.net.losses import LogLoss

_LARGEST = 1e3  # and its inverse: beyond, probabilities are all alike or all 0 and 1


def temperature(Z, Y, weights, output_activation):
    """The temperature T of the lowest log loss of the probabilities f(Z / T).

    A few rows may all be predicted well, but that does not make the next one certain.
    So, as in Platt's scaling, the targets are those of n rows and of one more, whose
    class nobody knows: (n + 1 / K) / (n + 1) for the class of a row, not 1, and
    (1 / K) / (n + 1) for each of the K - 1 others.

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
    loss = LogLoss(label_smoothing=1 / (n + 1)).for_output(output_activation)
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
