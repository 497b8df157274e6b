"""Data larger than memory: memory maps, Parquet and Dask, as blocks of samples."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.mapped import MappedTable, is_mapped, window_bytes
from sklearn_bpnet._data.numbers import as_numbers
from sklearn_bpnet.net.cached import cached_property

Indices = NDArray[np.intp]
_SUFFIXES = (".parquet", ".parq", ".pq")


class Source(ABC):
    """Blocks of samples, each of them an array or a data frame.

    Parameters
    ----------
    lengths : sequence of int
        Number of samples of every block.
    window_bytes : int
        How much of the table training holds in memory at a time.
    """

    def __init__(self, lengths: Sequence[int], window_bytes: int) -> None:
        self.offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.intp)])
        self.window_bytes = window_bytes

    @abstractmethod
    def frame(self, k: int, columns: Sequence[int] | None = None) -> Any:
        """Block ``k``, or some columns of it, in memory."""

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return int(self.offsets[-1])

    @cached_property
    def first(self) -> Any:
        """The first block that has samples, from which names and types are learned."""
        lengths = np.diff(self.offsets)
        if not lengths.any():
            raise ValueError("X has no samples. Give at least one sample.")
        return self.frame(int(np.flatnonzero(lengths)[0]))

    def forget_first(self) -> None:
        """Release the memory of the first block."""
        vars(self).pop("first", None)

    def without(self, names: Sequence[Any]) -> Source:
        """The source without some columns, which are targets or weights."""
        raise ValueError(_no_columns(names))

    def column(self, name: Any) -> NDArray[Any]:
        """A column of all samples, in memory."""
        raise ValueError(_no_columns([name]))


def _no_columns(names: Sequence[Any]) -> str:
    """The error about the name of a column, where there are no names."""
    return (
        f"y={names[0]!r} names a column, but the columns of X have no names. Give the "
        "targets as an array."
    )


class MappedSource(Source):
    """A memory map."""

    def __init__(self, X: NDArray[Any]) -> None:
        self.mapped = MappedTable(X)
        super().__init__(np.diff(self.mapped.offsets).tolist(), window_bytes())

    def frame(self, k: int, columns: Sequence[int] | None = None) -> Any:
        """Block ``k``, a view of the file."""
        block = self.mapped.make(k)
        return block if columns is None else block[:, columns]


class ParquetSource(Source):
    """A data set of pyarrow, by groups of rows where its files have these.

    Parameters
    ----------
    dataset : pyarrow.dataset.Dataset
        The files.
    names : list of str
        The columns to read.
    """

    def __init__(self, dataset: Any, names: list[str]) -> None:
        self.dataset, self.names = dataset, names
        self.parts, lengths = [], []
        for fragment in dataset.get_fragments():
            split = getattr(fragment, "split_by_row_group", None)
            if split is None:  # of a format without groups of rows
                self.parts.append(fragment)
                lengths.append(fragment.count_rows())
                continue
            for part in split():
                self.parts.append(part)
                lengths.append(sum(group.num_rows for group in part.row_groups))
        super().__init__(lengths, window_bytes())

    def frame(self, k: int, columns: Sequence[int] | None = None) -> Any:
        """Block ``k``, a table of pyarrow."""
        names = self.names if columns is None else [self.names[j] for j in columns]
        return self._read(k, names)

    def _read(self, k: int, names: list[str]) -> Any:
        return self.parts[k].to_table(
            schema=self.dataset.schema, columns=names, use_threads=False
        )

    def without(self, names: Sequence[Any]) -> Source:
        """The data set without some columns."""
        others = [name for name in self.names if name not in names]
        return ParquetSource(self.dataset, others)

    def column(self, name: Any) -> NDArray[Any]:
        """A column of all samples, in memory."""
        _check_name(name, self.names)
        parts = [self._read(k, [name]).column(0) for k in range(len(self.parts))]
        return np.concatenate([part.to_numpy(zero_copy_only=False) for part in parts])


class DaskSource(Source):
    """An array or a data frame of Dask, by partitions."""

    def __init__(self, X: Any) -> None:
        if getattr(X, "ndim", 2) != 2:
            raise ValueError(
                f"X is a collection of Dask of {X.ndim} dimensions. Reshape it to "
                "(n_samples, n_features)."
            )
        self.X, self.is_frame = X, hasattr(X, "map_partitions")
        if not self.is_frame and len(X.chunks[1]) > 1:
            X = X.rechunk({1: -1})
        self.parts = np.ravel(X.to_delayed()).tolist()
        if self.is_frame:
            lengths = computed(X.map_partitions(len)).tolist()
        else:
            lengths = list(X.chunks[0])
        if np.isnan(lengths).any():  # after a boolean index, for example
            lengths = [len(computed(part)) for part in self.parts]
        super().__init__(lengths, window_bytes())

    def frame(self, k: int, columns: Sequence[int] | None = None) -> Any:
        """Block ``k``, an array or a data frame of pandas."""
        frame = computed(self.parts[k])
        if columns is None:
            return frame
        return frame.iloc[:, columns] if self.is_frame else frame[:, columns]

    def without(self, names: Sequence[Any]) -> Source:
        """The frame without some columns."""
        if not self.is_frame:
            raise ValueError(_no_columns(names))
        return DaskSource(self.X.drop(columns=list(names)))

    def column(self, name: Any) -> NDArray[Any]:
        """A column of all samples, in memory."""
        if not self.is_frame:
            raise ValueError(_no_columns([name]))
        _check_name(name, list(self.X.columns))
        return np.asarray(computed(self.X[name]))


def _check_name(name: Any, names: Sequence[Any]) -> None:
    """Raise ValueError if there is no such column."""
    if name not in names:
        raise ValueError(
            f"y or sample_weight is {name!r}, which is not a column of X. Its columns "
            f"are {', '.join(map(repr, names))}."
        )


def is_dask(table: Any) -> bool:
    """Whether this is a collection of Dask, which need not be installed."""
    return hasattr(table, "__dask_graph__") and hasattr(table, "compute")


def computed(table: Any) -> Any:
    """What a collection of Dask stands for, in this thread; all else as it is."""
    return table.compute(scheduler="synchronous") if is_dask(table) else table


def source_of(X: Any, name: str = "X") -> Source | None:
    """The blocks of a table that is larger than memory; None of all other tables.

    Raises
    ------
    ValueError
        If X is a path where nothing can be read.
    """
    if isinstance(X, Source):
        return X
    if is_mapped(X):
        return MappedSource(X)
    if is_dask(X):
        return DaskSource(X)
    if isinstance(X, (str, os.PathLike)):
        X = _dataset(os.fspath(X), name)
    if hasattr(X, "get_fragments") and hasattr(X, "schema"):
        return ParquetSource(X, list(X.schema.names))
    return None


def _dataset(path: Any, name: str) -> Any:
    """The data set at a path."""
    is_file = os.path.isfile(path) and str(path).endswith(_SUFFIXES)
    if not (is_file or (os.path.isdir(path) and os.listdir(path))):
        raise ValueError(
            f"{name} is the path {path!r}, where there is neither a folder with files "
            f"nor a file of Parquet ({', '.join(_SUFFIXES)}). Correct the path, or "
            "read the file into an array or a data frame."
        )
    try:
        from pyarrow import dataset
    except ImportError as error:
        raise ImportError(
            f"{name} is the path {path!r}, which pyarrow reads. Install pyarrow."
        ) from error
    try:
        # names such as year=2024 of folders are columns
        return dataset.dataset(path, format="parquet", partitioning="hive")
    except (ValueError, OSError) as error:
        raise ValueError(
            f"{name} is the path {path!r}, where a file is not one of Parquet: "
            f"{error}. Remove it, or give a pyarrow.dataset.Dataset of the others."
        ) from error


def opened(X: Any, y: Any, sample_weight: Any, name: str) -> tuple[Any, Any, Any]:
    """X as a source where it is larger than memory; y and weights in memory.

    They may be names of columns of X, which then are no features. ``name`` is that of X
    in error messages.
    """
    source = source_of(X, name)
    y, sample_weight = computed(y), computed(sample_weight)
    if source is None:
        return X, y, sample_weight
    of_y = [y] if isinstance(y, str) else []
    if _are_names(y) and len(y) != source.n_samples:
        of_y = list(y)
    of_weights = [sample_weight] if isinstance(sample_weight, str) else []
    if not of_y and not of_weights:
        return source, y, sample_weight
    columns = [source.column(name) for name in of_y]
    if isinstance(y, str):
        y = columns[0]
    elif of_y:
        y = np.stack(columns, axis=1)
    if of_weights:
        sample_weight = as_numbers(source.column(of_weights[0]), "sample_weight")
    return source.without([*of_y, *of_weights]), y, sample_weight


def _are_names(y: Any) -> bool:
    """Whether y is a list of text."""
    return isinstance(y, list) and 0 < len(y) and all(isinstance(x, str) for x in y)
