"""What a classifier or a regressor predicts, in ONNX, from the outputs of networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sklearn_bpnet._data.class_columns import ClassColumns
from sklearn_bpnet._data.class_tasks import ClassTask
from sklearn_bpnet._data.classification import Classification
from sklearn_bpnet._data.regression import Regression
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet.net.activations import ACTIVATIONS, Heaviside, Sigmoid, Softmax
from sklearn_bpnet.net.targets import BinaryCode, OneHot, Ordinal
from sklearn_bpnet.onnx.activations import activated
from sklearn_bpnet.onnx.blocks import output_Z
from sklearn_bpnet.onnx.converters import Converters
from sklearn_bpnet.onnx.table import scaled
from sklearn_bpnet.onnx.tensor import Tensor

_SMALLEST = float(np.finfo(np.float64).tiny)
_BELOW_ONE = float(1 - np.finfo(np.float64).epsneg)

Pair = tuple[Tensor, Tensor]  # Z and A of output neurons


def network_outputs(model: Fitted, X: Tensor) -> list[Pair]:
    """Z and A of every network, float64, of shape (n_samples * n_members, n_outputs).

    Parameters
    ----------
    model : Fitted
        The result of a fit.
    X : Tensor of shape (n_samples, n_features)
        The matrix that the encoder makes of the table.
    """
    read: dict[np.dtype[Any], Tensor] = {}
    pairs = []
    for fitted in model.networks:
        network, dtype = fitted.network, fitted.dtype
        if dtype not in read:
            read[dtype] = scaled(model.standardization, X, dtype)
        Z = output_Z(network, fitted.arrays, read[dtype]).cast(np.float64)
        if model.temperature_of_each is not None:
            Z = Z / model.temperature_of_each
        pairs.append((Z, activated(network.output_activation, Z)))
    return pairs


def _by_sample(rows: Sequence[Tensor], n_members: int, width: int) -> Tensor:
    """Rows of all networks as a tensor of shape (n_samples, n_predictions, width)."""
    each = [one.reshape(-1, n_members, width) for one in rows]
    return rows[0].graph.concat(each)


def _mean(rows: Sequence[Tensor], n_members: int, width: int) -> Tensor:
    """The mean over all networks and their members."""
    n = len(rows) * n_members
    if n == 1:
        return rows[0]
    return _by_sample(rows, n_members, width).reduced("ReduceSum", 1) * (1 / n)


def _log_mean(logs: Sequence[Tensor], n_members: int, width: int) -> Tensor:
    """The logarithm of the mean of exp(L) over networks and their members."""
    L = _by_sample(logs, n_members, width)
    largest = L.reduced("ReduceMax", 1, keepdims=True)
    mean = (L - largest).exp().reduced("ReduceSum", 1) * (1 / (len(logs) * n_members))
    return mean.log() + largest.reshape(-1, width)


# Regression


def predictions(task: Regression, model: Fitted, X: Tensor, *, clips: bool) -> Tensor:
    """What `BPNetRegressor.predict` returns, float64 and with a column per target.

    Several levels of a target are an axis more if there are several targets.

    Parameters
    ----------
    task : Regression
        The task of the estimator.
    model : Fitted
        The result of its fit.
    X : Tensor of shape (n_samples, n_features)
        The matrix that the encoder makes of the table.
    clips : bool
        Whether predictions are clipped to the range of the training targets.

    Raises
    ------
    ValueError
        If that range is not known.
    """
    network, n_levels = model.networks[0].network, task.loss.n_outputs(1)
    width = network.output.n_out
    rows = []
    for _, A in network_outputs(model, X):
        if task.mean is not None and task.scale is not None:
            A = A * np.repeat(task.scale, n_levels) + np.repeat(task.mean, n_levels)
            most = float(np.finfo(np.float64).max)
            A = A.clip(-most, most)
        if clips:
            # raises an error where the range is not known
            replace(task, clips=True).predictions(np.zeros((1, width)))
            ends: Any = task.low, task.high
            A = A.clip(*(np.repeat(end, n_levels) for end in ends))
        rows.append(A)
    mean = _mean(rows, network.n_members, width)
    if n_levels > 1 and width > n_levels:
        return mean.reshape(-1, width // n_levels, n_levels)
    return mean


# Classification


def class_outputs(
    task: ClassTask, model: Fitted, X: Tensor
) -> list[tuple[Tensor, Tensor, Tensor | None]]:
    """Of every column of classes what the classifier predicts.

    Parameters
    ----------
    task : Classification or ClassColumns
        The task of the estimator.
    model : Fitted
        The result of its fit.
    X : Tensor of shape (n_samples, n_features)
        The matrix that the encoder makes of the table.

    Returns
    -------
    list of tuple of Tensor
        Indices of the predicted classes, of shape (n_samples,), or label indicators, of
        shape (n_samples, n_labels); the decision function, of shape (n_samples, 1) for
        two classes; and probabilities, None if the loss does not estimate any.
    """
    reader, Z, A = _combined(task, model, network_outputs(model, X))
    found = []
    for column, units in _columns(reader):
        if column.is_certain:
            zeros = Z.columns([0]) * 0
            index = zeros.cast(np.int64).reshape(-1)
            found.append((index, zeros, zeros + 1 if _estimates(column) else None))
            continue
        of_Z, of_A = (one if units is None else one.columns(units) for one in (Z, A))
        scores = _scores(column, of_Z, of_A)
        probabilities = _probabilities(column, of_A) if _estimates(column) else None
        found.append((_predicted(column, scores), scores, probabilities))
    return found


def _estimates(task: ClassTask) -> bool:
    return task.loss.estimates_probabilities


def _columns(task: ClassTask) -> list[tuple[Classification, slice | None]]:
    """The task of every column of classes, and its output neurons; None for all."""
    if isinstance(task, ClassColumns):
        return list(zip(task.columns, task.outputs, strict=True))
    return [(task, None)]


def _combined(
    task: ClassTask, model: Fitted, pairs: list[Pair]
) -> tuple[ClassTask, Tensor, Tensor]:
    """One prediction from those of all networks, as ``combine`` of the task makes it.

    The task that interprets Z and A comes first.
    """
    network, temperature = model.networks[0].network, model.temperature
    k, width = network.n_members, network.output.n_out
    if model.n_predictions == 1:
        [(Z, A)] = pairs
        if temperature is not None:
            Z = Z / temperature
            A = activated(task.output_activation, Z)
        return task, Z, A
    if not _estimates(task):
        Z, A = (_mean(list(of), k, width) for of in zip(*pairs, strict=True))
        return task, Z, A
    logs = [_log_probabilities(task, Z, A) for Z, A in pairs]
    if isinstance(task, Classification) and task.multilabel:
        L = _log_mean(logs, k, 2 * width)
        Z = L.columns(range(width, 2 * width)) - L.columns(range(width))
        if temperature is not None:
            Z = Z / temperature
        sigmoid = replace(task, output_activation=ACTIVATIONS["sigmoid"])
        return sigmoid, Z, Z.sigmoid()
    reader: Any = task.averaged
    L = _log_mean(logs, k, reader.n_outputs)
    if temperature is not None:
        parts = [
            L if units is None else L.columns(units)
            for column, units in _columns(reader)
            if not (column.is_certain and units is not None)
        ]
        L = L.graph.concat([(part / temperature).log_softmax() for part in parts])
    return reader, L, L.exp()


def _log_probabilities(task: ClassTask, Z: Tensor, A: Tensor) -> Tensor:
    """Logarithms of the probabilities of all classes, side by side.

    For label indicators, those of the absence of every label, then of its presence.
    """
    parts: list[Tensor] = []
    for column, units in _columns(task):
        if units is not None and units.start == units.stop:
            continue
        of_Z, of_A = (one if units is None else one.columns(units) for one in (Z, A))
        parts += _logs_of_column(column, of_Z, of_A)
    return Z.graph.concat(parts)


def _logs_of_column(task: Classification, Z: Tensor, A: Tensor) -> list[Tensor]:
    activation = task.output_activation
    if task.is_certain:
        return [Z.columns([0]) * 0]
    if isinstance(activation, Softmax) and not task.multilabel:
        return [Z.log_softmax()]
    if isinstance(activation, Sigmoid) and (task.multilabel or len(task.classes) == 2):
        return [-Z.softplus(), -(-Z).softplus()]
    P = _probabilities(task, A)
    return [(1.0 - P).log(), P.log()] if task.multilabel else [P.log()]


def _probabilities(task: Classification, A: Tensor) -> Tensor:
    """Probabilities of shape (n_samples, n_classes), from outputs A."""
    P = A.clip(_SMALLEST, 1)
    if not (task.multilabel or isinstance(task.output_activation, Softmax)):
        P = _ENCODINGS(task.encoding, P, len(task.classes))
    return P.clip(_SMALLEST, _BELOW_ONE if task.multilabel else 1)


def _scores(task: Classification, Z: Tensor, A: Tensor) -> Tensor:
    """The decision function, of shape (n_samples, 1) for two classes."""
    if isinstance(task.output_activation, (Sigmoid, Softmax, Heaviside)):
        S = Z
    else:
        S = A - task.loss.threshold
    n_classes = len(task.classes)
    if task.multilabel:
        return S
    _ENCODINGS.check(task.encoding)
    if n_classes <= 2:
        return S if task.n_outputs == 1 else S.columns([1]) - S.columns([0])
    if isinstance(task.encoding, OneHot):
        return S
    if not _estimates(task):
        return S @ (2.0 * task.encoding.table(n_classes) - 1.0).T
    return _probabilities(task, A).log()


def _predicted(task: Classification, scores: Tensor) -> Tensor:
    """Indices of the classes, or label indicators."""
    if task.multilabel:
        return (scores > 0).cast(np.int64)
    if len(task.classes) <= 2:
        return (scores > 0).cast(np.int64).reshape(-1)
    return scores.argmax()


_ENCODINGS = Converters(
    "target_encoding", "Use one of the names 'one-hot', 'binary' and 'ordinal'."
)


@_ENCODINGS.of(OneHot)
def _one_hot(encoding: OneHot, A: Tensor, n_classes: int) -> Tensor:
    if encoding.table(n_classes).shape[1] == 1:
        return A.graph.concat([1.0 - A, A])
    return A / A.reduced("ReduceSum", 1, keepdims=True)


@_ENCODINGS.of(BinaryCode)
def _binary(encoding: BinaryCode, A: Tensor, n_classes: int) -> Tensor:
    bits = encoding.table(n_classes).astype(np.float64)
    P = A.clip(_SMALLEST, _BELOW_ONE)
    return (P.log() @ bits.T + (1.0 - P).log() @ (1 - bits.T)).softmax()


@_ENCODINGS.of(Ordinal)
def _ordinal(encoding: Ordinal, A: Tensor, n_classes: int) -> Tensor:
    place = A.clip(0, 1) * (n_classes - 1)
    return (1.0 - (place - np.arange(n_classes)).abs()).maximum(0)
