"""Losses that an estimator offers for regression only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log
from typing import ClassVar

import numpy as np
from scipy import special

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import Activation, Ascending, Exp, Interval
from sklearn_bpnet.net.losses.base import Loss, Task

__all__ = [
    "AbsoluteError",
    "DevianceLoss",
    "Expectile",
    "GammaLoss",
    "Huber",
    "LogCosh",
    "PoissonLoss",
    "Quantile",
    "TweedieLoss",
]


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """Absolute error, L(y, a) = sum_k |a_k - y_k|: the minimiser is the median."""

    scalable_target: ClassVar[bool] = True

    def value(self, Y: Array, A: Array) -> Array:
        return np.abs(A - Y).sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        np.subtract(A, Y, out=out)
        return np.sign(out, out=out)


@dataclass(frozen=True)
class Huber(Loss):
    """Huber loss: e^2 / 2 for |e| <= delta, else delta (|e| - delta / 2); e = a - y.

    Parameters
    ----------
    delta : float, default=1.35
        Where the loss turns from quadratic to linear, positive, in units of the
        network's targets: of their standard deviation where a regressor scales them.

    References
    ----------
    Huber, "Robust estimation of a location parameter", Ann. Math. Stat. 35, 1964.
    """

    delta: float = 1.35

    scalable_target: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not self.delta > 0:
            raise ValueError(f"delta must be positive; got {self.delta!r}.")

    def value(self, Y: Array, A: Array) -> Array:
        return np.asarray(special.huber(self.delta, A - Y)).sum(axis=1, dtype=A.dtype)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        np.subtract(A, Y, out=out)
        return np.clip(out, -self.delta, self.delta, out=out)


@dataclass(frozen=True)
class LogCosh(Loss):
    """L(y, a) = sum_k ln cosh(a_k - y_k): smooth, between squared and absolute.

    The error is counted in units of the network's targets: of their standard
    deviation where a regressor scales them.
    """

    scalable_target: ClassVar[bool] = True

    def value(self, Y: Array, A: Array) -> Array:
        error = np.abs(A - Y)
        # ln cosh(e) = |e| + ln(1 + exp(-2 |e|)) - ln 2, where nothing overflows
        return (error + np.log1p(np.exp(-2 * error)) - log(2)).sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        np.subtract(A, Y, out=out)
        return np.tanh(out, out=out)


@dataclass(frozen=True)
class Quantile(Loss):
    """Pinball loss, L(y, a) = sum_k max(tau (y - a_k), (tau - 1) (y - a_k)).

    The minimiser is the quantile of level tau. Several levels have one output each;
    their outputs ascend, so they never cross.

    Parameters
    ----------
    level : float or sequence of float, default=0.5
        tau, in (0, 1); several levels in ascending order.

    References
    ----------
    Koenker and Bassett, "Regression quantiles", Econometrica 46, 1978.
    """

    level: float | Sequence[float] = 0.5

    scalable_target: ClassVar[bool] = True

    def __post_init__(self) -> None:
        levels = self.levels
        inside = all(0 < tau < 1 for tau in levels)
        if not (levels and inside and list(levels) == sorted(set(levels))):
            raise ValueError(
                "level must be a number in (0, 1), or several in ascending order; "
                f"got {self.level!r}."
            )

    @property
    def levels(self) -> tuple[float, ...]:
        """The levels, one or several."""
        several = isinstance(self.level, (Sequence, np.ndarray))
        return tuple(self.level) if several else (self.level,)  # type: ignore[arg-type, return-value]

    def default_output(self, task: Task, exclusive: bool = False) -> str | Activation:
        n_levels = len(self.levels)
        return "identity" if n_levels == 1 else Ascending(n_levels)

    def n_outputs(self, n_targets: int) -> int:
        return n_targets * len(self.levels)

    @property
    def central_output(self) -> int:
        return int(np.argmin(np.abs(np.array(self.levels) - 0.5)))

    def encode_targets(self, Y: Array) -> Array:
        return np.repeat(Y, len(self.levels), axis=1)

    def value(self, Y: Array, A: Array) -> Array:
        error, tau = Y - A, self._tau(A)
        return np.maximum(tau * error, (tau - 1) * error).sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        # -tau below y, 1 - tau above, their mean at y
        np.subtract(A, Y, out=out)
        np.sign(out, out=out)
        out += 1
        out *= 0.5
        out -= self._tau(A)
        return out

    def _tau(self, A: Array) -> Array:
        """The level of every output, shape (n_outputs,)."""
        levels = self.levels
        return np.tile(np.array(levels, dtype=A.dtype), A.shape[1] // len(levels))


@dataclass(frozen=True)
class Expectile(Loss):
    """Asymmetric squared error, L(y, a) = sum_k |tau - [y_k < a_k]| (a_k - y_k)^2.

    The minimiser is the expectile of level tau; for tau = 1/2 it is the mean, and the
    loss is the squared error.

    Parameters
    ----------
    level : float, default=0.5
        tau, in (0, 1).

    References
    ----------
    Newey and Powell, "Asymmetric least squares estimation and testing", Econometrica
    55, 1987.
    """

    level: float = 0.5

    scalable_target: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level must lie in (0, 1); got {self.level!r}.")

    def value(self, Y: Array, A: Array) -> Array:
        error = A - Y
        return (self._weight(error) * error * error).sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        np.subtract(A, Y, out=out)
        out *= 2 * self._weight(out)
        return out

    def _weight(self, error: Array) -> Array:
        return np.where(error > 0, 1 - self.level, self.level).astype(error.dtype)


@dataclass(frozen=True)
class DevianceLoss(Loss):
    """Half the deviance of a distribution with positive mean, of output exp."""

    domain: ClassVar[Interval] = Interval(0, inf)

    def default_output(self, task: Task, exclusive: bool = False) -> str | Activation:
        return "exp"

    def reads_Z(self, activation: Activation) -> bool:
        return isinstance(activation, Exp)

    @staticmethod
    def _positive(A: Array) -> Array:
        """A, raised to where y / a stays finite: far left a sigmoid is 0 exactly."""
        return np.maximum(A, np.sqrt(np.finfo(A.dtype).tiny))


@dataclass(frozen=True)
class PoissonLoss(DevianceLoss):
    """Half the Poisson deviance, L(y, a) = sum_k [y_k ln(y_k / a_k) - y_k + a_k].

    For counts and other targets y >= 0; its canonical output is the exponential.
    """

    def value(self, Y: Array, A: Array) -> Array:
        terms = special.xlogy(Y, Y) - Y * np.log(self._positive(A)) - Y + A
        return terms.sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        np.divide(Y, self._positive(A), out=out)
        return np.subtract(1, out, out=out)

    def check_targets(self, Y: Array) -> None:
        _check_at_least_zero(Y, "'poisson'")

    def is_canonical(self, activation: Activation) -> bool:
        return isinstance(activation, Exp)

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        terms = special.xlogy(Y, Y) - Y - Y * Z + A
        return terms.sum(axis=1)


@dataclass(frozen=True)
class GammaLoss(DevianceLoss):
    """Half the gamma deviance, L(y, a) = sum_k [ln(a_k / y_k) + y_k / a_k - 1].

    For targets y > 0 whose standard deviation is proportional to their mean.
    """

    def value(self, Y: Array, A: Array) -> Array:
        positive = self._positive(A)
        return (np.log(positive) - np.log(Y) + Y / positive - 1).sum(axis=1)

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        positive = self._positive(A)
        np.divide(Y, positive, out=out)
        np.subtract(1, out, out=out)
        out /= positive
        return out

    def check_targets(self, Y: Array) -> None:
        _check_positive(Y, "'gamma'")

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        return (Z - np.log(Y) + Y / A - 1).sum(axis=1)

    def delta_from_Z(self, Y: Array, Z: Array, A: Array, out: Array) -> Array:
        np.divide(Y, A, out=out)
        return np.subtract(1, out, out=out)


@dataclass(frozen=True)
class TweedieLoss(DevianceLoss):
    """Half the Tweedie deviance: the variance is a power of the mean.

    ::

        L(y, a) = sum_k [y_k^(2 - p) / ((1 - p) (2 - p))
                         - y_k a_k^(1 - p) / (1 - p) + a_k^(2 - p) / (2 - p)]

    Its limits at p = 1 and p = 2 are the Poisson and the gamma loss.

    Parameters
    ----------
    power : float, default=1.5
        p, at least 1. Between 1 and 2 targets may be 0, as sums of a random number
        of positive amounts are; from 2 on they are positive.

    References
    ----------
    Jorgensen, "Exponential dispersion models", J. R. Stat. Soc. B 49, 1987.
    """

    power: float = 1.5

    def __post_init__(self) -> None:
        if not self.power >= 1:
            raise ValueError(
                f"power must be at least 1; got {self.power!r}. For a variance that "
                "does not depend on the mean use loss='squared_error'."
            )

    def value(self, Y: Array, A: Array) -> Array:
        return self._value(Y, np.log(self._positive(A)))

    def gradient(self, Y: Array, A: Array, out: Array) -> Array:
        # a^(1 - p) - y a^(-p)
        positive = self._positive(A)
        np.subtract(positive, Y, out=out)
        out *= positive**-self.power
        return out

    def check_targets(self, Y: Array) -> None:
        check = _check_at_least_zero if self.power < 2 else _check_positive
        check(Y, f"'tweedie' of power={self.power:g}")

    def value_from_Z(self, Y: Array, Z: Array, A: Array) -> Array:
        return self._value(Y, Z)

    def delta_from_Z(self, Y: Array, Z: Array, A: Array, out: Array) -> Array:
        # a^(2 - p) - y a^(1 - p)
        np.subtract(A, Y, out=out)
        out *= np.exp((1 - self.power) * Z)
        return out

    def _value(self, Y: Array, log_A: Array) -> Array:
        if self.power == 1:
            return (special.xlogy(Y, Y) - Y - Y * log_A + np.exp(log_A)).sum(axis=1)
        if self.power == 2:
            return (log_A - np.log(Y) + Y * np.exp(-log_A) - 1).sum(axis=1)
        one, two = 1 - self.power, 2 - self.power
        terms = Y**two / (one * two) - Y * np.exp(one * log_A) / one
        return (terms + np.exp(two * log_A) / two).sum(axis=1)


def _check_at_least_zero(Y: Array, name: str) -> None:
    if Y.size and Y.min() < 0:
        raise ValueError(
            f"loss={name} needs y >= 0; got min(y)={Y.min():g}. "
            "Use loss='squared_error', or shift y."
        )


def _check_positive(Y: Array, name: str) -> None:
    if Y.size and Y.min() <= 0:
        raise ValueError(
            f"loss={name} needs y > 0; got min(y)={Y.min():g}. "
            "Use loss='squared_error', or shift y."
        )


ENTRIES: dict[str, Loss] = {
    "absolute_error": AbsoluteError(),
    "huber": Huber(),
    "log_cosh": LogCosh(),
    "quantile": Quantile(),
    "expectile": Expectile(),
    "poisson": PoissonLoss(),
    "gamma": GammaLoss(),
    "tweedie": TweedieLoss(),
}
