"""The constructor's parameters as the user wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from sklearn_bpnet.options import (
    Dropout,
    EarlyStopping,
    Initialization,
    Option,
    WeightDecay,
)

# what each parameter is an option of, beside plain values
OPTIONS: dict[str, type[Option]] = {
    "initializer": Initialization,
    "dropout": Dropout,
    "weight_decay": WeightDecay,
    "early_stopping": EarlyStopping,
}


class Settings(SimpleNamespace):
    """A constructor parameter per attribute, not yet resolved.

    It is a plain record: what is below ``_base`` gets this in place of an estimator,
    and ``resolve`` of ``_settings.plan`` turns it into a ``TrainingPlan``.
    """

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Settings:
        """The settings that ``get_params(deep=False)`` of an estimator returns."""
        return cls(**parameters)

    @property
    def calibrates(self) -> bool:
        """Whether probabilities are calibrated after training."""
        return getattr(self, "calibration", None) is not None

    def option(self, parameter: str) -> Any:
        """The option that a parameter of ``OPTIONS`` stands for; None if it is off.

        Raises
        ------
        ValueError
            If the parameter has a value that its option does not allow.
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
        """Names and values as the user wrote them: ``alpha=0.1, tol=0.01``.

        A plain value stands under its own name, whatever field of an option is meant.
        """
        texts = []
        for name in names:
            parameter = name.partition("__")[0]
            written = getattr(self, parameter)
            if isinstance(written, Option) and name != parameter:
                texts.append(f"{name}={self.value(name)!r}")
            else:
                texts.append(f"{parameter}={written!r}")
        return ", ".join(texts)
