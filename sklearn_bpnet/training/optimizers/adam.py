"""Adam and its relatives: running means of the gradient and of its square."""

from __future__ import annotations

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

__all__ = ["AMSGrad", "Adam", "AdamW", "NAdam", "RAdam"]


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

    scale_free: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.008
    from_estimator: ClassVar[Mapping[str, str]] = {
        "beta_1": "beta_1",
        "beta_2": "beta_2",
        "epsilon": "epsilon",
    }

    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        check_decay_rates(self, "beta_1", "beta_2")
        check_positive(self, "epsilon")

    def start(self, theta: Array) -> State:
        # "m" is m / (1 - beta_1) and "v" is v / (1 - beta_2): a pass less for each
        return {"t": 0, "m": np.zeros_like(theta), "v": np.zeros_like(theta)}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        state["t"] += 1
        factor, epsilon = self._scales(state, learning_rate)
        for piece in pieces(theta.size):
            g, m, v = gradient[piece], state["m"][piece], state["v"][piece]
            scale(m, self.beta_1)
            m += g
            scale(v, self.beta_2)
            np.multiply(g, g, out=g)
            v += g
            np.sqrt(v, out=g)
            g += epsilon
            np.divide(m, g, out=g)
            add_scaled(theta[piece], -factor, g)

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


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay.

    Before Adam's step, weights (not biases) shrink: W <- W - learning_rate
    weight_decay W. Unlike the penalty `alpha`, that is not scaled by Adam.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the two moments, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite; positive.
    weight_decay : float, default=0.01
        At least 0.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019,
    arXiv 1711.05101, algorithm 2, the decay in units of the learning rate.
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.weight_decay >= 0:
            raise ValueError(
                f"weight_decay must be at least 0; got {self.weight_decay!r}."
            )


@dataclass(frozen=True)
class AMSGrad(Adam):
    """AMSGrad: Adam whose second moment never falls, so no step grows again.

    As Adam, with the largest v so far in place of v.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9 and 0.999
        Decay rates of the two moments, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite; positive.

    References
    ----------
    Reddi, Kale and Kumar, "On the convergence of Adam and beyond", ICLR 2018,
    arXiv 1904.09237, algorithm 2, with Adam's bias correction.
    """

    def start(self, theta: Array) -> State:
        return super().start(theta) | {"largest_v": np.zeros_like(theta)}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        state["t"] += 1
        factor, epsilon = self._scales(state, learning_rate)
        for piece in pieces(theta.size):
            g, m, v = gradient[piece], state["m"][piece], state["v"][piece]
            largest = state["largest_v"][piece]
            scale(m, self.beta_1)
            m += g
            scale(v, self.beta_2)
            np.multiply(g, g, out=g)
            v += g
            np.maximum(largest, v, out=largest)
            np.sqrt(largest, out=g)
            g += epsilon
            np.divide(m, g, out=g)
            add_scaled(theta[piece], -factor, g)

    def proximal_step(self, state: State, learning_rate: float) -> Array:
        return super().proximal_step(state | {"v": state["largest_v"]}, learning_rate)


@dataclass(frozen=True)
class NAdam(Adam):
    """NAdam: Adam with Nesterov's momentum.

    The momentum mu_t = beta_1 (1 - 0.96^(t momentum_decay) / 2) rises. With M_t the
    product of mu_1 to mu_t, m <- mu_t m + (1 - mu_t) g and Adam's v,
    theta <- theta - learning_rate m' / (sqrt(v / (1 - beta_2^t)) + epsilon), where
    m' = mu_{t+1} m / (1 - M_{t+1}) + (1 - mu_t) g / (1 - M_t).

    This is the rule of the report. PyTorch differs in m, which decays with the constant
    beta_1 there, m <- beta_1 m + (1 - beta_1) g; the rest is the same.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9 and 0.999
        Largest momentum and decay rate of the second moment, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite; positive.
    momentum_decay : float, default=0.004
        How fast the momentum rises, at least 0.

    References
    ----------
    Dozat, "Incorporating Nesterov momentum into Adam", ICLR 2016 workshop, and the
    report of the same name for the schedule of mu_t.
    """

    momentum_decay: float = 0.004

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.momentum_decay >= 0:
            raise ValueError(
                f"momentum_decay must be at least 0; got {self.momentum_decay!r}."
            )

    def start(self, theta: Array) -> State:
        return super().start(theta) | {"momentum_product": 1.0}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        state["t"] += 1
        mu = self._momentum(state["t"])
        state["momentum_product"] *= mu
        m_factor, g_factor, epsilon = self._factors(state, learning_rate)
        for piece in pieces(theta.size):
            g, m, v = gradient[piece], state["m"][piece], state["v"][piece]
            m *= mu
            m += (1 - mu) * g
            v *= self.beta_2
            v += g * g
            root = np.sqrt(v)
            root += epsilon
            g *= g_factor
            g += m_factor * m
            g /= root
            theta[piece] -= g

    def proximal_step(self, state: State, learning_rate: float) -> Array:
        m_factor, g_factor, epsilon = self._factors(state, learning_rate)
        step: Array = (m_factor + g_factor) / (np.sqrt(state["v"]) + epsilon)
        return step

    def _momentum(self, t: int) -> float:
        return float(self.beta_1 * (1 - 0.5 * 0.96 ** (t * self.momentum_decay)))

    def _factors(
        self, state: State, learning_rate: float
    ) -> tuple[float, float, float]:
        """The factors of "m" and of g, and the epsilon beside the root of "v"."""
        t, product = state["t"], state["momentum_product"]
        mu, next_mu = self._momentum(t), self._momentum(t + 1)
        root = sqrt(1 - self.beta_2)
        correction = sqrt(1 - self.beta_2**t)
        rate = learning_rate * correction / root
        return (
            rate * next_mu / (1 - product * next_mu),
            rate * (1 - mu) / (1 - product),
            self.epsilon * correction / root,
        )


@dataclass(frozen=True)
class RAdam(Adam):
    """RAdam: Adam whose first steps, where v is uncertain, are not scaled by v.

    With p = 2 / (1 - beta_2) - 1 and p_t = p - 2 t beta_2^t / (1 - beta_2^t), Adam's
    step is multiplied by r_t = sqrt((p_t - 4) (p_t - 2) p / ((p - 4) (p - 2) p_t))
    where p_t > 4; before that, theta <- theta - learning_rate m / (1 - beta_1^t).

    This is the rule of the paper. PyTorch differs in two places: it scales by v where
    p_t > 5 (with beta_2 = 0.999 from the sixth step on, here from the fifth), and it
    adds epsilon to sqrt(v) before the correction by 1 - beta_2^t, not after it.

    Parameters
    ----------
    beta_1 : float, default=0.9
        Decay rate of the first moment, in [0, 1).
    beta_2 : float, default=0.999
        Decay rate of the second moment, in (0.6, 1), so that p > 4.
    epsilon : float, default=1e-8
        Keeps the division finite; positive.

    References
    ----------
    Liu, Jiang, He et al., "On the variance of the adaptive learning rate and beyond",
    ICLR 2020, arXiv 1908.03265, algorithm 2.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.beta_2 > 0.6:
            raise ValueError(f"beta_2 must lie in (0.6, 1); got {self.beta_2!r}.")

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        if self._rectification(state["t"] + 1):
            super().step(theta, gradient, state, learning_rate)
            return
        state["t"] += 1
        m, v = state["m"], state["v"]
        m *= self.beta_1
        m += gradient
        v *= self.beta_2
        gradient *= gradient
        v += gradient
        np.multiply(m, self._plain_rate(state["t"], learning_rate), out=gradient)
        theta -= gradient

    def proximal_step(self, state: State, learning_rate: float) -> Array:
        if self._rectification(state["t"]):
            return super().proximal_step(state, learning_rate)
        rate = self._plain_rate(state["t"], learning_rate)
        return np.full_like(state["m"], rate / (1 - self.beta_1))

    def _scales(self, state: State, learning_rate: float) -> tuple[float, float]:
        rectified = learning_rate * self._rectification(state["t"])
        return super()._scales(state, rectified)

    def _plain_rate(self, t: int, learning_rate: float) -> float:
        """The factor of "m" where v is not used."""
        return float(learning_rate * (1 - self.beta_1) / (1 - self.beta_1**t))

    def _rectification(self, t: int) -> float:
        """r_t; 0 where p_t <= 4."""
        p = 2 / (1 - self.beta_2) - 1
        p_t = p - 2 * t * self.beta_2**t / (1 - self.beta_2**t)
        if p_t <= 4:
            return 0.0
        return sqrt((p_t - 4) * (p_t - 2) * p / ((p - 4) * (p - 2) * p_t))


ENTRIES: dict[str, Optimizer] = {
    "adam": Adam(),
    "amsgrad": AMSGrad(),
    "adamw": AdamW(),
    "nadam": NAdam(),
    "radam": RAdam(),
}
