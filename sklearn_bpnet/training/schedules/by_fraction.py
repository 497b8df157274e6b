"""Schedules over the part of the planned epochs that is done."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, log2, pi
from typing import ClassVar

from sklearn_bpnet.training.schedules.base import (
    Schedule,
    TrainingTime,
    check_at_least,
    check_share,
    half_wave,
)

__all__ = ["Cosine", "FlatCosine", "LogCosine", "OneCycle"]


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
        check_share(self, "final")

    def factor(self, time: TrainingTime) -> float:
        return half_wave(1.0, self.final, time.fraction)


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
        check_share(self, "start", "final")

    def factor(self, time: TrainingTime) -> float:
        t = time.fraction
        if t < self.rise:
            return half_wave(self.start, 1.0, t / self.rise)
        return half_wave(1.0, self.final, (t - self.rise) / (1 - self.rise))


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
        return half_wave(1.0, 0.0, max(0, time.fraction - self.flat) / (1 - self.flat))


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
        check_at_least(self, 1, "n_cycles")

    def factor(self, time: TrainingTime) -> float:
        cycles = log2(1 + (2**self.n_cycles - 1) * time.fraction)
        return 0.5 * (1 - cos(2 * pi * cycles))


ENTRIES: dict[str, Schedule] = {
    "cosine": Cosine(),
    "one_cycle": OneCycle(),
    "flat_cosine": FlatCosine(),
    "coslog4": LogCosine(),
}
