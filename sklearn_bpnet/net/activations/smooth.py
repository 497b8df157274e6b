"""Smooth rectifiers, and the functions of a positive output."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, pi, sqrt
from typing import ClassVar

import numpy as np
from scipy import special

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations.base import Activation, Interval

__all__ = [
    "GELU",
    "Exp",
    "Mish",
    "SiLU",
    "Softplus",
]


@dataclass(frozen=True)
class GELU(Activation):
    """Gaussian error linear unit, f(z) = z Phi(z), with the exact normal CDF Phi.

    f'(z) = Phi(z) + z phi(z), with the normal density phi.

    References
    ----------
    Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", arXiv 1606.08415.
    """

    reads_Z: ClassVar[bool] = True

    usual_initializer = "he_uniform"

    def forward(self, Z: Array, out: Array) -> Array:
        return np.multiply(Z, special.ndtr(Z), out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.multiply(Z, Z, out=out)
        out *= -0.5
        np.exp(out, out=out)
        out *= Z
        out *= 1 / sqrt(2 * pi)
        out += special.ndtr(Z)
        return out


@dataclass(frozen=True)
class SiLU(Activation):
    """Sigmoid linear unit (swish), f(z) = z s(z) with the logistic sigmoid s.

    f'(z) = s(z) (1 + z (1 - s(z))).

    References
    ----------
    Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network
    function approximation in reinforcement learning", arXiv 1702.03118.
    """

    reads_Z: ClassVar[bool] = True

    usual_initializer = "he_uniform"

    def forward(self, Z: Array, out: Array) -> Array:
        return np.multiply(Z, special.expit(Z), out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        sigmoid = special.expit(Z)
        np.subtract(1, sigmoid, out=out)
        out *= Z
        out += 1
        out *= sigmoid
        return out


@dataclass(frozen=True)
class Mish(Activation):
    """Mish, f(z) = z t with t = tanh(log(1 + exp(z))).

    With u = exp(z), t = (u^2 + 2 u) / (u^2 + 2 u + 2), which needs no other
    transcendental function, and f'(z) = t + 4 z u (1 + u) / (u^2 + 2 u + 2)^2.

    References
    ----------
    Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020,
    arXiv 1908.08681.
    """

    reads_Z: ClassVar[bool] = True
    t_is_1_from: ClassVar[float] = 20.0  # in float64; exp would overflow far above

    usual_initializer = "he_uniform"

    def forward(self, Z: Array, out: Array) -> Array:
        u = np.minimum(Z, self.t_is_1_from)
        np.exp(u, out=u)
        t = u + 2
        t *= u
        np.add(t, 2, out=u)
        t /= u
        return np.multiply(Z, t, out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        z = np.minimum(Z, self.t_is_1_from)
        u = np.exp(z)
        above = u + 2
        above *= u
        below = above + 2
        np.add(u, 1, out=out)
        out *= u
        out *= z
        out *= 4
        out /= below
        out += above
        out /= below
        return out


@dataclass(frozen=True)
class Softplus(Activation):
    """Softplus, f(z) = log(1 + exp(z)), a smooth ReLU.

    Evaluated as logaddexp(0, z): finite for all finite z. f'(z) is the logistic
    sigmoid of z, which is 1 - exp(-f(z)).

    References
    ----------
    Dugas, Bengio, Belisle, Nadeau and Garcia, "Incorporating second-order functional
    knowledge for better option pricing", NIPS 13, 2000.
    """

    range: ClassVar[Interval] = Interval(0, inf)

    def forward(self, Z: Array, out: Array) -> Array:
        return np.logaddexp(0, Z, out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.negative(A, out=out)
        np.expm1(out, out=out)
        return np.negative(out, out=out)


@dataclass(frozen=True)
class Exp(Activation):
    """Exponential, f(z) = f'(z) = exp(z): the output of a Poisson regression.

    z is clipped where exp(z) would leave the normal numbers of its dtype.
    """

    range: ClassVar[Interval] = Interval(0, inf)

    grows_exponentially = True

    def forward(self, Z: Array, out: Array) -> Array:
        limits = np.finfo(Z.dtype)
        np.clip(Z, log(limits.tiny), 0.999 * log(limits.max), out=out)
        return np.exp(out, out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.copyto(out, A)
        return out


ENTRIES: dict[str, Activation] = {
    "gelu": GELU(),
    "silu": SiLU(),
    "mish": Mish(),
    "softplus": Softplus(),
    "exp": Exp(),
}
