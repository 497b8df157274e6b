"""The predictions of the members of an ensemble for the samples that they held out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.determination import r2
from sklearn_bpnet._data.folds import digest_of
from sklearn_bpnet._data.regression import Regression
from sklearn_bpnet._data.samples import Data, Fold, Indices
from sklearn_bpnet._fit.calibration import (
    Outputs,
    scaled_outputs,
    temperature_of_members,
)
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.out_of_fold import OutOfFold


def predict_out_of_fold(
    fitted: Fitted, data: Data, *, calibrates: bool = False
) -> OutOfFold:
    """Predict every sample with the members that held it out, and score this.

    Parameters
    ----------
    fitted : Fitted
        The members, without a temperature.
    data : Data
        The training samples, and the folds.
    calibrates : bool, default=False
        Whether to calibrate the members.
    """
    samples, folds = data.training, data.folds
    held_out = [folds[m % len(folds)][1] for m in range(len(fitted.networks))]
    pairs = list(zip(fitted.networks, held_out, strict=True))
    outputs = [fitted.outputs_of(net, samples.X, indices) for net, indices in pairs]
    n, temperature = len(samples.Y), None
    groups = list(_by_members(n, held_out, outputs))
    if calibrates:
        temperature = temperature_of_members(fitted.task, samples, groups)
    if temperature is not None:
        groups = [
            (of, [scaled_outputs(fitted.task, Z, temperature) for Z, _ in of_members])
            for of, of_members in groups
        ]
    found = [_predicted(fitted.task, of_members) for _, of_members in groups]
    indices = [of_group for of_group, _ in groups]
    return OutOfFold(
        _joined(indices, [prediction for prediction, _ in found], n),
        _score(fitted.task, data, indices, found),
        _fold_of(folds, n),
        digest_of(folds),
        temperature,
    )


def _by_members(
    n: int, held_out: list[Indices], outputs: list[list[Outputs]]
) -> Iterator[tuple[Indices, list[Outputs]]]:
    """Samples that the same members held out, with the outputs of these members.

    Those that share weights have outputs of their own, and held out the same.
    """
    is_held_out = np.zeros((n, len(outputs)), dtype=bool)
    for m, indices in enumerate(held_out):
        is_held_out[indices, m] = True
    patterns, which, counts = np.unique(
        is_held_out, axis=0, return_inverse=True, return_counts=True
    )
    order = np.argsort(which.ravel(), kind="stable")
    groups = np.split(order, np.cumsum(counts)[:-1])
    for pattern, indices in zip(patterns, groups, strict=True):
        members = np.flatnonzero(pattern)
        places = [(m, np.searchsorted(held_out[m], indices)) for m in members]
        if places:
            yield indices, [(Z[at], A[at]) for m, at in places for Z, A in outputs[m]]


def _predicted(task: Any, outputs: list[Outputs]) -> tuple[Any, Any]:
    """What the estimator of some members predicts, and what a score is made of.

    The latter is the task that interprets the outputs, and these.
    """
    if isinstance(task, Regression):
        each = [task.predictions(A) for _, A in outputs]
        return task.shaped(np.mean(each, axis=0), np.float64), None
    combined = task.combine(iter(outputs), len(outputs))
    reader, Z, A = combined
    if task.loss.estimates_probabilities:
        return reader.probabilities(A), combined
    return reader.scores(Z, A), combined


def _joined(indices: list[Indices], predictions: list[Any], n: int) -> Any:
    """The predictions of all samples, NaN where there is none."""
    if isinstance(predictions[0], list):
        columns = zip(*predictions, strict=True)
        return [_joined(indices, list(column), n) for column in columns]
    whole = np.full((n, *predictions[0].shape[1:]), np.nan)
    for of_group, prediction in zip(indices, predictions, strict=True):
        whole[of_group] = prediction
    return whole


def _score(
    task: Any, data: Data, indices: list[Indices], found: list[tuple[Any, Any]]
) -> float:
    """The accuracy or R2, without class weights."""
    samples, weights = data.training, data.given_weights
    if isinstance(task, Regression):
        known = np.concatenate(indices)
        predicted = np.concatenate([prediction for prediction, _ in found])
        if task.loss.n_outputs(1) > 1:
            predicted = predicted[..., task.loss.central_output]
        if weights is not None:
            weights = weights[known]
        return r2(samples.Y[known], predicted, weights)
    right, total = 0.0, 0.0
    for of_group, (_, (reader, Z, A)) in zip(indices, found, strict=True):
        Y = reader.targets_of(task, samples.Y[of_group])
        w = np.ones(len(Y)) if weights is None else weights[of_group]
        right += reader.score(Z, A, Y, w) * w.sum()
        total += w.sum()
    return float(right / total)


def _fold_of(folds: list[Fold], n: int) -> NDArray[np.intp] | None:
    """The fold that holds out each sample, -1 if none does; None if folds overlap."""
    held_out = np.concatenate([indices for _, indices in folds])
    if len(np.unique(held_out)) < len(held_out):
        return None
    fold = np.full(n, -1, dtype=np.intp)
    for k, (_, indices) in enumerate(folds):
        fold[indices] = k
    return fold
