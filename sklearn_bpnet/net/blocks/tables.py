"""Tables of categories: a row of numbers for every code of a column.

To add a form of fixed tables: a class with ``n_codes``, ``width``, ``numbers`` and
``look_up``, a member of ``Table``. NumPy trains with those whose ``compiled_as`` the
compiled loops do not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array

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

    def look_up(self, codes: NDArray[np.intp], out: Array) -> None:
        """Write the rows of some codes into ``out``."""
        out[...] = self.values.take(codes, axis=0)

    def joined(self, other: FixedTable) -> FixedTable:
        """The rows of all combinations, those with the same row of this one together.

        Where they are of one dtype, so is the result.
        """
        ours = np.repeat(self.values, other.n_codes, axis=0)
        theirs = np.tile(other.values, (self.n_codes, 1))
        return FixedTable(np.hstack([ours, theirs]))


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

    def look_up(self, codes: NDArray[np.intp], out: Array) -> None:
        """Write the rows of some codes into ``out``."""
        out[...] = self.off
        (samples,) = np.nonzero(codes < self.width)
        own = codes[samples]
        out[samples, own] = self.on[own]
        if self.last is not None:
            out[codes == self.width] = self.last

    def dense(self) -> FixedTable:
        """The same with all rows."""
        values = np.empty((self.n_codes, self.width))
        self.look_up(np.arange(self.n_codes), out=values)
        return FixedTable(values)


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
