"""An estimator beside its fit: its parameters, how to make one, what it learned."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_bpnet import _types as types
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._declarations import Declarations
from sklearn_bpnet._fit import given_weights
from sklearn_bpnet._fit.fitted import Fitted, FittedNetwork, training_attributes
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._settings.architecture import build_network, hidden_sizes
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._settings.solver import configurable
from sklearn_bpnet._sklearn_compat import (
    BaseEstimator,
    CallbackSupportMixin,
    Header,
    validate_parameters,
)
from sklearn_bpnet._storage import checkpoint
from sklearn_bpnet._version import __version__
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.recipes import recipe
from sklearn_bpnet.training.batches import in_row_order
from sklearn_bpnet.training.monitor.history import History, Outcome, StopReason

_ORDINARY = frozenset(np.dtype(t) for t in (np.float32, np.float64))
# what belongs to the ensemble: its members are plain networks
_OF_A_MEMBER = {"n_members": 1, "n_jobs": None, "verbose": False, "calibration": None}


class Estimator(CallbackSupportMixin, BaseEstimator, Declarations, ABC):
    """The parameters, and what a fit left; not for direct use."""

    _parameter_constraints: ClassVar[dict[str, Any]]
    _kind: ClassVar[str]  # "classification" or "regression"
    _fitted: Fitted
    estimators_: list[Any]

    # What a subclass says about its task

    @abstractmethod
    def _learn_task(
        self, settings: Settings, y: Any, before: Any, classes: Any
    ) -> tuple[Task, Any]:
        """What the targets y are, and the targets Y of the network."""

    def _build_network(
        self,
        settings: Settings,
        task: Task,
        n_features: int,
        n_outputs: int,
        embedded: Any,
    ) -> Network:
        """The network of the settings, for a task and a number of features."""
        output = task.output_activation
        return build_network(settings, n_features, n_outputs, output, embedded)

    @abstractmethod
    def _known_task(self, settings: Settings, facts: Mapping[str, Any]) -> Task:
        """The task whose facts a checkpoint holds."""

    # Parameters

    @property
    def _settings(self) -> Settings:
        return Settings.of(self.get_params(deep=False))

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        signature = inspect.signature(cls.__init__).parameters
        return {name: parameter.default for name, parameter in signature.items()}

    def set_params(self, **params: Any) -> Self:
        """Set parameters, and hyper-parameters of what they stand for.

        Parameters
        ----------
        **params : dict
            New values by name. ``solver__beta_1=0.8`` sets a hyper-parameter of the
            solver, and likewise for other parameters that take an instance; a name
            or a plain value becomes an instance by it. An instance is replaced by a
            changed copy, so that other estimators that share it do not change.

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
        settings = self._settings
        for name, values in changes.items():
            spec = configurable(settings, name, values) if name in names else None
            if spec is None or "" in values:
                raise ValueError(
                    f"Invalid parameter {name!r} for {self}. Valid parameters are: "
                    f"{sorted(names)!r}, and name__hyper_parameter where a parameter "
                    "takes an instance."
                )
            setattr(self, name, spec.with_params(**values))
        return self

    # Recipes

    @classmethod
    def from_recipe(cls, name: str, **overrides: Any) -> Self:
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
        return cls(**(recipe(name, cls._kind) | overrides))

    # Given weights

    @classmethod
    def _with_layers_of(
        cls,
        coefs: Sequence[Any],
        parameters: dict[str, Any],
        has_statistics: Mapping[str, bool],
    ) -> Self:
        """An estimator of the given layers, which scales by given statistics only.

        ``has_statistics`` says for the parameters of scaling whether they are given.
        """
        sizes = tuple(given_weights.layer_sizes(coefs)[1:-1])
        asked = parameters.setdefault("hidden_layer_sizes", sizes)
        if hidden_sizes(asked) != sizes:
            raise ValueError(
                f"hidden_layer_sizes={asked!r} contradicts the shapes of coefs, which "
                f"make it {sizes}. Leave it out."
            )
        if parameters.get("numeric_embedding") is not None:
            raise ValueError(
                f"numeric_embedding={parameters['numeric_embedding']!r} has weights of "
                "its own, which coefs and intercepts do not hold. Leave it out."
            )
        for name, given in has_statistics.items():
            if not given:
                parameters.setdefault(name, None)
            elif parameters.get(name, "standard") is None:
                raise ValueError(f"{name}=None leaves the given statistics unused.")
            scaling = parameters[name] if not given else None
            if isinstance(scaling, (tuple, list)) or scaling in ("standard", "squash"):
                raise ValueError(
                    f"{name}={parameters[name]!r} needs the mean and the scale that "
                    f"the weights were trained with. Give them, or use {name}=None: "
                    "then the weights act on the raw numbers."
                )
        estimator = cls(**parameters)
        validate_parameters(estimator)
        if estimator.n_members > 1:
            raise ValueError(
                f"n_members={estimator.n_members}, but coefs and intercepts are those "
                "of one network. Use n_members=1."
            )
        return estimator

    def _with_weights(
        self,
        task: Task,
        coefs: Sequence[Any],
        intercepts: Sequence[Any],
        input_mean: Any,
        input_scale: Any,
    ) -> Self:
        """Become the fitted estimator that has these weights."""
        settings = self._settings
        n_features, *_, n_outputs = given_weights.layer_sizes(coefs)
        scaling = given_weights.given_standardization(
            input_mean,
            input_scale,
            n_features,
            "input",
            squashes=settings.input_scaling == "squash",
        )
        network = self._build_network(settings, task, n_features, n_outputs, None)
        dtype = given_weights.common_dtype(coefs, intercepts)
        dtype = dtype if settings.dtype == "auto" else np.dtype(settings.dtype)
        shown = given_weights.shown(network, coefs, intercepts, dtype)
        nothing = Outcome(StopReason.CONVERGED, n_iter=0, loss=nan)
        shown |= training_attributes(History(), nothing, best_epoch=0, t=0)
        state = TrainingState.new(settings.random_state)
        fitted = Fitted(
            task, scaling, None, [FittedNetwork(network, shown, state)], state
        )
        self._become(self._attributes({"n_features_in_": n_features}, fitted))
        return self

    # Checkpoints

    def save_checkpoint(self, path: types.Path) -> None:
        """Write the estimator to a file from which training can continue.

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
        record = checkpoint.Record(
            type(self).__name__,
            __version__,
            self.get_params(deep=False),
            Header(self).attributes,
            self._model.record,
        )
        checkpoint.write(record, Path(path))

    @classmethod
    def load_checkpoint(cls, path: types.Path, **parameters: Any) -> Self:
        """Return the estimator of a checkpoint, with the training still in it.

        It predicts with the weights that a training ended there would have kept. If
        it was written in the middle of `fit`, call `fit` with the same samples: it
        makes the epochs left until `max_iter`, and ends with the same weights as if it
        had never been cut off, bit for bit with the same versions of the packages
        (L-BFGS continues from the weights alone). Otherwise `partial_fit` and
        warm-started fits continue it. Callbacks are not in the file; set them again.

        Parameters
        ----------
        path : str or Path
            The file.
        **parameters : object
            Parameters in place of those in the file, such as a larger ``max_iter``.
            Those that a file cannot hold must be given: instances of user-defined
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
        record = checkpoint.read(Path(path), cls.__name__, parameters)
        estimator = cls(**record.parameters)
        settings, facts = estimator._settings, record.fitted
        task = estimator._known_task(settings, facts["task"])
        n_features = record.names["n_features_in_"]
        n_outputs, embedded = facts["n_outputs"], facts["embedded"]
        network = estimator._build_network(
            settings, task, n_features, n_outputs, embedded
        )
        fitted = Fitted.from_record(facts, task, network, settings.n_members)
        estimator._become(estimator._attributes(record.names, fitted))
        return estimator

    # What a fit leaves

    def _attributes(self, names: Mapping[str, Any], fitted: Fitted) -> dict[str, Any]:
        """All fitted attributes, by name."""
        attributes = {"_fitted": fitted, **names, **fitted.attributes}
        if fitted.is_ensemble:
            parts = fitted.parts
            attributes["estimators_"] = [self._member(names, part) for part in parts]
        return attributes

    def _member(self, names: Mapping[str, Any], fitted: Fitted) -> Any:
        """The estimator of one network of an ensemble."""
        parameters = self.get_params(deep=False)
        own = _OF_A_MEMBER | {"random_state": fitted.networks[0].random_state}
        own = {name: value for name, value in own.items() if name in parameters}
        member = type(self)(**parameters | own)
        member._become(member._attributes(names, fitted))
        return member

    def _become(self, attributes: Mapping[str, Any]) -> None:
        """Take the fitted attributes, all at once, in place of those before."""
        before = vars(self).get("_fitted")
        if before is not None:
            for name in ("feature_names_in_", "estimators_", *before.attributes):
                vars(self).pop(name, None)
        vars(self).update(attributes)

    @property
    def _model(self) -> Fitted:
        """What was learned, with the weights that the estimator shows now."""
        fitted = self._fitted
        estimators = self.estimators_ if fitted.is_ensemble else [self]
        for network, estimator in zip(fitted.networks, estimators, strict=True):
            now = vars(estimator)
            network.shown.update((n, now[n]) for n in network.shown if n in now)
        return fitted

    # Prediction

    @property
    def feature_importances_(self) -> Array:
        """The Euclidean norm of the weights that leave every feature."""
        check_is_fitted(self)
        return self._model.feature_importances

    def _check_samples(self, X: Any) -> Any:
        """X as an array or CSR matrix, checked against what `fit` saw.

        An ordinary array is recognised at once: for a single sample scikit-learn's
        validation takes twice as long as the network.
        """
        if (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype in _ORDINARY
            and X.shape[1] == getattr(self, "n_features_in_", None)
            and len(X)
            and "_fitted" in vars(self)
            and not hasattr(self, "feature_names_in_")
        ):
            with np.errstate(all="ignore"):
                if np.isfinite(np.add.reduce(X, axis=None)):
                    return X
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype="numeric", reset=False)
        return in_row_order(X) if self._fitted.is_ensemble else X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
