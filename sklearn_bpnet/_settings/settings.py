"""The constructor's parameters as the user wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any


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

    def described(self, names: Iterable[str]) -> str:
        """The named parameters as a user writes them: ``alpha=0.1, tol=0.01``."""
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
