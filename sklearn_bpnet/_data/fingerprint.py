"""A digest of the samples of a call, to tell whether the next call has the same."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from scipy import sparse

_MAX_SAMPLES = 64  # evenly spaced: enough to tell tables of any size apart


def fingerprint(*arrays: Any) -> str:
    """A hexadecimal digest of the arrays' shapes and of some of their samples.

    Parameters
    ----------
    *arrays : ndarray, CSR matrix or array, or None
        With one entry per sample along the first axis. Numbers are compared as float64,
        whatever the dtype.

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
        n = array.shape[0]
        indices = np.linspace(0, n - 1, min(n, _MAX_SAMPLES)).astype(np.intp)
        selection = array[indices]
        parts = [selection]
        if sparse.issparse(selection):
            parts = [selection.data, selection.indices, selection.indptr]
        for part in parts:
            digest.update(np.ascontiguousarray(part, dtype=np.float64).tobytes())
    return digest.hexdigest()
