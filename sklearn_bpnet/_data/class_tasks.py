"""Which task the targets of a classifier pose, and the task of given classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.class_columns import ClassColumns
from sklearn_bpnet._data.classification import Classification
from sklearn_bpnet._data.labels import are_indicators, check_indicators, check_range
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import is_nested

ClassTask = Classification | ClassColumns


def learn_task(
    settings: Settings,
    y: NDArray[Any],
    previous: ClassTask | None,
    classes: Any,
) -> tuple[ClassTask, NDArray[Any]]:
    """The task of the targets y, and their encoding Y.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    y : ndarray of shape (n_samples,) or (n_samples, n_columns)
        Class labels, label indicators or columns of class labels. Those of a first call
        without ``classes`` are told apart by their values.
    previous : Classification, ClassColumns or None
        The task of the previous calls, if training continues them.
    classes : ndarray, list of ndarray or None
        All classes, or those of every column; None for those of y.

    Raises
    ------
    ValueError
        If y does not fit the classes or the previous calls.
    """
    is_first = previous is None and classes is None
    if is_first and y.ndim == 2:
        has_classes = not are_indicators(y)
    else:
        has_classes = isinstance(previous, ClassColumns) or isinstance(classes, list)
    if not has_classes:
        assert not isinstance(previous, ClassColumns)
        if y.ndim == 2 and (previous is None or previous.multilabel):
            y = check_indicators(y, "y", _remedy(is_first, previous))
        return Classification.learn(settings, y, previous=previous, classes=classes)
    if y.ndim != 2 or isinstance(previous, Classification):
        raise ValueError(
            "Columns of class labels, with a list of classes for each, do not mix with "
            f"other targets; y has the shape {y.shape}. Use the same in all calls."
        )
    return ClassColumns.learn(settings, y, previous=previous, classes=classes)


def _remedy(is_first: bool, previous: ClassTask | None) -> str | None:
    """What else there is than label indicators."""
    if previous is not None:
        return None
    if is_first:
        return "y.astype(str) for two classes per column"
    return "a list with the classes of every column as classes"


def known_task(settings: Settings, facts: Mapping[str, Any]) -> ClassTask:
    """The task whose facts are known."""
    cls: Any = ClassColumns if "as_objects" in facts else Classification
    task: ClassTask = cls.of_classes(settings, **facts)
    return task


def given_classes(
    settings: Settings, classes: Any, multilabel: bool, n_outputs: int
) -> ClassTask:
    """The task of a network with given weights.

    Raises
    ------
    ValueError
        If the classes are not sorted and distinct, or need another number of outputs.
    """
    if classes is None:
        classes = np.arange(2 if n_outputs == 1 and not multilabel else n_outputs)
    task: ClassTask
    if is_nested(classes) and not multilabel:
        columns = [_checked(of_column) for of_column in classes]
        task = ClassColumns.of_classes(settings, columns)
        what = f"classes of {len(columns)} columns"
    else:
        labels = np.asarray(classes) if multilabel else _checked(classes)
        if multilabel:
            check_range(labels, n_outputs)
        task = Classification.of_classes(settings, labels, multilabel)
        what = f"{len(labels)} classes"
    if n_outputs != task.n_outputs:
        raise ValueError(
            f"{what} need {task.n_outputs} outputs, but coefs[-1] gives {n_outputs}."
        )
    return task


def _checked(classes: Any) -> NDArray[Any]:
    """Given classes as an array; ValueError if they are not sorted and distinct."""
    labels = np.asarray(classes)
    if not np.array_equal(np.unique(labels), labels):
        raise ValueError(
            "classes must be distinct labels, sorted as classes_ always is; got "
            f"{classes!r}. Sort them, and the columns of the last layer likewise."
        )
    if len(labels) < 2:
        raise ValueError(f"classes must be at least two labels; got {classes!r}.")
    return labels
