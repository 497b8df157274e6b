"""Which features are embedded, and the bins of their ranges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklearn_bpnet._data.chunks import CHUNK_NUMBERS, SelectedColumns
from sklearn_bpnet._data.quantiles import (
    counted,
    interpolated_quantiles,
    representative,
)
from sklearn_bpnet._data.samples import Indices, Samples
from sklearn_bpnet._data.statistics import standardization
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.blocks.embeddings import (
    NUMERIC_EMBEDDINGS,
    EmbeddedFeatures,
    check_dense,
)
from sklearn_bpnet.training.block_table import BlockTable
from sklearn_bpnet.training.standardization import Standardization

Floats = NDArray[np.float64]

# A bin is wider than this times the largest edge: the network, in float32, tells
# numbers apart that differ by 6e-8 times their size
_LEAST_WIDTH = 1e-6

# Of the trees for edges that are aware of the targets, as in the reference
# implementation; small tables have smaller leaves
_LEAF_SAMPLES, _LEAF_SHARE = 64, 1 / 20
_LEAST_DECREASE = 1e-4  # of the impurity
_LARGEST = 1e30


def embedded_features(
    settings: Settings,
    samples: Samples,
    scaling: Standardization | None,
    task: Task,
) -> EmbeddedFeatures | None:
    """The features that `numeric_embedding` embeds; None without it.

    These are the numeric features with more than two values. Where they have bins,
    these are learned from the scaled training samples, and nearly constant features,
    which would have none, are left out.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    samples : Samples
        The training samples, encoded.
    scaling : Standardization or None
        How their features are scaled.
    task : Task
        The task of their targets.

    Raises
    ------
    ValueError
        If X is sparse.
    """
    if settings.numeric_embedding is None:
        return None
    if not isinstance(samples.X, BlockTable):  # whose blocks are dense
        check_dense(samples.X)
    features = np.flatnonzero(samples.has_many_values)
    if not samples.numbers.shape[1]:
        return EmbeddedFeatures(features)
    form = NUMERIC_EMBEDDINGS.resolve(settings.numeric_embedding)
    if not form.n_bins:
        return EmbeddedFeatures(features)
    n_bins, aware = int(form.n_bins), bool(form.target_aware)
    with np.errstate(over="ignore", invalid="ignore"):  # `check_range` comes later
        edges = _Edges(samples, scaling, n_bins, task if aware else None)
        by_feature = list(edges.of(features))
    keep = [len(of) > 1 for of in by_feature]
    return EmbeddedFeatures(
        features[keep], [of for of in by_feature if len(of) > 1], n_bins, aware
    )


class _Edges:
    """The edges of the bins of scaled features.

    Parameters
    ----------
    samples : Samples
        The training samples.
    scaling : Standardization or None
        How their features are scaled.
    n_bins : int
        Most bins per feature.
    task : Task or None
        The task of the targets that the edges are to be aware of.
    """

    def __init__(
        self,
        samples: Samples,
        scaling: Standardization | None,
        n_bins: int,
        task: Task | None,
    ) -> None:
        self.X, self.scaling, self.n_bins = samples.numbers, scaling, n_bins
        self.indices, self.weights = representative(
            self.X, samples.weights, samples.indices
        )
        self.task = task
        if task is not None:
            self.targets = _targets(task, samples, self.indices)

    def of(self, features: Indices) -> Iterator[Floats]:
        """The edges of every feature, fewer than two where it has no bins."""
        n = self.X.shape[0] if self.indices is None else len(self.indices)
        size = max(CHUNK_NUMBERS // n, 1)
        of_samples = SelectedColumns(self.X, self.indices)
        for start in range(0, len(features), size):
            some = features[start : start + size]
            Z = of_samples[some].astype(np.float64)
            if self.scaling is not None:
                of_some = self.scaling.of(some)
                Z = (Z - of_some.mean) / of_some.scale
                of_some.bend(Z)
            for z in np.nan_to_num(Z).T:
                found = self._quantiles(z) if self.task is None else self._thresholds(z)
                yield _apart(np.unique(found))

    def _quantiles(self, z: Floats) -> Floats:
        """Quantiles at equal distances, as many as samples allow."""
        n = counted(self.weights, len(z))
        n_bins = int(min(self.n_bins, max(np.ceil(n) - 1, 1)))
        levels = np.linspace(0, 1, n_bins + 1)
        return interpolated_quantiles(z, self.weights, levels)

    def _thresholds(self, z: Floats) -> Floats:
        """The ends of the range, and the thresholds of a tree in between."""
        targets, tree = self.targets, DecisionTreeRegressor
        if targets.dtype.kind == "i":
            tree = DecisionTreeClassifier
        ends = np.array([z.min(), z.max()])
        if self.n_bins == 1:
            return ends
        unit = max(1.0, float(np.abs(ends).max()) / _LARGEST)  # the tree's is float32
        # half a sample less, as rounding is not to make it one more
        leaf = min((_LEAF_SAMPLES - 0.5) / len(z), _LEAF_SHARE)
        fitted = tree(
            max_leaf_nodes=self.n_bins,
            min_weight_fraction_leaf=leaf,
            min_impurity_decrease=_LEAST_DECREASE,
            random_state=0,
        ).fit(z[:, None] / unit, targets, sample_weight=self.weights)
        nodes = fitted.tree_
        inner = unit * nodes.threshold[nodes.children_left != nodes.children_right]
        return np.concatenate([ends, np.clip(inner, *ends)])


def _targets(task: Task, samples: Samples, indices: Indices | None) -> NDArray[Any]:
    """What the trees predict: codes of classes, or standardised targets."""
    Y = samples.Y if indices is None else samples.Y[indices]
    codes = task.strata(Y)
    if codes is not None:
        return np.asarray(codes, dtype=np.intp)
    units = standardization(samples.Y, samples.weights, samples.indices)
    return (Y.astype(np.float64) - units.mean) / units.scale


def _apart(edges: Floats) -> Floats:
    """Ascending edges without those that are too close to the one before."""
    least = _LEAST_WIDTH * float(np.abs(edges[[0, -1]]).max())
    kept = [edges[0]]
    for edge in edges[1:]:
        if edge - kept[-1] > least:
            kept.append(edge)
    # the last one remains where it is
    if len(kept) > 1:
        kept[-1] = edges[-1]
    return np.array(kept)
