"""What an option is: a value of a parameter, and further fields."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from sklearn_bpnet.net.hyperparameters import Configurable


@dataclass(frozen=True)
class Option(Configurable):
    """The base class of the options."""

    @classmethod
    def of(cls, value: Any) -> Self:
        """Return the option that a value of the estimator's parameter denotes.

        Parameters
        ----------
        value : object
            An option, which is returned unchanged, or the value of its first field.
        """
        return value if isinstance(value, cls) else cls(value)  # type: ignore[call-arg]

    def with_params(self, **changes: Any) -> Self:
        """Return a copy with some fields changed.

        Parameters
        ----------
        **changes : dict
            New values by name. ``name__hyper_parameter`` changes a hyper-parameter of a
            field, or of the object that the value of the field denotes.

        Raises
        ------
        ValueError
            If there is no such field, or its value is not allowed.
        """
        whole = {name: value for name, value in changes.items() if "__" not in name}
        changed = super().with_params(**whole)
        inner = {name: value for name, value in changes.items() if "__" in name}
        instances: dict[str, Any] = {
            name: self._instance(name, getattr(changed, name))
            for name in {key.partition("__")[0] for key in inner}
            if hasattr(changed, name)
        }
        return Configurable.with_params(replace(changed, **instances), **inner)

    def _instance(self, name: str, value: Any) -> Any:
        """The object that the value of a field denotes, if it has hyper-parameters."""
        return value
