"""Class weights: how much the rows of a class count."""

from __future__ import annotations

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight


def class_weights(class_weight, classes, y, weights):
    """Sample weights times the weights of the rows' classes.

    Parameters
    ----------
    class_weight : dict or "balanced"
        As in scikit-learn. "balanced" gives the classes present equal total weight,
        the sample weights counted.
    classes : ndarray of shape (n_classes,)
        The class labels.
    y : ndarray of shape (n_samples,)
        The rows' labels.
    weights : ndarray of shape (n_samples,) or None
        Sample weights.

    Returns
    -------
    ndarray of shape (n_samples,)
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
            "class_weight as a list is for label indicators. Give a dictionary of "
            "class labels, or 'balanced'."
        )
    return _checked(weights * factors)


def indicator_weights(class_weight, Y, weights):
    """Sample weights times those of the labels; parameters as for `class_weights`.

    ``class_weight`` is a list of one dictionary for every column of Y, or "balanced".
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


def _balanced(y, weights):
    """The weight of every class that makes their totals equal."""
    present, codes = np.unique(y, return_inverse=True)
    totals = np.bincount(codes, weights)
    balanced = np.divide(
        totals.sum(),
        totals * len(present),
        out=np.zeros(len(present)),
        where=totals > 0,
    )
    return dict(zip(present.tolist(), balanced.tolist(), strict=True))


def _checked(weights):
    if not (weights >= 0).all() or not weights.sum() > 0:
        raise ValueError(
            "class_weight must be at least 0 and leave a row with a positive weight."
        )
    return weights
