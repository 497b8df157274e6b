"""What is learned of all partitions before training: classes, columns, scaling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.class_weight import class_weights
from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.learn_encoder import (
    _check_no_free_text,
    learn_encoder,
)
from sklearn_bpnet._data.samples import Data, Samples
from sklearn_bpnet._data.table_columns import Levels
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.dask import _parts as parts
from sklearn_bpnet.dask._parts import Columns, Survey, Targets
from sklearn_bpnet.dask._rounds import Rounds
from sklearn_bpnet.dask._statistics import (
    Moments,
    common_values,
    raised,
    total,
)
from sklearn_bpnet.net.blocks.embeddings import EmbeddedFeatures
from sklearn_bpnet.net.cached import cached_property
from sklearn_bpnet.training.standardization import Standardization

Floats = NDArray[np.float64]
_N_PROBED = 101  # samples from which a feature's most common value is estimated


@dataclass
class Outline(Samples):
    """A few rows in place of all samples, whose numbers are known.

    Parameters
    ----------
    n_all : int
        The number of samples of positive weight.
    """

    n_all: int = 0

    @property
    def n(self) -> int:
        return self.n_all

    @property
    def n_positive_weight(self) -> int:
        return self.n_all

    @property
    def mean_weight(self) -> float:
        return 1.0


@dataclass
class OutlinedData(Data):
    """An outline of the training samples, and the validation samples.

    Parameters
    ----------
    digests_of_training : callable or None
        Returns the digests of the training samples, which the workers compute.
    """

    digests_of_training: Callable[[], dict[str, str]] | None = None

    @cached_property
    def identity(self) -> dict[str, str]:
        assert self.digests_of_training is not None
        return super().identity | self.digests_of_training()


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


def learn_columns(
    settings: Settings, found: Sequence[Columns], names: Any, is_sparse: bool
) -> ColumnEncoder:
    """The encoder of all partitions."""
    n = sum(one.n for one in found)
    numeric = found[0].numeric
    if any(not np.array_equal(one.numeric, numeric) for one in found):
        raise ValueError(
            "Columns of X hold categories in some partitions and numbers in others. "
            "Name them in categorical_features."
        )
    categorical = np.array(sorted(found[0].levels), dtype=np.intp)
    encoder = ColumnEncoder(numeric, categorical, scaling=settings.input_scaling)
    n_gaps = np.sum([one.n_gaps for one in found], axis=0)
    if n_gaps.any() or settings.input_scaling is None:
        weights = np.sum([one.weights for one in found], axis=0)
        sums = np.sum([one.weights * one.means for one in found], axis=0)
        encoder = replace(
            encoder,
            fill=sums / np.where(weights > 0, weights, 1),
            indicated=np.flatnonzero((n_gaps > 0) & (n_gaps < n)),
            empty=np.flatnonzero(n_gaps == n),
        )
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
        _check_no_free_text(levels, numbers, where)
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
    settings: Settings, rounds: Rounds, encoded: list[Any], n_codes: int
) -> tuple[Standardization | None, EmbeddedFeatures | None, Any]:
    """The scaling of the features, which are embedded, and some samples."""
    of_parts = rounds.results(rounds.each("moments", parts.moments, encoded))
    known = [one for one in of_parts if one is not None]
    moments = total(known)
    probe = _probe(rounds, encoded, of_parts, moments.n)
    n_plain = probe.shape[1] - n_codes
    numbers = probe[:, :n_plain]
    scaling, embedded = None, None
    if settings.input_scaling is None and settings.numeric_embedding is None:
        return None, None, probe
    common = common_values(numbers, moments)
    found = rounds.summaries(
        "exceptions", parts.exceptions, encoded, common, moments.low, moments.high
    )
    if settings.input_scaling is not None:
        scaling = raised(moments, np.sum([one for one, _ in found], axis=0))
        if not np.isfinite(scaling.scale).all():
            raise ValueError(
                "X has columns whose squares exceed the largest number, which "
                "input_scaling='standard' cannot add up over partitions. Rescale them."
            )
        scaling = scaling.with_codes(n_codes) if n_codes else scaling
    if settings.numeric_embedding is not None:
        many = np.any([one for _, one in found], axis=0)
        embedded = EmbeddedFeatures(np.flatnonzero(many))
    return scaling, embedded, probe


def _probe(
    rounds: Rounds, encoded: list[Any], of_parts: list[Moments | None], n: int
) -> Any:
    """Evenly spaced samples of all partitions, in their order."""
    places = np.linspace(0, n - 1, _N_PROBED).astype(np.intp)
    futures, begin = [], 0
    pairs = []
    for future, one in zip(encoded, of_parts, strict=True):
        if one is None:
            continue
        mine = places[(places >= begin) & (places < begin + one.n)] - begin
        begin += one.n
        if len(mine):
            pairs.append((future, mine))
    futures = rounds.each(
        "probe", parts.rows, [f for f, _ in pairs], [mine for _, mine in pairs]
    )
    rows = rounds.results(futures)
    if any(sparse.issparse(one) for one in rows):
        return sparse.csr_array(sparse.vstack(rows, format="csr"))
    return np.concatenate(rows)


def outline(
    probe: Any, targets: Moments, n: int, n_codes: int, *, numeric: bool
) -> Outline:
    """Three rows in place of all samples: of numeric targets, the ends and the mean."""
    X = probe[np.resize(np.arange(probe.shape[0]), 3)]
    last = targets.mean if numeric else targets.low
    Y = np.stack([targets.low, targets.high, last])
    weights = np.array([0.0, 0.0, 1.0])
    return Outline(X, Y, Y, weights, None, n_codes=n_codes, n_all=n)
