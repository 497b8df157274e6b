"""What an estimator shows of its networks: activations and input gradients."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet import _types as types
from sklearn_bpnet._estimator import Estimator
from sklearn_bpnet.net._typing import Array


class InspectableEstimator(Estimator):
    """An estimator whose networks can be looked into; not for direct use."""

    def activations(self, X: types.MatrixLike, layer: int = -1) -> Array:
        """Compute the activations A of a layer.

        They are those of prediction, without dropout and noise. Those of the output
        layer are the network's own outputs: before members are averaged, before
        calibration by a temperature that is learned for their average, and in the units
        in which a regressor's targets are scaled.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.
        layer : int, default=-1
            The layer. The first hidden layer is 1, and the output is the last one, -1;
            the last hidden layer is -2.

        Returns
        -------
        ndarray of shape (n_samples, n_units) or (n_members, n_samples, n_units)
            float32 for float32 X, float64 otherwise. The first axis is there if
            several networks predict: the members of an ensemble (`n_members`), those
            that share weights (`shared_members`, all in one layer), or both; then those
            of the first network come first.

        Raises
        ------
        ValueError
            If there is no such layer.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn_bpnet import BPNetClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> clf = BPNetClassifier((8, 5), max_iter=20, random_state=0).fit(X, y)
        >>> clf.activations(X, layer=1).shape, clf.activations(X, layer=-2).shape
        ((150, 8), (150, 5))
        """
        samples = self._check_samples(X)
        model = self._model
        index = layer_number(layer, len(model.networks[0].network.layers))
        A = model.activations(samples, index)
        dtype = np.float32 if samples.dtype == np.float32 else np.float64
        A = A.astype(dtype, order="C", copy=False)
        return A if model.is_ensemble or len(A) > 1 else A[0]

    def _unit_states(
        self, X: types.MatrixLike
    ) -> list[tuple[Array, NDArray[np.bool_] | None]]:
        """A of every layer of a single network, and which units are saturated."""
        samples = self._check_samples(X)
        model = self._model
        return model.networks[0].unit_states(samples, model.standardization)

    def input_gradient(self, X: types.MatrixLike) -> NDArray[np.float64]:
        """Compute the derivatives of the outputs with respect to the numeric features.

        The chain rule goes through the scaling of features, embeddings, and members, so
        that a derivative is per unit of the feature, as it stands in X. What is
        differentiated is

        - of a regressor the prediction, in the units of the target, before
          `clip_predictions`;
        - of a classifier the pre-activations Z of the output layer (with the usual
          outputs the log-odds, or the inputs of the softmax), before calibration. Of
          several members it is the mean of theirs, while `decision_function` is
          computed from the mean of their probabilities.

        Where functions have a kink, such as "relu" at 0 and the scaling by quantiles
        at every quantile, it is a derivative to one side. With
        ``input_scaling="quantile"``, values outside the range of the training samples
        have derivative 0, and the jump of the score at a value that many training
        samples share is left out.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The inputs.

        Returns
        -------
        ndarray of float64 of shape (n_samples, n_features) or \
(n_samples, n_outputs, n_features)
            With a single output, as in binary classification, without its axis. The
            outputs of a regressor with several targets and several quantiles are those
            of the first target first. NaN where no derivative is defined: of
            categorical features, and of missing values.

        Raises
        ------
        ValueError
            If an activation is a step function, such as "heaviside", so that there is
            no derivative to be used.

        Examples
        --------
        >>> from sklearn_bpnet import BPNetRegressor
        >>> reg = BPNetRegressor.from_weights([[[3], [-2]]], [[1]])
        >>> reg.input_gradient([[0, 0], [5, 1]])
        array([[ 3., -2.],
               [ 3., -2.]])
        """
        check_is_fitted(self)
        checked = self._checked(X)
        samples = self._encoded(*checked)
        G = self._model.input_gradients(samples, checked[0])
        return G[:, 0] if G.shape[1] == 1 else G


def layer_number(layer: Any, n_layers: int, name: str = "layer") -> int:
    """A layer counted from 1, where -1 is the last one, as a number of at least 1.

    Raises
    ------
    ValueError
        If there is no such layer.
    """
    is_whole = isinstance(layer, Integral) and not isinstance(layer, bool)
    if not is_whole or layer == 0 or not -n_layers <= layer <= n_layers:
        raise ValueError(
            f"{name} must be 1 to {n_layers}, or -1 for the output; got {layer!r}."
        )
    return int(layer) if layer > 0 else n_layers + 1 + int(layer)
