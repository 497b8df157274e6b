"""The bins of features: where their ranges are divided, and where a value lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.cached import cached_property


@dataclass(frozen=True, eq=False)
class Bins:
    """The bins of some features, one feature after the other.

    Parameters
    ----------
    edges : tuple of ndarray of float64
        Of every feature the edges of its bins, ascending and at least two.
    """

    edges: tuple[NDArray[np.float64], ...]

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: nothing that is derived from the rest."""
        return {"edges": self.edges}

    @classmethod
    def of(cls, edges: Sequence[Any]) -> Bins:
        """The bins between some edges."""
        return cls(tuple(np.asarray(of, dtype=np.float64) for of in edges))

    @cached_property
    def counts(self) -> NDArray[np.intp]:
        """Number of bins of every feature."""
        return np.array([len(of) - 1 for of in self.edges], dtype=np.intp)

    @cached_property
    def n(self) -> int:
        """Number of bins of all features."""
        return int(self.counts.sum())

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """The first bin of every feature."""
        return np.cumsum(self.counts) - self.counts

    @cached_property
    def feature_of(self) -> NDArray[np.intp]:
        """For every bin the position of its feature among these."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @cached_property
    def left(self) -> NDArray[np.float64]:
        """The left edge of every bin."""
        return np.concatenate([np.empty(0), *(of[:-1] for of in self.edges)])

    @cached_property
    def width(self) -> NDArray[np.float64]:
        """The width of every bin."""
        return np.concatenate([np.empty(0), *(np.diff(of) for of in self.edges)])

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        """The place of every bin if all features had as many as the most have."""
        within = np.arange(self.n) - self.starts[self.feature_of]
        places: NDArray[np.intp] = self.feature_of * self.counts.max(initial=0) + within
        return places

    def sums(self, rows: Array, *, after: bool = False) -> Array:
        """For every bin the sum of the rows of the bins before it, of its feature.

        They are added up from the outermost bin on, so that rows of zeros add nothing.

        Parameters
        ----------
        rows : ndarray of shape (n_bins, width)
            A row for every bin.
        after : bool, default=False
            Whether the bins after it are meant.
        """
        shape = len(self.counts), self.counts.max(initial=0), rows.shape[1]
        every = np.zeros((shape[0] * shape[1], shape[2]), rows.dtype)
        every[self._places] = rows
        ordered = every.reshape(shape)[:, :: -1 if after else 1]
        added = np.zeros_like(ordered)
        np.cumsum(ordered[:, :-1], axis=1, out=added[:, 1:])
        added = np.ascontiguousarray(added[:, :: -1 if after else 1])
        return added.reshape(every.shape).take(self._places, axis=0)

    def in_dtype(self, dtype: DTypeLike) -> BinsOfDtype:
        """The bins for features of a dtype."""
        return BinsOfDtype(
            self,
            [of[1:-1].astype(dtype) for of in self.edges],
            self.left.astype(dtype),
            (1 / self.width).astype(dtype),
        )


@dataclass(frozen=True, eq=False)
class BinsOfDtype:
    """The same numbers in the dtype of a network.

    Parameters
    ----------
    bins : Bins
    inner : list of ndarray
        Of every feature the edges between two bins.
    left, per_width : ndarray of shape (n_bins,)
        The left edge of every bin, and the inverse of its width.
    """

    bins: Bins
    inner: list[Array]
    left: Array
    per_width: Array

    def locate(self, x: Array, bin_of: NDArray[np.intp], beyond: Array) -> None:
        """Write in which bin every value lies, and how far beyond its left edge.

        A value below the first bin lies in it, and one above the last bin in that.

        Parameters
        ----------
        x : ndarray of shape (n_features, n_samples)
            The values.
        bin_of, beyond : ndarray of the same shape
            The results; the bins of all features are numbered consecutively.
        """
        for row, inner, start, values in zip(
            bin_of, self.inner, self.bins.starts, x, strict=True
        ):
            np.add(np.searchsorted(inner, values, side="right"), start, out=row)
        self.left.take(bin_of, out=beyond, mode="clip")
        np.subtract(x, beyond, out=beyond)
