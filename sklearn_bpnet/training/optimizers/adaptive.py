"""Adaptive rates: every parameter's step scaled by the size of its past gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.optimizers.base import (
    Optimizer,
    State,
    check_decay_rates,
    check_positive,
    pieces,
)

__all__ = ["AdaDelta", "AdaGrad", "RMSprop"]


@dataclass(frozen=True)
class AdaGrad(Optimizer):
    """AdaGrad: steps shrink with the sum of all squared gradients.

    s <- s + g^2, then theta <- theta - learning_rate g / (sqrt(s) + epsilon).

    Parameters
    ----------
    epsilon : float, default=1e-8
        Keeps the division finite; positive.

    References
    ----------
    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", JMLR 12, 2011, with a diagonal matrix.
    """

    scale_free: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.03

    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_positive(self, "epsilon")

    def start(self, theta: Array) -> State:
        return {"sum_of_squares": np.zeros_like(theta)}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        for piece in pieces(theta.size):
            g, s = gradient[piece], state["sum_of_squares"][piece]
            s += g * g
            root = np.sqrt(s)
            root += self.epsilon
            g *= learning_rate
            g /= root
            theta[piece] -= g

    def proximal_step(self, state: State, learning_rate: float) -> Array:
        root = np.sqrt(state["sum_of_squares"])
        step: Array = learning_rate / (root + self.epsilon)
        return step


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """RMSprop: steps divided by a running root mean square of the gradient.

    r <- rho r + (1 - rho) g^2, then theta <- theta - learning_rate g / (sqrt(r) +
    epsilon).

    Parameters
    ----------
    rho : float, default=0.9
        Decay rate of the mean square, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite; positive.

    References
    ----------
    Tieleman and Hinton, "Lecture 6.5, rmsprop", Coursera: Neural networks for machine
    learning, 2012.
    """

    scale_free: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.003

    rho: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_decay_rates(self, "rho")
        check_positive(self, "epsilon")

    def start(self, theta: Array) -> State:
        return {"mean_square": np.zeros_like(theta)}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        for piece in pieces(theta.size):
            g, r = gradient[piece], state["mean_square"][piece]
            _average_square(r, g, self.rho)
            root = np.sqrt(r)
            root += self.epsilon
            g *= learning_rate
            g /= root
            theta[piece] -= g

    def proximal_step(self, state: State, learning_rate: float) -> Array:
        step: Array = learning_rate / (np.sqrt(state["mean_square"]) + self.epsilon)
        return step


@dataclass(frozen=True)
class AdaDelta(Optimizer):
    """AdaDelta: steps in the units of theta, the size of past steps over gradients.

    r <- rho r + (1 - rho) g^2; d = g sqrt(u + epsilon) / sqrt(r + epsilon), then
    theta <- theta - learning_rate d and u <- rho u + (1 - rho) d^2. The paper has no
    learning rate: its steps are those at ``learning_rate_init=1``.

    Parameters
    ----------
    rho : float, default=0.95
        Decay rate of the mean squares, in [0, 1).
    epsilon : float, default=1e-6
        Starts the first steps, and keeps the division finite; positive.

    References
    ----------
    Zeiler, "ADADELTA: an adaptive learning rate method", 2012, arXiv 1212.5701,
    algorithm 1.
    """

    scale_free: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 3.0

    rho: float = 0.95
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        check_decay_rates(self, "rho")
        check_positive(self, "epsilon")

    def start(self, theta: Array) -> State:
        return {
            "mean_square": np.zeros_like(theta),
            "mean_square_step": np.zeros_like(theta),
            "scale": np.zeros_like(theta),  # d / g of the last step
        }

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        for piece in pieces(theta.size):
            g, r = gradient[piece], state["mean_square"][piece]
            u, scale = state["mean_square_step"][piece], state["scale"][piece]
            _average_square(r, g, self.rho)
            np.add(u, self.epsilon, out=scale)
            scale /= r + self.epsilon
            np.sqrt(scale, out=scale)
            g *= scale
            _average_square(u, g, self.rho)
            g *= learning_rate
            theta[piece] -= g

    def proximal_step(self, state: State, learning_rate: float) -> Array:
        step: Array = learning_rate * state["scale"]
        return step


def _average_square(mean: Array, x: Array, rho: float) -> None:
    """mean <- rho mean + (1 - rho) x^2, in place."""
    square = x * x
    square *= 1 - rho
    mean *= rho
    mean += square


ENTRIES: dict[str, Optimizer] = {
    "adagrad": AdaGrad(),
    "rmsprop": RMSprop(),
    "adadelta": AdaDelta(),
}
