"""Columns of X: their names in messages, and those of X_val against those of X."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from sklearn_bpnet._sklearn_compat import feature_names

_ROUTING = (
    "Give X_val the columns of X, transformed alike. In a pipeline, metadata routing "
    "transforms it: sklearn.set_config(enable_metadata_routing=True), "
    "set_fit_request(X_val=True, y_val=True) on this estimator, and "
    'Pipeline(..., transform_input=["X_val"]).'
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


# Messages of scikit-learn and NumPy that name no argument, repeat the data or give no
# remedy; a beginning, and what is said instead, about argument {0}, with {1} as the
# argument's values or numbers in the message.
_REWORDED = {
    r"np\.matrix is not supported": (
        "{X} is an np.matrix, which is not supported. Convert it with numpy.asarray."
    ),
    r"Found input variables with inconsistent numbers of samples: \[(.*)\]": (
        "{X} and {y} have inconsistent numbers of samples: {0}. Give a target for "
        "every sample."
    ),
    r"Found array with dim (\d+)": (
        "{of} has {0} dimensions. Reshape your data to (n_samples, n_features)."
    ),
    r"Expected 2D array, got (\w+) array instead": (
        "Expected 2D array, got {0} array instead: {X} has the shape (n_samples, "
        "n_features). Reshape your data either using X.reshape(-1, 1) if it has a "
        "single feature, or X.reshape(1, -1) if it contains a single sample."
    ),
    r"Complex data not supported": (
        "Complex data not supported: {of} is complex. Use real and imaginary parts as "
        "separate columns."
    ),
    r"Unknown label type: ?([\w-]*)": (
        "Unknown label type: {0}. {y} holds neither class labels nor label indicators. "
        "Use integers or strings for classes, or BPNetRegressor for real numbers."
    ),
    r"Input y(?:_val)? contains (NaN|infinity)": (
        "Input {y} contains {0}. Drop these samples, or correct their targets."
    ),
    r"Support for labels represented as bytes": (
        "Support for labels represented as bytes is not supported. Convert {y} to "
        "strings or integers."
    ),
    r"(Found array with 0 .*)": "{of}: {0} Give at least one sample and one feature.",
    r"Expected unique column names": (
        "{X} has several columns of one name. Rename them, or give an array."
    ),
    r"Input contains (NaN|infinity)": (
        "Input {of} contains {0}. Drop these samples, or correct their values."
    ),
    r"y cannot be None": "{y} is None. Give a target for every sample.",
    r"could not convert string to float: (?:np\.\w+\()?([^()]*)": (
        "{of} holds text that is no number: {0}. {encode}"
    ),
    r"dtype='numeric' is not compatible with arrays of bytes/strings": (
        "{of} holds text, which is not numeric. {encode}"
    ),
    r"setting an array element with a sequence": (
        "{of} has rows of different lengths. Give every sample as many values."
    ),
}


@contextmanager
def readable_errors(X: Any, y: Any = None, suffix: str = "") -> Generator[None]:
    """Reword errors of scikit-learn and NumPy about the values of X and y.

    Parameters
    ----------
    X, y : object
        What is checked; y may be None.
    suffix : {"", "_val"}, default=""
        Suffix of the names X and y.
    """
    try:
        # huge numbers are tested for being whole by a cast
        with np.errstate(invalid="ignore", over="ignore"):
            yield
    except (ValueError, TypeError) as error:
        message = _reworded(str(error), X, y, suffix)
        if message == str(error):
            raise
        # not its own class, which may need other arguments, as UnicodeDecodeError does
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(message) from error


def _reworded(message: str, X: Any, y: Any, suffix: str) -> str:
    """The message, naming the argument and a remedy."""
    names = {"X": f"X{suffix}", "y": f"y{suffix}"}
    names["of"] = names["y" if _is_about_y(X, y) else "X"]
    names["encode"] = "Encode it as numbers first."
    if names["of"] == names["X"]:
        names["encode"] = "Name columns of text in categorical_features."
    for pattern, words in _REWORDED.items():
        if found := re.match(pattern, message):
            message = words.format(*found.groups(), **names)
            break
    if suffix:
        message = message.replace("Input X ", f"Input X{suffix} ", 1)
        message = message.replace("Input y ", f"Input y{suffix} ", 1)
        if suffix not in message:
            message = f"X{suffix} and y{suffix}: {message}"
        if names["X"] in message and names["y"] not in message:
            message += f" {_ROUTING}"
    return message


def _is_about_y(X: Any, y: Any) -> bool:
    """Whether y rather than X is what cannot be numbers: complex, text or objects."""
    kind_of_X, kind_of_y = _kind(X), _kind(y)
    if y is None or kind_of_X == "c":
        return False
    numbers = tuple("biuf")
    return kind_of_y == "c" or (kind_of_X in numbers and kind_of_y not in numbers)


def _kind(array: Any) -> str:
    """The kind of an array's dtype; empty if it has none."""
    try:
        dtype = array.dtype if hasattr(array, "dtype") else np.asarray(array).dtype
    except (TypeError, ValueError):  # a table of several dtypes, rows of many lengths
        return ""
    return str(getattr(dtype, "kind", ""))


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
