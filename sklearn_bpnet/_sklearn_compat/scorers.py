"""What scorers need, and what they are told."""

from __future__ import annotations

from copy import copy
from inspect import signature
from typing import Any


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
