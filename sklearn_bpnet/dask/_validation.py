"""Validation samples of a fit on a cluster, in the process that calls it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data import reading
from sklearn_bpnet._data.encoder import ColumnEncoder, encode_samples
from sklearn_bpnet._data.frames import categorical_columns
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.split import held_out_ranks
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import Header
from sklearn_bpnet.dask import _parts as parts
from sklearn_bpnet.dask._collections import is_lazy
from sklearn_bpnet.dask._rounds import Rounds
from sklearn_bpnet.dask._sampling import stacked

_ENOUGH = 10  # samples of a stratum, which is not merged with others then


def set_aside(
    rounds: Rounds,
    futures: list[Any],
    task: Task,
    settings: Settings,
    n_features: int,
    seed: int,
) -> tuple[list[Any], list[Any]]:
    """The partitions without the validation samples, and with these only.

    They are those that a fit of all samples in memory sets aside.

    Parameters
    ----------
    rounds : Rounds
        The tasks of the fit.
    futures : list of Future
        The partitions, not encoded.
    task : Task
        Its classes stratify the split.
    settings : Settings
        The parameters.
    n_features : int
        Number of columns of X.
    seed : int
        Seed of the split.
    """
    found = rounds.results(rounds.each("strata", parts.strata, futures, task))
    of_distinct, counts = _strata(found, task)
    if not counts.any():
        return futures, []
    before = np.cumsum(counts, axis=0) - counts
    ranks: list[dict[int, NDArray[np.intp]]] = [{} for _ in futures]
    chosen = held_out_ranks(
        counts.sum(axis=0), settings.validation_fraction, seed, n_features
    )
    for stratum, of_stratum in enumerate(chosen):
        begins = before[:, stratum]
        of_part = np.searchsorted(begins, of_stratum, side="right") - 1
        for k in np.unique(of_part):
            ranks[k][stratum] = of_stratum[of_part == k] - begins[k]

    def parted(aside: bool) -> list[Any]:
        what = "aside" if aside else "train"
        return rounds.each(what, parts.split, futures, task, of_distinct, ranks, aside)

    return parted(False), parted(True)


def _strata(
    found: list[tuple[NDArray[Any], NDArray[np.intp]]], task: Task
) -> tuple[list[NDArray[np.intp]], NDArray[np.intp]]:
    """The stratum of every distinct target of every partition, and their counts.

    The counts have a row for every partition and a column for every stratum.
    """
    there = [one for one in found if len(one[0])]
    if not there:
        return [], np.zeros((0, 0), dtype=np.intp)
    distinct, codes = np.unique(
        np.concatenate([targets for targets, _ in there]), axis=0, return_inverse=True
    )
    numbers = np.bincount(codes.ravel(), np.concatenate([n for _, n in there]))
    # as often as it takes to tell which ones are rare
    repeated = np.minimum(numbers, _ENOUGH).astype(np.intp)
    strata = task.strata(np.repeat(distinct, repeated, axis=0))
    if strata is None:
        of_all = np.zeros(len(codes), dtype=np.intp)
    else:
        firsts = np.cumsum(repeated) - repeated
        _, ranked = np.unique(strata, return_inverse=True)
        of_all = ranked.ravel()[firsts][codes.ravel()]
    sizes = [len(targets) for targets, _ in found]
    of_distinct = np.split(of_all, np.cumsum(sizes)[:-1])
    counts = np.zeros((len(found), int(of_all.max()) + 1), dtype=np.intp)
    for k, ((_, n), of_part) in enumerate(zip(found, of_distinct, strict=True)):
        np.add.at(counts[k], of_part, n)
    return of_distinct, counts


def gathered(
    rounds: Rounds, aside: list[Any], encoder: ColumnEncoder, names: Any
) -> Samples:
    """The samples that were set aside, encoded."""
    encoded = rounds.each("encode", parts.encode, aside, encoder, names)
    found = rounds.summaries("validation", parts.selected, encoded)
    first = found[0]
    X = stacked([one.X for one in found])
    y, Y = (np.concatenate([getattr(one, n) for one in found]) for n in ("y", "Y"))
    weights = None
    if first.weights is not None:
        weights = np.concatenate([one.weights for one in found])
    largest = max(one.largest for one in found)
    return Samples(X, y, Y, weights, None, largest, n_codes=first.n_codes)


def given(
    rounds: Rounds,
    known: Any,
    table: reading.Table,
    task: Task,
    encoder: ColumnEncoder,
    n_outputs: int,
    *,
    numeric: bool,
) -> Samples:
    """The validation samples that were passed to fit, encoded.

    Parameters
    ----------
    rounds : Rounds
        The tasks of the fit.
    known : object
        An estimator whose number and names of features are known.
    table : Table
        The samples, perhaps of collections of Dask.
    task : Task
        The task of the targets.
    encoder : ColumnEncoder
        That of the training samples.
    n_outputs : int
        Number of columns of the encoded targets.
    numeric : bool
        Whether the targets are numeric.
    """
    local = [
        rounds.client.compute(one, sync=True) if is_lazy(one) else one
        for one in (table.X, table.y, table.sample_weight)
    ]
    mask = categorical_columns(local[0], known.categorical_features)
    header = Header(known)
    found = reading.validation_samples(
        header, reading.Table(*local), task, numeric,
        encoder.is_categorical if mask is not None else None, n_outputs,
    )  # fmt: skip
    encode_samples(encoder, found, "X_val", header.feature_names)
    return found


__all__ = ["gathered", "given", "set_aside"]
