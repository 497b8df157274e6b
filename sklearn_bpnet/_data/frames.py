"""Tables with categories: every categorical column as codes, beside its levels.

A code is the index of a value among the levels of its own table, so that the order and
the physical codes of a library's categories never matter: two tables are matched by the
values. What has no categories is passed on as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.numbers import as_numbers
from sklearn_bpnet._data.table_columns import Levels, columns_of

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RawTable:
    """A table of numbers: categorical columns are codes, missing values are NaN.

    Parameters
    ----------
    X : array-like, sparse matrix or dataframe of shape (n_samples, n_features)
        A matrix where there are categories, otherwise the table in numbers.
    levels : dict of int to Levels, default={}
        By the index of the categorical column.
    header : object, default=None
        The table as passed by the user, if X has lost the names of its columns.
    """

    X: Any
    levels: dict[int, Levels] = field(default_factory=dict)
    header: Any = None


def read_table(
    table: Any, name: str, is_categorical: Mask | None, *, is_first: bool = False
) -> RawTable:
    """A table with codes in the categorical columns.

    Parameters
    ----------
    table : object
        As passed by the user.
    name : str
        Its name in error messages.
    is_categorical : ndarray of bool of shape (n_features,) or None
        The categorical columns; None means that there are none.
    is_first : bool, default=False
        Whether the levels are learned from it: then they include those that its dtypes
        declare.

    Raises
    ------
    TypeError, ValueError
        If a column can be read neither as numbers nor as categories.
    """
    if is_categorical is None or not is_categorical.any():
        return RawTable(as_numbers(table, name))
    if sparse.issparse(table):
        raise ValueError(
            f"{name} is sparse, in which categorical columns cannot be read. Use "
            f"{name}.toarray(), or categorical_features=None."
        )
    columns = columns_of(table, name)
    if columns is None or len(columns) != len(is_categorical):
        return RawTable(as_numbers(table, name))  # scikit-learn's checks say so
    arrays, levels = [], {}
    for j, (column, is_category) in enumerate(
        zip(columns, is_categorical, strict=True)
    ):
        if is_category:
            codes, levels[j] = column.codes(is_first=is_first)
            arrays.append(codes)
        else:
            arrays.append(column.numbers())
    is_frame = not isinstance(table, (np.ndarray, list, tuple))
    return RawTable(_matrix(arrays), levels, table if is_frame else None)


def _matrix(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The columns side by side, in floating point."""
    dtype = np.result_type(np.float32, *{array.dtype for array in arrays})
    X = np.empty((len(arrays[0]), len(arrays)), dtype=dtype, order="F")
    for j, array in enumerate(arrays):
        X[:, j] = array
    return X


# Which columns are categorical


def categorical_columns(table: Any, spec: Any) -> Mask | None:
    """The categorical columns that ``categorical_features`` denotes.

    Parameters
    ----------
    table : object
        X as passed by the user.
    spec : array-like of bool, int or str, "from_dtype" or None
        The parameter.

    Returns
    -------
    ndarray of bool of shape (n_features,) or None
        None if there are no categorical columns.

    Raises
    ------
    ValueError
        If the parameter is not valid for this table.
    """
    if spec is None:
        return None
    columns = None if isinstance(table, (np.ndarray, list, tuple)) else table
    columns = None if columns is None else columns_of(table, "X")
    if isinstance(spec, str) and spec == "from_dtype":
        if columns is None:
            return None
        mask = np.fromiter((column.is_category for column in columns), bool)
        return mask if mask.any() else None
    chosen = np.asarray(spec)
    if chosen.size == 0:
        return None
    kinds = {type(entry) for entry in chosen.flat} if chosen.dtype == object else set()
    if chosen.ndim != 1 or chosen.dtype.kind not in "ibUO" or kinds - {str}:
        types = ", ".join(sorted(t.__name__ for t in kinds)) or chosen.dtype.name
        shape = f" of shape {chosen.shape}" if chosen.ndim != 1 else ""
        raise ValueError(
            "categorical_features must be an array-like of bool, int or str, got: "
            f"{types}{shape}. Name columns, their indices, or give a mask."
        )
    n_features = table.shape[1] if hasattr(table, "shape") else np.shape(table)[1]
    names = None if columns is None else [column.label for column in columns]
    mask = _chosen(chosen, int(n_features), names)
    return mask if mask.any() else None


def _chosen(chosen: NDArray[Any], n_features: int, names: list[Any] | None) -> Mask:
    """The mask of columns given by name, by index or by a mask."""
    mask = np.zeros(n_features, dtype=bool)
    if chosen.dtype.kind in "UO":
        if names is None:
            raise ValueError(
                "categorical_features should be passed as an array of integers or as a "
                "boolean mask when the model is fitted on data without feature names, "
                f"which must be given by index; got {chosen.tolist()}."
            )
        for entry in chosen.tolist():
            if entry not in names:
                raise ValueError(
                    f"categorical_features has an item value {entry!r} which is not a "
                    "valid feature name of the training data. Observed feature names: "
                    f"{names}."
                )
            mask[names.index(entry)] = True
    elif chosen.dtype.kind == "i":
        if chosen.min() < 0 or chosen.max() >= n_features:
            raise ValueError(
                "categorical_features set as integer indices must be in "
                f"[0, n_features - 1]; got {chosen.tolist()} for {n_features} features."
            )
        mask[chosen] = True
    elif len(chosen) != n_features:
        raise ValueError(
            "categorical_features set as a boolean mask must have shape (n_features,), "
            f"got: {chosen.shape} for {n_features} features."
        )
    else:
        mask = chosen
    return mask
