"""What a record must look like: types first, then sizes.

A file with the right checksum may still be made by another version of the package, or
to do harm. What is tested here would otherwise fail later, in a prediction or a fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.undecided import Undecided
from sklearn_bpnet._fit.out_of_fold import OutOfFold
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet.net.blocks.embeddings import EmbeddedFeatures
from sklearn_bpnet.training.monitor.history import StopReason
from sklearn_bpnet.training.monitor.patience import Patience
from sklearn_bpnet.training.standardization import Standardization

Floats = NDArray[np.floating[Any]]

_FITTED: dict[str, Any] = {
    "task": dict[str, Any],
    "standardization": Standardization | None,
    "embedded": EmbeddedFeatures | None,
    "encoder": ColumnEncoder,
    "n_outputs": int,
    "state": TrainingState,
    "is_ensemble": bool,
    "unfinished": bool,
    "temperature": float | None,
    "temperature_of_each": float | None,
    "out_of_fold": OutOfFold | None,
    "undecided": Undecided | None,
    "choices": dict[str, Any],
    "plan": dict[str, Any],
    "networks": list[Any],
}
_NETWORK = (int | None, dict[str, Any], TrainingState)  # seed, attributes, state
_ATTRIBUTES: dict[str, Any] = {
    "n_iter_": int,
    "stop_reason_": str,
    "loss_": float,
    "t_": int,
    "history_": dict[str, Floats],
    "loss_curve_": list[float],
    "best_epoch_": int,
}
_MAYBE = {  # attributes of some trainings
    "validation_loss_curve_": list[float],
    "validation_scores_": list[float],
    "best_validation_score_": float,
    "best_loss_": float,
}
TRAINING_ATTRIBUTES = frozenset({*_ATTRIBUTES, *_MAYBE})
_FACTS: dict[str, Any] = {
    "classes": NDArray[Any] | list[NDArray[Any]],
    "multilabel": bool,
    "as_objects": bool,
    "mean": Floats | None,
    "scale": Floats | None,
    "low": Floats | None,
    "high": Floats | None,
    "undecided": Undecided | None,
}
_OPTIMIZER = dict[str, Floats | float]
_PATIENCE = Patience(0.0, 1).state.keys()
# the kinds of dtypes that the scalar type of an annotation stands for
_KINDS = {np.floating: "f", np.float64: "f", np.intp: "iu"}


def check_types(names: Mapping[str, Any], fitted: Mapping[str, Any]) -> None:
    """Raise ValueError unless the parts of a record have the types of `Fitted.record`.

    Parameters
    ----------
    names : mapping
        Number and names of the features.
    fitted : mapping
        What the estimator learned.
    """
    _check("names", names, dict[str, Any])
    _check("n_features_in_", names.get("n_features_in_"), int)
    _check("feature_names_in_", list(names.get("feature_names_in_", ())), list[str])
    _check("fitted", fitted, dict[str, Any])
    _check_items(fitted, _FITTED)
    facts = fitted["task"]
    _check_items(facts, {name: _FACTS[name] for name in facts})
    if not fitted["networks"]:
        raise ValueError("it has no networks")
    for network in fitted["networks"]:
        _check("network", network, list[Any])
        for part, hint in zip(network, _NETWORK, strict=True):
            _check("network", part, hint)
        attributes, state = network[1:]
        if fitted["is_ensemble"]:
            _check("weight_unit", state.weight_unit, float)
            _check("mean_weight", state.mean_weight, float)
        there = {name: of for name, of in _MAYBE.items() if name in attributes}
        _check_items(attributes, _ATTRIBUTES | there)
        _check("the optimiser's state", state.progress.optimizer_state, _OPTIMIZER)
        StopReason(attributes["stop_reason_"])
        columns = attributes["history_"]
        if {column.shape for column in columns.values()} != {columns["loss"].shape}:
            raise ValueError("history_ has columns of several lengths")
        state.generator()  # or an error
        if state.patience is not None and state.patience.keys() != _PATIENCE:
            raise ValueError(f"the patience is {state.patience}")
    fitted["state"].generator()


def check_sizes(
    names: Mapping[str, Any], fitted: Mapping[str, Any], n_parameters: int
) -> None:
    """Raise ValueError unless all arrays are as long as they must be.

    Parameters
    ----------
    names, fitted : mapping
        As for `check_types`.
    n_parameters : int
        Number of parameters of the network.
    """
    n_features, encoder = names["n_features_in_"], fitted["encoder"]
    _check_lengths(n_features, {"feature names": names.get("feature_names_in_")})
    encoder.check(n_features)
    if fitted["embedded"] is not None:
        fitted["embedded"].check(encoder.n_plain)
    scaling = fitted["standardization"]
    if scaling is not None:
        n_out = encoder.n_out
        _check_lengths(n_out, {"mean": scaling.mean, "scale": scaling.scale})
    for _, _, state in fitted["networks"]:
        average, best = state.average, state.best
        _check_lengths(
            n_parameters,
            {
                "theta": state.theta,
                "kept": state.kept,
                "best": None if best is None else best.theta,
                "average": None if average is None else average[1],
                **{
                    name: value
                    for name, value in state.progress.optimizer_state.items()
                    if isinstance(value, np.ndarray)
                },
            },
        )


def _check_lengths(length: int, arrays: Mapping[str, Any]) -> None:
    for name, array in arrays.items():
        if array is not None and np.shape(array) != (length,):
            raise ValueError(f"{name} has the shape {np.shape(array)}, not {(length,)}")


def _check_items(values: Mapping[str, Any], hints: Mapping[str, Any]) -> None:
    for name, hint in hints.items():
        _check(name, values[name], hint)


def _check(name: str, value: Any, hint: Any) -> None:
    if not _conforms(value, hint):
        raise ValueError(f"{name} is {_short(value)}")


def _short(value: Any) -> str:
    """A value in few characters."""
    text = repr(value)
    return text if len(text) < 80 else f"{text[:80]}..."


def _conforms(value: Any, hint: Any) -> bool:
    """Whether a value is of the type of an annotation; an int is a float, too."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if hasattr(origin, "__value__"):  # an alias, as NDArray is since NumPy 2.5
        return _conforms(value, origin.__value__[arguments])
    if origin in (Union, UnionType):
        return any(_conforms(value, argument) for argument in arguments)
    if hint is None or hint is NoneType:
        return value is None
    if hint in (int, float):
        kinds = (int,) if hint is int else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool)
    if origin is np.ndarray:
        return _is_array(value, arguments)
    if origin in (dict, Mapping):
        return isinstance(value, dict) and all(
            _conforms(key, arguments[0]) and _conforms(item, arguments[1])
            for key, item in value.items()
        )
    if origin is list:
        return isinstance(value, list) and all(
            _conforms(item, arguments[0]) for item in value
        )
    if origin is tuple:
        return (
            isinstance(value, tuple)
            and len(value) == len(arguments)
            and all(map(_conforms, value, arguments))
        )
    if is_dataclass(hint):
        return type(value) is hint and all(
            _conforms(getattr(value, name), of)
            for name, of in get_type_hints(hint).items()
        )
    return isinstance(value, hint)


def _is_array(value: Any, arguments: tuple[Any, ...]) -> bool:
    """Whether a value is an array with one axis, of the dtype of an annotation."""
    if not isinstance(value, np.ndarray) or value.ndim != 1:
        return False
    (scalar,) = get_args(arguments[1])
    kinds = _KINDS.get(get_origin(scalar) or scalar)
    return kinds is None or value.dtype.kind in kinds
