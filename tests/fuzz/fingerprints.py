"""What an input consists of, to find out whether it was modified."""

from typing import Any

import numpy as np
from scipy import sparse

# the arrays of the sparse formats
_PARTS = ("data", "indices", "indptr", "row", "col", "offsets", "rows")


def fingerprint(value: Any) -> Any:
    """An immutable copy of all that makes up a value, which ``==`` compares bitwise."""
    if isinstance(value, np.ma.MaskedArray):
        return "masked", fingerprint(value.data), fingerprint(np.asarray(value.mask))
    if isinstance(value, np.ndarray):
        content = repr(value.tolist()) if value.dtype.hasobject else value.tobytes()
        return type(value), value.dtype.str, value.shape, value.strides, content
    if sparse.issparse(value):
        if value.format == "dok":
            return type(value), value.shape, repr(sorted(value.items()))
        parts = [getattr(value, name) for name in _PARTS if hasattr(value, name)]
        return type(value), value.shape, tuple(map(fingerprint, parts))
    if isinstance(value, dict):
        return tuple((key, fingerprint(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return type(value), tuple(map(fingerprint, value))
    if hasattr(value, "columns"):  # a frame of pandas or polars
        polars = hasattr(value, "to_dicts")
        rows = value.to_dicts() if polars else value.to_numpy(dtype=object).tolist()
        names, dtypes = list(value.columns), list(value.dtypes)
        return type(value), repr(names), repr(dtypes), repr(rows)
    if hasattr(value, "to_list"):  # a series
        index = repr(list(getattr(value, "index", ())))
        return type(value), str(value.dtype), index, repr(value.to_list())
    return repr(value)
