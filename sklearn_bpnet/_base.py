"""What BPNetClassifier and BPNetRegressor share: fit, partial_fit, the forward pass."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from copy import deepcopy
from math import nan
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

import sklearn_bpnet
from sklearn_bpnet import _checkpoint, _ensemble, _fitted, _given_weights
from sklearn_bpnet import _parameters as parameters
from sklearn_bpnet._architecture import (
    build_network,
    build_risk,
    check_users_own,
    hidden_sizes,
)
from sklearn_bpnet._rows import mean_weight, read_rows, set_rows_aside
from sklearn_bpnet._scaling import (
    SQUASHED_TO,
    feature_standardization,
    has_many_values,
    squashing,
)
from sklearn_bpnet._session import Call, Training, new_state
from sklearn_bpnet._sklearn_compat import (
    CallbackSupportMixin,
    fit_context,
)
from sklearn_bpnet._start import starting_parameters
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.embeddings import check_dense
from sklearn_bpnet.net.initializers import Zeros
from sklearn_bpnet.net.losses import LOSSES
from sklearn_bpnet.recipes import recipe
from sklearn_bpnet.training.batches import RowReader, in_row_order
from sklearn_bpnet.training.evaluation import output_Z
from sklearn_bpnet.training.monitor.history import History, Outcome, StopReason
from sklearn_bpnet.training.standardization import Standardization

_SCALINGS = {"standard": feature_standardization, "squash": squashing}
_ORDINARY = frozenset(np.dtype(t) for t in (np.float32, np.float64))


class BaseBPNet(CallbackSupportMixin, BaseEstimator, ABC):
    """The common part of the two estimators; not for direct use."""

    _parameter_constraints: ClassVar[dict] = parameters.CONSTRAINTS

    _task: ClassVar[str]
    input_mean_: np.ndarray | None
    input_scale_: np.ndarray | None
    input_clip_: float | None
    t_: int

    # What a subclass says about its task

    @property
    def _n_choices(self):
        """How many classes a row, or a label of it, is one of; 2 for numbers."""
        return 2

    @abstractmethod
    def _encode_targets(self, y, going_on):
        """Check y and return the targets Y of shape (n_samples, n_outputs)."""

    @abstractmethod
    def _encode_validation_targets(self, y):
        """Check y against what training saw and return its targets Y."""

    @abstractmethod
    def _default_output_activation(self, loss):
        """The name that ``output_activation="auto"`` stands for."""

    @abstractmethod
    def _validation_score(self, Z, A, Y, weights):
        """The score of outputs Z and A for targets Y; larger is better."""

    def _times_class_weights(self, Y, weights):
        """Sample weights times the weights of the rows' classes."""
        return weights

    def _strata(self, Y):
        """The class of every row of Y, or None where a split is not stratified."""
        return None

    def _learn_target_scaling(self, data):
        """Decide, on the training rows, the units of the network's outputs."""

    def _note_targets(self, data, going_on):
        """Take note of the targets that this call trains on."""

    def _to_network_units(self, Y):
        """Targets in the units of the network's outputs."""
        return Y

    def _set_initial_biases(self, network, start, data):
        """Set the output's biases where zero would be far from any target."""

    def _check_calibration(self, data, incremental):
        """Raise ValueError, before training, where `_calibrate` could not work."""

    def _calibrate(self, data):
        """Adjust, on the validation rows, what the outputs mean."""

    def _is_trivial(self):
        """Whether the prediction is certain, whatever X."""
        return False

    # Recipes

    @classmethod
    def from_recipe(cls, name, **overrides):
        """Build an estimator with the parameters of a recipe.

        It is an ordinary estimator, not fitted: ``get_params`` shows everything that
        the recipe set. The guide says what each recipe is and what it is good for.

        Parameters
        ----------
        name : {"lecture", "scikit-learn", "realmlp-td-s", "realmlp-td"}
            The recipe.
        **overrides : object
            Parameters of the constructor, beside those of the recipe or in place of
            them.

        Returns
        -------
        BPNetClassifier or BPNetRegressor
            A new estimator.

        Raises
        ------
        ValueError
            If there is no recipe of that name.
        """
        return cls(**(recipe(name, cls._task) | overrides))

    # Weights that are given

    @classmethod
    def _with_layers_of(cls, coefs, settings, has_statistics):
        """An estimator of the given layers, which scales by given statistics only.

        ``has_statistics`` says for the parameters of scaling whether they are given.
        """
        sizes = tuple(_given_weights.layer_sizes(coefs)[1:-1])
        asked = settings.setdefault("hidden_layer_sizes", sizes)
        if hidden_sizes(asked) != sizes:
            raise ValueError(
                f"hidden_layer_sizes={asked!r} contradicts the shapes of coefs, which "
                f"make it {sizes}. Leave it out."
            )
        if settings.get("numeric_embedding") is not None:
            raise ValueError(
                f"numeric_embedding={settings['numeric_embedding']!r} has weights of "
                "its own, which coefs and intercepts do not hold. Leave it out."
            )
        for name, given in has_statistics.items():
            if not given:
                settings.setdefault(name, None)
            elif settings.get(name, "standard") is None:
                raise ValueError(f"{name}=None leaves the given statistics unused.")
            if not given and settings[name] in ("standard", "squash"):
                raise ValueError(
                    f"{name}={settings[name]!r} needs the mean and the scale that the "
                    f"weights were trained with. Give them, or use {name}=None: then "
                    "the weights act on the raw numbers."
                )
        estimator = cls(**settings)
        estimator._validate_params()
        if estimator.n_members > 1:
            raise ValueError(
                f"n_members={estimator.n_members}, but coefs and intercepts are those "
                "of one network. Use n_members=1."
            )
        return estimator

    def _take_weights(self, coefs, intercepts, input_mean, input_scale):
        """Become the fitted estimator that has these weights."""
        sizes = _given_weights.layer_sizes(coefs)
        self.n_features_in_ = sizes[0]
        statistics = _given_weights.given_standardization(
            input_mean, input_scale, sizes[0], "input"
        )
        self.input_mean_ = self.input_scale_ = self.input_clip_ = None
        self.embedded_features_ = None
        if statistics is not None:
            self.input_mean_, self.input_scale_ = statistics.mean, statistics.scale
            self.input_clip_ = SQUASHED_TO if self.input_scaling == "squash" else None
        network = self._build_network(sizes[0], sizes[-1])
        self._network, self._loss = network, LOSSES.resolve(self.loss)
        dtype = _given_weights.common_dtype(coefs, intercepts)
        dtype = dtype if self.dtype == "auto" else np.dtype(self.dtype)
        given = network.initial_parameters(Zeros(), np.random.default_rng(0), dtype)
        layers = network.of_layers(given.blocks)
        _given_weights.write(layers, coefs, intercepts)
        nothing = Outcome(StopReason.CONVERGED, n_iter=0, loss=nan)
        state = new_state(self.random_state)
        self._take(_fitted.attributes(network, given.theta, state, History(), nothing))
        self.t_ = 0

    # Training

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        groups=None,
        coefs_init=None,
        intercepts_init=None,
    ):
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
        X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features), \
default=None
            Validation inputs, which training never sees. With `early_stopping` they
            decide when to stop and which weights to keep, and no training row is set
            aside; without it their loss and score are only recorded.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Validation targets; given if and only if `X_val` is.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation rows.
        groups : array-like of shape (n_samples,), default=None
            Rows of a group go to training or to validation together, when early
            stopping sets rows aside.
        coefs_init : list of array-like of shape (n_in, n_out), default=None
            The weights that training starts from, in place of those that
            `initializer` draws; what `coefs_` holds before the first step. They act
            on what the network sees: standardised features unless
            ``input_scaling=None``.
        intercepts_init : list of array-like of shape (n_out,), default=None
            The biases that training starts from, in place of those that
            `bias_initializer` draws.

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
        rows = (X, y, sample_weight)
        validation = (X_val, y_val, sample_weight_val)
        init = (coefs_init, intercepts_init)
        return self._fit(rows, validation, groups=groups, init=init)

    def set_params(self, **params):
        """Set parameters, and hyper-parameters of what they stand for.

        Parameters
        ----------
        **params : dict
            New values by name. ``solver__beta_1=0.8`` sets a hyper-parameter of the
            solver, and likewise for other parameters that take an instance; a name
            becomes an instance by it. An instance is replaced by a changed copy, so
            that nobody who shares it sees a change.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        names = self.get_params(deep=False)
        nested = {key: value for key, value in params.items() if key not in names}
        super().set_params(**{key: params[key] for key in params if key in names})
        changes: dict = {}
        for key, value in nested.items():
            name, _, rest = key.partition("__")
            changes.setdefault(name, {})[rest] = value
        for name, values in changes.items():
            spec = parameters.configurable_of(self, name) if name in names else None
            if spec is None or "" in values:
                raise ValueError(
                    f"Invalid parameter {name!r} for {self}. Valid parameters are: "
                    f"{sorted(names)!r}, and name__hyper_parameter where a parameter "
                    "takes an instance."
                )
            setattr(self, name, spec.with_params(**values))
        return self

    def _check_solver(self):
        if not parameters.is_stochastic(self):
            raise AttributeError(
                "partial_fit is only available for stochastic optimizers. "
                f"{self.solver} is not stochastic."
            )
        return True

    @available_if(_check_solver)
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train one epoch over the given data, from where training stands.

        The optimiser's state, the schedule, the patience and the random stream go on
        from call to call. The first call decides the scaling of the inputs and of the
        targets and the unit of the sample weights; those hold from then on. No row is
        set aside for early stopping, which looks at `X_val` and `y_val` if given:
        `coefs_` are then the best weights so far, and `stop_reason_` says "converged"
        once patience has run out.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs of this call.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets of this call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows, at least 0.
        X_val : {array-like, sparse matrix, dataframe} of shape (n_val, n_features), \
default=None
            Validation inputs, which training never sees. With `early_stopping` they
            decide which weights to keep; without it their loss and score are only
            recorded.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Validation targets; given if and only if `X_val` is.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation rows.

        Returns
        -------
        self : object
            The estimator, one epoch further.
        """
        validation = (X_val, y_val, sample_weight_val)
        return self._fit((X, y, sample_weight), validation, incremental=True)

    def _fit(
        self, rows, validation, *, incremental=False, groups=None, init=(None, None)
    ):
        goes_on = incremental or self.warm_start
        parameters.warn_about_unused(self, goes_on=goes_on)
        resuming = not incremental and getattr(self, "_resumes", False)
        going_on = self._goes_on(incremental, resuming)
        call = Call(going_on, resuming, incremental, init)
        data = read_rows(self, rows, validation, going_on=going_on)
        state = deepcopy(self._state) if going_on else new_state(self.random_state)
        if not self._is_trivial():
            set_rows_aside(
                self, data, groups, state, incremental=incremental, resuming=resuming
            )
            self._check_calibration(data, incremental)
        if not going_on:
            self._choose_embedded(data)
        risk = self._build_risk(data, of_a_stream=incremental)
        check_users_own(risk, data.Y)
        self._network, self._loss = risk.network, risk.loss
        if resuming and data.fingerprint != state["data"]:
            raise ValueError(
                "The checkpoint was written by a fit to other rows: X, y or the "
                "sample weights differ in shape or in values. Give the same, or "
                "train on these with partial_fit."
            )
        if not going_on:
            self._forget_other_kind()
            self._learn_scaling(data)
        if state["weight_unit"] is None:
            state["weight_unit"] = mean_weight(data)
        if not self._is_trivial():
            parameters.warn_about_misfits(self, risk.network, data.n_rows)
        if self.n_members > 1:
            outcomes = _ensemble.train(self, data, state, call)
        else:
            outcomes = [self._train(risk, data, state, call)]
        if incremental:  # an epoch is all that was asked for
            outcomes = [x for x in outcomes if x.reason is not StopReason.MAX_ITER]
        _fitted.warn(self, outcomes)
        return self

    def _goes_on(self, incremental, resuming):
        """Whether this call goes on from those before."""
        members = vars(self).get("estimators_")
        if members is None and not hasattr(self, "coefs_"):
            return False
        if not (incremental or self.warm_start or resuming):
            return False
        n_members = 1 if members is None else len(members)
        if n_members != self.n_members and not (members and resuming):
            raise ValueError(
                f"Training cannot go on with n_members={self.n_members}: so far it is "
                f"{n_members}. Use n_members={n_members}, or warm_start=False in fit "
                "to start again."
            )
        return True

    def _train(self, risk, data, state, call, stop_sign=None):
        """Train this one network on rows that are ready; return how it ended."""
        rng = np.random.default_rng()
        rng.bit_generator.state = state["rng"]
        before = state if call.going_on else None
        start = starting_parameters(self, risk.network, data, rng, before)
        self._note_targets(data, call.going_on)
        coefs_init, intercepts_init = call.init
        layers = risk.network.of_layers(start.blocks)
        _given_weights.write(layers, coefs_init, intercepts_init, suffix="_init")
        state["rng"] = rng.bit_generator.state
        training = Training(self, risk, data, start.theta, state, call, stop_sign)
        outcome = training.run()
        self._take(training.attributes(start.theta, outcome))
        self._calibrate(data)
        training.tasks.end()
        return outcome

    def _forget_other_kind(self):
        """Forget what an ensemble left before one network is trained, and reversely."""
        is_ensemble = self.n_members > 1
        names = _fitted.OF_ONE_NETWORK if is_ensemble else ("estimators_",)
        for name in names:
            self.__dict__.pop(name, None)

    def _take(self, attributes):
        """Become the fitted estimator that has these attributes."""
        self._resumes = False  # whether the next fit is the rest of this one
        for name, value in attributes.items():
            setattr(self, name, value)

    def _build_risk(self, data, *, of_a_stream=False):
        f = self._resolve_output_activation()
        return build_risk(self, data, f, of_a_stream=of_a_stream)

    def _build_network(self, n_features, n_outputs):
        output_activation = self._resolve_output_activation()
        return build_network(self, n_features, n_outputs, output_activation)

    def _resolve_output_activation(self):
        name = self.output_activation
        if self._is_trivial() or (isinstance(name, str) and name == "auto"):
            name = self._default_output_activation(LOSSES.resolve(self.loss))
        return ACTIVATIONS.resolve(name)

    def _choose_embedded(self, data):
        """Decide, on the training rows, which features are embedded."""
        self.embedded_features_ = None
        if self.numeric_embedding is not None:
            check_dense(data.X)
            self.embedded_features_ = np.flatnonzero(has_many_values(data.X, data.rows))
            if not self.embedded_features_.size:
                warnings.warn(
                    f"numeric_embedding={self.numeric_embedding!r} has no effect: no "
                    "feature has more than two values. Leave it at its default.",
                    UserWarning,
                    stacklevel=4,
                )

    def _learn_scaling(self, data):
        """Statistics of the inputs and targets, on the training rows."""
        self.input_mean_ = self.input_scale_ = None
        self.input_clip_ = None
        if self.input_scaling is not None:
            learn = _SCALINGS[self.input_scaling]
            statistics = learn(data.X, data.weights, data.rows)
            self.input_mean_, self.input_scale_ = statistics.mean, statistics.scale
            self.input_clip_ = statistics.smooth_clip
        self._learn_target_scaling(data)

    def _input_standardization(self):
        if self.input_mean_ is None or self.input_scale_ is None:
            return None
        return Standardization(self.input_mean_, self.input_scale_, self.input_clip_)

    # Checkpoints

    def save_checkpoint(self, path):
        """Write the estimator to a file from which training can go on.

        The file is replaced as a whole: a crash at any moment leaves the one before.
        It holds plain numbers and JSON, no pickle. The callback ``Checkpoint`` does
        this during `fit`; between calls of `partial_fit`, or of `fit` with
        ``warm_start=True``, it is done by hand.

        Parameters
        ----------
        path : str or Path
            The file.
        """
        check_is_fitted(self)
        _checkpoint.write(self, path, sklearn_bpnet.__version__)

    @classmethod
    def load_checkpoint(cls, path, **parameters):
        """Return the estimator of a checkpoint, with the training still in it.

        It predicts with the weights that a training ended there would have kept. If
        it was written in the middle of `fit`, call `fit` with the same rows: it makes
        the epochs left until `max_iter`, and ends with the same weights as if it had
        never been cut off, bit for bit with the same versions of the packages (L-BFGS
        goes on from the weights alone). Otherwise `partial_fit` and warm-started fits
        go on from it. Callbacks are not in the file; set them again.

        Parameters
        ----------
        path : str or Path
            The file.
        **parameters : object
            Parameters in place of those in the file, such as a larger ``max_iter``.
            Those that a file cannot hold must be given: instances of your own
            classes, functions, splitters.

        Returns
        -------
        BPNetClassifier or BPNetRegressor
            The estimator.

        Raises
        ------
        ValueError
            If the file is damaged or no checkpoint, or holds another class.
        """
        estimator = _checkpoint.read(cls, path, parameters)
        members = vars(estimator).get("estimators_")
        for one in (estimator, *(members or ())):
            one._loss = LOSSES.resolve(one.loss)
            one._network = one._build_network(one.n_features_in_, one.n_outputs_)
        if members is not None:
            is_whole = len(members) >= estimator.n_members
            estimator._resumes = estimator._state["unfinished"] or not is_whole
        else:
            estimator._resumes = estimator.stop_reason_ == StopReason.UNFINISHED.value
        return estimator

    # Prediction

    @property
    def feature_importances_(self):
        """The Euclidean norm of the weights that leave every feature."""
        check_is_fitted(self)
        return np.mean([net._importances() for net in self._networks()], axis=0)

    def _importances(self):
        """`feature_importances_` of one network."""
        norms = np.linalg.norm(self.coefs_[0], axis=1)
        if self.learned_input_scale_ is not None:
            norms *= np.abs(self.learned_input_scale_)
        if self._network.embedding is not None:  # of all that is made of a feature
            of = self._network.embedding.feature_of_output
            norms = np.sqrt(np.bincount(of, norms**2))
        return norms

    def _networks(self):
        """The members of an ensemble, or the one network that it is."""
        return vars(self).get("estimators_", [self])

    def _outputs(self, X):
        """Z[L] and A[L] of one network for rows of X that are checked, float64."""
        reader = RowReader(X, self.coefs_[0].dtype, self._input_standardization())
        blocks = _fitted.blocks(self, self._network)
        Z = output_Z(self._network, blocks, reader).astype(np.float64, copy=False)
        A = self._network.output_activation.forward(Z, out=np.empty_like(Z))
        return Z, A

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
            and hasattr(self, "n_outputs_")
            and not hasattr(self, "feature_names_in_")
        ):
            with np.errstate(all="ignore"):
                if np.isfinite(np.add.reduce(X, axis=None)):
                    return X
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype="numeric", reset=False)
        return X if len(self._networks()) == 1 else in_row_order(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


for _name in (*_fitted.OF_ONE_NETWORK, "estimators_"):
    setattr(BaseBPNet, _name, _fitted.SometimesThere(_name))
