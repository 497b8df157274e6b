"""The rows that training never sees, and what a theta is worth on them."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import check_scoring

from sklearn_bpnet import _fitted
from sklearn_bpnet.training.batches import RowReader
from sklearn_bpnet.training.evaluation import output_Z
from sklearn_bpnet.training.monitor.history import Validation


@dataclass
class HeldOut:
    """Validation rows.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        Targets, as a scorer wants them.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets, encoded but not scaled.
    weights : ndarray of shape (n_samples,) or None
        Sample weights times class weights.
    rows : ndarray of int or None
        Which rows of the above; None means all.
    """

    X: object
    y: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    rows: np.ndarray | None = None

    def chosen(self, array):
        """The rows of one of the arrays."""
        return array if array is None or self.rows is None else array[self.rows]


class Validator:
    """From theta to its loss and score on the validation rows.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        Its ``scoring`` says what the score is.
    risk : EmpiricalRisk
        Whose loss is computed, without the penalty.
    held_out : HeldOut
        The rows.
    dtype : dtype
        Of the network.
    """

    def __init__(self, estimator, risk, held_out, dtype):
        self.estimator = estimator
        self.risk = risk
        self.dtype = dtype
        self.held_out = held_out
        scaling = estimator._input_standardization()
        # the training batches live in a reader of their own
        self.reader = RowReader(held_out.X, dtype, scaling)
        self.weights = held_out.chosen(held_out.weights)
        self.targets = estimator._to_network_units(held_out.chosen(held_out.Y))
        Y = risk.loss.encode_targets(self.targets)
        self.Y = np.ascontiguousarray(Y, dtype)
        self.only_loss = estimator.scoring == "loss"
        self.scorer = None
        if estimator.scoring is not None and not self.only_loss:
            self.scorer = check_scoring(estimator, estimator.scoring)
            self.X, self.y = held_out.chosen(held_out.X), held_out.chosen(held_out.y)

    def __call__(self, theta):
        """Score and mean loss of theta; NaN if its outputs are not finite."""
        network = self.risk.network
        parameters = network.parameters(theta.astype(self.dtype, copy=False))
        Z = output_Z(network, parameters.blocks, self.reader, self.held_out.rows)
        A = network.output_activation.forward(Z, out=np.empty_like(Z))
        if not np.isfinite(A).all():
            return Validation(None if self.only_loss else np.nan)
        loss = np.average(self.risk.losses(self.Y, Z, A), weights=self.weights)
        score = None if self.only_loss else float(self._score(Z, A, parameters))
        return Validation(score, float(loss))

    def _score(self, Z, A, parameters):
        if self.scorer is None:
            weights = self.weights
            return self.estimator._validation_score(Z, A, self.targets, weights)
        fitted = self._fitted(parameters.blocks)
        if self.weights is None:
            return self.scorer(fitted, self.X, self.y)
        return self.scorer(fitted, self.X, self.y, sample_weight=self.weights)

    def _fitted(self, blocks):
        """An estimator that predicts with the weights of now."""
        fitted = copy(self.estimator)
        vars(fitted).pop("feature_names_in_", None)  # the rows come as an array
        for name, arrays in _fitted.weights(self.risk.network, blocks).items():
            setattr(fitted, name, arrays)
        fitted.n_outputs_ = len(fitted.intercepts_[-1])
        return fitted
