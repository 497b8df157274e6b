"""The constructor's parameters, unresolved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from sklearn_bpnet.options import (
    CategoricalEmbedding,
    Dropout,
    EarlyStopping,
    Initialization,
    MemberFolds,
    Option,
    WeightDecay,
)

# parameters that take an option besides plain values
OPTIONS: dict[str, type[Option]] = {
    "initializer": Initialization,
    "dropout": Dropout,
    "weight_decay": WeightDecay,
    "early_stopping": EarlyStopping,
    "categorical_embedding": CategoricalEmbedding,
    "member_folds": MemberFolds,
}


class Settings(SimpleNamespace):
    """A constructor parameter per attribute, not yet resolved.

    A plain record: modules below ``_base`` receive it in place of an estimator, and
    ``_settings.plan.resolve`` turns it into a ``TrainingPlan``.
    """

    _recipe: Mapping[str, Any] = MappingProxyType({})

    @classmethod
    def of(
        cls, parameters: Mapping[str, Any], recipe: Mapping[str, Any] | None = None
    ) -> Settings:
        """The settings from ``get_params(deep=False)`` of an estimator.

        Scalars of NumPy become those of Python, whose arithmetic does not overflow or
        depend on their width. ``recipe`` holds the parameters of the recipe that the
        estimator was built from, if any.
        """
        settings = cls(**{name: _plain(v) for name, v in parameters.items()})
        if recipe is not None:
            settings._recipe = recipe
        return settings

    def is_of_recipe(self, name: str) -> bool:
        """Whether a parameter, or a field of its option, has the recipe's value.

        It was not set by the user then, who is not warned about it.
        """
        if name.partition("__")[0] not in self._recipe:
            return False
        return not _differs(self.value(name), Settings.of(self._recipe).value(name))

    @property
    def calibrates(self) -> bool:
        """Whether probabilities are calibrated after training."""
        return getattr(self, "calibration", None) is not None

    def changed(self, names: Iterable[str], defaults: Settings) -> list[str]:
        """The parameters, or fields of options, that are not at their defaults."""
        return [n for n in names if _differs(self.value(n), defaults.value(n))]

    def option(self, parameter: str) -> Any:
        """The option that the value of a parameter stands for; None if it is off.

        Raises
        ------
        ValueError
            If the option does not allow the value.
        """
        value = getattr(self, parameter)
        try:
            return OPTIONS[parameter].of(value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{parameter}={value!r}: {error}") from error

    def value(self, name: str) -> Any:
        """The value of a parameter, or of a field of its option, ``name__field``."""
        parameter, _, field = name.partition("__")
        if not field:
            return getattr(self, parameter)
        return getattr(self.option(parameter), field)

    def described(self, names: Iterable[str]) -> str:
        """Names and values as passed to the constructor: ``alpha=0.1, tol=0.01``.

        A field ``name__field`` of a parameter with a plain value is shown as that
        parameter.
        """
        texts = []
        for name in names:
            parameter = name.partition("__")[0]
            value = getattr(self, parameter)
            if isinstance(value, Option) and name != parameter:
                texts.append(f"{name}={self.value(name)!r}")
            else:
                texts.append(f"{parameter}={value!r}")
        return ", ".join(texts)


def _plain(value: Any) -> Any:
    """A value without NumPy's scalar types."""
    if isinstance(value, np.floating):
        return float(value)
    return value.item() if isinstance(value, (np.integer, np.bool_)) else value


def _differs(value: Any, default: Any) -> bool:
    """Whether a value is not the default.

    An array is never compared with a default; a tuple is, as `clone` copies tuples.
    """
    if value is default:
        return False
    if isinstance(value, np.generic):  # a number, not an array
        value = value.item()
    is_array = hasattr(value, "__array__") and not isinstance(value, type)
    return is_array or bool(value != default)
