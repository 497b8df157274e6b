"""Containers of equal numbers: arrays of any layout, lists, frames, sparse formats."""

import numpy as np
from scipy import sparse

try:
    import pandas as pd
except ImportError:
    pd = None
try:
    import polars as pl
except ImportError:
    pl = None
try:
    import pyarrow as pa
except ImportError:
    pa = None


def names_of(X):
    """Names of the columns of a frame."""
    return [f"x{i}" for i in range(X.shape[1])]


def _read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def _nested(X):
    """A view in the middle of a larger array."""
    outer = np.full((len(X) + 2, X.shape[1] + 3), np.nan)
    outer[1:-1, 2:-1] = X
    return outer[1:-1, 2:-1]


# functions of a float64 array of two dimensions; all mean the same numbers
DENSE = {
    "array": np.array,
    "Fortran order": np.asfortranarray,
    "every second column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "every second row": lambda X: np.repeat(X, 2, axis=0)[::2],
    "columns reversed in memory": lambda X: X[:, ::-1].copy()[:, ::-1],
    "rows reversed in memory": lambda X: X[::-1].copy()[::-1],
    "transposed": lambda X: X.T.copy().T,
    "part of an array": _nested,
    "read-only": _read_only,
    "other byte order": lambda X: X.astype(X.dtype.newbyteorder()),
    "list of lists": lambda X: X.tolist(),
    "tuple of tuples": lambda X: tuple(map(tuple, X.tolist())),
    "list of arrays": list,
    "objects": lambda X: X.astype(object),
    "objects in a list": lambda X: [[*row] for row in X],
    "nothing masked": np.ma.array,
    "longdouble": lambda X: X.astype(np.longdouble),
    "matrix": lambda X: _matrix(X),
}
if pd is not None:
    DENSE |= {
        "pandas": lambda X: pd.DataFrame(X, columns=names_of(X)),
        "pandas, numbered columns": pd.DataFrame,
        "pandas, odd index": lambda X: pd.DataFrame(
            X, columns=names_of(X), index=[7] * len(X)
        ),
        "pandas, objects": lambda X: pd.DataFrame(X, columns=names_of(X), dtype=object),
        "pandas, nullable": lambda X: pd.DataFrame(
            X, columns=names_of(X), dtype="Float64"
        ),
        "pandas, duplicate names": lambda X: pd.DataFrame(
            X, columns=["x"] * X.shape[1]
        ),
        "pandas, MultiIndex": lambda X: pd.DataFrame(
            X, columns=pd.MultiIndex.from_tuples([("a", i) for i in range(X.shape[1])])
        ),
        "pandas, mixed names": lambda X: pd.DataFrame(
            X, columns=["a", *range(1, X.shape[1])]
        ),
    }
if pd is not None and pa is not None:
    DENSE["pandas, Arrow"] = lambda X: pd.DataFrame(
        X, columns=names_of(X), dtype="float64[pyarrow]"
    )
if pl is not None:
    DENSE["polars"] = lambda X: pl.DataFrame(X, schema=names_of(X))


def _matrix(X):
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        return np.matrix(X)


# Sparse matrices: the same numbers, stored differently


def _with_duplicates(X):
    """COO with every entry as the sum of two."""
    half = sparse.coo_array(X)
    row, col = np.tile(half.row, 2), np.tile(half.col, 2)
    return sparse.coo_array((np.tile(half.data / 2, 2), (row, col)), X.shape)


def _csr_with_duplicates(X):
    X = sparse.csr_array(X)
    data, indices = np.repeat(X.data / 2, 2), np.repeat(X.indices, 2)
    return sparse.csr_array((data, indices, 2 * X.indptr), X.shape)


def _unsorted(X):
    X = sparse.csr_array(X)
    for start, end in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        X.data[start:end] = X.data[start:end][::-1].copy()
        X.indices[start:end] = X.indices[start:end][::-1].copy()
    X.has_sorted_indices = False
    return X


def _explicit_zeros(X):
    n, d = X.shape
    indices, indptr = np.tile(np.arange(d), n), np.arange(0, n * d + 1, d)
    return sparse.csr_array((X.ravel().copy(), indices, indptr), X.shape)


def _long_indices(X):
    X = sparse.csr_array(X)
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


SPARSE = {
    f"{form}_{kind}": getattr(sparse, f"{form}_{kind}")
    for form in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil")
    for kind in ("array", "matrix")
} | {
    "csr, int64 indices": _long_indices,
    "csr, duplicates": _csr_with_duplicates,
    "coo, duplicates": _with_duplicates,
    "csr, unsorted": _unsorted,
    "csr, explicit zeros": _explicit_zeros,
}
if pd is not None:
    SPARSE["pandas, sparse"] = lambda X: pd.DataFrame.sparse.from_spmatrix(
        sparse.csr_matrix(X), columns=names_of(X)
    )

DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
    *("uint64", "float16", "float32", "float64", "longdouble", "object"),
    *(">i2", ">i8", ">f4", ">f8"),
)


# Targets


def _series(y, **options):
    return pd.Series(y, index=np.arange(len(y))[::-1] * 3, name="target", **options)


TARGETS = {
    "array": np.array,
    "strided": lambda y: np.repeat(y, 2)[::2],
    "reversed in memory": lambda y: y[::-1].copy()[::-1],
    "read-only": _read_only,
    "list": lambda y: y.tolist(),
    "tuple": lambda y: tuple(y.tolist()),
    "objects": lambda y: y.astype(object),
    "column": lambda y: y[:, None],
    "nothing masked": np.ma.array,
}
if pd is not None:
    TARGETS |= {
        "series": _series,
        "series of objects": lambda y: _series(y, dtype=object),
        "frame": lambda y: _series(y).to_frame(),
        "nullable series": lambda y: _series(y).convert_dtypes(),
    }
if pl is not None:
    TARGETS["polars series"] = lambda y: pl.Series("target", y)
# of class labels only
LABEL_CONTAINERS = dict(TARGETS)
if pd is not None:
    LABEL_CONTAINERS["categorical series"] = lambda y: _series(y).astype("category")
    LABEL_CONTAINERS["categorical"] = pd.Categorical
