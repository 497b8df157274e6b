"""The targets of a classifier as given: class labels, or label indicators."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Number, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, unique_labels

_MOST_SHOWN = 10  # values in an error message


def read_labels(y: Any, name: str) -> NDArray[Any]:
    """Class labels, or label indicators, as a dense array.

    Parameters
    ----------
    y : ndarray or CSR of shape (n_samples,) or (n_samples, n_columns)
        Several columns are label indicators, 0 or 1; a single one holds class labels.
    name : str
        What error messages call y.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_labels)
        Class labels of one dimension, or label indicators of two: uint8, unless y is a
        dense array of numbers, which is returned itself.

    Raises
    ------
    ValueError
        If label indicators are not 0 and 1, or if class labels have no order.
    """
    if y.ndim == 2 and y.shape[1] != 1:
        return _sparse_indicators(y, name) if sparse.issparse(y) else _dense(y, name)
    y = y.toarray() if sparse.issparse(y) else y
    y = column_or_1d(y, warn=True) if y.ndim == 2 else y
    _check_order(y, name)
    check_classification_targets(y)
    return y


def check_not_missing(y: Any, name: str) -> None:
    """Raise ValueError if labels are masked, which conversions forget, or NaN."""
    cells: Iterable[Any] = y if isinstance(y, (list, tuple)) else ()
    if isinstance(y, np.ndarray) and y.dtype.kind == "O":
        cells = y.ravel().tolist()
    if np.ma.is_masked(y) or any(cell is np.ma.masked for cell in cells):
        raise ValueError(f"Labels of {name} are masked. Drop these samples.")
    if any(isinstance(cell, Number) and cell != cell for cell in cells):
        raise ValueError(f"Input {name} contains NaN. Drop these samples.")


def labels_in(y: NDArray[Any]) -> NDArray[Any]:
    """The sorted labels in y; for label indicators the column indices."""
    return np.arange(y.shape[1]) if y.ndim == 2 else unique_labels(y)


def check_range(classes: Any, n_labels: int) -> None:
    """Raise ValueError unless the given classes are those of label indicators."""
    if not np.array_equal(classes, np.arange(n_labels)):
        raise ValueError(
            f"The classes of label indicators are their columns: with {n_labels} "
            f"labels, classes must be range({n_labels}); got {listed(classes)}."
        )


def listed(values: Iterable[Any]) -> str:
    """Values as in a list; the first ones, if there are many."""
    texts = [shown(value) for value in values]
    if len(texts) > _MOST_SHOWN:
        texts[_MOST_SHOWN:] = ["..."]
    return f"[{', '.join(texts)}]"


def shown(value: Any) -> str:
    """A label as in a message: without the type of NumPy's numbers, dates by ISO."""
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return repr(str(value))
    return repr(value.item() if isinstance(value, np.generic) else value)


def _dense(y: NDArray[Any], name: str) -> NDArray[Any]:
    """Dense label indicators; objects become uint8."""
    if y.dtype.kind == "O":
        values = set(y.ravel().tolist())
        if all(isinstance(value, Real) and value in (0, 1) for value in values):
            return y.astype(np.uint8)
        raise _not_indicators(sorted(values, key=repr), y.shape[1], name)
    if y.dtype.kind not in "biuf" or not ((y == 0) | (y == 1)).all():
        raise _not_indicators(np.unique(y), y.shape[1], name)
    return y


def _sparse_indicators(y: Any, name: str) -> NDArray[np.uint8]:
    """Sparse label indicators as uint8, which takes an eighth of the memory of int64.

    Entries given twice count as their sum, as everywhere in SciPy.
    """
    y = y.tocsr()
    if not y.has_canonical_format:
        y = y.copy()
        y.sum_duplicates()
    if not ((y.data == 0) | (y.data == 1)).all():
        is_full = y.nnz == y.shape[0] * y.shape[1]
        stored = np.unique(y.data)
        values = stored if is_full else np.union1d(stored, [stored.dtype.type(0)])
        raise _not_indicators(values, y.shape[1], name)
    return y.astype(np.uint8).toarray()


def _not_indicators(values: Any, n_columns: int, name: str) -> ValueError:
    """The error that several columns are not label indicators."""
    if n_columns == 0:
        return ValueError(f"{name} has no columns. Give class labels, one per sample.")
    message = (
        f"{name} has {n_columns} columns, so it must hold label indicators, which are "
        f"0 and 1; it has the values {listed(values)} (multiclass-multioutput). "
    )
    if len(values) == 2:
        [value] = np.asarray(values)[1:].tolist()
        message += f"Use ({name} == {value!r}).astype(int), or, "
    else:
        message += "Use 1 where a label applies and 0 where it does not, or, "
    return ValueError(
        message + "for several classes per column, "
        "sklearn.multioutput.MultiOutputClassifier."
    )


def _check_order(y: NDArray[Any], name: str) -> None:
    """Raise ValueError if y mixes strings with other labels."""
    if y.dtype.kind != "O":
        return
    types = {type(label) for label in y.tolist()}
    if len({issubclass(one, str) for one in types}) > 1:
        names = " and ".join(sorted(one.__name__ for one in types))
        raise ValueError(
            f"{name} mixes labels of the types {names}, which have no common order. "
            f"Use labels of one type, such as {name}.astype(str)."
        )
