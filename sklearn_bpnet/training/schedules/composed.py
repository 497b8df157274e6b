"""Schedules made of others or of functions, and the registry in which they look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar

from sklearn_bpnet.net.registry import Registry
from sklearn_bpnet.training.schedules import by_epoch, by_fraction
from sklearn_bpnet.training.schedules.base import Schedule, TrainingTime, check_share

__all__ = ["SCHEDULES", "FunctionOfProgress", "Warmup", "schedule_from"]

SCHEDULES: Registry[Schedule] = Registry(
    "learning_rate",
    Schedule,  # type: ignore[type-abstract]
    by_epoch.ENTRIES | by_fraction.ENTRIES,
)


def schedule_from(spec: str | Callable[[float], float] | Schedule) -> Schedule:
    """The schedule that a name, a function or an instance stands for.

    Raises
    ------
    ValueError
        If a name is not registered.
    TypeError
        If ``spec`` is neither.
    """
    if callable(spec):
        return FunctionOfProgress(spec)
    return SCHEDULES.resolve(spec)


@dataclass(frozen=True)
class Warmup(Schedule):
    """A linear rise before another schedule, which begins after it.

    Parameters
    ----------
    schedule : str, callable or Schedule, default="constant"
        What follows: a name, a function of the part of training that is done, or an
        instance. Its time is counted from the end of the rise.
    n_epochs : float, default=5
        The epochs of the rise, positive.
    start : float, default=0.1
        The factor at the beginning, in [0, 1].

    References
    ----------
    Goyal, Dollár, Girshick et al., "Accurate, large minibatch SGD: training ImageNet
    in 1 hour", 2017, arXiv 1706.02677, section 2.2.
    """

    moves_within_epoch: ClassVar[bool] = True

    schedule: str | Callable[[float], float] | Schedule = "constant"
    n_epochs: float = 5
    start: float = 0.1

    def __post_init__(self) -> None:
        schedule_from(self.schedule)
        if not self.n_epochs > 0:
            raise ValueError(f"n_epochs must be positive; got {self.n_epochs!r}.")
        check_share(self, "start")

    def factor(self, time: TrainingTime) -> float:
        schedule = schedule_from(self.schedule)
        epoch = time.epoch - self.n_epochs
        planned = time.n_epochs - self.n_epochs
        after = TrainingTime(max(epoch, 0.0), planned, time.n_plateaus)
        if epoch >= 0:
            return schedule.factor(after)
        first = schedule.factor(TrainingTime(0.0, max(planned, 1.0), time.n_plateaus))
        done = time.epoch / self.n_epochs
        return first * (self.start + (1 - self.start) * done)

    def goes_on_after_plateau(self, learning_rate: float) -> bool:
        return schedule_from(self.schedule).goes_on_after_plateau(learning_rate)


@dataclass(frozen=True)
class FunctionOfProgress(Schedule):
    """The user's function of the part of training that is done.

    Parameters
    ----------
    function : callable
        From a number in [0, 1] to the factor, finite and at least 0.
    """

    moves_within_epoch: ClassVar[bool] = True

    function: Callable[[float], float]

    def factor(self, time: TrainingTime) -> float:
        value = float(self.function(time.fraction))
        if not (isfinite(value) and value >= 0):
            raise ValueError(
                "A function given as a schedule must return finite factors of at "
                f"least 0 for every part of training in [0, 1]; got {value!r} at "
                f"{time.fraction!r}."
            )
        return value


SCHEDULES["warmup"] = Warmup()
