"""Schedules that count epochs, or plateaus, whatever the number of epochs planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from sklearn_bpnet.training.schedules.base import (
    Schedule,
    TrainingTime,
    check_at_least,
    check_decay,
    check_share,
    half_wave,
)

__all__ = [
    "Adaptive",
    "Constant",
    "CosineRestarts",
    "ExponentialDecay",
    "InverseScaling",
    "StepDecay",
]


@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate throughout."""

    def factor(self, time: TrainingTime) -> float:
        return 1.0


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """1 / t**power_t in epoch t = 1, 2, ...

    The time is counted in epochs, so the schedule does not depend on the number of
    samples or on the batch size.

    Parameters
    ----------
    power_t : float, default=0.5
        The exponent, at least 0.
    """

    from_estimator: ClassVar[Mapping[str, str]] = {"power_t": "power_t"}

    power_t: float = 0.5

    def __post_init__(self) -> None:
        check_at_least(self, 0, "power_t")

    def factor(self, time: TrainingTime) -> float:
        return float((int(time.epoch) + 1) ** -self.power_t)


@dataclass(frozen=True)
class Adaptive(Schedule):
    """Divides the rate whenever patience runs out, and stops at a smallest one.

    Parameters
    ----------
    divisor : float, default=5.0
        What the rate is divided by, above 1.
    smallest : float, default=1e-6
        Training ends at a plateau with a learning rate not above this.
    """

    divisor: float = 5.0
    smallest: float = 1e-6

    def __post_init__(self) -> None:
        if not self.divisor > 1:
            raise ValueError(f"divisor must be above 1; got {self.divisor!r}.")
        check_at_least(self, 0, "smallest")

    def factor(self, time: TrainingTime) -> float:
        return float(self.divisor**-time.n_plateaus)

    def goes_on_after_plateau(self, learning_rate: float) -> bool:
        return learning_rate > self.smallest


@dataclass(frozen=True)
class StepDecay(Schedule):
    """Multiplies the rate by a number every so many epochs.

    Parameters
    ----------
    n_epochs : int, default=50
        The epochs of a step, at least 1.
    decay : float, default=0.5
        What the rate is multiplied by, in (0, 1].
    """

    n_epochs: int = 50
    decay: float = 0.5

    def __post_init__(self) -> None:
        check_at_least(self, 1, "n_epochs")
        check_decay(self, "decay")

    def factor(self, time: TrainingTime) -> float:
        return float(self.decay ** (int(time.epoch) // self.n_epochs))


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """Multiplies the rate by a number every epoch.

    Parameters
    ----------
    decay : float, default=0.98
        What the rate is multiplied by, in (0, 1].
    """

    decay: float = 0.98

    def __post_init__(self) -> None:
        check_decay(self, "decay")

    def factor(self, time: TrainingTime) -> float:
        return float(self.decay ** int(time.epoch))


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    """Cosines from 1 to `final`, again and again, each longer than the one before.

    Parameters
    ----------
    n_epochs : int, default=10
        The epochs of the first wave, at least 1.
    multiplier : float, default=2.0
        How much longer every wave is than the one before, at least 1.
    final : float, default=0.0
        The factor at the end of a wave, in [0, 1].

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts",
    ICLR 2017, equation 5.
    """

    moves_within_epoch: ClassVar[bool] = True

    n_epochs: int = 10
    multiplier: float = 2.0
    final: float = 0.0

    def __post_init__(self) -> None:
        check_at_least(self, 1, "n_epochs", "multiplier")
        check_share(self, "final")

    def factor(self, time: TrainingTime) -> float:
        epoch, length = time.epoch, float(self.n_epochs)
        if self.multiplier == 1:
            epoch %= length
        while epoch >= length:
            epoch -= length
            length *= self.multiplier
        return half_wave(1.0, self.final, epoch / length)


ENTRIES: dict[str, Schedule] = {
    "constant": Constant(),
    "invscaling": InverseScaling(),
    "adaptive": Adaptive(),
    "on_plateau": Adaptive(),
    "step": StepDecay(),
    "exponential": ExponentialDecay(),
    "cosine_restarts": CosineRestarts(),
}
