"""Compiled code that reads samples: the only part that depends on the dtype of X."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, types

from sklearn_bpnet.training.stochastic.compiled.cache import jit
from sklearn_bpnet.training.stochastic.compiled.units import Types, pointer

_jit: Any = jit(error_model="numpy", nogil=True)


def types_of_reading(dtype: Any, X: Any, mean: Any) -> Types:
    """Of ``read``, for the dtypes of theta, of X and of the mean."""
    integers, of_mean = (types.intp,) * 4, pointer(mean)
    indices, out = pointer(types.intp), pointer(dtype)
    return *integers, indices, pointer(X), of_mean, of_mean, out, types.float64


@_jit
def read(  # type: ignore[no-untyped-def]
    n, n_columns, is_scaled, n_bent, indices, X, mean, factor, out, clip
):
    """The rows of X, standardised in the precision of ``mean``, then cast.

    The clip bends the first ``n_bent`` columns.
    """
    read, means = carray(out, (n, n_columns)), carray(mean, n_columns)
    factors, wide = carray(factor, n_columns), means.dtype.type
    for i in range(n):
        x, z = carray(X, (indices[i] + 1, n_columns))[indices[i]], read[i]
        if not is_scaled:
            for j in range(n_columns):
                z[j] = x[j]
        elif n_bent == 0:  # from 0 on, a loop becomes vector instructions
            for j in range(n_columns):
                z[j] = (wide(x[j]) - means[j]) * factors[j]
        else:
            for j in range(n_bent):
                scaled = (wide(x[j]) - means[j]) * factors[j]
                z[j] = scaled / np.hypot(scaled / wide(clip), wide(1))
            for j in range(n_bent, n_columns):
                z[j] = (wide(x[j]) - means[j]) * factors[j]
    return 0.0
