"""The samples of a call: training samples, and those that validate."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import column_or_1d

from sklearn_bpnet._data.fingerprint import fingerprint
from sklearn_bpnet.training.standardization import Standardization

# For initial weights that depend on samples: enough for a standard deviation, in
# bounded memory
_SOME_SAMPLES = 10_000
_SOME_NUMBERS = 2**24

Indices = NDArray[np.intp]
A = TypeVar("A", bound=Any)


@dataclass
class Samples:
    """Some samples of a table.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_rows, n_features)
        The table's features.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Its targets, as a scorer wants them.
    Y : ndarray of shape (n_rows, n_outputs)
        Targets of the output neurons, encoded but not scaled.
    weights : ndarray of shape (n_rows,) or None
        Sample weights times class weights.
    indices : ndarray of int or None, default=None
        Which rows of the table are meant; None means all.
    """

    X: Any
    y: NDArray[Any]
    Y: NDArray[Any]
    weights: NDArray[np.float64] | None
    indices: Indices | None = None

    @property
    def n(self) -> int:
        """How many samples."""
        return len(self.Y) if self.indices is None else len(self.indices)

    @property
    def is_sparse(self) -> bool:
        """Whether X is sparse."""
        return bool(sparse.issparse(self.X))

    def largest_offset(self, scaling: Standardization | None) -> float:
        """The largest mean of a sparse column, in its standard deviations; else 0."""
        return scaling.largest_offset if self.is_sparse and scaling else 0.0

    @property
    def n_of_positive_weight(self) -> int:
        """How many of them count."""
        weights = self.take(self.weights)
        return self.n if weights is None else int(np.count_nonzero(weights))

    @property
    def mean_weight(self) -> float:
        """The mean weight, the unit of the sample weights."""
        weights = self.take(self.weights)
        return 1.0 if weights is None else float(np.mean(weights))

    def take(self, array: A) -> A:
        """Of an array with an entry for every row of the table, those of the samples.

        None stays None.
        """
        return array if array is None or self.indices is None else array[self.indices]

    @property
    def numbers(self) -> Indices:
        """The indices, also where they are all."""
        return np.arange(len(self.Y)) if self.indices is None else self.indices

    def some(self, width: int, rng: np.random.Generator) -> Indices:
        """Indices of at most 10,000 of the samples, ascending.

        Fewer where ``width`` numbers per sample would need much memory.
        """
        indices = self.numbers
        n = min(_SOME_SAMPLES, max(_SOME_NUMBERS // width, 100))
        if len(indices) <= n:
            return indices
        return np.sort(rng.choice(indices, n, replace=False, shuffle=False))

    @cached_property
    def fingerprint(self) -> str:
        """What tells the table from others."""
        return fingerprint(self.X, self.Y, self.weights)


@dataclass
class Data:
    """What one call trains on and validates on.

    Parameters
    ----------
    training : Samples
        The training samples.
    validation : Samples or None, default=None
        Validation samples: some of the table, or others.
    split : tuple of two ndarray of int or None, default=None
        Where early stopping set samples aside: the indices of both.
    """

    training: Samples
    validation: Samples | None = None
    split: tuple[Indices, Indices] | None = None


def dense_targets(y: Any) -> NDArray[Any]:
    """Targets as an array, of one dimension where there is a single column."""
    y = y.toarray() if sparse.issparse(y) else y
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return y
