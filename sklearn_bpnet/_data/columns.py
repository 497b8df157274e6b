"""Columns of X: their names in messages, and those of X_val against those of X."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_bpnet._sklearn_compat import feature_names

_ROUTING = (
    "Give X_val the columns of X, transformed alike. In a pipeline, metadata routing "
    "transforms it: sklearn.set_config(enable_metadata_routing=True), "
    "set_fit_request(X_val=True, y_val=True) on this estimator, and "
    'Pipeline(..., transform_input=["X_val"]).'
)
_IMPUTE = (
    "Impute missing values first, for example with sklearn.impute.SimpleImputer in a "
    "pipeline, or drop their samples."
)


def check_validation_columns(X_val: Any, known: Mapping[str, Any]) -> None:
    """Raise ValueError if X_val has other columns than X.

    That is how samples differ that the steps of a pipeline before the network did not
    transform. An equal number of columns without names cannot be told apart.

    Parameters
    ----------
    X_val : object
        As passed by the user.
    known : mapping of str to object
        ``n_features_in_`` and, if X has names, ``feature_names_in_``.
    """
    n, n_val = known["n_features_in_"], _n_columns(X_val)
    names, names_val = known.get("feature_names_in_"), feature_names(X_val)
    if n_val is not None and n_val != n:
        problem = f"X_val has {n_val} features, but X has {n}"
    elif names is None and names_val is None:
        return
    elif names is None:
        problem = f"X_val has names of features, {_some(names_val)}, but X has none"
    elif names_val is None:
        problem = f"X_val has no names of features, but X has {_some(names)}"
    elif set(names) != set(names_val):
        others = [name for name in names_val if name not in set(names)]
        problem = f"X_val has the features {_some(others)}, which X does not have"
    elif list(names) != list(names_val):
        problem = (
            f"X_val has the features of X in another order, {_some(names_val)}, "
            f"instead of {_some(names)}"
        )
    else:
        return
    raise ValueError(f"{problem}. {_ROUTING}")


@contextmanager
def readable_errors(X: Any, suffix: str = "") -> Generator[None]:
    """Reword scikit-learn's errors about the values of X and y.

    Parameters
    ----------
    X : object
        The table that is checked.
    suffix : {"", "_val"}, default=""
        Suffix of the names X and y.
    """
    try:
        yield
    except ValueError as error:
        message = str(error)
        is_missing = message.startswith("Input X contains NaN")
        if is_missing:
            # scikit-learn goes on to recommend estimators of its own
            message = f"Input X contains NaN{_of_column(X)}. {_IMPUTE}"
        if suffix:
            of_X = message.startswith(("Input X", "could not convert", "dtype="))
            message = message.replace("Input X ", f"Input X{suffix} ", 1)
            message = message.replace("Input y ", f"Input y{suffix} ", 1)
            if suffix not in message:
                message = f"X{suffix} and y{suffix}: {message}"
            message += f" {_ROUTING}" if of_X else ""
        if message == str(error):
            raise
        raise ValueError(message) from error


def _n_columns(X: Any) -> int | None:
    """The number of columns; None if X is not a matrix."""
    try:
        shape = X.shape if hasattr(X, "shape") else np.shape(X)
    except ValueError:  # rows of different lengths
        return None
    return int(shape[1]) if len(shape) == 2 else None


def _some(names: Any) -> str:
    """The first names of a list."""
    shown = [str(name) for name in names[:3]]
    return f"{shown}"[:-1] + (", ...]" if len(names) > 3 else "]")


def _of_column(X: Any) -> str:
    """The first column with a missing value, as part of a message; may be empty."""
    try:
        if sparse.issparse(X):
            X = X.tocoo()
            column = int(X.col[np.isnan(X.data)].min())
        else:
            values = np.asarray(X)
            is_missing = (
                values != values if values.dtype == object else np.isnan(values)
            )
            column = int(np.flatnonzero(np.asarray(is_missing, bool).any(axis=0))[0])
    except (TypeError, ValueError, IndexError):
        return ""
    names = feature_names(X)
    return f" in column {column if names is None else repr(str(names[column]))}"
