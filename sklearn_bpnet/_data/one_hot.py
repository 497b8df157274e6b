"""One-hot encoding as a table: what scaling makes of the columns of 0 and 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.quantiles import SQUASHED_TO
from sklearn_bpnet._data.statistics import RARE
from sklearn_bpnet.net.blocks.tables import FixedTable, OneHotTable, Table

Floats = NDArray[np.float64]

_MOST_ROWS = 64  # of a table of ones and zeros; larger ones take time and memory


def one_hot_table(shares: Floats, has_rare: bool, scaling: str | None) -> Table:
    """The scaled one-hot columns of every code.

    Two codes have a single column, which is 1 for the second one. A code that training
    did not see is represented by the mean of the samples.

    Parameters
    ----------
    shares : ndarray of shape (n_codes,)
        The share of every code among the training samples.
    has_rare : bool
        Whether the last code is one of rare levels; if not, it is that of values which
        training did not see.
    scaling : str or None
        How `input_scaling` scales features.
    """
    n = len(shares) if has_rare else len(shares) - 1
    p = shares[1:2] if n == 2 else shares[:n]
    off, on = np.zeros_like(p), np.ones_like(p)
    if scaling is not None:
        scale = _squashed if scaling == "squash" else _scaled
        off, on = scale(off, p), scale(on, p)
    mean = None if has_rare else off + p * (on - off)
    if n > _MOST_ROWS:
        return OneHotTable(off, on, mean)
    rows = np.stack([off, on]) if n == 2 else np.where(np.eye(n, dtype=bool), on, off)
    return FixedTable(rows if mean is None else np.vstack([rows, mean]))


def _scaled(x: Floats, p: Floats) -> Floats:
    """Numbers 0 or 1 of every column as `feature_standardization` scales them.

    A column that is 1 for a share p of the samples has the variance p (1 - p); where
    one of its values is rare, that is raised in proportion.
    """
    share = np.minimum(p, 1 - p)
    factor = np.where(share < RARE, RARE / np.where(share > 0, share, 1), 1)
    # the limit of rare ones, for levels that are declared but not seen
    variance = np.where(share > 0, p * (1 - p) * factor, np.where(p < 0.5, RARE, 1))
    scaled: Floats = (x - p) / np.sqrt(variance)
    return scaled


def scaled_ones(shares: Floats) -> tuple[Floats, Floats]:
    """What a 0 and a 1 become in columns that are 1 for some share of the samples."""
    return _scaled(np.zeros_like(shares), shares), _scaled(np.ones_like(shares), shares)


def _squashed(x: Floats, p: Floats) -> Floats:
    """Numbers 0 or 1 of every column as `squashing` scales them, clip included."""
    low, median, high = (np.where(1 - p < q, 1.0, 0.0) for q in (0.25, 0.5, 0.75))
    scale = np.where(high > low, high - low, np.where(p < 1, 0.5, 1))
    Z = (x - median) / scale
    squashed: Floats = Z / np.hypot(Z / SQUASHED_TO, 1)
    return squashed
