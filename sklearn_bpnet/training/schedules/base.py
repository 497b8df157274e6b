"""The contract of a schedule, and what its implementations share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, inf, pi
from typing import ClassVar

from sklearn_bpnet.net.hyperparameters import Configurable


@dataclass(frozen=True)
class TrainingTime:
    """How far training has come.

    Parameters
    ----------
    epoch : float
        Epochs made so far, with the part of the current one that is done.
    n_epochs : float
        Epochs planned in all.
    n_plateaus : int, default=0
        How often patience ran out and training continued.
    """

    epoch: float
    n_epochs: float
    n_plateaus: int = 0

    @property
    def fraction(self) -> float:
        """The part of the planned epochs that is done, in [0, 1]; after its end 1."""
        return min(self.epoch / self.n_epochs, 1.0) if self.n_epochs > 0 else 1.0


class Schedule(Configurable, ABC):
    """A factor for the learning rate, or another number, as a function of time.

    To add one, write the class in a module of this package, and add it to the
    ``ENTRIES`` and ``__all__`` of that module.

    Attributes
    ----------
    moves_within_epoch : bool
        Whether every batch has a factor of its own, or all batches of an epoch have
        that of its beginning.
    from_estimator : mapping of str to str
        The estimator's parameters that set hyper-parameters where the schedule is
        given by its name: from parameter to hyper-parameter.
    """

    moves_within_epoch: ClassVar[bool] = False
    from_estimator: ClassVar[Mapping[str, str]] = {}

    @abstractmethod
    def factor(self, time: TrainingTime) -> float:
        """The factor at a time, at least 0."""

    def goes_on_after_plateau(self, learning_rate: float) -> bool:
        """Whether training continues with a smaller rate once patience has run out."""
        return False

    @property
    def follows_plateaus(self) -> bool:
        """Whether it changes where patience runs out."""
        return self.goes_on_after_plateau(inf)


def half_wave(first: float, last: float, t: float) -> float:
    """From ``first`` at t = 0 to ``last`` at t = 1 along half a cosine wave."""
    return last + (first - last) * 0.5 * (1 + cos(pi * t))


def check_at_least(schedule: Schedule, least: float, *names: str) -> None:
    """Refuse numbers below the least."""
    for name in names:
        value = getattr(schedule, name)
        if not value >= least:
            raise ValueError(f"{name} must be at least {least}; got {value!r}.")


def check_share(schedule: Schedule, *names: str) -> None:
    """Refuse numbers outside [0, 1]."""
    for name in names:
        value = getattr(schedule, name)
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must lie in [0, 1]; got {value!r}.")


def check_decay(schedule: Schedule, *names: str) -> None:
    """Refuse numbers outside (0, 1]."""
    for name in names:
        value = getattr(schedule, name)
        if not 0 < value <= 1:
            raise ValueError(f"{name} must lie in (0, 1]; got {value!r}.")
