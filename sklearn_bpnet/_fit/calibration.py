"""Temperature scaling: one number that calibrates a classifier's probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from sklearn_bpnet._data.class_tasks import ClassTask
from sklearn_bpnet._data.samples import Data, Indices, Samples
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

Outputs = tuple[Array, Array]  # Z and A of the output layer

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
    loss = loss_above(_smoothed(len(Y), weights), output_activation)
    Y = loss.encode_targets(np.asarray(Y, dtype=np.float64))
    Z = np.asarray(Z, dtype=np.float64)

    def losses(t: float) -> Array:
        scaled = Z / t
        A = output_activation.forward(scaled, out=np.empty_like(scaled))
        return loss.value_from_Z(Y, scaled, A)

    # the log loss is convex in 1 / T, so it has one minimum in T
    return _minimizer(losses, weights)


def _minimizer(
    losses: Callable[[float], Array], weights: NDArray[np.float64] | None
) -> float:
    """The temperature with the smallest mean of the losses of all samples."""

    def mean_loss(log_t: float) -> float:
        return float(np.average(losses(float(np.exp(log_t))), weights=weights))

    limit = np.log(_LARGEST)
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
            "early_stopping=True or member_folds, or pass X_val and y_val to fit."
        )


def calibrated(call: Call, fitted: Fitted, data: Data) -> Fitted:
    """The result of a call with a temperature, if ``calibration`` asks for one.

    That of the previous call remains if there are no new validation samples. If members
    hold out different samples, `train_on_folds` has calibrated them.
    """
    if not call.settings.calibrates or data.folds:
        return fitted
    if data.validation is not None:
        return replace(fitted, temperature=calibrate(fitted, data.validation))
    previous = call.previous
    if previous is None:
        return fitted
    return replace(
        fitted,
        temperature=previous.temperature,
        temperature_of_each=previous.temperature_of_each,
    )


def temperature_of_members(
    task: Task, samples: Samples, groups: list[tuple[Indices, list[Outputs]]]
) -> float | None:
    """The temperature of every member that calibrates out-of-fold predictions.

    No sample has been held out by all members, so that the logits are divided before
    members are averaged, by the number that is best for the average of those members
    that held a sample out. By Jensen's inequality, the log loss of an average is not
    above the mean log loss of what is averaged.

    Parameters
    ----------
    task : Task
        The task of the targets.
    samples : Samples
        The training samples.
    groups : list of tuple of ndarray and list
        Indices of samples, and logits Z and outputs A, for these, of all members that
        held them out.
    """
    if task.is_certain or not isinstance(task, ClassTask):
        return None
    indices = np.concatenate([of_group for of_group, _ in groups])
    weights = None if samples.weights is None else samples.weights[indices]
    targets = [samples.Y[of_group] for of_group, _ in groups]
    outputs = [of_members for _, of_members in groups]
    if max(map(len, outputs)) == 1:
        Z = np.concatenate([of_member[0] for [of_member] in outputs])
        return temperature(Z, np.concatenate(targets), weights, task.output_activation)
    log_loss = _smoothed(len(indices), weights)

    def losses(t: float) -> Array:
        parts = []
        for Y, of_members in zip(targets, outputs, strict=True):
            scaled = [scaled_outputs(task, Z, t) for Z, _ in of_members]
            combined: Any = task.combine(iter(scaled), len(scaled))
            reader, Z, A = combined
            loss = loss_above(log_loss, reader.output_activation)
            Y = reader.targets_of(task, Y).astype(np.float64)
            parts.append(loss.value_from_Z(loss.encode_targets(Y), Z, A))
        return np.concatenate(parts)

    return _minimizer(losses, weights)


def scaled_outputs(task: Task, Z: Array, temperature: float) -> Outputs:
    """Z and A of the output layer at a temperature."""
    Z = Z / temperature
    return Z, task.output_activation.forward(Z, out=np.empty_like(Z))


def _smoothed(n: int, weights: NDArray[np.float64] | None) -> LogLoss:
    """The log loss with an additional sample of unknown class, see `temperature`."""
    n = n if weights is None else int(np.count_nonzero(weights))
    return LogLoss(label_smoothing=1 / (n + 1))


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
