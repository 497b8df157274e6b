"""Class weights: factors of the sample weights, by class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from difflib import get_close_matches
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.labels import listed, shown
from sklearn_bpnet._data.weights import Weights, in_unit, near_one

_RANGE = 900  # of the binary exponents of products that need no other unit


def class_weights(
    class_weight: Mapping[Any, float] | Sequence[Any] | str,
    classes: NDArray[Any],
    codes: NDArray[np.intp],
    weights: Weights | None,
) -> Weights | None:
    """Sample weights times the weights of the samples' classes.

    Parameters
    ----------
    class_weight : dict or "balanced"
        As in scikit-learn. "balanced" gives all classes of y equal total weight, sample
        weights included. Only the ratios of the weights in a dictionary matter.
    classes : ndarray of shape (n_classes,)
        The class labels.
    codes : ndarray of int of shape (n_samples,)
        Index of every sample's class.
    weights : ndarray of shape (n_samples,) or None
        Sample weights; None if all are 1.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        None if all are 1.

    Raises
    ------
    ValueError
        If a key is unknown, or a weight negative, or all are zero.
    """
    if isinstance(class_weight, str):
        factors = _balanced(codes, len(classes), weights)[codes]
    elif isinstance(class_weight, Mapping):
        factors = _given(class_weight, classes, "class_weight")[codes]
    else:
        raise ValueError(
            "class_weight as a list is for several columns of y. Use a dictionary of "
            "class labels, or 'balanced'."
        )
    return _weighted(factors, weights)


def indicator_weights(
    class_weight: Sequence[Mapping[int, float]] | Mapping[int, float] | str,
    Y: NDArray[Any],
    weights: Weights | None,
) -> Weights | None:
    """Sample weights times the weights of the labels of label indicators.

    Parameters
    ----------
    class_weight : list of dict, or "balanced"
        One dictionary for every column of Y.
    Y : ndarray of shape (n_samples, n_labels)
        Label indicators.
    weights : ndarray of shape (n_samples,) or None
        Sample weights; None if all are 1.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        None if all are 1.

    Raises
    ------
    ValueError
        If ``class_weight`` is not such a list, a weight is negative, or all are zero.
    """
    n = Y.shape[1]
    if not isinstance(class_weight, str):
        _check_list(class_weight, n, "label indicators", "{0: w0, 1: w1}")
    codes = (Y[:, j].astype(np.intp) for j in range(n))
    return _product(class_weight, [np.arange(2)] * n, codes, weights)


def column_weights(
    class_weight: Sequence[Mapping[Any, float]] | Mapping[Any, float] | str,
    classes: Sequence[NDArray[Any]],
    codes: Sequence[NDArray[np.intp]],
    weights: Weights | None,
) -> Weights | None:
    """Sample weights times the weights of the samples' classes in all columns.

    Parameters
    ----------
    class_weight : list of dict, or "balanced"
        One dictionary of class labels for every column.
    classes : sequence of ndarray
        The class labels of every column.
    codes : sequence of ndarray of int of shape (n_samples,)
        For every column the index of each sample's class.
    weights : ndarray of shape (n_samples,) or None
        Sample weights; None if all are 1.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        None if all are 1.

    Raises
    ------
    ValueError
        If ``class_weight`` is not such a list, a key is unknown, a weight is negative,
        or all are zero.
    """
    if not isinstance(class_weight, str):
        _check_list(class_weight, len(classes), "class labels", "{label: weight}")
    return _product(class_weight, classes, codes, weights)


def _product(
    class_weight: Any,
    classes: Sequence[NDArray[Any]],
    codes: Iterable[NDArray[np.intp]],
    weights: Weights | None,
) -> Weights | None:
    """Sample weights times the class weights of all columns."""
    factors: Any = 1.0
    exponents: Any = 0
    for j, (labels, of_samples) in enumerate(zip(classes, codes, strict=True)):
        if isinstance(class_weight, str):
            of_classes = _balanced(of_samples, len(labels), weights)
        else:
            of_classes = _given(class_weight[j], labels, f"class_weight[{j}]")
        # hundreds of factors may leave the range of float64
        factors, exponent = np.frexp(factors * of_classes[of_samples])
        exponents = exponents + exponent
    largest = exponents[factors > 0].max() if factors.any() else 0
    shift = 0 if abs(largest) < _RANGE else largest
    return _weighted(np.ldexp(factors, exponents - shift), weights)


def _check_list(class_weight: Any, n: int, kind: str, example: str) -> None:
    """Raise ValueError unless there is one dictionary for every column."""
    is_list = not isinstance(class_weight, Mapping)
    if not is_list or not all(isinstance(one, Mapping) for one in class_weight):
        raise ValueError(
            f"class_weight for {n} columns of {kind} is a list with one dictionary "
            f"{example} for each, or 'balanced'."
        )
    if len(class_weight) != n:
        raise ValueError(
            f"class_weight has {len(class_weight)} dictionaries, but there are {n} "
            f"columns of {kind}. Give one for each."
        )


def _balanced(
    codes: NDArray[np.intp], n_classes: int, weights: Weights | None
) -> Weights:
    """Class weights that give every class present the same total weight."""
    present = np.bincount(codes, minlength=n_classes) > 0
    totals = np.bincount(codes, weights, minlength=n_classes)
    return np.divide(
        totals[present].sum(),
        totals * present.sum(),
        out=np.zeros(n_classes),
        where=totals > 0,
    )


def _given(
    class_weight: Mapping[Any, float], classes: NDArray[Any], name: str
) -> Weights:
    """The weights of the classes, in a unit near their mean; 1 where none is given.

    Raises
    ------
    ValueError
        If a weight is not valid, or a key is no class while a class has no weight.
    """
    factors, has_weight = np.ones(len(classes)), np.zeros(len(classes), dtype=bool)
    places = {label: i for i, label in enumerate(classes.tolist())}
    unknown = []
    for key, weight in class_weight.items():
        if not _is_weight(weight):
            raise ValueError(
                f"{name} must be at least 0 and finite for every class; got "
                f"{shown(weight)} for {shown(key)}."
            )
        if classes.dtype.kind in "mM":
            place = _place_of_date(key, classes)
        else:
            place = places.get(key)
        if place is None:
            unknown.append(key)
        else:
            factors[place], has_weight[place] = weight, True
    if unknown and not has_weight.all():
        raise ValueError(_unknown(unknown, classes, has_weight, name))
    return near_one(factors)


def _is_weight(weight: Any) -> bool:
    """Whether a class weight is a finite number of at least 0."""
    try:
        return bool(0 <= weight) and isfinite(weight)
    except (TypeError, ValueError, OverflowError):
        return False


def _place_of_date(key: Any, classes: NDArray[Any]) -> int | None:
    """Index of a date or a time span in the classes, whatever its unit and type."""
    is_date = classes.dtype.kind == "M"
    types = (date, np.datetime64) if is_date else (timedelta, np.timedelta64)
    if not isinstance(key, types) or getattr(key, "tzinfo", None) is not None:
        return None
    value = np.asarray(getattr(key, "asm8", key), dtype=classes.dtype.kind + "8")
    places = np.flatnonzero(classes == value)
    return int(places[0]) if len(places) else None


def _unknown(
    unknown: Sequence[Any],
    classes: NDArray[Any],
    has_weight: NDArray[np.bool_],
    name: str,
) -> str:
    """The message that keys are no classes, with what they may stand for."""
    missing = list(classes[~has_weight])
    by_text: dict[str, Any] = {_text(label): label for label in missing}
    meant = []
    for key in unknown:
        text = _text(key)
        found = [text] if text in by_text else []
        if not found and isinstance(key, str):
            found = get_close_matches(text, by_text, n=1)
        meant += [by_text[one] for one in found]
    names = " and ".join(shown(label) for label in meant)
    suggestion = f" Did you mean {names}?" if meant else ""
    return (
        f"{name} has the keys {listed(sorted(unknown, key=repr))}, which are not among "
        f"the classes {listed(classes)}, and no weight for {listed(missing)}."
        f"{suggestion} Keys of classes that y lacks, as in a fold, are ignored if all "
        "classes of y have a weight."
    )


def _text(label: Any) -> str:
    """A label as text, by which labels of different types are compared."""
    text = label.decode("utf-8", "replace") if isinstance(label, bytes) else str(label)
    return text.strip().casefold()


def _weighted(factors: Weights, weights: Weights | None) -> Weights | None:
    """Sample weights times factors; ValueError if none is positive."""
    product = factors if weights is None else weights * factors
    if not product.any():
        raise ValueError(
            "class_weight must leave at least one sample with a positive weight, but "
            "the classes of all samples of positive weight have the class weight 0."
        )
    return in_unit(product, len(product), 1.0)
