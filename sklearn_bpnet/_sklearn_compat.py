"""The only door to scikit-learn's API that is private or depends on its version.

scikit-learn has no types. A class with a base of unknown type accepts every attribute
and every argument in the eyes of a type checker, so these get the stand-ins of
`_sklearn_stubs` in place of scikit-learn's classes and decorators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call as check_partial_fit_first_call,
)
from sklearn.utils.validation import _check_sample_weight, validate_data

HAS_CALLBACKS: bool = True
if TYPE_CHECKING:
    from sklearn_bpnet._sklearn_stubs import (
        BaseEstimator,
        CallbackSupportMixin,
        ClassifierMixin,
        RegressorMixin,
        available_if,
        fit_context,
    )
else:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.base import _fit_context as fit_context
    from sklearn.utils.metaestimators import available_if

    try:
        from sklearn.callback import CallbackSupportMixin
    except ImportError:  # before 1.9
        HAS_CALLBACKS = False

        class CallbackSupportMixin:
            """Nothing: there are no callbacks."""


# newer versions refuse weights that are all zero, without naming the parameter
_ALLOW_ALL_ZERO: dict[str, bool] = {}
if "allow_all_zero_weights" in signature(_check_sample_weight).parameters:
    _ALLOW_ALL_ZERO["allow_all_zero_weights"] = True


def check_sample_weight(sample_weight: Any, X: Any) -> Any:
    """A float64 array of one finite weight at least 0 a row, with a positive sum.

    Raises
    ------
    ValueError
        If the shape is wrong or a weight is negative or not finite, or all are zero.
    """
    weights = _check_sample_weight(
        sample_weight, X, ensure_non_negative=True, **_ALLOW_ALL_ZERO
    )
    if not weights.any():
        raise ValueError(
            "sample_weight sums to zero, so there is nothing to fit. Give at least "
            "one row a positive weight."
        )
    return weights.astype(np.float64, copy=False)


def validate_parameters(estimator: Any) -> None:
    """Raise ValueError where a parameter is not what the constraints allow."""
    estimator._validate_params()


class Header:
    """What scikit-learn's checks learn of a table, apart from the estimator.

    They write to the estimator at once; a fit that fails later would leave it half
    changed. So they are given a copy.

    Parameters
    ----------
    estimator : estimator
        Whose names of features and classes are checked, or learned; left as it is.
    """

    def __init__(self, estimator: Any) -> None:
        self._copy = copy(estimator)

    def validated(self, X: Any, y: Any, **options: Any) -> tuple[Any, Any]:
        """X as an array or CSR matrix, and y, checked."""
        return validate_data(
            self._copy,
            X,
            y,
            accept_sparse="csr",
            dtype="numeric",
            multi_output=True,
            **options,
        )

    def all_classes(self, classes: Any) -> Any:
        """The classes of all calls of `partial_fit`, of which one names them."""
        check_partial_fit_first_call(self._copy, classes)
        return self._copy.classes_

    @property
    def attributes(self) -> dict[str, Any]:
        """The number of features and their names, as fitted attributes."""
        names = ("n_features_in_", "feature_names_in_")
        return {name: v for name, v in vars(self._copy).items() if name in names}


class CallbackContexts:
    """The contexts of a fit and of its subtasks, to scikit-learn's callbacks.

    Before scikit-learn 1.9 there are no callbacks, and nothing is done.

    Parameters
    ----------
    estimator : estimator
        That callbacks may be set on.
    X, y : array-like
        What it is fitted to, as callbacks get them.
    sample_weight : array-like or None
        Likewise.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any) -> None:
        self.estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.facts = {"X": X, "y": y, "metadata": metadata}
        self.has_callbacks = HAS_CALLBACKS and bool(
            getattr(estimator, "_skl_callbacks", ())
        )
        self.context: Any = None
        self.subtask: Any = None

    def begin(self, max_subtasks: int) -> None:
        """Announce the fit."""
        if HAS_CALLBACKS:
            estimator = self.estimator
            self.context = estimator._init_callback_context(max_subtasks=max_subtasks)
            self.context.call_on_fit_task_begin(estimator=estimator, **self.facts)

    def begin_subtask(self, name: str) -> None:
        """Announce a subtask."""
        self.subtask = self.context.subcontext(task_name=name)
        self.subtask.call_on_fit_task_begin(estimator=self.estimator, **self.facts)

    def end_subtask(self, attributes: Callable[[], Mapping[str, Any]] | None) -> bool:
        """End the subtask; return whether a callback asks to stop.

        ``attributes`` gives the fitted attributes as if the fit ended here.
        """
        subtask, self.subtask = self.subtask, None
        return bool(
            subtask.call_on_fit_task_end(
                estimator=self.estimator,
                **self.facts,
                reconstruction_attributes=attributes,
            )
        )

    def end(self) -> None:
        """End the fit, and the subtask under way, which came to nothing."""
        if self.context is None:
            return
        if self.subtask is not None:
            self.subtask.call_on_fit_task_end(estimator=self.estimator)
        self.context.call_on_fit_task_end(
            estimator=self.estimator, **self.facts, reconstruction_attributes={}
        )


__all__ = [
    "HAS_CALLBACKS",
    "BaseEstimator",
    "CallbackContexts",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "HasMethods",
    "Header",
    "Interval",
    "Options",
    "RegressorMixin",
    "StrOptions",
    "available_if",
    "check_sample_weight",
    "fit_context",
    "validate_parameters",
]
