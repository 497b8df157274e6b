"""What BPNetClassifier and BPNetRegressor share: fit, partial_fit, the forward pass."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from copy import deepcopy
from math import isnan, nan
from typing import ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_bpnet import _given_weights
from sklearn_bpnet import _parameters as parameters
from sklearn_bpnet._scaling import feature_standardization
from sklearn_bpnet._session import Data, Training, mean_weight
from sklearn_bpnet._sklearn_compat import check_sample_weight, fit_context
from sklearn_bpnet._validation_split import validation_split
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.initializers import INITIALIZERS
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.parameters import Parameters
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import RowReader, Standardization
from sklearn_bpnet.training.epoch import Progress
from sklearn_bpnet.training.evaluation import output_Z
from sklearn_bpnet.training.history import History, Outcome, StopReason

# Sparse columns are centred inside the matrix product, in the network's dtype. With
# means this many deviations from zero, float32 would lose three of its seven digits.
_LARGE_OFFSET = 1e3


_ORDINARY = frozenset(np.dtype(t) for t in (np.float32, np.float64))


class BaseBPNet(BaseEstimator, ABC):
    """The common part of the two estimators; not for direct use."""

    _parameter_constraints: ClassVar[dict] = parameters.CONSTRAINTS

    input_mean_: np.ndarray | None
    input_scale_: np.ndarray | None
    t_: int

    # What a subclass says about its task

    @abstractmethod
    def _encode_targets(self, y, going_on):
        """Check y and return the targets Y of shape (n_samples, n_outputs)."""

    @abstractmethod
    def _default_output_activation(self, loss):
        """The name that ``output_activation="auto"`` stands for."""

    @abstractmethod
    def _validation_score(self, A, Y, weights):
        """The score of outputs A; larger is better."""

    def _times_class_weights(self, Y, weights):
        """Sample weights times the weights of the rows' classes."""
        return weights

    def _strata(self, Y):
        """The class of every row of Y, or None where a split is not stratified."""
        return None

    def _learn_target_scaling(self, data):
        """Decide, on the training rows, the units of the network's outputs."""

    def _to_network_units(self, Y):
        """Targets in the units of the network's outputs."""
        return Y

    def _is_trivial(self):
        """Whether the prediction is certain, whatever X."""
        return False

    # Weights that are given

    @classmethod
    def _with_layers_of(cls, coefs, settings, has_statistics):
        """An estimator of the given layers, which scales by given statistics only.

        ``has_statistics`` says for the parameters of scaling whether they are given.
        """
        sizes = tuple(_given_weights.layer_sizes(coefs)[1:-1])
        asked = settings.setdefault("hidden_layer_sizes", sizes)
        if parameters.hidden_sizes(asked) != sizes:
            raise ValueError(
                f"hidden_layer_sizes={asked!r} contradicts the shapes of coefs, which "
                f"make it {sizes}. Leave it out."
            )
        for name, given in has_statistics.items():
            if not given:
                settings.setdefault(name, None)
            elif settings.get(name, "standard") is None:
                raise ValueError(f"{name}=None leaves the given statistics unused.")
            if not given and settings[name] == "standard":
                raise ValueError(
                    f"{name}='standard' needs the mean and the scale that the weights "
                    f"were trained with. Give them, or use {name}=None: then the "
                    "weights act on the raw numbers."
                )
        estimator = cls(**settings)
        estimator._validate_params()
        return estimator

    def _take_weights(self, coefs, intercepts, input_mean, input_scale):
        """Become the fitted estimator that has these weights."""
        sizes = _given_weights.layer_sizes(coefs)
        self.n_features_in_ = sizes[0]
        statistics = _given_weights.given_standardization(
            input_mean, input_scale, sizes[0], "input"
        )
        self.input_mean_ = self.input_scale_ = None
        if statistics is not None:
            self.input_mean_, self.input_scale_ = statistics.mean, statistics.scale
        network = self._build_network(sizes[0], sizes[-1])
        dtype = _given_weights.common_dtype(coefs, intercepts)
        dtype = dtype if self.dtype == "auto" else np.dtype(self.dtype)
        given = Parameters.zeros(network.shapes, dtype)
        _given_weights.write(given, coefs, intercepts)
        nothing = Outcome(StopReason.CONVERGED, n_iter=0, loss=nan)
        self._store(network, given.theta, self._new_state(), History(), nothing)
        self.t_ = 0

    # Training

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, coefs_init=None, intercepts_init=None):
        """Fit the network to data matrix X and target(s) y.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The training inputs: real, integer or boolean. CSR and other sparse
            formats are never made dense, and X is never modified.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or label indicators in classification, real numbers in
            regression.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0. Only their ratios matter; a row of
            weight 0 counts as absent.
        coefs_init : list of array-like of shape (n_in, n_out), default=None
            The weights that training starts from, in place of those that
            `initializer` draws; what `coefs_` holds before the first step. They act
            on what the network sees: standardised features unless
            ``input_scaling=None``.
        intercepts_init : list of array-like of shape (n_out,), default=None
            The biases that training starts from, in place of zeros.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If X, y, the weights or a parameter are not valid, or if not one step
            of training stays finite.
        """
        init = (coefs_init, intercepts_init)
        return self._fit(X, y, sample_weight, incremental=False, init=init)

    def _check_solver(self):
        if not parameters.is_stochastic(self):
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. "
                f"{self.solver} is not stochastic."
            )
        return True

    @available_if(_check_solver)
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train one epoch over the given data, from where training stands.

        The optimiser's state, the schedule and the random stream go on from call to
        call. The first call decides the scaling of the inputs and of the targets and
        the unit of the sample weights; those hold from then on. No row is set aside
        for early stopping.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs of this call.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets of this call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0.

        Returns
        -------
        self : object
            The estimator, one epoch further.
        """
        return self._fit(X, y, sample_weight, incremental=True)

    def _fit(self, X, y, sample_weight, incremental, init=(None, None)):
        parameters.warn_about_unused(self)
        going_on = (incremental or self.warm_start) and hasattr(self, "coefs_")
        data = self._validate(X, y, sample_weight, going_on)
        risk = self._build_risk(data)
        state = deepcopy(self._state) if going_on else self._new_state()
        rng = np.random.default_rng()
        rng.bit_generator.state = state["rng"]
        if not self._is_trivial():
            self._set_rows_aside(data, state["validation_seed"], incremental)
        if not going_on:
            self._learn_scaling(data)
        if state["weight_unit"] is None:
            state["weight_unit"] = mean_weight(data)
        start = self._start(risk.network, data, rng, going_on)
        coefs_init, intercepts_init = init
        _given_weights.write(start, coefs_init, intercepts_init, suffix="_init")
        theta = start.theta
        history = History()
        if going_on:
            history = History(
                list(self.loss_curve_), list(self.validation_scores_ or [])
            )
        progress = Progress(**state["progress"])
        outcome = Outcome(StopReason.CONVERGED, n_iter=0, loss=0.0)  # if trivial
        if not self._is_trivial():
            unit = state["weight_unit"]
            training = Training(self, risk, data, theta, unit, progress, history)
            outcome = training.run(rng, going_on, incremental)
        if not (incremental or self.warm_start):
            progress.optimizer_state = {}
        state |= {"rng": rng.bit_generator.state, "progress": vars(progress)}
        self._store(risk.network, theta, state, history, outcome)
        self.t_ = (self.t_ if going_on else 0) + outcome.n_iter * data.n_rows
        if not incremental or outcome.reason is not StopReason.MAX_ITER:
            self._warn(outcome)
        return self

    def _validate(self, X, y, sample_weight, going_on):
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype="numeric",
            multi_output=True,
            y_numeric=not is_classifier(self),
            reset=not going_on,
        )
        weights = None
        if sample_weight is not None:
            weights = check_sample_weight(sample_weight, X)
        y = y.toarray() if sparse.issparse(y) else y
        Y = self._encode_targets(y, going_on)
        return Data(X, Y, self._times_class_weights(Y, weights))

    def _build_risk(self, data):
        loss = LOSSES.resolve(self.loss)
        network = self._build_network(data.X.shape[1], data.Y.shape[1])
        return EmpiricalRisk(network, loss, self.alpha, ElasticNet(self.l1_ratio))

    def _build_network(self, n_features, n_outputs):
        loss = LOSSES.resolve(self.loss)
        sizes = parameters.hidden_sizes(self.hidden_layer_sizes)
        hidden = parameters.hidden_activations(self.activation, len(sizes))
        return Network.dense(
            (n_features, *sizes, n_outputs),
            (*hidden, self._resolve_output_activation(loss)),
        )

    def _resolve_output_activation(self, loss):
        name = self.output_activation
        if self._is_trivial() or (isinstance(name, str) and name == "auto"):
            name = self._default_output_activation(loss)
        return ACTIVATIONS.resolve(name)

    def _new_state(self):
        """What going on later will need besides the weights."""
        seed = self.random_state
        if isinstance(seed, np.random.RandomState):
            seed = seed.randint(np.iinfo(np.int32).max, size=4)
        rng = np.random.default_rng(seed)  # None: fresh entropy, no global state
        validation_seed = int(rng.integers(np.iinfo(np.int32).max))
        return {
            "rng": rng.bit_generator.state,
            "validation_seed": validation_seed,  # the same split at a warm start
            "weight_unit": None,  # until there are rows
            "progress": vars(Progress()),
        }

    def _set_rows_aside(self, data, seed, incremental):
        """Decide the training and the validation rows; weight 0 is neither."""
        weights = data.weights
        if weights is not None and not weights.all():
            data.rows = np.flatnonzero(weights)
        if self.early_stopping and not incremental:
            rows = np.arange(len(data.Y)) if data.rows is None else data.rows
            strata = self._strata(data.Y)
            data.rows, data.validation = validation_split(
                rows,
                None if strata is None else strata[rows],
                self.validation_fraction,
                seed,
                data.X.shape[1],
            )

    def _learn_scaling(self, data):
        """Statistics of the inputs and targets, on the training rows."""
        self.input_mean_ = self.input_scale_ = None
        if self.input_scaling == "standard":
            statistics = feature_standardization(data.X, data.weights, data.rows)
            self.input_mean_, self.input_scale_ = statistics.mean, statistics.scale
        self._learn_target_scaling(data)

    def _input_standardization(self):
        if self.input_mean_ is None or self.input_scale_ is None:
            return None
        return Standardization(self.input_mean_, self.input_scale_)

    def _start(self, network, data, rng, going_on):
        """The parameters that training starts from, in the dtype it works in."""
        if not going_on:
            dtype = self._network_dtype(data)
            initializer = INITIALIZERS.resolve(self.initializer)
            return network.initial_parameters(initializer, rng, dtype)
        dtype = self.coefs_[0].dtype if self.dtype == "auto" else np.dtype(self.dtype)
        start = Parameters.pack(zip(self.coefs_, self.intercepts_, strict=True), dtype)
        if start.shapes != [list(shapes) for shapes in network.shapes]:
            raise ValueError(
                "Training cannot go on: the weights have the shapes "
                f"{[W.shape for W in self.coefs_]}, but hidden_layer_sizes="
                f"{self.hidden_layer_sizes} and the data ask for "
                f"{[shapes[0] for shapes in network.shapes]}. Use warm_start=False to "
                "start again."
            )
        return start

    def _network_dtype(self, data):
        offsets = self._input_standardization() if sparse.issparse(data.X) else None
        return parameters.network_dtype(
            self,
            is_full_batch=not parameters.is_stochastic(self)
            or parameters.batch_size_of(self, data.n_rows) >= data.n_rows,
            needs_digits=offsets is not None and offsets.largest_offset > _LARGE_OFFSET,
        )

    def _store(self, network, theta, state, history, outcome):
        """Set the fitted attributes."""
        self._network, self._state = network, state
        blocks = network.parameters(theta).blocks
        self.coefs_ = [W for W, _ in blocks]
        self.intercepts_ = [b for _, b in blocks]
        self.n_layers_ = len(blocks) + 1
        self.n_outputs_ = blocks[-1][0].shape[1]
        self.out_activation_ = ACTIVATIONS.name_of(network.output_activation)
        self.n_iter_ = outcome.n_iter
        self.loss_curve_ = history.loss
        self.loss_ = outcome.loss
        self.best_loss_ = _best(min, history.loss, self.loss_)
        self.validation_scores_ = self.best_validation_score_ = None
        if history.validation_score:
            self.best_loss_ = None
            self.validation_scores_ = history.validation_score
            self.best_validation_score_ = _best(max, history.validation_score, nan)

    def _warn(self, outcome):
        """Say what a user should know about the end of training."""
        if outcome.reason is StopReason.INTERRUPTED:
            warnings.warn("Training interrupted by user.", stacklevel=4)
            return
        message = {
            StopReason.MAX_ITER: (
                f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached "
                "and the optimization hasn't converged yet."
            ),
            StopReason.DIVERGED: (
                f"Training diverged after {outcome.n_iter} iterations: the loss was no "
                "longer finite. The last finite weights are kept; "
                f"{parameters.remedy_for_divergence(self)}."
            ),
            StopReason.FAILED: (
                f"lbfgs failed to converge after {outcome.n_iter} iterations: "
                f"{outcome.message}. Scale the data, or raise max_fun or tol."
            ),
        }.get(outcome.reason)
        if outcome.reason is StopReason.MAX_ITER and not parameters.is_stochastic(self):
            message = (
                f"lbfgs failed to converge after {outcome.n_iter} iterations. Increase "
                f"max_iter={self.max_iter}, or scale the data."
            )
        if message:
            warnings.warn(message, ConvergenceWarning, stacklevel=4)

    # Prediction

    def _outputs(self, X):
        """The network's outputs A[L] for the rows of X, float64, and the checked X."""
        X = self._check_rows(X)
        reader = RowReader(X, self.coefs_[0].dtype, self._input_standardization())
        blocks = list(zip(self.coefs_, self.intercepts_, strict=True))
        Z = output_Z(self._network, blocks, reader).astype(np.float64, copy=False)
        return self._network.output_activation.forward(Z, out=np.empty_like(Z)), X

    def _check_rows(self, X):
        """X as an array or CSR matrix, checked against what `fit` saw.

        An ordinary array is recognised at once: for a single row scikit-learn's
        validation takes twice as long as the network.
        """
        if (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype in _ORDINARY
            and X.shape[1] == getattr(self, "n_features_in_", None)
            and len(X)
            and hasattr(self, "coefs_")
            and not hasattr(self, "feature_names_in_")
        ):
            with np.errstate(all="ignore"):
                if np.isfinite(np.add.reduce(X, axis=None)):
                    return X
        check_is_fitted(self)
        return validate_data(self, X, accept_sparse="csr", dtype="numeric", reset=False)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _best(choose, values, default):
    """The smallest or largest of the values that are not NaN."""
    return choose((value for value in values if not isnan(value)), default=default)
