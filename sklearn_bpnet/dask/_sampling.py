"""Samples that the client asks the partitions for.

Evenly spaced ones show the common values of the features. Quantiles are those of all
samples where these are few, and otherwise of some, drawn as of a table in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.encoder import check_dense
from sklearn_bpnet._data.noise import MOST_SAMPLES, noise_share
from sklearn_bpnet._data.quantiles import are_many, levels_of_strata
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.statistics import spaced
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.dask import _parts as parts
from sklearn_bpnet.dask._parts import Columns, Rows
from sklearn_bpnet.dask._rounds import Rounds
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS

Floats = NDArray[np.float64]
Places = NDArray[Any] | slice  # indices of samples, or their cumulative weights


_NONE = np.empty(0, dtype=np.intp)


def needs_quantiles(settings: Settings) -> bool:
    """Whether the scaling, or the bins of an embedding, are those of quantiles."""
    if settings.input_scaling in ("squash", "quantile"):
        return True
    embedding = settings.numeric_embedding
    if embedding is None or (isinstance(embedding, str) and embedding == "auto"):
        return False
    return bool(NUMERIC_EMBEDDINGS.resolve(embedding).n_bins)


def drawn(
    rounds: Rounds,
    futures: list[Any],
    known: Sequence[Columns | None],
    settings: Settings,
    is_sparse: bool,
) -> tuple[Rows | None, Rows | None]:
    """Evenly spaced samples, and those of which quantiles are taken, in one round.

    Either is None where it is not needed.

    Parameters
    ----------
    rounds : Rounds
        The tasks of the fit.
    futures : list of Future
        The partitions.
    known : sequence of Columns or None
        What is known of each.
    settings : Settings
        The parameters, of which the scaling is known.
    is_sparse : bool
        Whether the features are, which have no quantiles.
    """
    places: list[list[Places] | None] = [None, None]
    is_drawn = False
    if settings.input_scaling == "standard":
        places[0] = _evenly_spaced(known)
    if is_sparse and settings.input_scaling == "quantile":
        check_dense(sparse.csr_array((0, 0)))
    if needs_quantiles(settings) and not is_sparse:
        places[1], is_drawn = _of_quantiles(known)
    futures_of = [of and _asked(rounds, futures, of) for of in places]
    found = iter(rounds.results([f for of in futures_of for f in of or []]))
    probe, sample = (
        None if of is None else _joined([next(found) for _ in of]) for of in futures_of
    )
    if sample is not None and is_drawn:  # in proportion to their weights
        sample = sample._replace(weights=None)
    return probe, sample


def noise_on_cluster(
    rounds: Rounds,
    encoded: list[Any],
    known: Sequence[Columns | None],
    n_codes: int,
) -> float:
    """The `noise_share` of encoded partitions, in one round.

    Parameters
    ----------
    rounds, known
        As for `drawn`.
    encoded : list of Future
        The partitions, encoded.
    n_codes : int
        Number of columns, the last ones, that are codes.
    """
    is_drawn = sum(one.n for one in known if one is not None) > MOST_SAMPLES
    levels = levels_of_strata(MOST_SAMPLES)
    places = _of_strata(known, levels) if is_drawn else _all(known)
    X, Y, weights = _joined(rounds.results(_asked(rounds, encoded, places)))
    weights = None if is_drawn else weights
    return noise_share(Samples(X, Y, Y, weights, n_codes=n_codes))


def _asked(rounds: Rounds, futures: list[Any], places: list[Places]) -> list[Any]:
    """Tasks that return samples, of the partitions that have some of them."""
    pairs = [
        (future, of)
        for future, of in zip(futures, places, strict=True)
        if isinstance(of, slice) or len(of)
    ]
    asked, chosen = map(list, zip(*pairs, strict=True))
    return rounds.each("sample", parts.rows, asked, chosen)


def _split_over(totals: Sequence[float], places: NDArray[Any]) -> list[NDArray[Any]]:
    """Places among all partitions as places in each, given the length of each."""
    ends = np.cumsum(totals)
    last = np.flatnonzero(totals)[-1]  # rounding may leave a place beyond the end
    of_place = np.minimum(np.searchsorted(ends, places, side="right"), last)
    return [places[of_place == k] - (ends[k] - of) for k, of in enumerate(totals)]


def _evenly_spaced(known: Sequence[Columns | None]) -> list[Places]:
    """Indices of the samples that show the common values."""
    sizes = [0 if one is None else one.n for one in known]
    return [*_split_over(sizes, spaced(sum(sizes)))]


def _of_quantiles(known: Sequence[Columns | None]) -> tuple[list[Places], bool]:
    """Indices, or cumulative weights, of the samples whose quantiles are taken.

    Also whether these are drawn, or all samples.
    """
    there = [one for one in known if one is not None]
    n, n_columns = sum(one.n for one in there), len(there[0].numeric)
    if not are_many(n, n_columns + len(there[0].levels)):
        return _all(known), False
    return _of_strata(known, levels_of_strata()), True


def _all(known: Sequence[Columns | None]) -> list[Places]:
    """All samples."""
    return [_NONE if one is None else slice(None) for one in known]


def _of_strata(known: Sequence[Columns | None], levels: Floats) -> list[Places]:
    """Indices, or cumulative weights, of the samples at some levels."""
    there = [one for one in known if one is not None]
    if any(one.is_weighted for one in there):
        weights = [0.0 if one is None else one.weight for one in known]
        return [*_split_over(weights, levels * sum(weights))]
    sizes = [0 if one is None else one.n for one in known]
    places = np.minimum((levels * sum(sizes)).astype(np.intp), sum(sizes) - 1)
    return [*_split_over(sizes, places)]


def _joined(pieces: Sequence[Rows]) -> Rows:
    """The samples of all partitions, one after the other."""
    X, Y, weights = zip(*pieces, strict=True)
    of_all = None if weights[0] is None else np.concatenate(weights)
    return Rows(stacked(X), np.concatenate(Y), of_all)


def stacked(tables: Sequence[Any]) -> Any:
    """Dense or sparse tables, one below the other."""
    if any(sparse.issparse(one) for one in tables):
        return sparse.csr_array(sparse.vstack(tables, format="csr"))
    return np.concatenate(tables)


__all__ = ["drawn", "needs_quantiles", "noise_on_cluster", "stacked"]
