"""Schedule-free rules: the average of the iterates in place of a falling rate."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.memory import add_scaled, scale
from sklearn_bpnet.training.optimizers.base import (
    Optimizer,
    State,
    check_decay_rates,
    check_positive,
    pieces,
)

__all__ = ["ScheduleFree", "ScheduleFreeAdamW"]


class ScheduleFree(Optimizer):
    """A rule whose steps z are averaged to x; gradients are those at y, in between.

    Theta of training is y = (1 - beta_1) z + beta_1 x, and x is what is validated, kept
    and predicts, see `evaluated`. A direction d moves z <- z - learning_rate d; x <-
    (1 - c) x + c z takes it in, with the share c = w / (sum of w so far) and the weight
    w = t^r times a power of the largest learning rate so far. x is not stored: it
    follows from y and z.

    A subclass defines ``start`` with `start_average`, and ``direction``. It has the
    hyper-parameters ``beta_1``, ``r`` and ``weight_power``.

    References
    ----------
    Defazio, Yang, Mehta et al., "The road less scheduled", NeurIPS 2024, arXiv
    2405.15682.
    """

    constant_rate: ClassVar[bool] = True

    beta_1: float
    r: float
    weight_power: float

    @abstractmethod
    def direction(self, g: Array, state: State) -> None:
        """Overwrite the gradient g at y with d, and update ``state``; counts "t"."""

    def start_average(self, theta: Array) -> State:
        """The state of an average that begins at theta."""
        return {"t": 0, "z": theta.copy(), "weight_sum": 0.0, "largest_rate": 0.0}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        self.direction(gradient, state)
        self.move(theta, gradient, state, learning_rate)

    def move(
        self, theta: Array, direction: Array, state: State, learning_rate: float
    ) -> None:
        """Move z along a direction, which is overwritten, and y = theta with it."""
        share = self.share(state, learning_rate)
        for piece in pieces(theta.size):
            y, z, d = theta[piece], state["z"][piece], direction[piece]
            y -= z
            scale(y, 1 - share)
            y += z
            scale(d, -learning_rate)
            z += d
            add_scaled(y, 1 - self.beta_1 * (1 - share), d)

    def share(self, state: State, learning_rate: float) -> float:
        """c of step "t", whose weight is added to the sum of weights."""
        largest = max(state["largest_rate"], learning_rate)
        weight = state["t"] ** self.r * largest**self.weight_power
        state["largest_rate"] = largest
        state["weight_sum"] += weight
        total = state["weight_sum"]
        return weight / total if total else 0.0

    def evaluated(self, theta: Array, state: State) -> Array:
        """x = (y - (1 - beta_1) z) / beta_1."""
        z = state.get("z")
        if z is None:
            return theta
        x: Array = (theta - (1 - self.beta_1) * z) / self.beta_1
        return x.astype(theta.dtype, copy=False)


@dataclass(frozen=True)
class ScheduleFreeAdamW(ScheduleFree):
    """AdamW without a schedule: the mean of its steps replaces a falling learning rate.

    With y = (1 - beta_1) z + beta_1 x, the gradient g at y and Adam's second moment
    v <- beta_2 v + (1 - beta_2) g^2, z <- z - learning_rate (g / (sqrt(v / (1 -
    beta_2^t)) + epsilon) + weight_decay y) and x <- (1 - c) x + c z. The share is
    c = w_t / (w_1 + ... + w_t) with w_t = t^r a^weight_power, where a is the largest
    learning rate so far. Training computes gradients and the loss curve at y; x is
    validated, kept and predicts.

    The learning rate is constant, also as learning_rate="auto"; "warmup" may precede.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Share of x in y, in (0, 1).
    beta_2 : float, default=0.999
        Decay rate of the second moment, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite; positive.
    weight_decay : float, default=0.0
        At least 0; in units of the learning rate, for weights, not for biases.
    r : float, default=0.0
        Power of the number of steps in the weight of a step, at least 0. With r > 0
        later steps count more: the mean covers about the last 1 / (1 + r) of them.
    weight_power : float, default=2.0
        Power of the largest learning rate in the weight of a step, at least 0: the
        steps of a warm-up count less.

    References
    ----------
    Defazio, Yang, Mehta et al., "The road less scheduled", NeurIPS 2024, arXiv
    2405.15682, algorithm 1, computed as by the authors' schedulefree.AdamWScheduleFree.
    """

    scale_free: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.05
    from_estimator: ClassVar[Mapping[str, str]] = {
        "beta_1": "beta_1",
        "beta_2": "beta_2",
        "epsilon": "epsilon",
    }

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    r: float = 0.0
    weight_power: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.beta_1 < 1:
            raise ValueError(
                f"beta_1 of {type(self).__name__} must lie in (0, 1); got "
                f"{self.beta_1!r}."
            )
        check_decay_rates(self, "beta_2")
        check_positive(self, "epsilon")
        for name in ("weight_decay", "r", "weight_power"):
            if not getattr(self, name) >= 0:
                value = getattr(self, name)
                raise ValueError(f"{name} must be at least 0; got {value!r}.")

    def start(self, theta: Array) -> State:
        # "v" is v / (1 - beta_2), as Adam's
        return self.start_average(theta) | {"v": np.zeros_like(theta)}

    def direction(self, g: Array, state: State) -> None:
        state["t"] += 1
        correction = sqrt((1 - self.beta_2) / (1 - self.beta_2 ** state["t"]))
        for piece in pieces(g.size):
            part, v = g[piece], state["v"][piece]
            root = part * part
            scale(v, self.beta_2)
            v += root
            np.sqrt(v, out=root)
            scale(root, correction)
            root += self.epsilon
            part /= root


ENTRIES: dict[str, Optimizer] = {"schedule_free_adamw": ScheduleFreeAdamW()}
