"""Objects that are nothing but hyper-parameters: read them, and make changed copies."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields, is_dataclass
from functools import wraps
from math import isfinite
from numbers import Integral
from typing import Any, TypeGuard, TypeVar

import numpy as np

from sklearn_bpnet.net.names import did_you_mean

T = TypeVar("T", bound="Configurable")


def is_real(value: Any) -> TypeGuard[float]:
    """Whether a value is a real number of Python or NumPy, and not a boolean."""
    is_number = isinstance(value, (int, float, np.integer, np.floating))
    return is_number and not isinstance(value, bool)


def is_finite(value: Any) -> TypeGuard[float]:
    """Whether a value is a real number, and not NaN, infinite or beyond float64."""
    try:
        return is_real(value) and isfinite(float(value))
    except OverflowError:
        return False


def is_count(value: Any, least: int = 1) -> TypeGuard[int]:
    """Whether a value is a whole number of at least ``least``."""
    return is_real(value) and isinstance(value, Integral) and value >= least


class Configurable:
    """An immutable object whose constructor's parameters are its attributes.

    It answers scikit-learn's questions for nested parameters, ``solver__beta_1``,
    without knowing scikit-learn. Fields of a dataclass that are declared as float, int
    or bool are checked to be just that, before and after the checks of
    ``__post_init__``.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__post_init__" in vars(cls):
            check = cls.__post_init__
            setattr(cls, "__post_init__", _with_types_checked(check))  # noqa: B010

    def __post_init__(self) -> None:
        _check_types(self)
        _check_finite(self)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The hyper-parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Whether to add the hyper-parameters of those that have some of their own,
            as ``name__hyper_parameter``.
        """
        names = list(inspect.signature(type(self)).parameters)
        params = {name: getattr(self, name) for name in names if hasattr(self, name)}
        if deep:
            for name in names:
                if isinstance(value := params.get(name), Configurable):
                    inner = value.get_params()
                    params |= {f"{name}__{key}": v for key, v in inner.items()}
        return params

    def with_params(self: T, **changes: Any) -> T:
        """A copy with some hyper-parameters changed; the object itself stays as it is.

        Parameters
        ----------
        **changes : dict
            New values by name; ``name__hyper_parameter`` reaches into one.

        Raises
        ------
        ValueError
            If there is no such hyper-parameter, or its value is not allowed.
        """
        params = self.get_params(deep=False)
        inner: dict[str, dict[str, Any]] = {}
        for key, value in changes.items():
            name, nested, rest = key.partition("__")
            if name not in params or (nested and not _is_configurable(params[name])):
                raise ValueError(
                    f"Invalid parameter {key!r} for {self}."
                    f"{did_you_mean(key, self.get_params())} "
                    f"Valid parameters are: {sorted(self.get_params())!r}."
                )
            if nested:
                inner.setdefault(name, {})[rest] = value
            else:
                params[name] = value
        for name, values in inner.items():
            params[name] = params[name].with_params(**values)
        return type(self)(**params)

    def __sklearn_clone__(self: T) -> T:
        return deepcopy(self)


def _is_configurable(value: Any) -> bool:
    return isinstance(value, Configurable)


def _with_types_checked(check: Callable[[Any], None]) -> Callable[[Any], None]:
    """A ``__post_init__`` that is given numbers where numbers are declared."""

    @wraps(check)
    def checked(self: Any) -> None:
        _check_types(self)
        check(self)  # of ranges, whose message also answers NaN and infinity
        _check_finite(self)

    return checked


def _declared(instance: Any, *kinds: type) -> list[tuple[str, Any, type]]:
    """Name, value and kind of the fields of the given kinds."""
    if not is_dataclass(instance):
        return []
    by_name: dict[Any, type] = {kind: kind for kind in kinds}
    by_name |= {kind.__name__: kind for kind in kinds}  # deferred annotations
    return [
        (field.name, getattr(instance, field.name), by_name[field.type])
        for field in fields(instance)
        if field.type in by_name
    ]


def _check_types(instance: Any) -> None:
    """Raise ValueError if a field is not of the kind that is declared."""
    for name, value, kind in _declared(instance, float, int, bool):
        if kind is bool and not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{name} must be True or False; got {value!r}.")
        if kind is not bool and not is_real(value):
            raise ValueError(f"{name} must be a number; got {value!r}.")


def _check_finite(instance: Any) -> None:
    """Raise ValueError if a number is not finite, or not whole as declared."""
    for name, value, kind in _declared(instance, float, int):
        if not is_finite(value):
            raise ValueError(f"{name} must be finite; got {value!r}.")
        if kind is int and value != int(value):
            raise ValueError(f"{name} must be a whole number; got {value!r}.")
