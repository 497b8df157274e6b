"""Nested parameters: hyper-parameters of the objects that parameters denote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._settings.solver import configurable
from sklearn_bpnet.net.names import did_you_mean


def changed_objects(
    settings: Settings, nested: Mapping[str, Any], describe: Callable[[], str]
) -> dict[str, Any]:
    """The changed copies of the objects that parameters denote, by parameter.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    nested : mapping of str to object
        New values, by ``parameter__hyper_parameter``.
    describe : callable
        Returns the description of the estimator in an error message.

    Raises
    ------
    ValueError
        If there is no such parameter, or a hyper-parameter is not valid.
    """
    changes: dict[str, dict[str, Any]] = {}
    for key, value in nested.items():
        name, _, hyper_parameter = key.partition("__")
        changes.setdefault(name, {})[hyper_parameter] = value
    objects = {}
    names = [name for name in vars(settings) if not name.startswith("_")]
    for name, values in changes.items():
        spec = configurable(settings, name, values) if name in names else None
        if name in names and spec is None:
            key = f"{name}__{next(iter(values))}"
            raise ValueError(
                f"Invalid parameter {name!r} for {describe()}: {key} cannot be set, as "
                f"{settings.described([name])} has no hyper-parameters."
            )
        if spec is None or "" in values:
            raise ValueError(
                f"Invalid parameter {name!r} for {describe()}."
                f"{did_you_mean(name, names)} Valid parameters are: {sorted(names)!r}, "
                "and name__hyper_parameter where a parameter takes an instance."
            )
        objects[name] = spec.with_params(**values)
    return objects
