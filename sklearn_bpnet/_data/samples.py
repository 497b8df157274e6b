"""The samples of a call: training and validation samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import column_or_1d

from sklearn_bpnet._data.chunks import chunks
from sklearn_bpnet._data.fingerprint import fingerprint
from sklearn_bpnet._data.table_columns import Levels
from sklearn_bpnet.net.cached import cached_property
from sklearn_bpnet.training.block_table import BlockTable, FirstColumns, SelectedTable
from sklearn_bpnet.training.standardization import Standardization

# For initial weights that depend on samples: enough for a standard deviation, in
# bounded memory
_SUBSET_SAMPLES = 10_000
_SUBSET_NUMBERS = 2**24

# That show whether a column has more than two values, as nearly all do
_FIRST_SAMPLES = 1000

Indices = NDArray[np.intp]
# indices of the samples that a member trains on, and of those that it holds out
Fold = tuple[Indices, Indices]
A = TypeVar("A", bound=Any)


@dataclass
class Samples:
    """Selected samples of a table of n_total samples.

    Parameters
    ----------
    X : ndarray, CSR or BlockTable of shape (n_total, n_features)
        Features of the table.
    y : ndarray of shape (n_total,) or (n_total, n_outputs)
        Targets of the table, in the form that scorers take.
    Y : ndarray of shape (n_total, n_outputs)
        Targets of the output neurons, encoded but not scaled.
    weights : ndarray of shape (n_total,) or None
        Sample weights, in their unit, times class weights.
    indices : ndarray of int or None, default=None
        Indices of the selected samples; None means all.
    largest : float, default=inf
        An upper bound of the absolute values of X.
    levels : dict of int to Levels, default={}
        Of a table that is not encoded yet, the levels of the categorical columns.
    has_gaps : bool, default=False
        Whether X has NaN, which only a table has that is not encoded yet.
    n_codes : int, default=0
        Of an encoded table, the number of columns, the last ones, that are codes.
    """

    X: Any
    y: NDArray[Any]
    Y: NDArray[Any]
    weights: NDArray[np.float64] | None
    indices: Indices | None = None
    largest: float = inf
    levels: dict[int, Levels] = field(default_factory=dict)
    has_gaps: bool = False
    n_codes: int = 0

    @property
    def n(self) -> int:
        """Number of selected samples."""
        return len(self.Y) if self.indices is None else len(self.indices)

    @property
    def numbers(self) -> Any:
        """The columns of an encoded X that are no codes, a view."""
        if not self.n_codes:
            return self.X
        n = self.X.shape[1] - self.n_codes
        is_in_blocks = isinstance(self.X, BlockTable)
        return FirstColumns(self.X, n) if is_in_blocks else self.X[:, :n]

    @property
    def is_sparse(self) -> bool:
        """Whether X is sparse."""
        return bool(sparse.issparse(self.X))

    def largest_offset(self, scaling: Standardization | None) -> float:
        """Largest ratio of mean to standard deviation of a sparse column; else 0."""
        return scaling.largest_offset if self.is_sparse and scaling else 0.0

    @property
    def n_positive_weight(self) -> int:
        """Number of selected samples of positive weight."""
        weights = self.take(self.weights)
        return self.n if weights is None else int(np.count_nonzero(weights))

    @property
    def mean_weight(self) -> float:
        """The mean weight, the unit of the sample weights."""
        weights = self.take(self.weights)
        return 1.0 if weights is None else float(np.mean(weights))

    def take(self, array: A) -> A:
        """The entries of the selected samples in an array of n_total entries.

        None stays None, and a table in blocks is not read yet.
        """
        if array is None or self.indices is None:
            return array
        if isinstance(array, BlockTable):
            return cast(A, SelectedTable(array, self.indices))
        return cast(A, array[self.indices])

    @property
    def explicit_indices(self) -> Indices:
        """The indices as an array, even if all samples are selected."""
        return np.arange(len(self.Y)) if self.indices is None else self.indices

    def random_subset(self, width: int, rng: np.random.Generator) -> Indices:
        """Indices of at most 10,000 random samples, ascending.

        Fewer if ``width`` numbers per sample would need too much memory.
        """
        indices = self.explicit_indices
        n = min(_SUBSET_SAMPLES, max(_SUBSET_NUMBERS // width, 100))
        if len(indices) <= n:
            return indices
        return np.sort(rng.choice(indices, n, replace=False, shuffle=False))

    @cached_property
    def has_many_values(self) -> NDArray[np.bool_]:
        """Whether each of ``numbers``, of a dense X, has more than two values.

        Shape (n_columns,).
        """
        X = self.numbers
        if not X.shape[1]:
            return np.zeros(0, dtype=bool)
        return _has_many_values(chunk for chunk, _ in chunks(X, None, self.indices))

    def count_many_valued(self) -> int:
        """The number of numeric columns with more than two values, gaps apart.

        Of a dense table that is not encoded yet. Few samples show most of them, and the
        others are looked for in one pass.
        """
        columns = np.array(
            [j for j in range(self.X.shape[1]) if j not in self.levels], dtype=np.intp
        )
        if not len(columns):
            return 0
        first = self.X[self.explicit_indices[:_FIRST_SAMPLES]]
        is_many = _has_many_values([first[:, columns]])
        others = columns[~is_many]
        if len(others):
            rest = (chunk for chunk, _ in chunks(self.X, None, self.indices))
            is_many[~is_many] = _has_many_values(chunk[:, others] for chunk in rest)
        return int(np.count_nonzero(is_many))

    @cached_property
    def fingerprint(self) -> str:
        """Digest of some samples of the table, to recognise it in a later call."""
        return fingerprint(self.X, self.Y, self.weights)


@dataclass
class Data:
    """Training and validation samples of one call.

    Parameters
    ----------
    training : Samples
        The training samples.
    validation : Samples or None, default=None
        Validation samples: some of the same table, or of another one.
    split : tuple of two ndarray of int or None, default=None
        Indices of training and validation samples, if early stopping set some aside.
    class_weight : str, default="None"
        The class weights, which are in the weights of the samples, as text.
    weight_unit : float, default=1.0
        Unit of the weights of the training samples: a given weight of this size is 1.
    encoder : ColumnEncoder or None, default=None
        What X has been encoded with; None for a table that is not encoded yet.
    given_weights : ndarray of shape (n_total,) or None, default=None
        Weights of the training samples without class weights.
    folds : list of tuple of two ndarray of int, default=[]
        If members hold out different samples, those that each fold trains on and holds
        out; of the training samples together, there is no validation then.
    is_fold : bool, default=False
        Whether these are the samples of one fold.
    n_numeric : int, default=0
        Number of numeric columns with more than two values, where it matters.
    """

    training: Samples
    validation: Samples | None = None
    split: tuple[Indices, Indices] | None = None
    class_weight: str = "None"
    weight_unit: float = 1.0
    encoder: Any = None
    given_weights: NDArray[np.float64] | None = None
    folds: list[Fold] = field(default_factory=list)
    is_fold: bool = False
    n_numeric: int = 0

    @property
    def n_trained(self) -> int:
        """Number of samples that a network trains on; the largest one, of folds."""
        sizes = [len(training) for training, _ in self.folds]
        return max(sizes, default=self.training.n)

    def of_fold(self, k: int) -> Data:
        """The samples that fold ``k`` trains on and holds out."""
        training, held_out = self.folds[k]
        samples = self.training
        return replace(
            self,
            training=replace(samples, indices=training),
            validation=replace(samples, indices=held_out),
            folds=[],
            is_fold=True,
        )

    @cached_property
    def identity(self) -> dict[str, str]:
        """Digests of all samples by argument of fit, and the class weights.

        It takes a pass over the samples, so only calls that may be resumed need it.
        """
        tables = {"": self.training}
        if self.validation is not None and self.split is None:
            tables["_val"] = self.validation
        digests = {"class_weight": self.class_weight}
        for suffix, samples in tables.items():
            parts = {"X": samples.X, "y": samples.Y, "sample_weight": samples.weights}
            for name, array in parts.items():
                digests[name + suffix] = fingerprint(array, of_all=True)
        return digests


class TwoValues:
    """Two values of every column, which tell whether it has more; gaps apart.

    They are collected in one pass, part by part, and those of several tables add up.

    Attributes
    ----------
    is_many : ndarray of bool of shape (n_columns,)
        Whether each column has more than two values.
    """

    def __init__(self) -> None:
        self.is_many: Any = np.False_
        # of every column, equal if there is no other one, and NaN if there is none
        self._known: tuple[Any, Any] | None = None

    def see(self, part: Any) -> None:
        """Compare the smallest and largest values of a part with those known so far."""
        low, high = np.fmin.reduce(part, axis=0), np.fmax.reduce(part, axis=0)
        between = (part != low) & (part != high) & (part == part)
        self.is_many = self.is_many | between.any(axis=0)
        self.compare(low)
        self.compare(high)

    def compare(self, value: NDArray[Any]) -> None:
        """Compare a value of every column, NaN for none, with those known so far."""
        if self._known is None:
            self._known = value, value
            return
        a, b = self._known
        is_new = (value != a) & (value != b) & (value == value)
        self.is_many = self.is_many | (is_new & (a != b) & (a == a))
        self._known = np.where(a == a, a, value), np.where(is_new, value, b)

    def __add__(self, other: TwoValues) -> TwoValues:
        """Those of both tables."""
        both = TwoValues()
        both.is_many, both._known = self.is_many | other.is_many, self._known
        for value in other._known or ():
            both.compare(value)
        return both


def _has_many_values(parts: Iterable[Any]) -> NDArray[np.bool_]:
    """Whether each column of a table in parts has more than two values, gaps apart."""
    known = TwoValues()
    for part in parts:
        known.see(part)
    return np.asarray(known.is_many)


def dense_targets(y: Any) -> NDArray[Any]:
    """Targets as a dense array; a single column becomes one-dimensional."""
    y = y.toarray() if sparse.issparse(y) else y
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return y
