"""Everything in scikit-learn that is private or depends on its version.

No other module imports from scikit-learn what is not public. scikit-learn has no type
annotations, and to a type checker a class with an untyped base accepts every attribute
and argument. Type checkers therefore use the stand-ins of `_sklearn_stubs` in place of
scikit-learn's classes and decorators.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from copy import copy
from inspect import signature
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.utils import check_array, check_X_y
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
)
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call as check_partial_fit_first_call,
)
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import (
    _check_sample_weight,
    _get_feature_names,
    validate_data,
)

from sklearn_bpnet.net.names import did_you_mean

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
            """A stand-in for versions without callbacks."""


# newer versions reject weights that are all zero, without naming the parameter
_ALLOW_ALL_ZERO: dict[str, bool] = {}
if "allow_all_zero_weights" in signature(_check_sample_weight).parameters:
    _ALLOW_ALL_ZERO["allow_all_zero_weights"] = True


def check_sample_weight(sample_weight: Any, X: Any, name: str) -> Any:
    """One finite weight of at least 0 per sample, with a positive sum, as float64.

    ``name`` is that of the argument, for the error message.

    Raises
    ------
    ValueError
        If the shape is wrong, a weight is negative or not finite, or all are zero.
    """
    if np.ma.is_masked(sample_weight):
        raise ValueError(_about_weights(f"{name} is masked", name))
    try:
        weights = _check_sample_weight(
            sample_weight, X, ensure_non_negative=True, **_ALLOW_ALL_ZERO
        )
    except ValueError as error:
        raise ValueError(_about_weights(str(error), name)) from error
    except TypeError as error:  # objects that are no numbers
        raise TypeError(_about_weights(str(error), name)) from error
    if not weights.any():
        raise ValueError(
            f"{name} sums to zero, so no sample counts. Give at least one sample a "
            "positive weight."
        )
    return weights.astype(np.float64, copy=False)


def _about_weights(message: str, name: str) -> str:
    """An error of scikit-learn about sample weights, with their name and a remedy."""
    message = message.split("\n")[0].rstrip(".")
    if message.startswith("Complex data"):
        message = f"{name} is complex"
    elif "sample_weight" in message:
        message = message.replace("sample_weight", name, 1)
    else:
        message = f"{name}: {message}"
    return f"{message}. Give every sample a real weight of at least 0."


def feature_names(X: Any) -> Any:
    """Names of the columns, as scikit-learn reads them; None if X has none."""
    return _get_feature_names(X)


class SuggestingEstimator(BaseEstimator):
    """An estimator whose error for an unknown name contains the most similar one."""

    _parameter_constraints: ClassVar[dict[str, Any]]

    def _validate_params(self) -> None:
        try:
            super()._validate_params()
        except InvalidParameterError as error:
            message = str(error)
            for name, value in self.get_params(deep=False).items():
                if message.startswith(f"The {name!r} parameter "):
                    allowed = self._parameter_constraints[name]
                    known = {o for c in allowed for o in getattr(c, "options", ())}
                    names = [option for option in known if isinstance(option, str)]
                    message += did_you_mean(value, names)
            raise InvalidParameterError(message) from None


def validate_parameters(estimator: Any) -> None:
    """Raise ValueError if a parameter violates its constraints."""
    estimator._validate_params()


def response_methods(scorer: Any) -> tuple[str, ...]:
    """The methods of which a scorer calls the first available; none if unknown."""
    methods = getattr(scorer, "_response_method", ())
    return (methods,) if isinstance(methods, str) else tuple(methods)


_OF_EXCLUSIVE_CLASSES = (
    "log_loss",
    "brier_score_loss",
    "d2_brier_score",
    "d2_log_loss_score",
)


def needs_exclusive_classes(scorer: Any) -> bool:
    """Whether a scorer takes probabilities that sum to 1 for every sample."""
    metric = getattr(scorer, "_score_func", None)
    return getattr(metric, "__name__", None) in _OF_EXCLUSIVE_CLASSES


def with_classes(scorer: Any, classes: Any) -> Any:
    """A scorer that knows all classes, also where the samples lack some.

    A scorer of probabilities or of the decision function infers the classes from the
    samples, unless its metric is told them as ``labels``, and which of two is the
    positive one, ``pos_label``. Metrics of predicted labels are not changed: for them
    ``labels`` selects the classes that count.

    Parameters
    ----------
    scorer : callable
        Any scorer; those not made by ``make_scorer`` are returned as they are.
    classes : ndarray of shape (n_classes,)
        The classes, sorted.
    """
    metric = getattr(scorer, "_score_func", None)
    if metric is None or "predict" in response_methods(scorer):
        return scorer
    known = {"labels": classes}
    if len(classes) == 2:
        known["pos_label"] = classes[1]
    parameters = signature(metric).parameters
    missing = {
        name: value
        for name, value in known.items()
        if name in parameters
        and parameters[name].default is None
        and scorer._kwargs.get(name) is None
    }
    scorer = copy(scorer)
    scorer._kwargs = {**scorer._kwargs, **missing}
    return scorer


def filters_of_search(frame: FrameType | None) -> Any:
    """The warnings filters under which a search was started; None outside of one.

    A search is everything that scikit-learn fits repeatedly: the tasks of its
    ``Parallel``, and the refit of ``sklearn.model_selection``. Every task of
    scikit-learn 1.7 and later runs under a new copy of the caller's filters, which it
    keeps in a local variable; the outermost one is returned, not a copy.

    Parameters
    ----------
    frame : frame or None
        The innermost frame of the stack.

    Returns
    -------
    list or None
    """
    # from Python 3.14, filters are local to a context
    current: Any = getattr(warnings, "_get_filters", lambda: warnings.filters)
    found: Any = None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module == "sklearn.utils.parallel" and frame.f_code.co_name == "__call__":
            found = frame.f_locals.get("warning_filters") or found or current()
        elif module.startswith("sklearn.model_selection"):
            found = found or current()
        frame = frame.f_back
    return found


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
        check_partial_fit_first_call(self._copy, classes)
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


class CallbackContexts:
    """The callback contexts of a fit and of its subtasks.

    Before scikit-learn 1.9 there are no callbacks, and the methods do nothing.

    Parameters
    ----------
    estimator : estimator
        The estimator, on which callbacks may be set.
    X, y : array-like
        Training data, as passed to the callbacks.
    sample_weight : array-like or None
        Sample weights, as passed to the callbacks.
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

        ``attributes`` returns the fitted attributes as if the fit ended here.
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
        """End the fit, and a subtask that is still open."""
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
    "SuggestingEstimator",
    "available_if",
    "check_columns",
    "check_sample_weight",
    "feature_names",
    "filters_of_search",
    "fit_context",
    "is_nested",
    "needs_exclusive_classes",
    "response_methods",
    "validate_parameters",
    "validated_features",
    "with_classes",
]
