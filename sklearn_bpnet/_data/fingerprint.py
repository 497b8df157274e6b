"""Digests of samples, to tell whether the next call has the same."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from scipy import sparse

_SOME = 64  # samples, evenly spaced: enough to tell most tables apart
_BLOCK = 2**20  # numbers that are converted at a time


def fingerprint(*arrays: Any, of_all: bool = False) -> str:
    """A hexadecimal digest of the arrays' shapes and samples.

    Parameters
    ----------
    *arrays : ndarray, CSR matrix or array, or None
        With one entry per sample along the first axis. Numbers are compared as float64,
        whatever the dtype.
    of_all : bool, default=False
        Whether all samples count, in a pass over the arrays, or only some.

    Returns
    -------
    str
    """
    digest = hashlib.blake2b(digest_size=16)
    for array in arrays:
        if array is None:
            digest.update(b"none")
            continue
        digest.update(repr(array.shape).encode())
        if not of_all:
            n = array.shape[0]
            array = array[np.linspace(0, n - 1, min(n, _SOME)).astype(np.intp)]
        parts = [array]
        if sparse.issparse(array):
            parts = [array.data, array.indices, array.indptr]
        for part in parts:
            width = max(1, int(np.prod(part.shape[1:])))
            n_rows = max(1, _BLOCK // width)
            for start in range(0, len(part), n_rows):
                block = part[start : start + n_rows]
                digest.update(np.ascontiguousarray(block, np.float64).tobytes())
    return digest.hexdigest()
