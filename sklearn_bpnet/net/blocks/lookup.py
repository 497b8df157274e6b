"""Tables of categories: what the layers above see of a category is a row of a table.

A category has a code, a whole number. In a fixed table every row is given, such as a 1
in the column of its category and 0 in the others; the rows of a learned table are
parameters of the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.blocks.base import Block
from sklearn_bpnet.net.blocks.tables import (
    FixedTable,
    LearnedTable,
    OneHotTable,
    Table,
)
from sklearn_bpnet.net.cached import cached_property
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.theta import Shape

# Many small tables take fewer calls of NumPy where neighbours are joined, to tables of
# at most so many numbers, which stay in a core's second-level cache.
_JOINED_NUMBERS = 2**15


class Joined(NamedTuple):
    """Fixed tables side by side as one of all combinations of codes, or a table alone.

    Parameters
    ----------
    table : Table
        Of the combinations.
    columns : slice
        The outputs that its rows are.
    weights : ndarray of shape (n_tables,)
        The code of a combination is the sum of these times the codes.
    """

    table: Table
    columns: slice
    weights: NDArray[np.float64]


@dataclass
class LookupWorkspace:
    """Memory of the block for one batch.

    A and G = dJ/dA have shape (n_samples, n_out), the codes (n_joined, n_samples).
    ``weights`` are those of the joined tables, of shape (n_tables, n_joined).
    """

    A: Array
    G: Array
    codes: NDArray[np.intp]
    joined: Sequence[Joined]
    weights: Array

    def part(self, samples: slice) -> LookupWorkspace:
        """The same memory for some samples of the batch."""
        A, G, codes = self.A[samples], self.G[samples], self.codes[:, samples]
        return replace(self, A=A, G=G, codes=codes)


@dataclass(frozen=True)
class Lookup(Block):
    """The numeric features, followed by the rows of the categories' tables.

    The last features are codes, one column for every table:
    A = [x_1 ... x_k, T_1[code_1], T_2[code_2], ...]

    Codes are whole numbers from 0 on; one beyond the last row stands for the last row.

    Parameters
    ----------
    n_in : int
        Number of features, the columns of codes included.
    tables : tuple of FixedTable, OneHotTable and LearnedTable
        That of every column of codes.
    """

    compiled_as: ClassVar[str | None] = "lookup"
    reads_codes: ClassVar[bool] = True

    n_in: int
    tables: tuple[Table, ...]

    listed: ClassVar[tuple[str, ...]] = ("categorical_embeddings_",)
    descriptions: ClassVar[Mapping[str, str]] = {
        "categorical_embedding": "embedding of categories"
    }
    parameters: ClassVar[Mapping[str, str]] = {
        "categorical_embedding": "categorical_embedding"
    }
    penalised: ClassVar[frozenset[str]] = frozenset({"categorical_embedding"})

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of the learned tables."""
        return tuple((table.n_codes, table.width) for table in self._learned)

    @property
    def kinds(self) -> tuple[str, ...]:
        """One kind for all of them."""
        return ("categorical_embedding",) * len(self._learned)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Where a fitted estimator shows them: in one list."""
        return ("categorical_embeddings_",) * len(self._learned)

    @cached_property
    def _learned(self) -> tuple[LearnedTable, ...]:
        return tuple(t for t in self.tables if isinstance(t, LearnedTable))

    @property
    def n_numeric(self) -> int:
        """Number of features that are no codes."""
        return self.n_in - len(self.tables)

    @property
    def n_out(self) -> int:
        """Numbers handed on: the numeric features, and a row of every table."""
        return self.n_numeric + sum(table.width for table in self.tables)

    @cached_property
    def _last_codes(self) -> Array:
        """The largest code of every table; exact in single precision."""
        return np.array([t.n_codes - 1 for t in self.tables], dtype=np.float32)

    @cached_property
    def columns(self) -> tuple[slice, ...]:
        """Of every table, the outputs that its rows are."""
        ends = self.n_numeric + np.cumsum([0, *(table.width for table in self.tables)])
        pairs = zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
        return tuple(slice(begin, end) for begin, end in pairs)

    @property
    def feature_of_output(self) -> NDArray[np.intp]:
        """The feature that every output is made of, shape (n_out,)."""
        widths = [table.width for table in self.tables]
        return np.repeat(np.arange(self.n_in), [1] * self.n_numeric + widths)

    def start(
        self,
        arrays: Sequence[Array],
        scheme: Initialization,
        rng: np.random.Generator,
        A_below: Operand | None = None,
    ) -> None:
        """Normal rows, and zero for what training has not seen."""
        for table, T in zip(self._learned, arrays, strict=True):
            T[...] = rng.normal(0, table.deviation, T.shape)
            T[-1:] = 0

    def workspace(
        self,
        n_samples: int,
        dtype: DTypeLike,
        keep_Z: bool = False,
        backward: bool = True,
    ) -> LookupWorkspace:
        """Memory for one batch; without ``backward`` G is empty."""
        A = np.empty((n_samples, self.n_out), dtype=dtype)
        G = np.empty_like(A) if backward else A[:0]
        # to join tables takes longer than to predict for a single sample
        joined = self._joined(dtype, _JOINED_NUMBERS if backward else 0)
        codes = np.empty((len(joined), n_samples), dtype=np.intp)
        weights = np.empty((len(self.tables), len(joined)), dtype=dtype)
        for k, one in enumerate(joined):
            weights[:, k] = one.weights
        return LookupWorkspace(A, G, codes, joined, weights)

    def _joined(self, dtype: DTypeLike, most: int) -> list[Joined]:
        """The tables, fixed ones joined to tables of at most so many numbers."""
        joined: list[Joined] = []
        units = np.eye(len(self.tables))
        for table, columns, unit in zip(self.tables, self.columns, units, strict=True):
            below = joined[-1] if joined else None
            if isinstance(table, OneHotTable) and table.n_codes * table.width <= most:
                table = table.dense()
            if isinstance(table, FixedTable):
                table = FixedTable(table.values.astype(dtype))
                if below is not None and isinstance(below.table, FixedTable):
                    width = max(columns.stop - below.columns.start, 1)
                    if below.table.n_codes * table.n_codes * width <= most:
                        joined[-1] = Joined(
                            below.table.joined(table),
                            slice(below.columns.start, columns.stop),
                            below.weights * table.n_codes + unit,
                        )
                        continue
            joined.append(Joined(table, columns, unit))
        return joined

    def forward(
        self, arrays: Sequence[Array], A_below: Any, ws: LookupWorkspace
    ) -> Array:
        """A = [X, T_1[code_1], T_2[code_2], ...]."""
        k = self.n_numeric
        codes = np.minimum(A_below[:, k:], self._last_codes)
        np.copyto(ws.codes, np.dot(codes, ws.weights).T, casting="unsafe")
        ws.A[:, :k] = A_below[:, :k]
        learned = iter(arrays)
        for (table, columns, _), row in zip(ws.joined, ws.codes, strict=True):
            if isinstance(table, LearnedTable):
                ws.A[:, columns] = next(learned).take(row, axis=0)
            else:
                table.look_up(row, out=ws.A[:, columns])
        return ws.A

    def backward(
        self,
        arrays: Sequence[Array],
        A_below: Any,
        ws: LookupWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """Write the sum of dJ/dA over the samples of every code, and dJ/dX.

        That with respect to a code is zero.
        """
        remaining = iter(gradient)
        for (table, columns, _), codes in zip(ws.joined, ws.codes, strict=True):
            if isinstance(table, LearnedTable):
                _sums_by_code(codes, ws.G[:, columns], out=next(remaining))
        if G_below is not None:
            k = self.n_numeric
            G_below[:, :k] = ws.G[:, :k]
            G_below[:, k:] = 0

    def importances(self, arrays: Sequence[Array], above: Array | None) -> Array:
        """Of a column of codes, the Euclidean norm over the outputs of its table.

        Where the table is learned, an output counts times its standard deviation over
        the rows: fixed ones are scaled already, as numeric features are.
        """
        assert above is not None
        weights, learned = above.copy(), iter(arrays)
        for table, columns in zip(self.tables, self.columns, strict=True):
            if isinstance(table, LearnedTable):
                weights[columns] *= np.std(next(learned)[:-1], axis=0)
        squares = np.bincount(self.feature_of_output, weights**2, self.n_in)
        norms: Array = np.sqrt(squares)
        return norms


def _sums_by_code(codes: NDArray[np.intp], G: Array, out: Array) -> None:
    """out[c] = the sum of the samples of G with code c."""
    out[...] = 0
    width = out.shape[1]
    places = codes[:, None] * width + np.arange(width)
    # of vectors, `add.at` takes 5 ns per number, a quarter of what sorting takes
    np.add.at(out.reshape(-1), places.ravel(), G.ravel())
