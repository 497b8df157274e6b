"""Temperature scaling: one number that calibrates a classifier's probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from sklearn_bpnet._data.class_tasks import ClassTask
from sklearn_bpnet._data.samples import Data, Samples
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    Activation,
    Grouped,
    Sigmoid,
    Softmax,
)
from sklearn_bpnet.net.losses import LogLoss, loss_above

_LARGEST = 1e3  # and its inverse: beyond, probabilities are all alike or all 0 and 1


def temperature(
    Z: Array,
    Y: NDArray[Any],
    weights: NDArray[np.float64] | None,
    output_activation: Activation,
) -> float:
    """The temperature T that minimises the log loss of the probabilities f(Z / T).

    If all of few samples are predicted correctly, T would tend to 0. Therefore, as in
    Platt scaling, the targets are those of n samples and an additional one of unknown
    class: (n + 1 / K) / (n + 1) instead of 1 for the class of a sample, and
    (1 / K) / (n + 1) for each of the K - 1 others.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_outputs)
        Pre-activations of the output neurons (logits) of validation samples.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets 0 and 1.
    weights : ndarray of shape (n_samples,) or None
        Sample weights, of which only the ratios matter; n is the number of samples of
        positive weight, and the additional sample has the mean weight of these.
    output_activation : Sigmoid, Softmax, or Grouped of these
        The activation f.

    Returns
    -------
    float
        Above 1 where the probabilities are overconfident, below 1 where they are
        underconfident.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML
    2017, section 4.2. Platt, "Probabilistic outputs for support vector machines", 1999.
    """
    n = len(Y) if weights is None else int(np.count_nonzero(weights))
    loss = loss_above(LogLoss(label_smoothing=1 / (n + 1)), output_activation)
    Y = loss.encode_targets(np.asarray(Y, dtype=np.float64))
    Z = np.asarray(Z, dtype=np.float64)

    def mean_loss(log_t: float) -> float:
        scaled = Z / np.exp(log_t)
        A = output_activation.forward(scaled, out=np.empty_like(scaled))
        return float(np.average(loss.value_from_Z(Y, scaled, A), weights=weights))

    limit = np.log(_LARGEST)
    # the log loss is convex in 1 / T, so it has one minimum in T
    result = minimize_scalar(mean_loss, bounds=(-limit, limit), method="bounded")
    return float(np.exp(result.x))


def check_calibration(task: Task, *, has_validation: bool) -> None:
    """Raise ValueError if the fitted networks cannot be calibrated."""
    output = task.output_activation
    parts = output.activations if isinstance(output, Grouped) else (output,)
    if not all(isinstance(part, (Sigmoid, Softmax)) for part in parts):
        raise ValueError(
            "calibration='temperature' needs logits, which the output activations "
            "'logistic' and 'softmax' have; got "
            f"{ACTIVATIONS.name_of(parts[0])!r}."
        )
    if not has_validation:
        raise ValueError(
            "calibration='temperature' needs validation samples: use "
            "early_stopping=True, or pass X_val and y_val to fit."
        )


def temperature_after(call: Call, fitted: Fitted, data: Data) -> float | None:
    """The temperature after a call; the previous one if there is no validation set."""
    if not call.settings.calibrates:
        return None
    if data.validation is None:
        return None if call.previous is None else call.previous.temperature
    return calibrate(fitted, data.validation)


def calibrate(fitted: Fitted, samples: Samples) -> float | None:
    """The temperature of the prediction of all fitted networks together.

    The members of an ensemble are averaged first, as the average of calibrated members
    would be underconfident.
    """
    task = fitted.task
    if task.is_certain or not isinstance(task, ClassTask):
        return None
    X, Y = samples.take(samples.X), samples.take(samples.Y)
    outputs = fitted.outputs(X)
    combined: Any = task.combine(outputs, fitted.n_predictions)
    reader, Z, _ = combined
    Y = reader.targets_of(task, Y)
    weights = samples.take(samples.weights)
    return temperature(Z, Y, weights, reader.output_activation)
