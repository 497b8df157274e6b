"""Memory maps that are larger than a window of training."""

from __future__ import annotations

import mmap
from os.path import basename, dirname
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import get_config

from sklearn_bpnet.training.block_table import BlockTable

# Shares of scikit-learn's `working_memory`: a window of training, and a block, which is
# read in one go, so that a window mixes 32 places of a file.
_WINDOW_SHARE = 1 / 8
_BLOCKS_PER_WINDOW = 32

_OF_JOBLIB = "joblib_memmapping_folder"


def window_bytes() -> int:
    """The size of a window of training; there are two at a time."""
    return int(get_config()["working_memory"] * _WINDOW_SHARE * 2**20)


def map_of(X: Any) -> mmap.mmap | None:
    """The file behind an array, of which it is a view; None if there is none."""
    while X is not None:
        if isinstance(X, mmap.mmap):
            return X
        X = X.obj if isinstance(X, memoryview) else getattr(X, "base", None)
    return None


def _mode_of(X: Any) -> str:
    """How a memory map was opened; "c" if it is not known."""
    while X is not None and not hasattr(X, "mode"):
        X = getattr(X, "base", None)
    return str(getattr(X, "mode", "c"))


def is_mapped(X: Any) -> bool:
    """Whether X is a matrix in a file that is larger than a window.

    joblib's own files are copies of what is in memory already: whether there are some
    must not change a result.
    """
    if not isinstance(X, np.ndarray) or X.ndim != 2 or map_of(X) is None:
        return False
    is_usual = X.dtype.kind in "buif" and X.dtype.itemsize <= 8
    folder = basename(dirname(str(getattr(X, "filename", None) or "")))
    is_large = X.nbytes > window_bytes() and len(X) > 1
    return is_usual and is_large and not folder.startswith(_OF_JOBLIB)


class MappedTable(BlockTable):
    """A memory map in blocks of consecutive samples.

    What has been read of the file is unmapped again, so that a process does not count
    it among its memory; the system may keep it.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        A view of a memory map.
    """

    def __init__(self, X: NDArray[Any]) -> None:
        window = window_bytes()
        n_samples, n_features = X.shape
        n_bytes = max(window // _BLOCKS_PER_WINDOW, 1)
        size = max(n_bytes // max(n_features * X.itemsize, 1), 1)
        offsets = np.append(np.arange(0, n_samples, size), n_samples)
        super().__init__(offsets, n_features, X.dtype, window)
        self.X = X

    def make(self, k: int) -> NDArray[Any]:
        """The samples of block ``k``, a view of the file."""
        block: NDArray[Any] = np.asarray(self.X[self.offsets[k] : self.offsets[k + 1]])
        return block

    def release(self) -> None:
        """Unmap the pages that were read, where the system can."""
        of_file = map_of(self.X)
        # what was written into a map of copies is in no file
        if of_file is None or _mode_of(self.X) == "c":
            return
        advice = getattr(mmap, "MADV_DONTNEED", None)
        if advice is not None:
            of_file.madvise(advice)
