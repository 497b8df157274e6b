"""What a worker does with one partition: read, count, encode.

The functions are the bodies of tasks. A partition without samples is None.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data import reading
from sklearn_bpnet._data.encoder import ColumnEncoder, encode_samples
from sklearn_bpnet._data.quantiles import places_at
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.table_columns import Levels
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._sklearn_compat import Header
from sklearn_bpnet.dask._collections import n_rows
from sklearn_bpnet.dask._statistics import (
    Moments,
    Numbers,
    moments_of,
    numbers_of,
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

    def __sizeof__(self) -> int:
        """Bytes of the arrays, by which Dask knows what is cheap to send."""
        of, X = self.samples, self.samples.X
        arrays = (X.data, X.indices, X.indptr) if sparse.issparse(X) else (X,)
        given = [*arrays, of.Y, of.weights, of.indices]
        return object.__sizeof__(self) + sum(a.nbytes for a in given if a is not None)


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
    """What the client learns of a partition in one pass over its samples.

    Parameters
    ----------
    n : int
        Number of samples of positive weight.
    weight : float
        Sum of their weights.
    is_weighted : bool
        Whether their weights may differ.
    numeric : ndarray of int
        The columns of numbers.
    numbers : Numbers
        What they hold.
    levels : dict of int to tuple
        Of every categorical column, its levels, how often each occurs and missing
        values at last, and the sums of weights.
    targets : Moments
        Of the targets.
    """

    n: int
    weight: float
    is_weighted: bool
    numeric: NDArray[np.intp]
    numbers: Numbers
    levels: dict[int, tuple[Levels, NDArray[np.intp], Floats]]
    targets: Moments


def columns(part: Part | None) -> Columns | None:
    """What is known of the columns of a partition."""
    if part is None:
        return None
    samples = part.samples
    X, weights, indices = samples.X, samples.weights, samples.indices
    numeric = _numeric(samples)
    numbers = numbers_of(X, weights, indices, numeric, has_gaps=samples.has_gaps)
    w = samples.take(weights)
    levels = {}
    for j, of_table in samples.levels.items():
        n, codes = len(of_table.values), samples.take(X[:, j])
        codes = np.where(np.isnan(codes), n, codes).astype(np.intp)
        counts = np.bincount(codes, minlength=n + 1)
        sums = counts if w is None else np.bincount(codes, w, n + 1)
        levels[j] = of_table, counts, sums.astype(float)
    Y = moments_of(np.asarray(samples.take(samples.Y), dtype=np.float64), w)
    weight = float(samples.n) if w is None else float(w.sum())
    is_weighted = w is not None
    return Columns(samples.n, weight, is_weighted, numeric, numbers, levels, Y)


def _numeric(samples: Samples) -> NDArray[np.intp]:
    """The columns of numbers of a table that is not encoded."""
    n_features = samples.X.shape[1]
    return np.array([j for j in range(n_features) if j not in samples.levels], np.intp)


def encode(
    part: Part | None, encoder: ColumnEncoder, names: Sequence[str] | None
) -> Part | None:
    """The partition with the matrix of its table."""
    if part is None:
        return None
    samples = replace(part.samples)
    encode_samples(encoder, samples, "X", names)
    return Part(samples, part.header)


def exceptions(part: Part | None, common: Floats, fill: Floats | None) -> Floats | None:
    """The weight of the samples that differ from the common value of each column."""
    if part is None:
        return None
    samples = part.samples
    return weight_of_exceptions(samples, _numeric(samples), common, fill)


# Samples that are sent to the client


class Rows(NamedTuple):
    """Some samples: their numbers, not encoded, their targets and weights."""

    X: Any
    Y: NDArray[Any]
    weights: Floats | None


def rows(part: Part, places: Any) -> Rows:
    """Some of the selected samples of a partition.

    ``places`` are indices among them, a slice, or cumulative weights at which they lie.
    """
    samples = part.samples
    if not isinstance(places, slice) and places.dtype.kind == "f":
        weights: Any = samples.take(samples.weights)
        places = places_at(np.cumsum(weights), places)
    indices = samples.explicit_indices[places]
    X, numeric = samples.X[indices], _numeric(samples)
    if len(numeric) < X.shape[1]:
        X = X[:, numeric]
    weights = None if samples.weights is None else samples.weights[indices]
    return Rows(X, samples.Y[indices], weights)


# Samples that are set aside


def strata(part: Part | None, task: Task) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The distinct encoded targets of the selected samples, and their numbers.

    They are a single one where the task has no strata.
    """
    if part is None:
        return np.empty((0, 0)), np.empty(0, dtype=np.intp)
    distinct, codes = _distinct(part.samples, task)
    return distinct, np.bincount(codes, minlength=len(distinct))


def _distinct(samples: Samples, task: Task) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The distinct encoded targets, and which of them every selected sample has."""
    Y = samples.take(samples.Y)
    if task.strata(Y) is None:
        return Y[:1], np.zeros(len(Y), dtype=np.intp)
    distinct, codes = np.unique(Y, axis=0, return_inverse=True)
    return distinct, codes.ravel()


def split(
    part: Part | None,
    task: Task,
    of_distinct: NDArray[np.intp],
    ranks: dict[int, NDArray[np.intp]],
    aside: bool,
) -> Part | None:
    """The partition with the samples that are set aside, or with all others.

    Parameters
    ----------
    part : Part or None
        The partition.
    task : Task
        The task of the targets.
    of_distinct : ndarray of int
        The stratum of every distinct target of this partition, see `strata`.
    ranks : dict of int to ndarray of int
        For every stratum, which of the samples in this partition are set aside.
    aside : bool
        Which of the two.
    """
    if part is None:
        return None
    samples = replace(part.samples)
    _, codes = _distinct(samples, task)
    is_aside = np.zeros(len(codes), dtype=bool)
    for stratum, of_stratum in ranks.items():
        places = np.flatnonzero(of_distinct[codes] == stratum)
        is_aside[places[of_stratum]] = True
    samples.indices = samples.explicit_indices[is_aside == aside]
    return Part(samples, part.header) if samples.n else None


def selected(part: Part | None) -> Samples | None:
    """The selected samples of an encoded partition, to be sent."""
    if part is None:
        return None
    samples = part.samples
    return replace(
        samples,
        X=samples.take(samples.X),
        y=samples.take(samples.y),
        Y=samples.take(samples.Y),
        weights=samples.take(samples.weights),
        indices=None,
    )
