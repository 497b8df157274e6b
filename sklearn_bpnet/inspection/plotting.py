"""What all displays share: axes, and the fitted network inside an estimator."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet._base import BaseBPNet


def new_axes(ax: Any = None, **options: Any) -> Any:
    """The given axes, or those of a new figure.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Plotting needs matplotlib: pip install sklearn-bpnet[plot]"
        ) from error
    if ax is None:
        _, ax = plt.subplots(layout="constrained", **options)
    return ax


def fitted_network(estimator: Any, member: int | None = None) -> BaseBPNet:
    """The fitted estimator of this package inside a pipeline or a search.

    Parameters
    ----------
    estimator : object
        A BPNetClassifier or BPNetRegressor, a pipeline that ends with one, or a search
        over one of them; fitted.
    member : int or None, default=None
        Which member of an ensemble is meant; None for one network only.

    Raises
    ------
    TypeError
        If there is no such estimator inside.
    ValueError
        If it is an ensemble and no member is named, or none of that number exists.
    """
    inner = estimator
    while not isinstance(inner, BaseBPNet):
        if hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        elif hasattr(inner, "steps"):
            inner = inner.steps[-1][1]
        elif hasattr(inner, "regressor_"):
            inner = inner.regressor_
        else:
            check_is_fitted(inner)
            raise TypeError(
                "estimator must be a BPNetClassifier or BPNetRegressor, a pipeline "
                f"that ends with one, or a search over them; got {estimator!r}."
            )
    check_is_fitted(inner)
    members = vars(inner).get("estimators_")
    if members is None:
        if member not in (None, 0):
            raise ValueError(f"member={member!r}, but the estimator is one network.")
        return inner
    if member is None or not 0 <= member < len(members):
        raise ValueError(
            f"The estimator is an ensemble of {len(members)} networks. Choose one with "
            f"member=0 to member={len(members) - 1}; got member={member!r}."
        )
    network: BaseBPNet = members[member]
    return network


def network_inputs(estimator: Any, X: Any) -> Any:
    """X as the steps of a pipeline before the network transform it."""
    if isinstance(estimator, BaseBPNet):
        return X
    if hasattr(estimator, "best_estimator_"):
        return network_inputs(estimator.best_estimator_, X)
    if hasattr(estimator, "steps"):
        if len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        return network_inputs(estimator.steps[-1][1], X)
    return network_inputs(estimator.regressor_, X)


def layer_weights(estimator: BaseBPNet) -> list[NDArray[Any]]:
    """W of every layer, each a matrix.

    The output layers of members that share weights are side by side.
    """
    *hidden, output = estimator.coefs_
    if output.ndim == 3:
        output = output.transpose(1, 0, 2).reshape(output.shape[1], -1)
    return [*hidden, output]


def input_names(estimator: BaseBPNet, n_inputs: int) -> list[str]:
    """Names of the first layer's inputs: of the features, where they are these."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None and len(names) == n_inputs:
        return [str(name) for name in names]
    return [f"x{j}" for j in range(n_inputs)]


def output_names(estimator: BaseBPNet, n_outputs: int) -> list[str]:
    """Names of the output units: the classes, where there is a unit for each.

    Of members that share weights, with the number of the member.
    """
    if estimator.coefs_[-1].ndim == 3:
        k = len(estimator.coefs_[-1])
        names = _output_names(estimator, n_outputs // k)
        return [f"{name}, member {i}" for i in range(k) for name in names]
    return _output_names(estimator, n_outputs)


def _output_names(estimator: BaseBPNet, n_outputs: int) -> list[str]:
    classes = getattr(estimator, "classes_", None)
    if classes is not None and len(classes) == n_outputs:
        return [str(label) for label in classes]
    return ["output"] if n_outputs == 1 else [f"output {k}" for k in range(n_outputs)]
