"""Schedules: the factor of a learning rate, or another number, as training goes on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import cos, inf, isfinite, log2, pi
from typing import ClassVar

from sklearn_bpnet.net.hyperparameters import Configurable
from sklearn_bpnet.net.registry import Registry


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
        How often patience ran out and training went on.
    """

    epoch: float
    n_epochs: float
    n_plateaus: int = 0

    @property
    def fraction(self) -> float:
        """The part of the plan that is done, in [0, 1]; after its end 1."""
        return min(self.epoch / self.n_epochs, 1.0) if self.n_epochs > 0 else 1.0


class Schedule(Configurable, ABC):
    """A factor for the learning rate, or another number, from how far training is.

    Attributes
    ----------
    moves_within_epoch : bool
        Whether every batch has its own factor, or an epoch's batches that of its
        beginning.
    """

    moves_within_epoch: ClassVar[bool] = False

    @abstractmethod
    def factor(self, time: TrainingTime) -> float:
        """The factor at a time, at least 0."""

    def goes_on_after_plateau(self, learning_rate: float) -> bool:
        """Whether training goes on, when patience ran out, with a smaller rate."""
        return False

    @property
    def follows_plateaus(self) -> bool:
        """Whether it changes something where patience runs out."""
        return self.goes_on_after_plateau(inf)


@dataclass(frozen=True)
class Constant(Schedule):
    """The same learning rate throughout."""

    def factor(self, time: TrainingTime) -> float:
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
        _check_at_least(self, 0, "power_t")

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
        _check_at_least(self, 0, "smallest")

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
        _check_at_least(self, 1, "n_epochs")
        _check_decay(self, "decay")

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
        _check_decay(self, "decay")

    def factor(self, time: TrainingTime) -> float:
        return float(self.decay ** int(time.epoch))


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine wave from 1 down to `final`, over all epochs planned.

    Parameters
    ----------
    final : float, default=0.0
        The factor at the end, in [0, 1].

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts",
    ICLR 2017, equation 5 without restart.
    """

    moves_within_epoch: ClassVar[bool] = True

    final: float = 0.0

    def __post_init__(self) -> None:
        _check_share(self, "final")

    def factor(self, time: TrainingTime) -> float:
        return _half_wave(1.0, self.final, time.fraction)


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
        _check_at_least(self, 1, "n_epochs", "multiplier")
        _check_share(self, "final")

    def factor(self, time: TrainingTime) -> float:
        epoch, length = time.epoch, float(self.n_epochs)
        if self.multiplier == 1:
            epoch %= length
        while epoch >= length:
            epoch -= length
            length *= self.multiplier
        return _half_wave(1.0, self.final, epoch / length)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up to the whole rate, then far down, in half cosine waves.

    Parameters
    ----------
    rise : float, default=0.3
        The part of training in which the rate rises, in (0, 1).
    start, final : float, default=0.04 and 4e-6
        The factors at the beginning and at the end, in [0, 1].

    References
    ----------
    Smith and Topin, "Super-convergence: very fast training of neural networks using
    large learning rates", 2018, arXiv 1708.07120, in cosine form and with a constant
    momentum.
    """

    moves_within_epoch: ClassVar[bool] = True

    rise: float = 0.3
    start: float = 0.04
    final: float = 4e-6

    def __post_init__(self) -> None:
        if not 0 < self.rise < 1:
            raise ValueError(f"rise must lie in (0, 1); got {self.rise!r}.")
        _check_share(self, "start", "final")

    def factor(self, time: TrainingTime) -> float:
        t = time.fraction
        if t < self.rise:
            return _half_wave(self.start, 1.0, t / self.rise)
        return _half_wave(1.0, self.final, (t - self.rise) / (1 - self.rise))


@dataclass(frozen=True)
class FlatCosine(Schedule):
    """The whole rate first, then half a cosine wave down to zero.

    Parameters
    ----------
    flat : float, default=0.5
        The part of training with the whole rate, in [0, 1).

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024, arXiv 2407.04491.
    """

    moves_within_epoch: ClassVar[bool] = True

    flat: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.flat < 1:
            raise ValueError(f"flat must lie in [0, 1); got {self.flat!r}.")

    def factor(self, time: TrainingTime) -> float:
        return _half_wave(1.0, 0.0, max(0, time.fraction - self.flat) / (1 - self.flat))


@dataclass(frozen=True)
class LogCosine(Schedule):
    """Whole cosine waves from zero to zero, each twice as long as the one before.

    (1 - cos(2 pi log2(1 + (2^n - 1) t))) / 2 for t in [0, 1]: the rate is zero at the
    very first step, and every wave passes through the whole rate.

    Parameters
    ----------
    n_cycles : int, default=4
        The number n of waves, at least 1.

    References
    ----------
    Holzmüller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024, arXiv 2407.04491 (coslog4).
    """

    moves_within_epoch: ClassVar[bool] = True

    n_cycles: int = 4

    def __post_init__(self) -> None:
        _check_at_least(self, 1, "n_cycles")

    def factor(self, time: TrainingTime) -> float:
        cycles = log2(1 + (2**self.n_cycles - 1) * time.fraction)
        return 0.5 * (1 - cos(2 * pi * cycles))


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
        _check_share(self, "start")

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


def _half_wave(first: float, last: float, t: float) -> float:
    """From ``first`` at t = 0 to ``last`` at t = 1 along half a cosine wave."""
    return last + (first - last) * 0.5 * (1 + cos(pi * t))


def _check_at_least(schedule: Schedule, least: float, *names: str) -> None:
    for name in names:
        value = getattr(schedule, name)
        if not value >= least:
            raise ValueError(f"{name} must be at least {least}; got {value!r}.")


def _check_share(schedule: Schedule, *names: str) -> None:
    for name in names:
        value = getattr(schedule, name)
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must lie in [0, 1]; got {value!r}.")


def _check_decay(schedule: Schedule, *names: str) -> None:
    for name in names:
        value = getattr(schedule, name)
        if not 0 < value <= 1:
            raise ValueError(f"{name} must lie in (0, 1]; got {value!r}.")


SCHEDULES: Registry[Schedule] = Registry(
    "learning_rate",
    Schedule,  # type: ignore[type-abstract]
    {
        "constant": Constant(),
        "invscaling": InverseScaling(),
        "adaptive": Adaptive(),
        "on_plateau": Adaptive(),
        "step": StepDecay(),
        "exponential": ExponentialDecay(),
        "cosine": Cosine(),
        "cosine_restarts": CosineRestarts(),
        "one_cycle": OneCycle(),
        "flat_cosine": FlatCosine(),
        "coslog4": LogCosine(),
    },
)
SCHEDULES["warmup"] = Warmup()  # which looks its schedule up here
