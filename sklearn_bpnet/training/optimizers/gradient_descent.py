"""Gradient descent: plain, stochastic, with momentum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.memory import add_scaled, scale
from sklearn_bpnet.training.optimizers.base import Optimizer, State

__all__ = ["SGD", "GradientDescent"]


@dataclass(frozen=True)
class GradientDescent(Optimizer):
    """Gradient descent over all samples, theta <- theta - learning_rate g.

    References
    ----------
    Cauchy, "Méthode générale pour la résolution des systèmes d'équations
    simultanées", Comptes rendus 25, 1847.
    """

    full_batch: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.1
    stable_rate: ClassVar[float] = 1.5

    def start(self, theta: Array) -> State:
        return {}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        # theta <- theta - learning_rate * gradient
        add_scaled(theta, -learning_rate, gradient)

    def proximal_step(self, state: State, learning_rate: float) -> float:
        return learning_rate


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent with momentum.

    v <- momentum v + g, then theta <- theta - learning_rate v or, with Nesterov's
    momentum, theta <- theta - learning_rate (g + momentum v). With momentum 0 it is
    the lecture's theta <- theta - learning_rate g. At a constant learning rate it
    makes the steps of scikit-learn, which has the rate inside v; outside it, a rate
    that falls takes effect at once.

    Parameters
    ----------
    momentum : float, default=0.9
        In [0, 1].
    nesterov : bool, default=True
        Whether to use Nesterov's momentum.

    References
    ----------
    Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and
    momentum in deep learning", ICML 2013.
    """

    usual_rate: ClassVar[float] = 0.01
    from_estimator: ClassVar[Mapping[str, str]] = {
        "momentum": "momentum",
        "nesterovs_momentum": "nesterov",
    }

    momentum: float = 0.9
    nesterov: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"momentum must lie in [0, 1]; got {self.momentum!r}.")

    def start(self, theta: Array) -> State:
        return {"v": np.zeros_like(theta)} if self.momentum else {}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        if not self.momentum:
            # theta <- theta - learning_rate * gradient
            add_scaled(theta, -learning_rate, gradient)
            return
        # v <- momentum * v + gradient
        v = state["v"]
        scale(v, self.momentum)
        v += gradient
        if self.nesterov:
            # theta <- theta - learning_rate * (gradient + momentum * v)
            add_scaled(theta, -learning_rate, gradient)
            np.multiply(v, learning_rate * self.momentum, out=gradient)
        else:
            # theta <- theta - learning_rate * v
            np.multiply(v, learning_rate, out=gradient)
        theta -= gradient

    def proximal_step(self, state: State, learning_rate: float) -> float:
        if self.momentum == 1:
            raise ValueError(
                "momentum=1 never forgets a gradient, so an L1 penalty has no step to "
                "follow. Use momentum below 1, or l1_ratio=0."
            )
        return learning_rate / (1 - self.momentum)


ENTRIES: dict[str, Optimizer] = {"sgd": SGD(), "gd": GradientDescent()}
