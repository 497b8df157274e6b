"""Predictions for the partitions of a Dask collection, and their score."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np

from sklearn_bpnet.dask._clients import libraries
from sklearn_bpnet.dask._collections import aligned, n_rows, partitions


def lazy(estimator: Any, method: str, X: Any) -> Any:
    """The Dask array of what a method of a fitted estimator returns for X.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        A fitted estimator in memory.
    method : str
        Name of the method.
    X : Dask array or data frame
        The inputs.
    """
    dask, _ = libraries()
    import dask.array as da

    example = _example(estimator, method, X)
    if isinstance(example, list):
        raise ValueError(
            f"{method} of several columns of classes returns a list, which is no Dask "
            "array. Use to_local(), and map its method over the partitions."
        )
    parts = partitions(X, "X")
    sizes = X.chunks[0] if hasattr(X, "chunks") else [nan] * len(parts)
    sent = dask.delayed(estimator, pure=True)
    apply = dask.delayed(predicted, pure=False)
    blocks = [
        da.from_delayed(
            apply(sent, method, part, example),
            (size, *example.shape[1:]),
            meta=example,
        )
        for part, size in zip(parts, sizes, strict=True)
    ]
    return da.concatenate(blocks, allow_unknown_chunksizes=True)


def _example(estimator: Any, method: str, X: Any) -> Any:
    """What the method returns for no samples of a collection."""
    row: Any = np.zeros((1, X.shape[1]))
    if not hasattr(X, "numblocks"):
        row = X._meta_nonempty  # a frame with its columns and their types
    found = getattr(estimator, method)(row)
    return found if isinstance(found, list) else found[:0]


def predicted(estimator: Any, method: str, part: Any, example: Any) -> Any:
    """What the method returns for a partition; the example for an empty one."""
    if not n_rows(part):
        return example
    return getattr(estimator, method)(part)


# Scores


def score(estimator: Any, client: Any, X: Any, y: Any, sample_weight: Any) -> float:
    """Accuracy or R2, computed where the partitions are."""
    dask, _ = libraries()
    parts = partitions(X, "X")
    lists = [parts, aligned(y, "y", X, parts)]
    if sample_weight is None:
        lists.append([None] * len(parts))
    else:
        lists.append(aligned(sample_weight, "sample_weight", X, parts))
    of_part = dask.delayed(_counted, pure=False)
    sent = dask.delayed(estimator, pure=True)
    tasks = [of_part(sent, *row) for row in zip(*lists, strict=True)]
    found = [one for one in client.gather(client.compute(tasks)) if one is not None]
    if not found:
        raise ValueError("Found array with 0 sample(s): all partitions are empty.")
    if estimator._kind == "classification":
        weight = sum(w for w, _ in found)
        return float(sum(w * accuracy for w, accuracy in found) / weight)
    return _r2(found)


def _counted(estimator: Any, X: Any, y: Any, sample_weight: Any) -> Any:
    """The sums that a partition adds to the score."""
    if not n_rows(X):
        return None
    weights = (
        None if sample_weight is None else np.asarray(sample_weight, float).ravel()
    )
    w = np.ones(n_rows(X)) if weights is None else weights
    if not w.any():
        return None
    if estimator._kind == "classification":
        return float(w.sum()), estimator.score(X, y, weights)
    loss, outputs = estimator._fitted.task.loss, estimator.predict(X)
    if loss.n_outputs(1) > 1:
        outputs = outputs[..., loss.central_output]
    Y = np.asarray(y, dtype=np.float64).reshape(len(w), -1)
    errors = w @ (Y - outputs.reshape(len(w), -1)) ** 2
    mean = (w @ Y) / w.sum()
    return w.sum(), mean, w @ (Y - mean) ** 2, errors


def _r2(found: list[Any]) -> float:
    """R2, averaged over targets."""
    weight, mean, squares, errors = found[0]
    for w, m, s, e in found[1:]:
        gap, both = m - mean, weight + w
        squares = squares + s + gap**2 * weight * w / both
        mean, weight, errors = mean + gap * w / both, both, errors + e
    constant = np.where(errors == 0, 1.0, 0.0)
    rest = np.divide(errors, squares, out=np.zeros_like(errors), where=squares > 0)
    return float(np.where(squares > 0, 1 - rest, constant).mean())
