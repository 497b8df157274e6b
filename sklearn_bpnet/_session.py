"""One call of fit or partial_fit: from an estimator and its data to a trained theta."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from sklearn_bpnet import _parameters as parameters
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.evaluation import block_rows, output_Z
from sklearn_bpnet.training.history import NoFiniteStepError, Validation
from sklearn_bpnet.training.stochastic import StochasticTraining
from sklearn_bpnet.training.stopping import Patience
from sklearn_bpnet.training.threads import blas_threads_for


@dataclass
class Data:
    """The rows of one call of fit or partial_fit.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
        Targets, encoded but not scaled.
    weights : ndarray of shape (n_samples,) or None
        Sample weights times class weights, as given.
    rows : ndarray of int or None
        The rows to train on; None means all.
    validation : ndarray of int or None
        The rows set aside by early stopping.
    """

    X: object
    Y: np.ndarray
    weights: np.ndarray | None
    rows: np.ndarray | None = None
    validation: np.ndarray | None = None

    @property
    def n_rows(self):
        """Number of training rows."""
        return len(self.Y) if self.rows is None else len(self.rows)


class Training:
    """One call's training of one estimator."""

    def __init__(self, estimator, risk, data, theta, weight_unit, progress, history):
        self.estimator = estimator
        self.risk = risk
        self.data = data
        self.theta = theta
        self.progress = progress
        self.history = history
        scaling = estimator._input_standardization()
        self.reader = RowReader(data.X, theta.dtype, scaling)
        # the training batches live in the other reader's buffers
        self.validation_reader = RowReader(self.reader.X, theta.dtype, scaling)
        self.Y = np.ascontiguousarray(estimator._to_network_units(data.Y), theta.dtype)
        self.s = _mean_one(data, weight_unit, theta.dtype)

    def run(self, rng, going_on, incremental):
        """Train; return why it ended."""
        est, validated = self.estimator, self.data.validation is not None
        validate = self.validate if validated else None
        patience = Patience(est.tol, est.n_iter_no_change, maximize=validated)
        if going_on and validated:  # never end with worse weights than at the start
            patience.start_from(*self.validate(self.theta))
        run = self._run_stochastic if parameters.is_stochastic(est) else self._run_lbfgs
        try:
            # an overflow ends training, and is reported, as divergence
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                return run(rng, patience, validate, 1 if incremental else est.max_iter)
        except NoFiniteStepError as error:
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may "
                "contain large values and need to be preprocessed. Not one step of "
                f"training was finite: {parameters.remedy_for_divergence(est)}."
            ) from error

    def _run_stochastic(self, rng, patience, validate, max_iter):
        est = self.estimator
        training = StochasticTraining(
            risk=self.risk,
            optimizer=parameters.solver_of(est),
            schedule=parameters.schedule_of(est),
            learning_rate_init=est.learning_rate_init,
            patience=patience,
            rng=rng if est.shuffle else None,
            validate=validate,
            after_epoch=_print_epoch if est.verbose else None,
        )
        size = parameters.batch_size_of(est, self.data.n_rows)
        if not isinstance(est.batch_size, str) and est.batch_size > size:
            warnings.warn(
                f"batch_size={est.batch_size} is larger than the {size} rows. It is "
                "going to be clipped.",
                UserWarning,
                stacklevel=2,
            )
        batches = self._batches(size)
        with blas_threads_for(self.risk.network, size):
            return training.run(
                self.theta, batches, max_iter, self.progress, self.history
            )

    def _run_lbfgs(self, rng, patience, validate, max_iter):
        est = self.estimator
        batches = self._batches(block_rows(self.risk.network))
        with blas_threads_for(self.risk.network, batches.batch_size):
            return parameters.solver_of(est).run(
                self.risk,
                self.theta,
                batches,
                tol=est.tol,
                max_iter=max_iter,
                history=self.history,
                patience=patience if validate else None,
                validate=validate,
                after_epoch=_print_epoch if est.verbose else None,
            )

    def _batches(self, batch_size):
        return Batches(self.reader, self.Y, self.s, self.data.rows, batch_size)

    def validate(self, theta):
        """Score and mean loss of theta on the validation rows; NaN if not finite."""
        network, rows = self.risk.network, self.data.validation
        blocks = network.parameters(theta.astype(self.theta.dtype, copy=False)).blocks
        Z = output_Z(network, blocks, self.validation_reader, rows)
        A = network.output_activation.forward(Z, out=np.empty_like(Z))
        if not np.isfinite(A).all():
            return Validation(np.nan)
        Y, weights = self.Y[rows], self.data.weights
        weights = None if weights is None else weights[rows]
        loss = np.average(self.risk.losses(Y, Z, A), weights=weights)
        score = self.estimator._validation_score(A, Y, weights)
        return Validation(float(score), float(loss))


def mean_weight(data):
    """The mean weight of the training rows, the unit of the sample weights."""
    if data.weights is None:
        return 1.0
    return float(
        np.mean(data.weights if data.rows is None else data.weights[data.rows])
    )


def _mean_one(data, unit, dtype):
    """The weights in units of their mean; None where all are 1."""
    weights = np.ones(len(data.Y)) if data.weights is None else data.weights
    s = weights / unit
    training = s if data.rows is None else s[data.rows]
    return None if (training == 1).all() else s.astype(dtype)


def _print_epoch(history):
    print(f"Iteration {len(history.loss)}, loss = {history.loss[-1]:.8f}")
    if history.validation_score:
        print(f"Validation score: {history.validation_score[-1]:.6f}")
