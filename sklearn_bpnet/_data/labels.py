"""The targets of a classifier: class labels, label indicators or columns of classes."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from sklearn_bpnet._data.label_values import narrowed

_MOST_SHOWN = 10  # values in an error message
_NUMBERS = frozenset("biuf")


def read_labels(y: Any, name: str) -> NDArray[Any]:
    """Class labels, label indicators or columns of class labels, as a dense array.

    Parameters
    ----------
    y : ndarray or CSR of shape (n_samples,) or (n_samples, n_columns)
        Class labels; several columns are label indicators or columns of class labels,
        see `are_indicators`, of a sparse matrix always the former.
    name : str
        What error messages call y.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_columns)
        Of two dimensions for several columns, and uint8 if y is sparse.

    Raises
    ------
    ValueError
        If sparse label indicators are not 0 and 1, or if class labels have no order.
    """
    if y.ndim == 2 and y.shape[1] != 1:
        if y.shape[1] == 0:
            raise ValueError(
                f"{name} has no columns. Give class labels, one per sample."
            )
        return _sparse_indicators(y, name) if sparse.issparse(y) else y
    y = y.toarray() if sparse.issparse(y) else y
    y = column_or_1d(y, warn=True) if y.ndim == 2 else y
    check_labels(y, name)
    return y


def check_labels(y: NDArray[Any], name: str) -> None:
    """Raise ValueError if a column holds no class labels, or labels without order."""
    _check_order(y, name)
    check_classification_targets(y)


def are_indicators(y: NDArray[Any]) -> bool:
    """Whether several columns are label indicators, rather than class labels.

    They are if they hold at most two values, which are whole numbers: what
    scikit-learn calls "multilabel-indicator".
    """
    if _are_0_and_1(y):
        return True
    values = _values(y)
    return len(values) <= 2 and all(map(_is_whole, values))


def check_indicators(
    y: NDArray[Any], name: str, remedy: str | None = None
) -> NDArray[Any]:
    """Label indicators, of which objects become uint8.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_labels)
        Label indicators.
    name : str
        What error messages call y.
    remedy : str or None, default=None
        What else to use if they are not.

    Raises
    ------
    ValueError
        If they are not 0 and 1.
    """
    if _are_0_and_1(y):
        return y
    values = _values(y)
    if not all(isinstance(value, Real) and value in (0, 1) for value in values):
        raise _not_indicators(values, y.shape[1], name, remedy)
    return y.astype(np.uint8)


def columns_of_classes(y: NDArray[Any], name: str) -> list[NDArray[Any]]:
    """The columns of class labels, each checked.

    Raises
    ------
    ValueError
        If a column holds real numbers, or labels without order.
    """
    columns = []
    for j in range(y.shape[1]):
        column = narrowed(y[:, j])
        if column.dtype.kind == "f" and not (column == column // 1).all():
            if y.dtype.kind == "f":
                remedy = "BPNetRegressor for real numbers"
                raise _not_indicators(_values(y), y.shape[1], name, remedy)
            number = column[column != column // 1][0]
            raise ValueError(
                f"Column {j} of {name} holds real numbers, such as {number:g}, which "
                "are not class labels. Use integers or strings for classes, or "
                "BPNetRegressor."
            )
        with in_column(j, name):
            check_labels(column, name)
        columns.append(column)
    return columns


@contextmanager
def in_column(j: int, name: str) -> Generator[None]:
    """Prepend the column of y to error messages."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"Column {j} of {name}: {error}") from error


def _are_0_and_1(y: NDArray[Any]) -> bool:
    """Whether an array of numbers holds only 0 and 1."""
    return y.dtype.kind in _NUMBERS and bool(((y == 0) | (y == 1)).all())


def _is_whole(value: Any) -> bool:
    return isinstance(value, Real) and value == value // 1


def _values(y: NDArray[Any]) -> list[Any]:
    """The distinct values of an array; of numbers they are sorted."""
    if y.dtype.kind in _NUMBERS:
        return list(np.unique(y).tolist())
    return sorted(set(y.ravel().tolist()), key=repr)


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
        remedy = "a dense array for class labels"
        raise _not_indicators(values, y.shape[1], name, remedy)
    return y.astype(np.uint8).toarray()


def _not_indicators(
    values: Any, n_columns: int, name: str, remedy: str | None
) -> ValueError:
    """The error that several columns are not label indicators."""
    message = (
        f"{name} has {n_columns} columns, which are not label indicators, 0 and 1: it "
        f"has the values {listed(values)}. "
    )
    if len(values) == 2:
        [value] = np.asarray(values)[1:].tolist()
        message += f"Use ({name} == {value!r}).astype(int)"
    else:
        message += "Use 1 where a label applies and 0 where it does not"
    return ValueError(f"{message}, or {remedy}." if remedy else f"{message}.")


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
