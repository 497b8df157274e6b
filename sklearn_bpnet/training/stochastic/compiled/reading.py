"""Compiled code that reads samples: the only part that depends on the dtype of X."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from sklearn_bpnet.training.stochastic.compiled.cache import jit

_jit: Any = jit(error_model="numpy", nogil=True)


@_jit
def read(  # type: ignore[no-untyped-def]
    indices, X, n_rows, n_columns, mean, factor, is_scaled, clip, out
):
    """The rows of X, standardised in the precision of ``mean``, then cast."""
    table = numba.carray(X, (n_rows, n_columns))
    means, factors = numba.carray(mean, n_columns), numba.carray(factor, n_columns)
    wide = means.dtype.type
    for i in range(indices.size):
        x, z = table[indices[i]], out[i]
        if not is_scaled:
            for j in range(x.size):
                z[j] = x[j]
        elif np.isinf(clip):
            for j in range(x.size):
                z[j] = (wide(x[j]) - means[j]) * factors[j]
        else:
            for j in range(x.size):
                scaled = (wide(x[j]) - means[j]) * factors[j]
                z[j] = scaled / np.hypot(scaled / wide(clip), wide(1))
    return 0.0
