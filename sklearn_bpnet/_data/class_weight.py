"""Class weights: factors of the sample weights, by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_sample_weight

Weights = NDArray[np.float64]


def class_weights(
    class_weight: dict[Any, float] | str,
    classes: NDArray[Any],
    y: NDArray[Any],
    weights: Weights | None,
) -> Weights:
    """Sample weights times the weights of the samples' classes.

    Parameters
    ----------
    class_weight : dict or "balanced"
        As in scikit-learn. "balanced" gives all classes of y equal total weight, sample
        weights included.
    classes : ndarray of shape (n_classes,)
        The class labels.
    y : ndarray of shape (n_samples,)
        Labels of the samples.
    weights : ndarray of shape (n_samples,) or None
        Sample weights.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If a class is unknown, or a weight negative, or all are zero.
    """
    weights = np.ones(len(y)) if weights is None else weights
    if isinstance(class_weight, dict):
        unknown = set(class_weight) - set(classes.tolist())
        if unknown:
            names = sorted(unknown, key=repr)
            raise ValueError(
                f"class_weight names classes that y does not have: {names}. "
                f"The classes are {classes.tolist()}."
            )
        factors = compute_sample_weight(class_weight, y)
    elif class_weight == "balanced":
        factors = compute_sample_weight(_balanced(y, weights), y)
    else:
        raise ValueError(
            "class_weight as a list is for label indicators. Use a dictionary of "
            "class labels, or 'balanced'."
        )
    return _checked(weights * factors)


def indicator_weights(
    class_weight: Sequence[dict[int, float]] | dict[int, float] | str,
    Y: NDArray[Any],
    weights: Weights | None,
) -> Weights:
    """Sample weights times the weights of the labels of label indicators.

    Parameters
    ----------
    class_weight : list of dict, or "balanced"
        One dictionary for every column of Y.
    Y : ndarray of shape (n_samples, n_labels)
        Label indicators.
    weights : ndarray of shape (n_samples,) or None
        Sample weights.

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        If ``class_weight`` is not such a list, a weight is negative, or all are zero.
    """
    weights = np.ones(len(Y)) if weights is None else weights
    if isinstance(class_weight, dict):
        raise ValueError(
            "class_weight for label indicators is a list with one dictionary "
            f"{{0: w0, 1: w1}} for each of the {Y.shape[1]} columns, or 'balanced'."
        )
    if isinstance(class_weight, str):
        class_weight = [_balanced(column, weights) for column in Y.T]
    return _checked(weights * compute_sample_weight(class_weight, Y))


def _balanced(y: NDArray[Any], weights: Weights) -> dict[Any, float]:
    """Class weights that give every class the same total weight."""
    present, codes = np.unique(y, return_inverse=True)
    totals = np.bincount(codes, weights)
    balanced = np.divide(
        totals.sum(),
        totals * len(present),
        out=np.zeros(len(present)),
        where=totals > 0,
    )
    return dict(zip(present.tolist(), balanced.tolist(), strict=True))


def _checked(weights: Weights) -> Weights:
    """The weights; ValueError if one is negative or none is positive."""
    if not (weights >= 0).all() or not weights.sum() > 0:
        raise ValueError(
            "class_weight must be at least 0 and leave at least one sample with a "
            "positive weight."
        )
    return weights
