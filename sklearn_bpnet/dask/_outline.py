"""What stands in the process that calls fit for samples that are elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.samples import Data, Samples, TwoValues
from sklearn_bpnet.dask._parts import Columns
from sklearn_bpnet.dask._statistics import Numbers, total
from sklearn_bpnet.net.cached import cached_property


@dataclass
class Outline(Samples):
    """A few rows in place of all samples, whose numbers are known.

    Parameters
    ----------
    n_all : int
        The number of samples of positive weight.
    is_many : ndarray of bool or None, default=None
        Whether each column that is no code has more than two values.
    """

    n_all: int = 0
    is_many: NDArray[np.bool_] | None = None

    @property
    def n(self) -> int:
        return self.n_all

    @property
    def n_positive_weight(self) -> int:
        return self.n_all

    @property
    def mean_weight(self) -> float:
        return 1.0

    @property
    def has_many_values(self) -> NDArray[np.bool_]:
        assert self.is_many is not None
        return self.is_many


@dataclass
class OutlinedData(Data):
    """An outline of the training samples, and the validation samples.

    Parameters
    ----------
    digests_of_training : callable or None
        Returns the digests of the training samples, which the workers compute.
    """

    digests_of_training: Callable[[], dict[str, str]] | None = None

    @cached_property
    def identity(self) -> dict[str, str]:
        assert self.digests_of_training is not None
        return super().identity | self.digests_of_training()


def outline(
    encoder: ColumnEncoder,
    found: Sequence[Columns],
    numbers: Numbers,
    dtype: Any,
    is_sparse: bool,
    numeric: bool,
) -> Outline:
    """Three rows in place of all samples: of numeric targets, the ends and the mean.

    Parameters
    ----------
    encoder, found, numbers
        As for `learn_columns`, with what it has learned.
    dtype : dtype
        Of the table.
    is_sparse, numeric : bool
        Whether the features are sparse, and the targets numeric.
    """
    if not encoder.is_trivial:
        dtype = encoder.dtype_of(np.empty(0, dtype))
    shape, is_many = (3, encoder.n_out), np.zeros(encoder.n_plain, dtype=bool)
    X = sparse.csr_array(shape, dtype=dtype) if is_sparse else np.zeros(shape, dtype)
    if not is_sparse and len(encoder.numeric):
        values = numbers.values
        if encoder.fill is not None:
            values = values + TwoValues()
            values.compare(np.where(numbers.n_gaps > 0, encoder.fill, np.nan))
        is_many[: len(encoder.numeric)] = values.is_many
    targets = total(one.targets for one in found)
    last = targets.mean if numeric else targets.low
    Y = np.stack([targets.low, targets.high, last])
    weights, n = np.array([0.0, 0.0, 1.0]), sum(one.n for one in found)
    n_codes = len(encoder.categorical)
    return Outline(X, Y, Y, weights, None, n_codes=n_codes, n_all=n, is_many=is_many)
