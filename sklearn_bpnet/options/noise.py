"""Options of what keeps a network from overfitting: dropout, noise, weight decay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_bpnet.net.hyperparameters import is_finite, is_real
from sklearn_bpnet.options.base import Option
from sklearn_bpnet.training.schedules import Schedule, schedule_from


@dataclass(frozen=True)
class Dropout(Option):
    """Dropout of hidden units and features, and noise, for the parameter ``dropout``.

    Parameters
    ----------
    rate : float or sequence of float, default=0.0
        Probability with which a hidden unit is left out of a training step, in [0, 1),
        or one for every hidden layer.
    input_rate : float, default=0.0
        The same for features, in [0, 1). With standardised features, one that is left
        out takes its mean. Needs dense X.
    schedule : str, callable or Schedule, default="constant"
        Schedule of a factor of both rates: any schedule of ``learning_rate`` except
        those that follow plateaus. "flat_cosine" keeps the rates for half of the
        epochs, and then decreases them to 0.
    input_noise : float, default=0.0
        Standard deviation of normal noise that is added to the scaled features in
        training, at least 0. It has no schedule, and needs dense X.

    Raises
    ------
    ValueError
        If a rate, the noise or the schedule is not valid.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way
    to prevent neural networks from overfitting", JMLR 15, 2014.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.options import Dropout
    >>> clf = BPNetClassifier(dropout=Dropout(0.5, input_rate=0.2))
    >>> clf.set_params(dropout__schedule="flat_cosine").dropout
    Dropout(rate=0.5, input_rate=0.2, schedule='flat_cosine', input_noise=0.0)
    """

    rate: float | Sequence[float] = 0.0
    input_rate: float = 0.0
    schedule: str | Callable[[float], float] | Schedule = "constant"
    input_noise: float = 0.0

    def __post_init__(self) -> None:
        rate: Any = self.rate
        is_list = isinstance(rate, Sequence) and not isinstance(rate, str)
        if is_list or (isinstance(rate, np.ndarray) and rate.ndim > 0):
            object.__setattr__(self, "rate", tuple(rate))
        if not all(map(_is_rate, self.rates)):
            raise ValueError(
                "rate must be a number in [0, 1), or a sequence with one for every "
                f"hidden layer; got {rate!r}."
            )
        if isinstance(self.rate, tuple):  # in plain floats
            object.__setattr__(self, "rate", tuple(np.asarray(self.rate).tolist()))
        if not _is_rate(self.input_rate):
            raise ValueError(f"input_rate must lie in [0, 1); got {self.input_rate!r}.")
        if not (is_finite(self.input_noise) and self.input_noise >= 0):
            raise ValueError(
                f"input_noise must be a number >= 0; got {self.input_noise!r}."
            )
        _check_schedule(self.schedule)

    @property
    def rates(self) -> tuple[float, ...]:
        """The rates of the hidden layers as a tuple, of length 1 for a common rate."""
        return self.rate if isinstance(self.rate, tuple) else (self.rate,)

    def _instance(self, name: str, value: Any) -> Any:
        return schedule_from(value) if name == "schedule" else value


@dataclass(frozen=True)
class WeightDecay(Option):
    """Decoupled weight decay, for the parameter ``weight_decay``.

    Parameters
    ----------
    rate : float or None, default=None
        Before every step, the weights (not the biases) are multiplied by
        ``1 - learning_rate * rate``; at least 0. None is the default of the solver:
        0.01 for "adamw" and 0 for the others.
    schedule : str, callable or Schedule, default="constant"
        Schedule of a factor of the rate: any schedule of ``learning_rate`` except those
        that follow plateaus.

    Raises
    ------
    ValueError
        If the rate or the schedule is not valid.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetRegressor
    >>> from sklearn_bpnet.options import WeightDecay
    >>> reg = BPNetRegressor(weight_decay=WeightDecay(0.02, schedule="flat_cosine"))
    """

    rate: float | None = None
    schedule: str | Callable[[float], float] | Schedule = "constant"

    def __post_init__(self) -> None:
        rate = self.rate
        if rate is not None and not (is_finite(rate) and rate >= 0):
            raise ValueError(f"rate must be at least 0, or None; got {rate!r}.")
        _check_schedule(self.schedule)

    def _instance(self, name: str, value: Any) -> Any:
        return schedule_from(value) if name == "schedule" else value


def _is_rate(value: Any) -> bool:
    """Whether a value is a probability below 1."""
    return is_real(value) and 0 <= value < 1


def _check_schedule(spec: Any) -> None:
    """Raise ValueError if a schedule is unknown or follows plateaus.

    The latter determine when training ends, which only the learning rate may.
    """
    if schedule_from(spec).follows_plateaus:
        raise ValueError(
            f"schedule={spec!r} follows plateaus, which only learning_rate can. Use a "
            "schedule that follows the epochs, such as 'flat_cosine'."
        )
