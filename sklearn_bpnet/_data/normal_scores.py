"""Features to normal scores: the quantiles of the training samples, and their use.

That is scikit-learn's ``QuantileTransformer`` to the normal distribution, with sample
weights, gaps, and a mean rank for the smallest and the largest value where several
samples share it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from sklearn_bpnet._data.chunks import CHUNK_NUMBERS, SelectedColumns
from sklearn_bpnet._data.quantiles import (
    counted,
    interpolated_quantiles,
    representative,
)
from sklearn_bpnet._data.samples import Indices, Samples

Floats = NDArray[np.float64]

# As in the preprocessing of TabM
_SAMPLES_PER_QUANTILE = 30
_FEWEST, _MOST = 10, 1000

_SMALLEST_LEVEL = 1e-7  # and the largest is 1 less this, as in scikit-learn
LARGEST_SCORE = float(-special.ndtri(_SMALLEST_LEVEL))


def learn_quantiles(samples: Samples, columns: Indices) -> list[Floats]:
    """Quantiles of the numbers in some columns, at equal distances, ascending.

    Of a column without any number they are 0.

    Parameters
    ----------
    samples : Samples
        The training samples, dense, with gaps.
    columns : ndarray of int
        Indices of the columns.
    """
    X = samples.X
    indices, weights = representative(X, samples.weights, samples.indices)
    n_samples = X.shape[0] if indices is None else len(indices)
    n = min(int(counted(weights, n_samples)) // _SAMPLES_PER_QUANTILE, _MOST)
    levels = np.linspace(0, 1, max(n, _FEWEST))
    learned, of_samples = [], SelectedColumns(X, indices)
    for j in columns:
        column = of_samples[j].astype(np.float64)
        is_number = ~np.isnan(column)
        if not is_number.any():
            learned.append(np.zeros_like(levels))
            continue
        of_numbers = None if weights is None else weights[is_number]
        learned.append(interpolated_quantiles(column[is_number], of_numbers, levels))
    return learned


def median_of(quantiles: Floats) -> float:
    """The number whose score is 0."""
    return float(np.interp(0.5, np.linspace(0, 1, len(quantiles)), quantiles))


class NormalScores:
    """The normal quantiles at the levels of values among the training samples.

    A value that many samples share has the mean of their levels. Values outside the
    range of the training samples have the score of its end, 5.2 or -5.2.

    Parameters
    ----------
    quantiles : list of ndarray of shape (n_quantiles,)
        Those of every column, see `learn_quantiles`.
    """

    def __init__(self, quantiles: list[Floats]) -> None:
        self._levels = np.linspace(0, 1, len(quantiles[0]))
        # of a column with equal quantiles, the same from above
        self._columns = [
            (of, -of[::-1] if (of[1:] == of[:-1]).any() else None) for of in quantiles
        ]

    def apply(self, numbers: NDArray[Any]) -> None:
        """Replace numbers, of shape (n_samples, n_columns), in place."""
        size = max(CHUNK_NUMBERS // numbers.shape[1], 1)
        for start in range(0, len(numbers), size):
            chunk = numbers[start : start + size]
            # a column after the other in memory
            found = chunk.astype(np.float64, order="F")
            for column, (upwards, downwards) in zip(
                found.T, self._columns, strict=True
            ):
                level = np.interp(column, upwards, self._levels)
                if downwards is not None:
                    level -= np.interp(-column, downwards, -self._levels[::-1])
                    level /= 2
                column[...] = level
            np.clip(found, _SMALLEST_LEVEL, 1 - _SMALLEST_LEVEL, out=found)
            chunk[...] = special.ndtri(found, out=found)

    def slopes(self, numbers: NDArray[Any], scores: NDArray[Any]) -> Floats:
        """The derivatives of the scores of numbers, both (n_samples, n_columns).

        At a quantile it is that to the right, and outside the range of the training
        samples 0.
        """
        slopes = np.zeros(numbers.shape)
        n = len(self._levels)
        for slope, x, (upwards, _) in zip(
            slopes.T, numbers.T, self._columns, strict=True
        ):
            left = np.searchsorted(upwards, x.astype(np.float64), side="right") - 1
            inside = (left >= 0) & (left < n - 1)
            left = left[inside]
            slope[inside] = self._levels[1] / (upwards[left + 1] - upwards[left])
        # with the normal density phi, d ndtri(u) / du = 1 / phi(ndtri(u))
        exact = scores.astype(np.float64)
        slopes *= np.sqrt(2 * np.pi) * np.exp(exact**2 / 2)
        # where the level is cut off; in float32 the score of the end is rounded
        slopes[np.abs(exact) >= LARGEST_SCORE * (1 - 1e-7)] = 0
        return slopes
