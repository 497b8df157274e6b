"""From a table with gaps and categories to the matrix that training sees.

The matrix has the numeric columns with their gaps filled, an indicator (0 or 1) of
every column whose gaps training saw, and a column of codes for every categorical
column. The network looks up the codes in tables, see ``net.blocks.lookup``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.encoded_blocks import EncodedTable
from sklearn_bpnet._data.features import columns_with, not_finite
from sklearn_bpnet._data.normal_scores import LARGEST_SCORE, NormalScores
from sklearn_bpnet._data.one_hot import one_hot_table, scaled_ones
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.table_columns import Levels
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks.lookup import Lookup
from sklearn_bpnet.net.blocks.tables import LearnedTable, Table
from sklearn_bpnet.net.cached import cached_property
from sklearn_bpnet.training.block_table import BlockTable

Indices = NDArray[np.intp]


@dataclass(frozen=True)
class ColumnEncoder:
    """What a fit learned about the columns of its table.

    A categorical column has the codes 0, 1, ... of its levels, then one for missing
    values if training saw some, and a last one for all others: the rare levels, if
    there are some, and values that training did not see.

    Parameters
    ----------
    numeric, categorical : ndarray of int
        Indices of the columns.
    fill : ndarray of float64 of shape (n_numeric,) or None, default=None
        What fills the gaps; None if it is not known.
    indicated : ndarray of int, default=empty
        Positions among the numeric columns of those with an indicator.
    empty : ndarray of int, default=empty
        Positions of those without any number, which are always filled.
    levels : list of list, default=[]
        The levels of every categorical column: strings, numbers, booleans.
    has_missing, has_rare : list of bool, default=[]
        Whether missing values have a code of their own, and the last one is of rare
        levels, in every categorical column.
    frequencies : list of ndarray of float64, default=[]
        The share of every code among the training samples.
    widths : list of int, default=[]
        Size of the learned embedding of every categorical column, 0 for one-hot.
    deviation : float, default=0.1
        Standard deviation of the initial embeddings.
    scaling : str or None, default=None
        How `input_scaling` scales the one-hot columns.
    quantiles : list of ndarray of float64, default=[]
        Where that is by "quantile", the quantiles of every numeric column.
    gaps : ndarray of float64, default=empty
        The share of gaps in every column with an indicator then.
    """

    numeric: Indices
    categorical: Indices
    fill: NDArray[np.float64] | None = None
    indicated: Indices = field(default_factory=lambda: np.empty(0, np.intp))
    empty: Indices = field(default_factory=lambda: np.empty(0, np.intp))
    levels: list[list[Any]] = field(default_factory=list)
    has_missing: list[bool] = field(default_factory=list)
    has_rare: list[bool] = field(default_factory=list)
    frequencies: list[NDArray[np.float64]] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    deviation: float = 0.1
    scaling: str | None = None
    quantiles: list[NDArray[np.float64]] = field(default_factory=list)
    gaps: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of_numbers(
        cls, n_features: int, fill: NDArray[np.float64] | None = None
    ) -> ColumnEncoder:
        """The encoder of a table of numbers without gaps."""
        return cls(np.arange(n_features), np.empty(0, np.intp), fill)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: nothing that is derived from the rest."""
        return {of.name: getattr(self, of.name) for of in fields(self)}

    # Sizes

    @property
    def n_features(self) -> int:
        """Number of columns of the table."""
        return len(self.numeric) + len(self.categorical)

    @property
    def n_plain(self) -> int:
        """Number of columns of the matrix that are no codes."""
        return len(self.numeric) + len(self.indicated)

    @property
    def n_out(self) -> int:
        """Number of columns of the matrix."""
        return self.n_plain + len(self.categorical)

    @property
    def n_codes(self) -> list[int]:
        """Number of codes of every categorical column."""
        return [len(shares) for shares in self.frequencies]

    @property
    def is_categorical(self) -> NDArray[np.bool_]:
        """Whether each column of the table is categorical."""
        mask = np.zeros(self.n_features, dtype=bool)
        mask[self.categorical] = True
        return mask

    @cached_property
    def is_trivial(self) -> bool:
        """Whether a table without gaps is its own matrix."""
        changed = len(self.indicated) or len(self.empty) or len(self.quantiles)
        return not (changed or len(self.categorical))

    @cached_property
    def column_of(self) -> Indices:
        """The column of the table that every column of the matrix is made of."""
        return np.concatenate(
            [self.numeric, self.numeric[self.indicated], self.categorical]
        )

    def check(self, n_features: int) -> None:
        """Raise ValueError unless all parts fit each other and a number of columns."""
        every = np.sort(np.concatenate([self.numeric, self.categorical]))
        if not np.array_equal(every, np.arange(n_features)):
            raise ValueError(f"its encoder is not one of {n_features} columns")
        n_numeric, n = len(self.numeric), len(self.categorical)
        of_numeric = np.concatenate([self.indicated, self.empty])
        lists = self.levels, self.has_missing, self.has_rare, self.widths
        if (
            any(len(of) != n for of in (*lists, self.frequencies))
            or not ((of_numeric >= 0) & (of_numeric < n_numeric)).all()
            or (self.fill is not None and self.fill.shape != (n_numeric,))
            or (self.fill is None and len(of_numeric))
            or self.scaling not in ("standard", "squash", "quantile", None)
            or not self._has_quantiles_as_needed
        ):
            raise ValueError("the parts of its encoder do not fit each other")
        parts = zip(self.levels, self.has_missing, self.n_codes, strict=True)
        if any(len(of) + missing + 1 != n_codes for of, missing, n_codes in parts):
            raise ValueError("an encoded column has another number of levels")
        values = (value for of in self.levels for value in of)
        if not all(isinstance(value, (str, int, float)) for value in values):
            raise ValueError("a level is neither text nor a number")
        if min(self.widths, default=0) < 0:
            raise ValueError("the size of an embedding is negative")

    @property
    def _has_quantiles_as_needed(self) -> bool:
        """Whether there are quantiles of all numeric columns, or rightly none."""
        if self.scaling != "quantile":
            return not self.quantiles and not len(self.gaps)
        return (
            self.fill is not None
            and len(self.quantiles) == len(self.numeric)
            and len({len(of) for of in self.quantiles}) <= 1
            and all(len(of) > 1 and np.isfinite(of).all() for of in self.quantiles)
            and all((np.diff(of) >= 0).all() for of in self.quantiles)
            and len(self.gaps) == len(self.indicated)
        )

    # The matrix

    def encode(
        self,
        X: Any,
        levels: Mapping[int, Levels],
        *,
        has_gaps: bool,
        name: str = "X",
        names: Sequence[str] | None = None,
    ) -> Any:
        """The matrix of a table.

        Parameters
        ----------
        X : ndarray or CSR of shape (n_samples, n_features)
            Numbers, and codes of the table's own in categorical columns.
        levels : mapping of int to Levels
            The levels that these codes index, by column.
        has_gaps : bool
            Whether X has NaN.
        name : str, default="X"
            Its name in error messages.
        names : sequence of str, default=None
            Names of the columns.

        Returns
        -------
        ndarray or CSR of shape (n_samples, n_out)
            X itself if there is nothing to do.

        Raises
        ------
        ValueError
            If there are gaps and what fills them is not known, or if X is sparse where
            that is not possible.
        """
        if self.is_trivial and not has_gaps:
            return X
        if self.fill is None and has_gaps:
            found = columns_with(X, np.isnan)
            raise ValueError(not_finite(name, "NaN", found, names))
        if self.scaling == "quantile":
            check_dense(X)
        if sparse.issparse(X):
            return self._encode_sparse(X)
        if isinstance(X, BlockTable):
            return EncodedTable(self, X, levels, has_gaps)
        out = np.empty((len(X), self.n_out), self.dtype_of(X))
        n = len(self.numeric)
        numbers = out[:, :n]
        numbers[...] = X if n == self.n_features else X[:, self.numeric]
        if has_gaps and n:
            self._fill(numbers, out[:, n : self.n_plain])
        elif len(self.indicated):
            out[:, n : self.n_plain] = 0
        numbers[:, self.empty] = 0 if self.fill is None else self.fill[self.empty]
        if self.quantiles:
            self._scale(numbers, out[:, n : self.n_plain])
        for k, j in enumerate(self.categorical):
            out[:, self.n_plain + k] = self._recoded(k, X[:, j], levels[int(j)])
        return out

    def dtype_of(self, X: Any) -> np.dtype[Any]:
        """The dtype of the matrix of a dense table."""
        is_single = X.dtype == np.float32 or not self.quantiles
        return np.dtype(X.dtype if is_single else np.float64)

    def _fill(self, numbers: NDArray[Any], indicators: NDArray[Any]) -> None:
        """Fill the gaps, in place, and write their indicators."""
        assert self.fill is not None
        is_gap = np.isnan(numbers)
        indicators[...] = is_gap[:, self.indicated]
        np.copyto(numbers, self.fill.astype(numbers.dtype), where=is_gap)

    def _scale(self, numbers: NDArray[Any], indicators: NDArray[Any]) -> None:
        """Replace numbers by their normal scores, and scale the indicators."""
        self._scores.apply(numbers)
        if len(self.gaps):
            off, on = scaled_ones(self.gaps)
            indicators *= on - off
            indicators += off

    @cached_property
    def _scores(self) -> NormalScores:
        return NormalScores(self.quantiles)

    def _encode_sparse(self, X: Any) -> Any:
        """The same for CSR, which has no categories."""
        assert self.fill is not None
        rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
        is_gap = np.isnan(X.data)
        data = np.where(is_gap, self.fill.astype(X.dtype)[X.indices], X.data)
        if len(self.empty):
            data[np.isin(X.indices, self.empty)] = 0
        filled = type(X)((data, X.indices, X.indptr), shape=X.shape)
        if not len(self.indicated):
            return filled
        place = np.full(self.n_features, -1)
        place[self.indicated] = np.arange(len(self.indicated))
        chosen = is_gap & (place[X.indices] >= 0)
        ones = np.ones(int(chosen.sum()), dtype=X.dtype)
        where = rows[chosen], place[X.indices[chosen]]
        shape = X.shape[0], len(self.indicated)
        indicators = sparse.csr_array((ones, where), shape=shape)
        return type(X)(sparse.hstack([filled, indicators], format="csr"))

    @cached_property
    def _codes(self) -> list[dict[Any, int]]:
        """For every categorical column the code of every level."""
        return [{v: i for i, v in enumerate(values)} for values in self.levels]

    def _recoded(self, k: int, codes: NDArray[Any], levels: Levels) -> NDArray[Any]:
        """The codes of this encoder, given those of a table."""
        last = self.n_codes[k] - 1
        get = self._codes[k].get
        table = [get(value, last) for value in levels.values]
        table.append(len(self.levels[k]) if self.has_missing[k] else last)
        place = np.where(np.isnan(codes), len(levels.values), codes).astype(np.intp)
        return np.array(table, dtype=codes.dtype)[place]

    # What the network makes of it

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables in which the network looks up the codes."""
        return tuple(
            LearnedTable(len(shares), width, self.deviation)
            if width
            else one_hot_table(shares, has_rare, self.scaling)
            for shares, has_rare, width in zip(
                self.frequencies, self.has_rare, self.widths, strict=True
            )
        )

    @cached_property
    def lookup(self) -> Lookup | None:
        """The block that looks up the codes; None without categories."""
        return Lookup(self.n_out, self.tables) if self.tables else None

    @property
    def n_inputs(self) -> int:
        """Number of inputs of the network: what the tables make of the matrix."""
        return self.n_out if self.lookup is None else self.lookup.n_out

    def input_names(self, names: Sequence[str]) -> list[str]:
        """The names of these inputs, given those of the table's columns."""
        found = [names[j] for j in self.numeric]
        found += [f"missingindicator_{names[self.numeric[i]]}" for i in self.indicated]
        for k, j in enumerate(self.categorical):
            if self.widths[k]:
                found += [f"{names[j]}_embedding{i}" for i in range(self.widths[k])]
                continue
            values = [f"{names[j]}_{value}" for value in self.levels[k]]
            values += [f"{names[j]}_missing"] if self.has_missing[k] else []
            values += [f"{names[j]}_rare"] if self.has_rare[k] else []
            found += values[1:] if len(values) == 2 else values
        return found

    def of_columns(self, importances: Array) -> Array:
        """Euclidean norms over what is made of every column of the table."""
        if self.is_trivial:
            return importances
        squares = np.bincount(self.column_of, importances**2, self.n_features)
        norms: Array = np.sqrt(squares)
        return norms

    def with_centre(self, centre: NDArray[np.float64]) -> ColumnEncoder:
        """An encoder that fills gaps with the centre of the scaling, if not known."""
        if self.fill is not None:
            return self
        return replace(self, fill=centre[: len(self.numeric)].copy())


def check_dense(X: Any) -> None:
    """Raise ValueError where X is not an array."""
    if sparse.issparse(X):
        raise ValueError(
            "input_scaling='quantile' needs dense X, as the score of a zero is not "
            "zero; got a sparse one. Use X.toarray() or input_scaling='standard'."
        )


def encode_samples(
    encoder: ColumnEncoder,
    samples: Samples,
    name: str,
    names: Sequence[str] | None = None,
) -> None:
    """Replace the table of samples by its matrix, in place."""
    samples.X = encoder.encode(
        samples.X, samples.levels, has_gaps=samples.has_gaps, name=name, names=names
    )
    largest = samples.largest
    if encoder.fill is not None:
        largest = max(largest, float(np.abs(encoder.fill).max(initial=0)))
    if encoder.quantiles:
        largest = LARGEST_SCORE
    largest_code = max(encoder.n_codes, default=0)
    if not encoder.is_trivial or samples.has_gaps:
        samples.largest = max(largest, float(largest_code), 1.0)
    samples.levels, samples.has_gaps = {}, False
    samples.n_codes = len(encoder.categorical)
