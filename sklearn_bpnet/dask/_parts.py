"""What a worker does with one partition: read, count, encode.

The functions are the bodies of tasks. A partition without samples is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data import reading
from sklearn_bpnet._data.encoder import ColumnEncoder, encode_samples
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.table_columns import Levels
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._sklearn_compat import Header
from sklearn_bpnet.dask._collections import n_rows
from sklearn_bpnet.dask._statistics import (
    Moments,
    lies_between,
    moments_of,
    weight_of_exceptions,
)

Floats = NDArray[np.float64]


class _AsGiven:
    """In place of a task that is not known yet: targets and weights stay as given."""

    def sample_weights(self, Y: Any, weights: Any) -> Any:
        return weights


@dataclass
class Part:
    """The samples of a partition, not encoded or encoded.

    Parameters
    ----------
    samples : Samples
        The samples.
    header : dict
        The number of features and their names, as fitted attributes.
    """

    samples: Samples
    header: dict[str, Any]


def read_part(estimator: Any, X: Any, y: Any, weights: Any, i: int) -> Part | None:
    """The checked samples of partition ``i``."""
    lengths = {n_rows(part) for part in (X, y, weights) if part is not None}
    if len(lengths) > 1:
        raise ValueError(
            f"Partition {i} of X, y and sample_weight has different numbers of samples:"
            f" {sorted(lengths)}. They must be partitioned alike."
        )
    if lengths == {0}:
        return None
    header = Header(estimator)
    numeric = not hasattr(estimator, "class_weight")
    as_given: Any = _AsGiven()
    data, _ = reading.read(
        header,
        reading.Table(X, y),
        reading.NO_TABLE,
        lambda targets: (as_given, targets),
        continues=False,
        numeric=numeric,
        categorical=estimator.categorical_features,
    )
    samples = data.training
    samples.weights = None if weights is None else _checked(weights, i)
    return Part(samples, header.attributes)


def _checked(weights: Any, i: int) -> Floats:
    """The sample weights of a partition, which may all be 0."""
    checked = np.asarray(weights, dtype=np.float64)
    if checked.ndim == 2 and checked.shape[1] == 1:
        checked = checked[:, 0]
    if checked.ndim != 1 or not (np.isfinite(checked) & (checked >= 0)).all():
        raise ValueError(
            f"sample_weight must be finite and at least 0 everywhere; in partition {i} "
            f"it has the shape {checked.shape} and reaches from {checked.min():g} to "
            f"{checked.max():g}."
        )
    return checked


# What is counted


@dataclass
class Survey:
    """What the client learns of a partition before its columns.

    Parameters
    ----------
    n : int
        Number of samples.
    header : dict
        The number of features and their names.
    dtype : dtype
        Of X.
    is_sparse : bool
        Whether X is sparse.
    largest_weight : float
        The largest sample weight.
    ndim : int
        Dimensions of y.
    labels : list of tuple of two ndarray
        For every column of a classifier's y, the labels and the sums of their weights.
    """

    n: int
    header: dict[str, Any]
    dtype: Any
    is_sparse: bool
    largest_weight: float
    ndim: int
    labels: list[tuple[NDArray[Any], Floats]]


def survey(part: Part | None, numeric: bool) -> Survey | None:
    """The survey of a partition."""
    if part is None:
        return None
    samples, y = part.samples, part.samples.y
    n = len(y)
    weights = np.ones(n) if samples.weights is None else samples.weights
    labels: list[tuple[NDArray[Any], Floats]] = []
    for column in [] if numeric else y.reshape(n, -1).T:
        values, codes = np.unique(column, return_inverse=True)
        labels.append(
            (values, np.bincount(codes.ravel(), weights, len(values)).astype(float))
        )
    is_sparse, dtype = sparse.issparse(samples.X), samples.X.dtype
    largest = float(weights.max())
    return Survey(n, part.header, dtype, is_sparse, largest, y.ndim, labels)


@dataclass(frozen=True)
class Targets:
    """How targets and weights are read, the same for all partitions.

    Parameters
    ----------
    task : Task
        The task of the targets.
    unit : float
        Unit of the sample weights.
    classes, factors : list of ndarray
        For every column the class labels and their weights; empty without.
    """

    task: Task
    unit: float
    classes: list[NDArray[Any]]
    factors: list[Floats]


def weigh(part: Part | None, targets: Targets) -> Part | None:
    """The partition with encoded targets, and weights times class weights."""
    if part is None:
        return None
    samples = replace(part.samples)
    n, weights = len(samples.y), samples.weights
    if weights is not None:
        weights = weights / targets.unit
    if targets.factors:
        weights = np.ones(n) if weights is None else weights
        columns = samples.y.reshape(n, -1).T
        for column, labels, factors in zip(
            columns, targets.classes, targets.factors, strict=True
        ):
            weights = weights * factors[np.searchsorted(labels, column)]
    samples.Y, samples.weights = targets.task.encode(samples.y), weights
    if weights is not None and not weights.all():
        samples.indices = weights.nonzero()[0]
    return Part(samples, part.header) if samples.n else None


@dataclass
class Columns:
    """What the client learns of the columns of a partition.

    Parameters
    ----------
    n : int
        Number of samples of positive weight.
    weight : float
        Sum of their weights.
    numeric : ndarray of int
        The columns of numbers.
    weights, means : ndarray
        Of every column of numbers, the total weight of those that are no gaps, and
        their mean.
    n_gaps : ndarray of int
        The number of gaps of each.
    levels : dict of int to tuple
        Of every categorical column, its levels, how often each occurs and missing
        values at last, and the sums of weights.
    targets : Moments
        Of the targets.
    """

    n: int
    weight: float
    numeric: NDArray[np.intp]
    weights: Floats
    means: Floats
    n_gaps: NDArray[np.intp]
    levels: dict[int, tuple[Levels, NDArray[np.intp], Floats]]
    targets: Moments


def columns(part: Part | None) -> Columns | None:
    """What is known of the columns of a partition."""
    if part is None:
        return None
    samples = part.samples
    X = samples.take(samples.X)
    w = samples.take(samples.weights)
    w = np.ones(samples.n) if w is None else w
    numeric = np.array([j for j in range(X.shape[1]) if j not in samples.levels], int)
    if sparse.issparse(X):
        is_gap, d = np.isnan(X.data), X.shape[1]
        stored = np.repeat(w, np.diff(X.indptr))
        n_gaps = np.bincount(X.indices[is_gap], minlength=d)
        weights = w.sum() - np.bincount(X.indices, stored * is_gap, d)
        sums = np.bincount(X.indices, np.where(is_gap, 0, stored * X.data), d)
        means = sums / np.where(weights > 0, weights, 1)
    else:
        table = X if len(numeric) == X.shape[1] else X[:, numeric]
        table = table.astype(np.float64)
        known = ~np.isnan(table)
        n_gaps = len(table) - np.count_nonzero(known, axis=0)
        weights = w @ known
        table[~known] = 0
        means = (w @ table) / np.where(weights > 0, weights, 1)
    levels = {}
    for j, of_table in samples.levels.items():
        n = len(of_table.values)
        codes = np.where(np.isnan(X[:, j]), n, X[:, j]).astype(np.intp)
        counts = np.bincount(codes, minlength=n + 1)
        levels[j] = of_table, counts, np.bincount(codes, w, n + 1).astype(float)
    Y = np.asarray(samples.Y, dtype=np.float64)
    moments = moments_of(Y, samples.weights, samples.indices)
    return Columns(
        samples.n, float(w.sum()), numeric, weights, means, n_gaps, levels, moments
    )


def encode(
    part: Part | None, encoder: ColumnEncoder, names: Sequence[str] | None
) -> Part | None:
    """The partition with the matrix of its table."""
    if part is None:
        return None
    samples = replace(part.samples)
    encode_samples(encoder, samples, "X", names)
    return Part(samples, part.header)


def moments(part: Part | None) -> Moments | None:
    """The moments of the features of an encoded partition."""
    if part is None:
        return None
    samples = part.samples
    return moments_of(samples.numbers, samples.weights, samples.indices)


def exceptions(
    part: Part | None, common: Floats, low: Floats, high: Floats
) -> tuple[Floats, NDArray[np.bool_]] | None:
    """The weight of what differs from the common values; what is between the ends."""
    if part is None:
        return None
    samples = part.samples
    return weight_of_exceptions(samples, common), lies_between(samples, low, high)


def rows(part: Part, places: NDArray[np.intp]) -> Any:
    """Some of the selected samples of an encoded partition."""
    samples = part.samples
    return samples.X[places if samples.indices is None else samples.indices[places]]
