"""Tables of categories: what the layers above see of a category is a row of a table.

A category has a code, a whole number. In a fixed table every row is given, such as a 1
in the column of its category and 0 in the others; the rows of a learned table are
parameters of the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.blocks.base import Block
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.theta import Shape

# A step of an optimiser takes time for every number of a table, however few of its rows
# a batch has: one of up to so many takes a fraction of what an ordinary network takes.
# A wider row helps where its category has many samples, and then there are few rows.
_NUMBERS = 20_000
_LEAST_WIDTH, _MOST_WIDTH = 2, 16


def usual_width(n_codes: int) -> int:
    """How wide a learned table of so many rows is by default."""
    return min(max(_NUMBERS // n_codes, _LEAST_WIDTH), _MOST_WIDTH)


@dataclass(frozen=True, eq=False)
class FixedTable:
    """A table with given rows.

    Parameters
    ----------
    values : ndarray of shape (n_codes, width)
        The rows.
    """

    compiled_as: ClassVar[str] = "fixed"

    values: NDArray[np.float64]

    @property
    def n_codes(self) -> int:
        """Number of codes."""
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return int(self.values.shape[1])

    @property
    def numbers(self) -> NDArray[np.float64]:
        """All numbers of the table, row after row."""
        return self.values.ravel()

    def rows(self, codes: NDArray[np.intp], out: Array) -> None:
        """Write the rows of some codes into ``out``."""
        out[...] = self.values[codes]


class FixedTables:
    """Several fixed tables, whose rows are looked up at once.

    There may be dozens of small ones, and a call for each takes longer than the copy.

    Parameters
    ----------
    tables : sequence of FixedTable
        The tables, one at least.
    which : sequence of int
        Their places among the tables of the block.
    columns : sequence of slice
        The outputs that their rows are.
    """

    def __init__(
        self,
        tables: Sequence[FixedTable],
        which: Sequence[int],
        columns: Sequence[slice],
    ) -> None:
        self.which = np.array(which, dtype=np.intp)
        widths = [table.width for table in tables]
        self.widths = np.array(widths, dtype=np.intp)[:, None]
        self.table_of = np.repeat(np.arange(len(tables)), widths)
        starts = np.cumsum([0, *(table.values.size for table in tables[:-1])])
        within = [np.arange(width) for width in widths]
        self.place = np.repeat(starts, widths) + np.concatenate(within)
        self.numbers = np.concatenate([table.numbers for table in tables])
        self.outputs: Any = np.concatenate(
            [np.arange(part.start, part.stop) for part in columns]
        )
        first, last = columns[0].start, columns[-1].stop
        if len(self.outputs) == last - first:
            self.outputs = slice(first, last)

    def rows(self, codes: NDArray[np.intp], out: Array) -> None:
        """Write the rows of the codes, shape (n_tables, n_samples), into ``out``."""
        starts = codes[self.which]
        starts *= self.widths
        places = starts.T.take(self.table_of, axis=1)
        places += self.place
        out[:, self.outputs] = self.numbers.take(places)


@dataclass(frozen=True, eq=False)
class OneHotTable:
    """A fixed table of one column per code, in the memory of three rows.

    Parameters
    ----------
    off, on : ndarray of shape (width,)
        The numbers of every column: that of all codes but its own, and that of its own.
    last : ndarray of shape (width,) or None, default=None
        The row of one more code, which has no column.
    """

    compiled_as: ClassVar[str] = "one-hot"

    off: NDArray[np.float64]
    on: NDArray[np.float64]
    last: NDArray[np.float64] | None = None

    @property
    def n_codes(self) -> int:
        """Number of codes."""
        return self.width + (self.last is not None)

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return len(self.off)

    @property
    def numbers(self) -> NDArray[np.float64]:
        """All numbers of the table: off, on and the last row."""
        vectors = self.off, self.on, self.last
        return np.concatenate([vector for vector in vectors if vector is not None])

    def rows(self, codes: NDArray[np.intp], out: Array) -> None:
        """Write the rows of some codes into ``out``."""
        out[...] = self.off
        (samples,) = np.nonzero(codes < self.width)
        own = codes[samples]
        out[samples, own] = self.on[own]
        if self.last is not None:
            out[codes == self.width] = self.last


@dataclass(frozen=True)
class LearnedTable:
    """A table whose rows are parameters of the network: an embedding.

    The last row is that of what training has not seen. It starts at zero, while the
    others start at random around zero.

    Parameters
    ----------
    n_codes : int
        Number of codes, the last one included.
    width : int
        Numbers in a row.
    deviation : float, default=0.1
        Standard deviation of the initial rows.

    References
    ----------
    Guo and Berkhahn, "Entity embeddings of categorical variables", arXiv 1604.06737,
    2016.
    """

    compiled_as: ClassVar[str] = "learned"

    n_codes: int
    width: int
    deviation: float = 0.1


Table = FixedTable | OneHotTable | LearnedTable


@dataclass
class LookupWorkspace:
    """Memory of the block for one batch.

    A and G = dJ/dA have shape (n_samples, n_out), the codes (n_tables, n_samples).
    """

    A: Array
    G: Array
    codes: NDArray[np.intp]

    def part(self, samples: slice) -> LookupWorkspace:
        """The same memory for some samples of the batch."""
        return LookupWorkspace(self.A[samples], self.G[samples], self.codes[:, samples])


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
    def _last_codes(self) -> NDArray[np.intp]:
        """The largest code of every table, shape (n_tables, 1)."""
        n_codes = [table.n_codes for table in self.tables]
        return np.array(n_codes, dtype=np.intp)[:, None] - 1

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
        dtype: Any,
        keep_Z: bool = False,
        backward: bool = True,
    ) -> LookupWorkspace:
        """Memory for one batch; without ``backward`` G is empty."""
        A = np.empty((n_samples, self.n_out), dtype=dtype)
        codes = np.empty((len(self.tables), n_samples), dtype=np.intp)
        return LookupWorkspace(A, np.empty_like(A) if backward else A[:0], codes)

    def forward(
        self, arrays: Sequence[Array], A_below: Any, ws: LookupWorkspace
    ) -> Array:
        """A = [X, T_1[code_1], T_2[code_2], ...]."""
        k = self.n_numeric
        np.copyto(ws.codes, A_below[:, k:].T, casting="unsafe")
        np.clip(ws.codes, 0, self._last_codes, out=ws.codes)
        ws.A[:, :k] = A_below[:, :k]
        if self._fixed is not None:
            self._fixed.rows(ws.codes, out=ws.A)
        learned = iter(arrays)
        for i in self._others:
            table, codes, columns = self.tables[i], ws.codes[i], self.columns[i]
            if isinstance(table, LearnedTable):
                ws.A[:, columns] = next(learned)[codes]
            else:
                table.rows(codes, out=ws.A[:, columns])
        return ws.A

    @cached_property
    def _others(self) -> list[int]:
        """The places of the tables that are not fixed ones."""
        pairs = enumerate(self.tables)
        return [i for i, table in pairs if not isinstance(table, FixedTable)]

    @cached_property
    def _fixed(self) -> FixedTables | None:
        """The fixed tables; None if there are none."""
        which = [i for i, t in enumerate(self.tables) if isinstance(t, FixedTable)]
        tables = [t for t in self.tables if isinstance(t, FixedTable)]
        if not tables:
            return None
        return FixedTables(tables, which, [self.columns[i] for i in which])

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
        tables = zip(self.tables, ws.codes, self.columns, strict=True)
        for table, codes, columns in tables:
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
