"""An estimator apart from its fit: parameters, constructors, fitted attributes."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from math import nan
from textwrap import fill
from typing import Any, ClassVar, Self

import numpy as np
from sklearn import get_config
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet._data.columns import readable_errors
from sklearn_bpnet._data.encoder import ColumnEncoder, encode_samples
from sklearn_bpnet._data.features import checked_features
from sklearn_bpnet._data.frame_blocks import read_source
from sklearn_bpnet._data.frames import read_table
from sklearn_bpnet._data.numbers import as_numbers
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.sources import source_of
from sklearn_bpnet._data.table_columns import Levels
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._declarations import Declarations
from sklearn_bpnet._fit import given_weights
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._fit.training_attributes import training_attributes
from sklearn_bpnet._settings.architecture import build_network
from sklearn_bpnet._settings.choices import USUAL
from sklearn_bpnet._settings.nested import changed_objects
from sklearn_bpnet._settings.plan import given_dtype
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import (
    CallbackSupportMixin,
    SuggestingEstimator,
    check_columns,
    validate_parameters,
    validated_features,
)
from sklearn_bpnet._sklearn_display import DisplayedEstimator
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.recipes import RECIPES, recipe
from sklearn_bpnet.training.batches import in_row_order
from sklearn_bpnet.training.block_table import BlockTable
from sklearn_bpnet.training.monitor.history import History, Outcome, StopReason

_FAST_DTYPES = frozenset(np.dtype(t) for t in (np.float32, np.float64))
# parameters of an ensemble as a whole, at their values for a single network
_MEMBER_PARAMETERS = {
    "n_members": 1,
    "time_budget": None,
    "member_folds": None,
    "n_jobs": None,
    "verbose": False,
    "calibration": None,
}


class Estimator(
    CallbackSupportMixin, DisplayedEstimator, SuggestingEstimator, Declarations, ABC
):
    """Parameters and fitted attributes of both estimators; not for direct use."""

    _kind: ClassVar[str]  # "classification" or "regression"
    _recipe: str | None = None  # that it was built from
    _fitted: Fitted
    estimators_: list[Any]

    # The task, defined by the subclasses

    @abstractmethod
    def _learn_task(
        self, settings: Settings, y: Any, previous: Any, classes: Any
    ) -> tuple[Task, Any]:
        """The task of the targets y, and the targets Y of the network."""

    def _build_network(
        self,
        settings: Settings,
        task: Task,
        encoder: ColumnEncoder,
        n_outputs: int,
        embedded: Any,
    ) -> Network:
        """The network that the settings define, for a task and an encoded table."""
        n_features, output = encoder.n_out, task.output_activation
        lookup, column_of = encoder.lookup, encoder.column_of
        return build_network(
            settings, n_features, n_outputs, output, embedded, lookup, column_of
        )

    @abstractmethod
    def _known_task(self, settings: Settings, facts: Mapping[str, Any]) -> Task:
        """The task whose facts are in a checkpoint."""

    # Parameters

    @property
    def _settings(self) -> Settings:
        """The constructor's parameters as a record."""
        given = RECIPES[self._recipe][self._kind] if self._recipe else None
        return Settings.of(self.get_params(deep=False), given)

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """The default values of the constructor's parameters."""
        signature = inspect.signature(cls.__init__).parameters
        return {name: parameter.default for name, parameter in signature.items()}

    def __repr__(self) -> str:
        """The parameters in the constructor's order, by default those that were set."""
        settings, defaults = self._settings, self._defaults()
        names = [name for name in defaults if name != "self"]
        if get_config()["print_changed_only"]:
            names = settings.changed(names, Settings.of(defaults))
        head = f"{type(self).__name__}("
        return fill(
            f"{head}{settings.described(names)})",
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )

    def set_params(self, **params: Any) -> Self:
        """Set parameters, and hyper-parameters of the objects that they denote.

        Parameters
        ----------
        **params : dict
            New values by name. ``solver__beta_1=0.8`` sets a hyper-parameter of the
            solver, and likewise for other parameters that take an instance; a name or a
            plain value is first replaced by the instance that it denotes. Instances are
            not modified but replaced by changed copies, as other estimators may share
            them.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter, or a hyper-parameter is not valid.
        """
        names = self.get_params(deep=False)
        nested = {key: value for key, value in params.items() if key not in names}
        super().set_params(**{key: params[key] for key in params if key in names})
        objects = changed_objects(self._settings, nested, self.__repr__)
        vars(self).update(objects)
        return self

    # Recipes

    @classmethod
    def from_recipe(cls, name: str, **overrides: Any) -> Self:
        """Build an unfitted estimator with the parameters of a recipe.

        ``get_params`` returns all parameters that the recipe sets. The user guide
        describes each recipe and its purpose.

        Parameters
        ----------
        name : {"lecture", "scikit-learn", "realmlp-td-s", "realmlp-td", "tabm-mini", \
"best"}
            The recipe.
        **overrides : object
            Parameters of the constructor, in addition to those of the recipe or in
            place of them.

        Returns
        -------
        BPNetClassifier or BPNetRegressor
            A new estimator.

        Raises
        ------
        ValueError
            If there is no recipe with that name.
        """
        estimator = cls(**recipe(name, cls._kind, overrides))
        estimator._recipe = name
        return estimator

    def __sklearn_clone__(self) -> Any:
        """An unfitted copy that knows its recipe, for `clone`."""
        copy = super().__sklearn_clone__()
        if self._recipe is not None:
            copy._recipe = self._recipe
        return copy

    # Given weights

    @classmethod
    def _for_layers(
        cls,
        coefs: Sequence[Any],
        parameters: dict[str, Any],
        has_statistics: Mapping[str, bool],
    ) -> Self:
        """An unfitted estimator for given weights; see `complete_parameters`."""
        given_weights.complete_parameters(parameters, coefs, has_statistics)
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
        """Set the fitted attributes of given weights; return the estimator."""
        settings = self._settings.chosen(USUAL)
        n_features, *_, n_outputs = given_weights.layer_sizes(coefs)
        scaling = given_weights.given_standardization(
            input_mean,
            input_scale,
            n_features,
            "input",
            squashes=settings.input_scaling == "squash",
        )
        fill = None if scaling is None else scaling.mean
        encoder = ColumnEncoder.of_numbers(n_features, fill)
        network = self._build_network(settings, task, encoder, n_outputs, None)
        dtype = given_dtype(settings)
        if dtype is None:
            dtype = given_weights.common_dtype(coefs, intercepts)
        attributes = given_weights.attributes(network, coefs, intercepts, dtype)
        outcome = Outcome(StopReason.CONVERGED, n_iter=0, loss=nan)
        attributes |= training_attributes(History(), outcome, best_epoch=0, t=0)
        state = TrainingState.new(settings.random_state)
        networks = [FittedNetwork(network, attributes, state)]
        fitted = Fitted(task, scaling, None, encoder, networks, state)
        self._set_fitted(self._attributes({"n_features_in_": n_features}, fitted))
        return self

    # Fitted attributes

    def _attributes(self, names: Mapping[str, Any], fitted: Fitted) -> dict[str, Any]:
        """All fitted attributes, by name."""
        attributes = {"_fitted": fitted, **names, **fitted.attributes}
        if fitted.is_ensemble:
            members = fitted.members
            attributes["estimators_"] = [
                self._member(names, member) for member in members
            ]
        return attributes

    def _member(self, names: Mapping[str, Any], fitted: Fitted) -> Any:
        """The estimator of one network of an ensemble."""
        parameters = self.get_params(deep=False)
        seed = fitted.networks[0].random_state
        changes = _MEMBER_PARAMETERS | {"random_state": seed}
        parameters |= {name: v for name, v in changes.items() if name in parameters}
        member = type(self)(**parameters)
        member._set_fitted(member._attributes(names, fitted))
        return member

    def _set_fitted(self, attributes: Mapping[str, Any]) -> None:
        """Replace all fitted attributes at once."""
        previous = vars(self).get("_fitted")
        if previous is not None:
            for name in ("feature_names_in_", "estimators_", *previous.attributes):
                vars(self).pop(name, None)
        vars(self).update(attributes)

    @property
    def _model(self) -> Fitted:
        """The result of the fit, with the current values of the fitted attributes."""
        fitted = self._fitted
        estimators = self.estimators_ if fitted.is_ensemble else [self]
        for network, estimator in zip(fitted.networks, estimators, strict=True):
            now = vars(estimator)
            network.attributes.update(
                (n, now[n]) for n in network.attributes if n in now
            )
        return fitted

    # Prediction

    @property
    def feature_importances_(self) -> Array:
        """The Euclidean norm of the weights that leave every feature."""
        check_is_fitted(self)
        return self._model.feature_importances

    def _check_samples(self, X: Any) -> Any:
        """X as an array or CSR matrix, validated against the data of `fit`, encoded."""
        return self._encoded(*self._checked(X))

    def _checked(self, X: Any) -> tuple[Any, Mapping[int, Levels], float, bool]:
        """X as an array or CSR matrix, validated against the data of `fit`.

        With it come the levels that its codes index, the largest absolute value, and
        whether there are gaps. There is a fast path for plain arrays, as for a single
        sample scikit-learn's validation takes twice as long as the network.
        """
        names = getattr(self, "feature_names_in_", None)
        levels: Mapping[int, Levels] = {}
        if not (
            type(X) is np.ndarray
            and X.ndim == 2
            and X.dtype in _FAST_DTYPES
            and X.shape[1] == getattr(self, "n_features_in_", None)
            and len(X)
            and "_fitted" in vars(self)
            and names is None
            and not len(self._fitted.encoder.categorical)
        ):
            check_is_fitted(self)
            X, levels = self._read(X)
        X, largest, has_gaps = checked_features(X, "X", names)
        return X, levels, largest, has_gaps

    def _encoded(
        self, X: Any, levels: Mapping[int, Levels], largest: float, has_gaps: bool
    ) -> Any:
        """The matrix of a table that was checked; see `_checked`."""
        fitted, names = self._fitted, getattr(self, "feature_names_in_", None)
        if has_gaps or not fitted.encoder.is_trivial:
            samples = Samples(X, X, X, None, None, largest, dict(levels), has_gaps)
            encode_samples(fitted.encoder, samples, "X", names)
            X, largest = samples.X, samples.largest
        fitted.check_range(X, largest)
        return in_row_order(X) if fitted.is_ensemble else X

    def _read(self, X: Any) -> tuple[Any, Mapping[int, Levels]]:
        """X as an array or CSR matrix of numbers and codes, and what these index."""
        is_categorical = self._fitted.encoder.is_categorical
        has_categories = bool(is_categorical.any())
        if isinstance(X, BlockTable):  # of validation samples, which are encoded
            return X, {}
        source = source_of(X)
        first = X if source is None else source.first
        with readable_errors(first):
            if has_categories or source is not None:
                check_columns(self, first)
            if source is not None:
                raw = read_source(source, "X", is_categorical)
                return raw.X, raw.levels
            raw = read_table(X, "X", is_categorical)
            X = validated_features(self, raw.X, is_checked=has_categories)
            return as_numbers(X, "X"), raw.levels

    def get_network_input_names(self) -> list[str]:
        """Get the names of the network's inputs, what the first layer multiplies.

        A number of the table keeps the name of its column. After it come indicators of
        missing values, ``missingindicator_`` and the name; columns of one-hot encoding,
        the name and the category; and the numbers of embeddings.

        Returns
        -------
        list of str
            One name for every row of ``coefs_[0]`` (of every member, with
            `shared_members` and no hidden layer). Without names of the columns, these
            are x0, x1, and so on.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        fitted = self._fitted
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            names = [f"x{j}" for j in range(fitted.encoder.n_features)]
        found = fitted.encoder.input_names([str(name) for name in names])
        for block in fitted.networks[0].network.blocks_below_layers:
            found = found if block.reads_codes else block.output_names(found)
        return found

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        return tags
