"""Checks of tables: the numbers, the names of the columns, the classes."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from sklearn.utils import check_array, check_X_y
from sklearn.utils.multiclass import _check_partial_fit_first_call, unique_labels
from sklearn.utils.validation import _get_feature_names, validate_data


def feature_names(X: Any) -> Any:
    """Names of the columns, as scikit-learn reads them; None if X has none."""
    return _get_feature_names(X)


def check_columns(estimator: Any, X: Any) -> None:
    """Raise ValueError if the number or the names of X's columns are not those of fit.

    A table without names, where `fit` had some, is answered with a warning.
    """
    validate_data(estimator, X, reset=False, skip_check_array=True)


def validated_features(estimator: Any, X: Any, *, is_checked: bool = False) -> Any:
    """X as an array or CSR matrix, with the names of `fit`; it may be infinite.

    ``is_checked`` says that the names have been checked.
    """
    if is_checked:
        return check_array(
            X, dtype="numeric", ensure_all_finite=False, estimator=estimator
        )
    return validate_data(
        estimator,
        X,
        accept_sparse="csr",
        dtype="numeric",
        ensure_all_finite=False,
        reset=False,
    )


def is_nested(classes: Any) -> bool:
    """Whether classes are given for every column, rather than for all of y."""
    is_list = isinstance(classes, (list, tuple, np.ndarray)) and len(classes) > 0
    return is_list and all(
        hasattr(one, "__len__") and not isinstance(one, (str, bytes)) for one in classes
    )


def _are_equal(known: Any, classes: list[Any]) -> bool:
    """Whether the classes of all columns are those known."""
    return (
        isinstance(known, list)
        and len(known) == len(classes)
        and all(map(np.array_equal, known, classes))
    )


class Header:
    """What scikit-learn's checks learn from a table, kept apart from the estimator.

    The checks set attributes of an estimator immediately; if the fit failed later, it
    would be in an inconsistent state. Therefore they operate on a copy.

    Parameters
    ----------
    estimator : estimator
        Its names of features and its classes are checked, or learned; not modified.
    """

    def __init__(self, estimator: Any) -> None:
        self._copy = copy(estimator)

    def validated(
        self,
        X: Any,
        y: Any,
        table: Any = None,
        *,
        y_numeric: bool,
        reset: bool,
    ) -> tuple[Any, Any]:
        """X as an array or CSR matrix, and y, both validated, but for infinite X.

        ``table`` is what has the names of the columns; None means X.
        """
        options: dict[str, Any] = {
            "accept_sparse": "csr",
            "dtype": "numeric",
            "ensure_all_finite": False,
            "multi_output": True,
            "y_numeric": y_numeric,
        }
        with np.errstate(over="ignore", invalid="ignore"):  # in sums of large targets
            if table is None:
                return validate_data(self._copy, X, y, reset=reset, **options)
            validate_data(self._copy, table, reset=reset, skip_check_array=True)
            checked: tuple[Any, Any] = check_X_y(X, y, estimator=self._copy, **options)
            return checked

    def check_columns(self, X: Any) -> None:
        """Raise ValueError if the columns of X are not those of previous calls."""
        check_columns(self._copy, X)

    def all_classes(self, classes: Any) -> Any:
        """The classes of all calls of `partial_fit`, given in the first of them.

        A list of arrays for columns of class labels.
        """
        if is_nested(classes):
            classes = [unique_labels(of_column) for of_column in classes]
            known = getattr(self._copy, "classes_", None)
            if known is not None and not _are_equal(known, classes):
                raise ValueError(
                    f"classes={classes!r} is not the same as on last call to "
                    f"partial_fit, was: {known!r}."
                )
            return classes
        _check_partial_fit_first_call(self._copy, classes)
        return self._copy.classes_

    @property
    def feature_names(self) -> Any:
        """The names of the features; None if they have none."""
        return getattr(self._copy, "feature_names_in_", None)

    @property
    def attributes(self) -> dict[str, Any]:
        """The number of features and their names, as fitted attributes."""
        names = ("n_features_in_", "feature_names_in_")
        return {name: v for name, v in vars(self._copy).items() if name in names}
