"""What a hidden layer computes, as features for another estimator."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet import _types as types
from sklearn_bpnet._base import BaseBPNet
from sklearn_bpnet._inspection import layer_number
from sklearn_bpnet.net._typing import Array


class HiddenFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """The activations of a layer of a trained network, as features in a pipeline.

    `fit` trains a clone of the estimator, and `transform` computes the activations of
    one of its layers, by default of the last hidden one. Another estimator can so use
    the representation that the network learned: a nearest-neighbour search, a
    clustering, a Gaussian process.

    A transformer that was fitted on the samples that the next step is trained on, as
    in any pipeline, has seen their targets. The next step may therefore take the
    features for better than they are on new samples.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        The network; not modified.
    layer : int, default=-2
        The layer, counted as in ``estimator.activations``: the first hidden layer is
        1, the last hidden layer -2 and the output -1.

    Attributes
    ----------
    estimator_ : BPNetClassifier or BPNetRegressor
        The fitted clone.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Their names; absent if X has none.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.inspection import HiddenFeatures
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BPNetClassifier((8,), max_iter=20, random_state=0)
    >>> model = make_pipeline(HiddenFeatures(clf), KNeighborsClassifier()).fit(X, y)
    >>> model[0].transform(X).shape
    (150, 8)
    >>> model[0].get_feature_names_out()[:2]
    array(['hiddenfeatures0', 'hiddenfeatures1'], dtype=object)
    """

    def __init__(self, estimator: BaseBPNet, *, layer: int = -2) -> None:
        self.estimator = estimator
        self.layer = layer

    def fit(self, X: types.MatrixLike, y: types.MatrixLike, **fit_params: Any) -> Self:
        """Train a clone of the estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The training inputs.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        **fit_params : object
            Further arguments of the estimator's `fit`, such as `sample_weight`.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        TypeError
            If the estimator is none of this package.
        ValueError
            If the network has no such layer.
        """
        if not isinstance(self.estimator, BaseBPNet):
            raise TypeError(
                "estimator must be a BPNetClassifier or BPNetRegressor; got "
                f"{self.estimator!r}. Put steps that come before it in front of "
                "HiddenFeatures, in the pipeline."
            )
        fitted = clone(self.estimator).fit(X, y, **fit_params)
        self._number = layer_number(self.layer, fitted.n_layers_ - 1)
        self.estimator_ = fitted
        model = fitted._fitted
        units = model.networks[0].network.layers[self._number - 1].n_out
        self._n_features_out = units * model.n_predictions
        return self

    def transform(self, X: types.MatrixLike) -> Array:
        """Compute the activations of the layer.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray of shape (n_samples, n_units)
            float32 for float32 X, float64 otherwise. The units of the members of an
            ensemble, or of members that share weights, are side by side.
        """
        check_is_fitted(self)
        A = self.estimator_.activations(X, self._number)
        return A if A.ndim == 2 else np.concatenate(list(A), axis=1)

    @property
    def n_features_in_(self) -> int:
        """Number of features seen in `fit`."""
        check_is_fitted(self)
        n_features: int = self.estimator_.n_features_in_
        return n_features

    @property
    def feature_names_in_(self) -> Any:
        """Names of the features seen in `fit`."""
        check_is_fitted(self)
        return self.estimator_.feature_names_in_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        if hasattr(self.estimator, "__sklearn_tags__"):
            tags.input_tags = get_tags(self.estimator).input_tags
        return tags
