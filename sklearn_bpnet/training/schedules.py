"""Learning-rate schedules: the factor of ``learning_rate_init`` at an epoch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from sklearn_bpnet.net.registry import Registry


class Schedule(ABC):
    """A factor for the learning rate, from how far training has come."""

    @abstractmethod
    def factor(self, n_epochs: int, n_plateaus: int) -> float:
        """The factor after ``n_epochs`` epochs and ``n_plateaus`` plateaus."""

    def goes_on_after_plateau(self, learning_rate: float) -> bool:
        """Whether training goes on, when patience ran out, with a smaller rate."""
        return False


@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate throughout."""

    def factor(self, n_epochs: int, n_plateaus: int) -> float:
        return 1.0


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """1 / t**power_t in epoch t = 1, 2, ...

    The time is counted in epochs, so the schedule does not depend on the number of
    rows or on the batch size.

    Parameters
    ----------
    power_t : float, default=0.5
        The exponent, at least 0.
    """

    power_t: float = 0.5

    def __post_init__(self) -> None:
        if not self.power_t >= 0:
            raise ValueError(f"power_t must be at least 0; got {self.power_t!r}.")

    def factor(self, n_epochs: int, n_plateaus: int) -> float:
        return float((n_epochs + 1) ** -self.power_t)


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
        if not self.smallest >= 0:
            raise ValueError(f"smallest must be at least 0; got {self.smallest!r}.")

    def factor(self, n_epochs: int, n_plateaus: int) -> float:
        return float(self.divisor**-n_plateaus)

    def goes_on_after_plateau(self, learning_rate: float) -> bool:
        return learning_rate > self.smallest


SCHEDULES: Registry[Schedule] = Registry(
    "learning_rate",
    Schedule,  # type: ignore[type-abstract]
    {
        "constant": Constant(),
        "invscaling": InverseScaling(),
        "adaptive": Adaptive(),
    },
)
