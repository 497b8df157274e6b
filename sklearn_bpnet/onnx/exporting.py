"""The export of an estimator in one call."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet.classifier import BPNetClassifier
from sklearn_bpnet.onnx.types import types_of_table, usual_types
from sklearn_bpnet.regressor import BPNetRegressor


def to_onnx(
    estimator: Any,
    X: Any = None,
    *,
    options: dict[str, Any] | None = None,
    target_opset: Any = None,
    **parameters: Any,
) -> Any:
    """Export a fitted estimator, or a pipeline that ends in one, to ONNX.

    The model predicts any number of samples: class labels and probabilities, or
    targets, as the estimator does. It computes in the dtype of the networks, and
    combines members of an ensemble in float64.

    Parameters
    ----------
    estimator : BPNetClassifier, BPNetRegressor, Pipeline or search
        The fitted estimator; of a search its best one.
    X : {array-like, dataframe} of shape (n_samples, n_features), default=None
        A table like those that the model will read, of which only the types matter: an
        input for every column of a data frame, one for the whole of another table. None
        for numbers of single precision, and for categories as training saw them; a
        pipeline needs X.
    options : dict, default=None
        ``{"zipmap": True}`` returns probabilities as dictionaries by label, and
        ``{"zipmap": "columns"}`` as an output for every class;
        ``{"raw_scores": True}`` returns the decision function in their place. They are
        those of the last step of a pipeline.
    target_opset : int or dict, default=None
        Version of the ONNX operators, 13 or later; None for the newest that skl2onnx
        knows.
    **parameters : object
        Further parameters of ``skl2onnx.convert_sklearn``.

    Returns
    -------
    onnx.ModelProto
        The model; ``SerializeToString()`` makes the bytes of a file.

    Raises
    ------
    ValueError
        If ONNX cannot express a part of the estimator, such as a user-defined
        activation.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_bpnet import BPNetRegressor
    >>> from sklearn_bpnet.onnx import onnx_inputs, to_onnx
    >>> X = np.linspace(0, 1, 50)[:, None]
    >>> reg = BPNetRegressor(random_state=0).fit(X, X[:, 0] ** 2)
    >>> model = to_onnx(reg)
    >>> [output.name for output in model.graph.output]
    ['variable']
    """
    from skl2onnx import convert_sklearn

    check_is_fitted(estimator)
    estimator = last = getattr(estimator, "best_estimator_", estimator)
    while hasattr(last, "steps"):
        last = last.steps[-1][1]
    if X is not None:
        types = types_of_table(X)
    elif isinstance(estimator, (BPNetClassifier, BPNetRegressor)):
        names = getattr(estimator, "feature_names_in_", None)
        types = usual_types(estimator._model.encoder, names, estimator.n_features_in_)
    else:
        raise ValueError(
            "X=None leaves the types of the inputs of a pipeline open. Pass a table "
            "like those that it will read, such as the first samples."
        )
    given = dict(options or {})
    if isinstance(last, BPNetClassifier):
        given = {"zipmap": False} | given
    return convert_sklearn(
        estimator,
        initial_types=types,
        options={id(last): given} if given else None,
        target_opset=target_opset,
        **parameters,
    )
