"""Mini-batches of a table that is larger than memory.

Random samples of a file would be read a page at a time. Instead, its blocks are read in
random order, as many as fit into a window, and the samples of a window are shuffled.
While training uses a window, a thread reads the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import copy_context
from threading import Event, Thread
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.batches import Batch, Batches, RowReader
from sklearn_bpnet.training.block_table import BlockTable

T = TypeVar("T")
Indices = NDArray[np.intp]

_GRACE = 1.0  # seconds in which a thread begins, if it does


class ReadAhead(Generic[T]):
    """Makes the next item of an iterator in a thread, while the last one is used.

    The thread ends with every item, so that none waits for a caller who is gone; and
    `stop`, or the end of a ``with`` block, waits for it. ``with ahead, ahead:`` does so
    even if an interrupt (Ctrl-C) hits one of the two exits.
    """

    def __init__(self) -> None:
        self._making: _Making[T] | None = None
        self.is_stopped = False

    def __enter__(self) -> ReadAhead[T]:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Make no further item, and wait for the one that is being made."""
        self.is_stopped = True
        if self._making is not None:
            self._making.wait()
        self._making = None

    def over(self, items: Iterator[T]) -> Iterator[T]:
        """The items; each one must not be used any more when the next is asked for."""
        self.stop()
        self.is_stopped = False
        self._start(items)
        while (item := self._finish()) is not None:
            self._start(items)
            yield item

    def _start(self, items: Iterator[T]) -> None:
        self._making = making = _Making(items)  # known before it starts
        making.thread.start()

    def _finish(self) -> T | None:
        """The item that is being made; None if there are no more."""
        assert self._making is not None
        return self._making.item()


class _Making(Generic[T]):
    """A thread that makes an item.

    An interrupted `Thread.join` may take a thread for ended that is not. An event
    says when it is.

    Parameters
    ----------
    items : iterator
        Its next item is made.
    """

    def __init__(self, items: Iterator[T]) -> None:
        self.items, self.is_done = items, Event()
        self.made: tuple[T | None, BaseException | None] = None, None
        run = copy_context().run
        self.thread = Thread(target=run, args=(self._make,), daemon=True)
        self.thread.name = "sklearn_bpnet reader"

    def _make(self) -> None:
        try:
            self.made = next(self.items, None), None
        except BaseException as error:
            self.made = None, error
        finally:
            self.is_done.set()

    def wait(self) -> None:
        """Wait for the end of the thread, if it has been started.

        An interrupt of its start leaves open whether it has been.
        """
        has_begun = self.thread.ident is not None
        if self.is_done.wait(None if has_begun else _GRACE):
            self.thread.join()

    def item(self) -> T | None:
        """The item, or None if there is none; an error in the thread is raised."""
        self.is_done.wait()
        item, error = self.made
        if error is not None:
            raise error
        return item


class WindowedBatches(Batches):
    """The training samples of a table that is larger than memory, epoch by epoch.

    Where all of them fit into one window, they are read once, and the batches are those
    of an array.

    Parameters
    ----------
    reader, Y, s, indices, batch_size
        As those of `Batches`; the reader's X is a `BlockTable`.
    """

    def __init__(
        self,
        reader: RowReader,
        Y: Array,
        s: Array | None,
        indices: Indices | None,
        batch_size: int,
    ) -> None:
        super().__init__(reader, Y, s, indices, batch_size)
        self.table: BlockTable = reader.X
        if indices is not None and (np.diff(indices) < 0).any():
            self.indices = np.sort(indices)
        n_bytes = max(self.table.shape[1] * self.table.dtype.itemsize, 1)
        size = self.table.window_bytes // n_bytes
        if size < self.n_samples:  # whole batches, at least one
            size = max(size // self.batch_size, 1) * self.batch_size
        self.window_size = min(size, self.n_samples)
        self.ahead: ReadAhead[tuple[NDArray[Any], Indices]] = ReadAhead()
        self._windows: list[NDArray[Any]] = []
        self._whole: Batches | None = None

    def __exit__(self, *error: object) -> None:
        """Wait for the thread that reads ahead."""
        self.ahead.stop()

    def runs(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """All samples once, in runs of one or more whole batches, to be split."""
        for part, of_part in self.parts(rng):
            yield from part.runs(of_part)

    def parts(
        self, rng: np.random.Generator | None = None
    ) -> Iterator[tuple[Batches, np.random.Generator | None]]:
        """Batches of every window, whose samples are shuffled already."""
        if self.window_size == self.n_samples:
            if self._whole is None:
                X, indices = next(self._read_windows(np.arange(self.table.n_blocks)))
                self._whole, self._windows = self._of(X, indices, None), []
            yield self._whole, rng
            return
        blocks = np.arange(self.table.n_blocks)
        if rng is not None:
            rng.shuffle(blocks)
        for X, indices in self.ahead.over(self._read_windows(blocks)):
            order = None
            if rng is not None:
                order = np.arange(len(X))
                rng.shuffle(order)
            yield self._of(X, indices, order), None

    def _of(self, X: NDArray[Any], indices: Indices, order: Indices | None) -> Batches:
        """The batches of a window, in some order."""
        s = None if self.s is None else self.s[indices]
        reader = self.reader.of(X)
        return Batches(reader, self.Y[indices], s, order, self.batch_size)

    def _read_windows(self, blocks: Indices) -> Iterator[tuple[NDArray[Any], Indices]]:
        """Windows of samples of these blocks, and the samples' indices.

        Two buffers take turns.
        """
        n_windows = 0
        window, indices = self._buffer(0), np.empty(self.window_size, dtype=np.intp)
        end = 0
        for k in blocks.tolist():
            if self.ahead.is_stopped:
                return
            chosen = self._chosen(k)
            while len(chosen):
                piece, chosen = np.split(chosen, [self.window_size - end])
                self._copy(k, piece, window[end : end + len(piece)])
                indices[end : end + len(piece)] = piece
                end += len(piece)
                if end == self.window_size:
                    yield window, indices
                    n_windows, end = n_windows + 1, 0
                    window = self._buffer(n_windows % 2)
                    indices = np.empty_like(indices)
        if end:
            yield window[:end], indices[:end]

    def _chosen(self, k: int) -> Indices:
        """The samples of a block that are trained on."""
        first, last = self.table.offsets[k : k + 2]
        if self.indices is None:
            return np.arange(first, last)
        start, stop = np.searchsorted(self.indices, [first, last])
        return self.indices[start:stop]

    def _copy(self, k: int, indices: Indices, out: NDArray[Any]) -> None:
        """Copy samples of a block."""
        block, local = self.table.block(k), indices - self.table.offsets[k]
        if len(local) == local[-1] - local[0] + 1:  # all in between
            out[...] = block[local[0] : local[-1] + 1]
        else:
            np.take(block, local, axis=0, out=out, mode="clip")
        self.table.release()

    def _buffer(self, i: int) -> NDArray[Any]:
        """One of the two buffers of windows."""
        while len(self._windows) <= i:
            shape = self.window_size, self.table.shape[1]
            self._windows.append(np.empty(shape, dtype=self.table.dtype))
        return self._windows[i]


def batches_of(
    reader: RowReader,
    Y: Array,
    s: Array | None,
    indices: Indices | None,
    batch_size: int,
) -> Batches:
    """Batches of a table in memory, or of one that is read in blocks."""
    kind = WindowedBatches if isinstance(reader.X, BlockTable) else Batches
    return kind(reader, Y, s, indices, batch_size)
