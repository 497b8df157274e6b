"""What is learned of all partitions before training: classes, columns, scaling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.class_weight import class_weights
from sklearn_bpnet._data.embedded import embedded_features
from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.learn_encoder import (
    check_no_free_text,
    learn_encoder,
    median,
)
from sklearn_bpnet._data.normal_scores import learn_quantiles, median_of
from sklearn_bpnet._data.quantiles import SQUASHED_TO, squashing
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.table_columns import Levels
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.dask import _parts as parts
from sklearn_bpnet.dask._outline import Outline
from sklearn_bpnet.dask._parts import Columns, Rows, Survey, Targets
from sklearn_bpnet.dask._rounds import Rounds
from sklearn_bpnet.dask._statistics import (
    Numbers,
    common_values,
    may_be_rare,
    raised,
)
from sklearn_bpnet.net.blocks.embeddings import EmbeddedFeatures
from sklearn_bpnet.training.standardization import Standardization

Floats = NDArray[np.float64]


def learn_targets(
    estimator: Any, settings: Settings, surveys: Sequence[Survey]
) -> Targets:
    """The task of all partitions' targets, and the weights of its classes."""
    unit = max(one.largest_weight for one in surveys) or 1.0
    shapes = {(one.ndim, len(one.labels)) for one in surveys}
    if len(shapes) > 1:
        raise ValueError("y has different numbers of columns in different partitions.")
    if not surveys[0].labels:
        task, _ = estimator._learn_task(settings, np.zeros((1, 1)), None, None)
        return Targets(task, unit, [], [])
    columns, sums = [], []
    for of_parts in zip(*(one.labels for one in surveys), strict=True):
        values = np.unique(np.concatenate([labels for labels, _ in of_parts]))
        weights = np.zeros(len(values))
        for labels, of_labels in of_parts:
            weights[np.searchsorted(values, labels)] += of_labels / unit
        columns.append(values)
        sums.append(weights)
    longest = max(map(len, columns))
    y = np.stack([np.resize(values, longest) for values in columns], axis=1)
    if surveys[0].ndim == 1:
        y = y[:, 0]
    task, Y = estimator._learn_task(settings, y, None, None)
    if settings.class_weight is None:
        return Targets(task, unit, [], [])
    task.sample_weights(Y, None)  # checks the form of class_weight
    spec = settings.class_weight
    specs = [spec] * len(sums) if isinstance(spec, str) or y.ndim == 1 else spec
    factors = [
        _factors(one, labels, weights)
        for one, labels, weights in zip(specs, columns, sums, strict=True)
    ]
    return Targets(task, unit, columns, factors)


def _factors(spec: Any, labels: NDArray[Any], sums: Floats) -> Floats:
    """The weights of the classes, given the sums of their samples' weights."""
    weighted = class_weights(spec, labels, np.arange(len(labels)), sums)
    weighted = np.ones(len(labels)) if weighted is None else weighted
    return np.divide(weighted, sums, out=np.zeros(len(labels)), where=sums > 0)


def learn_numbers(found: Sequence[Columns]) -> Numbers:
    """What the numeric columns of all partitions hold together."""
    first = found[0].numeric
    if any(not np.array_equal(one.numeric, first) for one in found):
        raise ValueError(
            "Columns of X hold categories in some partitions and numbers in others. "
            "Name them in categorical_features."
        )
    return reduce(Numbers.__add__, (one.numbers for one in found))


def learn_columns(
    settings: Settings,
    found: Sequence[Columns],
    numbers: Numbers,
    sample: Rows | None,
    names: Any,
) -> ColumnEncoder:
    """The encoder of all partitions.

    Parameters
    ----------
    settings : Settings
        The parameters, of which the scaling is known.
    found : sequence of Columns
        What is known of each.
    numbers : Numbers
        What their numeric columns hold together.
    sample : Rows or None
        The samples whose quantiles are taken.
    names : sequence of str or None
        Names of the columns.
    """
    n = sum(one.n for one in found)
    categorical = np.array(sorted(found[0].levels), dtype=np.intp)
    encoder = ColumnEncoder(
        found[0].numeric, categorical, scaling=settings.input_scaling
    )
    encoder = _with_fill(encoder, found, numbers, sample, n)
    learned = [_learn_levels(settings, found, int(j), names, n) for j in categorical]
    if not learned:
        return encoder
    return replace(
        encoder,
        levels=[one.levels[0] for one in learned],
        has_missing=[one.has_missing[0] for one in learned],
        has_rare=[one.has_rare[0] for one in learned],
        frequencies=[one.frequencies[0] for one in learned],
        widths=[one.widths[0] for one in learned],
        deviation=learned[0].deviation,
    )


def _with_fill(
    encoder: ColumnEncoder,
    found: Sequence[Columns],
    numbers: Numbers,
    sample: Rows | None,
    n: int,
) -> ColumnEncoder:
    """The encoder with what fills the gaps, and with quantiles."""
    n_gaps, scaling = numbers.n_gaps, encoder.scaling
    if not (n_gaps.any() or scaling in ("quantile", None)):
        return encoder
    fill = numbers.fill
    indicated = np.flatnonzero((n_gaps > 0) & (n_gaps < n))
    quantiles, gaps = [], np.empty(0)
    if sample is not None and scaling == "quantile":
        rows = Samples(sample.X, sample.Y, sample.Y, sample.weights)
        quantiles = learn_quantiles(rows, np.arange(len(fill)))
        fill = np.array([median_of(of) for of in quantiles])
        gaps = numbers.gaps[indicated] / sum(one.weight for one in found)
    elif sample is not None and scaling == "squash":
        for j in np.flatnonzero(n_gaps < n):
            # gaps may be all that is drawn of a column
            if not np.isnan(sample.X[:, j]).all():
                fill[j] = median(sample.X[:, j], sample.weights)
    return replace(
        encoder,
        fill=fill,
        indicated=indicated,
        empty=np.flatnonzero(n_gaps == n),
        quantiles=quantiles,
        gaps=gaps,
    )


def _learn_levels(
    settings: Settings, found: Sequence[Columns], j: int, names: Any, n: int
) -> ColumnEncoder:
    """The encoder of one categorical column, from the counts of its levels."""
    counts: dict[Any, float] = {}
    sums: dict[Any, float] = {}
    missing = [0.0, 0.0]
    first = found[0].levels[j][0]
    for one in found:
        levels, of_counts, of_sums = one.levels[j]
        for value, count, weight in zip(
            levels.values, of_counts[:-1], of_sums[:-1], strict=True
        ):
            counts[value] = counts.get(value, 0) + int(count)
            sums[value] = sums.get(value, 0.0) + float(weight)
        missing[0] += of_counts[-1]
        missing[1] += of_sums[-1]
    kept = [value for value in counts if counts[value] or not first.is_declared]
    levels = Levels(kept, False, first.is_ordered)
    if isinstance(settings.categorical_features, str) and not first.is_declared:
        where = f"Column {j if names is None else repr(names[j])} of X"
        numbers = np.array([*(counts[v] for v in kept), missing[0]])
        check_no_free_text(levels, numbers, where)
    seen = [value for value in kept if counts[value]]
    codes = [float(kept.index(value)) for value in seen]
    weights = [sums[value] for value in seen]
    if missing[0]:
        codes.append(np.nan)
        weights.append(missing[1])
    X = np.array(codes)[:, None]
    Y = np.zeros((len(X), 1))
    table = Outline(X, Y, Y, np.array(weights), None, n, {0: levels}, n_all=n)
    known = Settings(**vars(settings) | {"categorical_features": [0]})
    # its numbers have been learned
    known.input_scaling = "standard"
    return learn_encoder(known, table, is_open_ended=False)


def learn_scaling(
    settings: Settings,
    encoder: ColumnEncoder,
    numbers: Numbers,
    samples: Outline,
    sample: Rows | None,
    exceptions: Floats | None,
) -> Standardization | None:
    """The scaling of the encoded features.

    Parameters
    ----------
    settings, numbers, sample
        As for `learn_columns`.
    encoder : ColumnEncoder
        What it has learned.
    samples : Outline
        An outline of the samples, encoded.
    exceptions : ndarray of shape (n_plain,) or None
        The weight of what differs from the common value of each feature.
    """
    moments = numbers.filled(encoder, samples.X.dtype)
    if settings.input_scaling == "squash":
        X = samples.numbers if sample is None else _encoded(encoder, sample.X)
        if not X.shape[1]:
            scaling = Standardization(np.empty(0), np.empty(0), SQUASHED_TO)
        else:
            with np.errstate(over="ignore"):
                half = (moments.high - moments.low) / 2
            weights = None if sample is None else sample.weights
            scaling = squashing(X, weights, half_range=half)
    elif exceptions is not None:
        scaling = raised(moments, exceptions)
        if not np.isfinite(scaling.scale).all():
            raise ValueError(
                "X has columns whose squares exceed the largest number, which "
                "input_scaling='standard' cannot add up over partitions. Rescale them."
            )
    else:
        return None
    return scaling.with_codes(samples.n_codes) if samples.n_codes else scaling


def learn_embedded(
    settings: Settings,
    encoder: ColumnEncoder,
    samples: Outline,
    sample: Rows | None,
    scaling: Standardization | None,
    task: Task,
) -> EmbeddedFeatures | None:
    """The features that are embedded, and their bins; see `learn_scaling`."""
    if sample is not None:
        samples = Outline(
            _encoded(encoder, sample.X), sample.Y, sample.Y, sample.weights,
            is_many=samples.is_many,
        )  # fmt: skip
    return embedded_features(settings, samples, scaling, task)


def learn_exceptions(
    rounds: Rounds,
    futures: list[Any],
    encoder: ColumnEncoder,
    numbers: Numbers,
    probe: Any,
    is_weighted: bool,
) -> Floats:
    """The weight of what differs from the common value of every feature.

    This is a round only where a feature may be nearly constant.

    Parameters
    ----------
    rounds : Rounds
        The tasks of the fit.
    futures : list of Future
        The partitions, not encoded.
    encoder, numbers
        As for `learn_scaling`.
    probe : ndarray or CSR
        The numbers of evenly spaced samples, not encoded.
    is_weighted : bool
        Whether the samples have weights.
    """
    moments = numbers.filled(encoder, probe.dtype)
    probe, n = _encoded(encoder, probe), len(encoder.numeric)
    common = common_values(probe, moments)
    rare = may_be_rare(probe, common, is_weighted=is_weighted)
    # of an indicator, and of a sparse column, this is known
    exceptions = np.where(common == 0, moments.stored, moments.weight)
    ones = moments.weight[n:] - moments.stored[n:]
    exceptions[n:] = np.where(common[n:] == 0, moments.stored[n:], ones)
    if rare[:n].any():
        found = rounds.summaries(
            "exceptions", parts.exceptions, futures, common[:n], encoder.fill
        )
        exceptions[:n] = np.sum(found, axis=0)
    elif not sparse.issparse(probe):
        exceptions[:n] = moments.weight[:n]
    return exceptions


def _encoded(encoder: ColumnEncoder, numbers: Any) -> Any:
    """The matrix of some numeric columns, which are not encoded."""
    numeric, nothing = np.arange(len(encoder.numeric)), np.empty(0, dtype=np.intp)
    of_numbers = replace(
        encoder, numeric=numeric, categorical=nothing, levels=[], has_missing=[],
        has_rare=[], frequencies=[], widths=[],
    )  # fmt: skip
    return of_numbers.encode(numbers, {}, has_gaps=encoder.fill is not None)
