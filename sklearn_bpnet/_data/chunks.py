"""Dense tables in chunks of samples, so that none is converted as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn_bpnet._data.samples import Indices

CHUNK_NUMBERS = 2**20  # numbers converted to float64 at a time


def chunks(
    X: Any, weights: NDArray[np.float64] | None, indices: Indices | None
) -> Iterator[tuple[Any, NDArray[np.float64] | None]]:
    """Chunks of the selected samples of a dense X, with their weights."""
    n_samples = X.shape[0] if indices is None else len(indices)
    size = max(CHUNK_NUMBERS // X.shape[1], 1)
    for start in range(0, n_samples, size):
        chunk: Any = slice(start, min(start + size, n_samples))
        chunk = chunk if indices is None else indices[chunk]
        yield X[chunk], None if weights is None else weights[chunk]
