"""What a first call learns about the columns of its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.chunks import SelectedColumns, chunks
from sklearn_bpnet._data.encoder import ColumnEncoder, check_dense
from sklearn_bpnet._data.normal_scores import learn_quantiles, median_of
from sklearn_bpnet._data.quantiles import quantiles
from sklearn_bpnet._data.samples import Indices, Samples
from sklearn_bpnet._data.table_columns import Levels
from sklearn_bpnet._settings.settings import Settings

Weights = NDArray[np.float64]
Floats = NDArray[np.float64]

# Text whose values are nearly all distinct, and long, is not a category
_MOST_DISTINCT = 0.9
_LONG_TEXT = 50  # characters, on average
_ENOUGH = 20  # samples that tell


def learn_encoder(
    settings: Settings,
    samples: Samples,
    *,
    is_open_ended: bool,
    fills: bool = False,
    names: Sequence[str] | None = None,
) -> ColumnEncoder:
    """The encoder of the training samples, of which those of weight 0 do not count.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    samples : Samples
        The training samples, not encoded yet.
    is_open_ended : bool
        Whether more calls may follow: then levels that the dtype declares count, too.
    fills : bool, default=False
        Whether there are gaps in other samples, which are encoded before the scaling is
        known.
    names : sequence of str, default=None
        Names of the columns.

    Raises
    ------
    ValueError
        If a column holds free text.
    """
    n_features = samples.X.shape[1]
    is_categorical = np.zeros(n_features, dtype=bool)
    is_categorical[list(samples.levels)] = True
    numeric, categorical = (
        np.flatnonzero(~is_categorical),
        np.flatnonzero(is_categorical),
    )
    encoder = ColumnEncoder(numeric, categorical, scaling=settings.input_scaling)
    if settings.input_scaling == "quantile":
        encoder = _with_quantiles(_with_numbers(encoder, samples), samples)
        _check_enough(samples, is_open_ended=is_open_ended)
    elif samples.has_gaps or fills or settings.input_scaling is None:
        encoder = _with_numbers(encoder, samples)
    if len(categorical):
        encoder = _with_levels(encoder, settings, samples, is_open_ended, names)
    return encoder


# Numbers


def _with_numbers(encoder: ColumnEncoder, samples: Samples) -> ColumnEncoder:
    """The encoder with what fills the gaps, and which of them are indicated."""
    if encoder.scaling == "quantile":
        check_dense(samples.X)
    if sparse.issparse(samples.X):
        fill, n_gaps = _means_of_sparse(samples)
    else:
        fill, n_gaps = _means(samples, encoder.numeric)
        if encoder.scaling == "squash":
            known = np.flatnonzero(n_gaps < samples.n)
            columns = SelectedColumns(samples.X, samples.indices)
            weights = samples.take(samples.weights)
            fill[known] = [median(columns[j], weights) for j in encoder.numeric[known]]
    return replace(
        encoder,
        fill=fill,
        indicated=np.flatnonzero((n_gaps > 0) & (n_gaps < samples.n)),
        empty=np.flatnonzero(n_gaps == samples.n),
    )


def _with_quantiles(encoder: ColumnEncoder, samples: Samples) -> ColumnEncoder:
    """The encoder with the quantiles of the numbers, the middle one fills the gaps."""
    quantiles = learn_quantiles(samples, encoder.numeric)
    weights = samples.take(samples.weights)
    columns = SelectedColumns(samples.X, samples.indices)
    gaps = [
        np.average(np.isnan(columns[j]), weights=weights)
        for j in encoder.numeric[encoder.indicated]
    ]
    fill = np.array([median_of(of) for of in quantiles])
    return replace(encoder, fill=fill, quantiles=quantiles, gaps=np.array(gaps))


def _check_enough(samples: Samples, *, is_open_ended: bool) -> None:
    """Raise ValueError if the first of several calls has too few samples."""
    if is_open_ended and samples.n < _ENOUGH:
        raise ValueError(
            "input_scaling='quantile' learns the quantiles in the first call of "
            f"partial_fit or of a warm-started fit, which has {samples.n} samples. "
            f"Start with at least {_ENOUGH}, or use input_scaling='standard'."
        )


def _means(samples: Samples, columns: Indices) -> tuple[Floats, NDArray[np.intp]]:
    """Weighted mean of the numbers in some columns, and the number of their gaps."""
    total, weight = np.zeros(len(columns)), np.zeros(len(columns))
    n_gaps = np.zeros(len(columns), dtype=np.intp)
    if not len(columns):
        return total, n_gaps
    is_all = len(columns) == samples.X.shape[1]
    # relative to the first number of each column, so that no digits are lost
    origin = np.zeros(len(columns))
    is_known = np.zeros(len(columns), dtype=bool)
    for chunk, weights in chunks(samples.X, samples.weights, samples.indices):
        # in one order, as sums depend on it
        part = (chunk if is_all else chunk[:, columns]).astype(np.float64, order="C")
        is_number = ~np.isnan(part)
        first = is_number.argmax(axis=0)
        fresh = ~is_known & is_number.any(axis=0)
        origin[fresh] = part[first[fresh], fresh]
        is_known |= fresh
        n_gaps += len(part) - np.count_nonzero(is_number, axis=0)
        part -= origin
        part[~is_number] = 0
        w = np.ones(len(part)) if weights is None else weights
        total += w @ part
        weight += w @ is_number
    return origin + total / np.where(weight > 0, weight, 1), n_gaps


def median(column: NDArray[Any], weights: Weights | None) -> float:
    """Weighted median of the numbers in a column, gaps apart."""
    numbers = column.astype(np.float64)
    is_number = ~np.isnan(numbers)
    weights = None if weights is None else weights[is_number]
    return float(quantiles(numbers[is_number, None], weights, (0.5,))[0][0])


def _means_of_sparse(samples: Samples) -> tuple[Floats, NDArray[np.intp]]:
    """The same for CSR, in which what is not stored is 0."""
    X, weights = samples.take(samples.X), samples.take(samples.weights)
    weights = np.ones(X.shape[0]) if weights is None else weights
    stored, d = np.repeat(weights, np.diff(X.indptr)), X.shape[1]
    is_gap = np.isnan(X.data)
    total = np.bincount(X.indices, np.where(is_gap, 0, stored * X.data), d)
    missing = np.bincount(X.indices, stored * is_gap, d)
    rest = weights.sum() - missing
    n_gaps = np.bincount(X.indices[is_gap], minlength=d)
    return total / np.where(n_gaps < X.shape[0], rest, 1), n_gaps


def means_in_call(samples: Samples, columns: Indices) -> Floats:
    """The means of some columns in this call; NaN where it has no numbers."""
    if sparse.issparse(samples.X):
        fill, n_gaps = _means_of_sparse(samples)
        fill, n_gaps = fill[columns], n_gaps[columns]
    else:
        fill, n_gaps = _means(samples, columns)
    return np.where(n_gaps < samples.n, fill, np.nan)


# Categories


def _with_levels(
    encoder: ColumnEncoder,
    settings: Settings,
    samples: Samples,
    is_open_ended: bool,
    names: Sequence[str] | None,
) -> ColumnEncoder:
    """The encoder with the levels of every categorical column."""
    weights = samples.take(samples.weights)
    option = settings.option("categorical_embedding")
    levels, has_missing, has_rare, frequencies, widths = [], [], [], [], []
    columns = SelectedColumns(samples.X, samples.indices)
    for j in encoder.categorical:
        of_table = samples.levels[int(j)]
        codes = columns[j]
        codes = np.where(np.isnan(codes), len(of_table.values), codes).astype(np.intp)
        n = len(of_table.values) + 1
        counts = np.bincount(codes, minlength=n)
        sums = counts if weights is None else np.bincount(codes, weights, n)
        if isinstance(settings.categorical_features, str) and not of_table.is_declared:
            where = f"Column {int(j) if names is None else repr(names[j])} of X"
            check_no_free_text(of_table, counts, where)
        keeps_declared = is_open_ended and of_table.is_declared
        kept = np.flatnonzero((counts[:-1] > 0) | keeps_declared)
        kept = _in_order(of_table, kept)
        missing = bool(counts[-1] > 0)
        kept, rare = _frequent(kept, sums, settings.max_categories, missing)
        shares = [*sums[kept], *([sums[-1]] if missing else []), sums[rare].sum()]
        levels.append([of_table.values[i] for i in kept])
        has_missing.append(missing)
        has_rare.append(bool(len(rare)))
        frequencies.append(np.array(shares, dtype=np.float64) / sums.sum())
        n_seen = len(shares) - (0 if len(rare) else 1)
        widths.append(0 if option is None else option.width(n_seen, samples.n))
    return replace(
        encoder,
        levels=levels,
        has_missing=has_missing,
        has_rare=has_rare,
        frequencies=frequencies,
        widths=widths,
        deviation=0.1 if option is None else option.deviation,
    )


def _in_order(levels: Levels, kept: Indices) -> Indices:
    """The levels sorted, numbers before text, but ordered ones in their order."""
    if levels.is_ordered:
        return kept
    values = levels.values
    if all(isinstance(value, str) for value in values):
        return np.array(sorted(kept.tolist(), key=values.__getitem__), dtype=np.intp)

    def key(i: int) -> tuple[bool, Any]:
        return isinstance(values[i], str), values[i]

    return np.array(sorted(kept.tolist(), key=key), dtype=np.intp)


def _frequent(
    kept: Indices, sums: NDArray[Any], max_categories: int | None, missing: bool
) -> tuple[Indices, Indices]:
    """The levels that keep a code of their own, and the others, in their order."""
    if max_categories is None or len(kept) + missing <= max_categories:
        return kept, kept[:0]
    n = max(max_categories - 1 - missing, 0)
    order = np.argsort(sums[kept], kind="stable")
    n_rare = len(kept) - n
    return kept[np.sort(order[n_rare:])], kept[np.sort(order[:n_rare])]


def check_no_free_text(levels: Levels, counts: NDArray[Any], where: str) -> None:
    """Raise ValueError if a column is text in which hardly a value occurs twice."""
    n_distinct, n = np.count_nonzero(counts[:-1]), counts[:-1].sum()
    if n < _ENOUGH or n_distinct < _MOST_DISTINCT * n:
        return
    texts = [v for v in levels.values if isinstance(v, str)]
    if sum(map(len, texts)) < _LONG_TEXT * max(len(texts), 1):
        return
    raise ValueError(
        f"{where} holds free text: {n_distinct} distinct values in {n} samples, of "
        f"{_LONG_TEXT} characters or more on average. Drop it, name it in "
        "categorical_features, or encode it, for example with StringEncoder or "
        "TextEncoder of the package skrub."
    )


__all__ = ["check_no_free_text", "learn_encoder", "means_in_call", "median"]
