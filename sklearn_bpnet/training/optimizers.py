"""Optimisers: steps on the flat vector theta, in place.

An optimiser holds hyper-parameters only. What it remembers from step to step is a
dictionary of flat arrays and numbers, made by ``start`` and handed to every ``step``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.registry import Registry

State = dict[str, Any]

# A step makes several passes over its vectors. In pieces of this many numbers they
# stay in a core's second-level cache from pass to pass.
_PIECE = 32_768


class Optimizer(ABC):
    """A rule theta <- theta + step(gradient, state, learning_rate)."""

    @abstractmethod
    def start(self, theta: Array) -> State:
        """The state before the first step."""

    @abstractmethod
    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        """Move ``theta`` and update ``state`` in place; ``gradient`` is overwritten."""

    @abstractmethod
    def proximal_step(self, state: State, learning_rate: float) -> float | Array:
        """The length of the last step per unit of gradient, for the L1 penalty.

        A number, or one for every parameter where the optimiser scales each by
        itself. Under a constant gradient g, a step tends to minus this times g,
        so thresholding with it leaves the minimiser of the penalised risk in place.

        References
        ----------
        Yang, Yuan, Chatzimichailidis et al., "ProxSGD: training structured neural
        networks under regularization and constraints", ICLR 2020.
        """


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
        if self.momentum:
            v = state["v"]
            v *= self.momentum
            v += gradient
            if self.nesterov:
                gradient *= learning_rate
                theta -= gradient
                np.multiply(v, learning_rate * self.momentum, out=gradient)
            else:
                np.multiply(v, learning_rate, out=gradient)
        else:
            gradient *= learning_rate
        theta -= gradient

    def proximal_step(self, state: State, learning_rate: float) -> float:
        if self.momentum == 1:
            raise ValueError(
                "momentum=1 never forgets a gradient, so an L1 penalty has no step to "
                "follow. Use momentum below 1, or l1_ratio=0."
            )
        return learning_rate / (1 - self.momentum)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Adam: every parameter's step scaled by running moments of its gradient.

    m <- beta_1 m + (1 - beta_1) g and v <- beta_2 v + (1 - beta_2) g^2, then
    theta <- theta - a_t m / (sqrt(v) + epsilon) with the bias correction
    a_t = learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t).

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the two moments, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite; positive.

    References
    ----------
    Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015,
    arXiv 1412.6980, section 2 in its more efficient order of computation.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        for name in ("beta_1", "beta_2"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must lie in [0, 1); got {getattr(self, name)!r}."
                )
        if not self.epsilon > 0:
            raise ValueError(f"epsilon must be positive; got {self.epsilon!r}.")

    def start(self, theta: Array) -> State:
        # "m" is m / (1 - beta_1) and "v" is v / (1 - beta_2): a pass less for each
        return {"t": 0, "m": np.zeros_like(theta), "v": np.zeros_like(theta)}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        state["t"] += 1
        factor, epsilon = self._scales(state, learning_rate)
        for start in range(0, theta.size, _PIECE):
            piece = slice(start, start + _PIECE)
            g, m, v = gradient[piece], state["m"][piece], state["v"][piece]
            m *= self.beta_1
            m += g
            v *= self.beta_2
            np.multiply(g, g, out=g)
            v += g
            np.sqrt(v, out=g)
            g += epsilon
            np.divide(m, g, out=g)
            g *= factor
            theta[piece] -= g

    def proximal_step(self, state: State, learning_rate: float) -> Array:
        factor, epsilon = self._scales(state, learning_rate)
        step: Array = factor / ((1 - self.beta_1) * (np.sqrt(state["v"]) + epsilon))
        return step

    def _scales(self, state: State, learning_rate: float) -> tuple[float, float]:
        """The factor of "m" and the epsilon beside the root of "v"."""
        t = state["t"]
        root = sqrt(1 - self.beta_2)
        a_t = learning_rate * sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        return a_t * (1 - self.beta_1) / root, self.epsilon / root


OPTIMIZERS: Registry[Optimizer] = Registry(
    "solver",
    Optimizer,  # type: ignore[type-abstract]
    {"sgd": SGD(), "adam": Adam()},
)
