"""The rows of a call: checked, encoded, and some of them set aside."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import validate_data

from sklearn_bpnet._fingerprint import fingerprint
from sklearn_bpnet._sklearn_compat import check_sample_weight
from sklearn_bpnet._validation import HeldOut
from sklearn_bpnet._validation_split import split_rows

# For initial weights that look at rows: enough for a deviation, in bounded memory
_SOME_ROWS = 10_000
_SOME_NUMBERS = 2**24


@dataclass
class Data:
    """The rows of one call of fit or partial_fit.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets, as a scorer wants them.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets, encoded but not scaled.
    weights : ndarray of shape (n_samples,) or None
        Sample weights times class weights.
    given : dict
        X and the sample weights as the user gave them, for callbacks.
    rows : ndarray of int or None
        The rows to train on; None means all.
    held_out : HeldOut or None
        The validation rows, some of these or others.
    split : tuple of two ndarray of int or None
        Where early stopping set rows aside: training and validation rows.
    """

    X: object
    y: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    given: dict
    rows: np.ndarray | None = None
    held_out: HeldOut | None = None
    split: tuple[np.ndarray, np.ndarray] | None = None

    @cached_property
    def fingerprint(self):
        """What tells these rows from others."""
        return fingerprint(self.X, self.Y, self.weights)

    @property
    def n_rows(self):
        """Number of training rows."""
        return len(self.Y) if self.rows is None else len(self.rows)


def read_rows(estimator, rows, validation=(), *, going_on):
    """The rows of a call, checked and encoded.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        Learns the names of features and of classes, unless it goes on.
    rows : tuple
        X, y and sample weights as the user gave them.
    validation : tuple, default=()
        The same of the validation rows, all None where there are none.
    going_on : bool
        Whether there were calls before.

    Returns
    -------
    Data

    Raises
    ------
    ValueError
        If they are not valid.
    """
    X, y, sample_weight = rows
    data = _checked_rows(estimator, X, y, sample_weight, reset=not going_on)
    data.Y = estimator._encode_targets(data.y, going_on)
    data.weights = estimator._times_class_weights(data.Y, data.weights)
    if any(given is not None for given in validation):
        data.held_out = _held_out(estimator, *validation)
        if data.held_out.Y.shape[1] != data.Y.shape[1]:
            raise ValueError(
                f"y_val has {data.held_out.Y.shape[1]} outputs, but y has "
                f"{data.Y.shape[1]}. They must be of one kind."
            )
    return data


def _checked_rows(estimator, X, y, sample_weight, reset):
    given = {"X": X, "sample_weight": sample_weight}
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype="numeric",
        multi_output=True,
        y_numeric=not is_classifier(estimator),
        reset=reset,
    )
    weights = None
    if sample_weight is not None:
        weights = check_sample_weight(sample_weight, X)
    y = y.toarray() if sparse.issparse(y) else y
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return Data(X, y, y, weights, given)


def _held_out(estimator, X_val, y_val, sample_weight_val):
    """The validation rows that a user gave."""
    if X_val is None or y_val is None:
        raise ValueError(
            "X_val and y_val belong together, sample_weight_val with them: give "
            "X_val and y_val, or none of the three."
        )
    data = _checked_rows(estimator, X_val, y_val, sample_weight_val, reset=False)
    Y = estimator._encode_validation_targets(data.y)
    weights = estimator._times_class_weights(Y, data.weights)
    return HeldOut(data.X, data.y, Y, weights)


def set_rows_aside(
    estimator, data, groups, state, *, incremental=False, resuming=False
):
    """Decide the training and the validation rows; weight 0 is neither.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        Whose early stopping wants them.
    data : Data
        Changed.
    groups : array-like of shape (n_samples,) or None
        Rows of a group stay together.
    state : dict
        What the calls before left: a seed, and the split of a fit that is resumed.
    incremental : bool, default=False
        Whether this is `partial_fit`, which sets no row aside.
    resuming : bool, default=False
        Whether the call before was cut short and this one is its rest.
    """
    if groups is not None:
        groups = _checked_groups(estimator, groups, data)
    weights = data.weights
    if weights is not None and not weights.all():
        data.rows = np.flatnonzero(weights)
    if not estimator.early_stopping or incremental or data.held_out is not None:
        return
    if resuming and state["rows"] is not None:
        data.split = state["rows"]
    else:
        strata, seed = estimator._strata(data.Y), state["validation_seed"]
        data.split = split_rows(estimator, data, strata, groups, seed)
    data.rows, chosen = data.split
    data.held_out = HeldOut(data.X, data.y, data.Y, data.weights, chosen)


def _checked_groups(estimator, groups, data):
    groups = column_or_1d(groups)
    check_consistent_length(data.X, groups)
    if not estimator.early_stopping or data.held_out is not None:
        warnings.warn(
            "groups has no effect: no row is set aside, which only "
            "early_stopping=True without X_val does.",
            UserWarning,
            stacklevel=6,
        )
    return groups


def mean_weight(data):
    """The mean weight of the training rows, the unit of the sample weights."""
    if data.weights is None:
        return 1.0
    return float(
        np.mean(data.weights if data.rows is None else data.weights[data.rows])
    )


def some_rows(data, width, rng):
    """At most 10,000 of the training rows, by number, ascending.

    Fewer where ``width`` numbers a row would need much memory.
    """
    rows = np.arange(len(data.Y)) if data.rows is None else data.rows
    n = min(_SOME_ROWS, max(_SOME_NUMBERS // width, 100))
    if len(rows) <= n:
        return rows
    return np.sort(rng.choice(rows, n, replace=False, shuffle=False))
