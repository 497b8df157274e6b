"""Objects that are nothing but hyper-parameters: read them, and make changed copies."""

from __future__ import annotations

import inspect
from copy import deepcopy
from typing import Any, TypeVar

T = TypeVar("T", bound="Configurable")


class Configurable:
    """An immutable object whose constructor's parameters are its attributes.

    It answers scikit-learn's questions for nested parameters, ``solver__beta_1``,
    without knowing scikit-learn.
    """

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
                    f"Invalid parameter {key!r} for {self}. "
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
