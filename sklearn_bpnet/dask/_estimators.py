"""DaskBPNetClassifier and DaskBPNetRegressor."""

from __future__ import annotations

from typing import Any, ClassVar, Self, cast

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet._arguments import explains_arguments
from sklearn_bpnet._data.reading import Table
from sklearn_bpnet._fit.call import Arguments
from sklearn_bpnet._sklearn_compat import (
    CallbackContexts,
    available_if,
    fit_context,
)
from sklearn_bpnet.classifier import BPNetClassifier
from sklearn_bpnet.dask import _prediction as prediction
from sklearn_bpnet.dask._clients import client_of
from sklearn_bpnet.dask._collections import is_lazy
from sklearn_bpnet.dask._fit import Cluster, fit_on_cluster
from sklearn_bpnet.dask._parameters import CONSTRAINTS, DEFAULTS, constructor
from sklearn_bpnet.dask._reading import Tables
from sklearn_bpnet.dask._supported import check_local_steps, check_supported
from sklearn_bpnet.regressor import BPNetRegressor


class _OnCluster:
    """What both estimators do on a cluster; not for direct use."""

    _local: ClassVar[Any]
    client: Any
    local_steps: int

    @explains_arguments
    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
        coefs_init: Any = None,
        intercepts_init: Any = None,
    ) -> Self:
        """Fit the network to the partitions of Dask collections.

        The partitions stay on the workers; what travels is theta, and one gradient of
        every partition.

        Parameters
        ----------
        X : Dask array or data frame of shape (n_samples, n_features)
            The training inputs. Blocks may be sparse, sizes of chunks unknown, and
            partitions of different sizes or empty.
        y : Dask array, data frame or series of shape (n_samples,) or \
(n_samples, n_outputs)
            The targets, partitioned like X.
        sample_weight : Dask array or series of shape (n_samples,), default=None
            Weights of the samples, at least 0, partitioned like X.
        X_val : {array-like, sparse matrix, dataframe, Dask collection}, default=None
            Validation inputs, which are not trained on. They are gathered in this
            process.
        y_val : {array-like, Dask collection}, default=None
            Validation targets.
        sample_weight_val : {array-like, Dask collection}, default=None
            Weights of the validation samples.
        coefs_init : list of array-like of shape (n_in, n_out), default=None
            Initial weights.
        intercepts_init : list of array-like of shape (n_out,), default=None
            Initial biases.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ImportError
            If dask or distributed is missing.
        TypeError
            If X, y or the weights are no Dask collections.
        ValueError
            If there is no client, or X, y, the weights or a parameter are not valid.
        """
        client, known = client_of(self.client), cast(Any, self)
        validation = Table(X_val, y_val, sample_weight_val)
        init = (coefs_init, intercepts_init)
        tables = Tables(X, y, sample_weight, validation, init)
        contexts = CallbackContexts(self, X, y, sample_weight)
        with np.errstate():  # an interrupt may leave inner settings behind
            local, previous = self._unfitted(), None
            check_supported(local._settings)
            check_local_steps(local._settings, self.local_steps)
            cluster = Cluster(client, int(self.local_steps))
            if "_fitted" in vars(self) and known._model.resumes:
                previous = known._previous(Arguments(Table(X, y)))
            attributes, end = fit_on_cluster(local, cluster, tables, previous, contexts)
            known._set_fitted(attributes)
            end()
        return self

    @property
    def partial_fit(self) -> Any:
        """Not available: `to_local` returns an estimator that has it."""
        raise AttributeError(
            f"{type(self).__name__} has no partial_fit. Use to_local().partial_fit, "
            "with samples in memory."
        )

    def _unfitted(self) -> Any:
        """The ordinary estimator with the same parameters."""
        parameters = self.get_params(deep=False)  # type: ignore[attr-defined]
        parameters = {k: v for k, v in parameters.items() if k not in DEFAULTS}
        local = self._local(**parameters)
        local._recipe = self._recipe  # type: ignore[attr-defined]
        return local

    def to_local(self) -> Any:
        """The ordinary estimator with the same parameters and weights.

        Returns
        -------
        BPNetClassifier or BPNetRegressor
            It needs no client, and its predictions are those of this estimator.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        local = self._unfitted()
        names = ("n_features_in_", "feature_names_in_")
        header = {name: v for name, v in vars(self).items() if name in names}
        local._set_fitted(local._attributes(header, self._model))  # type: ignore[attr-defined]
        return local

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the score of the predictions: the accuracy, or R2 in regression.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, Dask collection}
            The inputs; what a worker has of a Dask collection is scored there.
        y : {array-like, Dask collection}
            The targets, partitioned like X.
        sample_weight : {array-like, Dask collection}, default=None
            Weights of the samples.

        Returns
        -------
        float
            The score.
        """
        local = self.to_local()
        if not is_lazy(X):
            return float(local.score(X, y, sample_weight))
        return prediction.score(local, client_of(self.client), X, y, sample_weight)

    def _predicted(self, method: str, X: Any) -> Any:
        """What a method of the ordinary estimator returns; lazy for a lazy X."""
        local = self.to_local()
        if is_lazy(X):
            return prediction.lazy(local, method, X)
        return getattr(local, method)(X)

    def __getstate__(self) -> Any:
        client, self.client = self.client, None  # a connection cannot be written
        try:
            return super().__getstate__()
        finally:
            self.client = client

    def __sklearn_clone__(self) -> Any:
        client, self.client = self.client, None  # which is shared, not copied
        try:
            copy = super().__sklearn_clone__()  # type: ignore[misc]
        finally:
            self.client = client
        copy.client = client
        return copy

    def __copy__(self) -> Any:
        copy = type(self).__new__(type(self))
        vars(copy).update(vars(self))  # the client is shared
        return copy

    def save_checkpoint(self, path: Any) -> None:
        """Write the estimator to a file from which training can continue.

        The callback ``Checkpoint`` writes such files during `fit`, and
        ``load_checkpoint(path, client=client)`` reads them. `fit` of what it returns,
        with the same samples in the same partitions, then trains the remaining epochs
        (the remaining members of an ensemble) on any number of workers. The client is
        not stored.

        Parameters
        ----------
        path : str or Path
            Name of the file.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        client, self.client = self.client, None
        try:
            super().save_checkpoint(path)  # type: ignore[misc]
        finally:
            self.client = client


class DaskBPNetClassifier(_OnCluster, BPNetClassifier):  # type: ignore[misc]
    """BPNetClassifier on the partitions of Dask arrays and data frames.

    The optimiser runs in this process. For every evaluation of the risk, or every step
    of mini-batch training, theta goes to the workers, and their gradients come back as
    a sum. For a given partitioning and `random_state` the result
    does not depend on the number of workers.

    Parameters
    ----------
    **parameters : object
        Those of `BPNetClassifier`. `warm_start`, `member_folds`, `time_budget`,
        `record`, `n_jobs`, a refit of `early_stopping` and a splitter as
        `validation_fraction` are not supported.
    local_steps : int, default=1
        Of mini-batch training, the steps that every partition makes on its own before
        theta and the optimiser's state are averaged, at least 1. With 1 there is one
        step for all partitions, along the mean of their gradients.
    client : dask.distributed.Client, default=None
        The cluster. None uses the running client.

    See Also
    --------
    DaskBPNetRegressor : The estimator for regression.
    sklearn_bpnet.BPNetClassifier : The estimator for data in memory.
    """

    _local: ClassVar[Any] = BPNetClassifier
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BPNetClassifier._parameter_constraints,
        **CONSTRAINTS,
    }
    __init__ = constructor(BPNetClassifier)

    def predict(self, X: Any) -> Any:
        """Predict class labels; a Dask array for a Dask collection.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, Dask collection}
            The inputs.

        Returns
        -------
        ndarray or Dask array of shape (n_samples,) or (n_samples, n_columns)
            The labels.
        """
        return self._predicted("predict", X)

    def decision_function(self, X: Any) -> Any:
        """Predict the scores of the classes; a Dask array for a Dask collection.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, Dask collection}
            The inputs.

        Returns
        -------
        ndarray or Dask array of shape (n_samples,) or (n_samples, n_classes)
            The scores.
        """
        return self._predicted("decision_function", X)

    @available_if(BPNetClassifier._check_probabilities)
    def predict_proba(self, X: Any) -> Any:
        """Predict probabilities; a Dask array for a Dask collection.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, Dask collection}
            The inputs.

        Returns
        -------
        ndarray or Dask array of shape (n_samples, n_classes)
            The probabilities.
        """
        return self._predicted("predict_proba", X)

    @available_if(BPNetClassifier._check_probabilities)
    def predict_log_proba(self, X: Any) -> Any:
        """Predict logarithms of probabilities; a Dask array for a Dask collection.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, Dask collection}
            The inputs.

        Returns
        -------
        ndarray or Dask array of shape (n_samples, n_classes)
            Their logarithms.
        """
        return self._predicted("predict_log_proba", X)


class DaskBPNetRegressor(_OnCluster, BPNetRegressor):  # type: ignore[misc]
    """BPNetRegressor on the partitions of Dask arrays and data frames.

    Training is that of `DaskBPNetClassifier`.

    Parameters
    ----------
    **parameters : object
        Those of `BPNetRegressor`. `warm_start`, `member_folds`, `time_budget`,
        `record`, `n_jobs`, a refit of `early_stopping` and a splitter as
        `validation_fraction` are not supported.
    local_steps : int, default=1
        Of mini-batch training, the steps that every partition makes on its own before
        theta and the optimiser's state are averaged, at least 1. With 1 there is one
        step for all partitions, along the mean of their gradients.
    client : dask.distributed.Client, default=None
        The cluster. None uses the running client.

    See Also
    --------
    DaskBPNetClassifier : The estimator for classification.
    sklearn_bpnet.BPNetRegressor : The estimator for data in memory.
    """

    _local: ClassVar[Any] = BPNetRegressor
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BPNetRegressor._parameter_constraints,
        **CONSTRAINTS,
    }
    __init__ = constructor(BPNetRegressor)

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predict targets; a Dask array for a Dask collection.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe, Dask collection}
            The inputs.
        return_std : bool, default=False
            Whether to return also the standard deviation over the members of an
            ensemble; for data in memory only.

        Returns
        -------
        ndarray or Dask array of shape (n_samples,) or (n_samples, n_targets)
            The predictions.
        """
        if return_std and not is_lazy(X):
            return self.to_local().predict(X, return_std=True)
        if return_std:
            raise ValueError(
                "return_std=True is for data in memory. Use to_local(), and map its "
                "predict over the partitions."
            )
        return self._predicted("predict", X)


__all__ = ["DaskBPNetClassifier", "DaskBPNetRegressor"]
