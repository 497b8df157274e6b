"""The functions of the lecture and their relatives: steps, sigmoids and rectifiers.

The derivatives of all of them are functions of A, so Z need not be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np
from scipy import special

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations.base import Activation, Interval, zeros

__all__ = [
    "ELU",
    "SELU",
    "Heaviside",
    "Identity",
    "LeakyReLU",
    "ReLU",
    "Sigmoid",
    "Softsign",
    "Tanh",
]


@dataclass(frozen=True)
class Identity(Activation):
    """Identity, f(z) = z: the output of a regression."""

    def forward(self, Z: Array, out: Array) -> Array:
        if out is not Z:
            np.copyto(out, Z)
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        out.fill(1)
        return out

    def vjp(self, Z: Array, A: Array, G: Array, out: Array) -> Array:
        np.copyto(out, G)
        return out


@dataclass(frozen=True)
class Heaviside(Activation):
    """Heaviside step, f(z) = 1 if z > 0 else 0: McCulloch and Pitts' neuron.

    Its derivative is zero wherever it exists, so no gradient passes through it.
    """

    range: ClassVar[Interval] = Interval(0, 1, closed=True)
    trainable: ClassVar[bool] = False

    def forward(self, Z: Array, out: Array) -> Array:
        return np.greater(Z, 0, out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        out.fill(0)
        return out


@dataclass(frozen=True)
class Sigmoid(Activation):
    """Logistic sigmoid, f(z) = 1 / (1 + exp(-z)), f'(z) = f(z) (1 - f(z))."""

    range: ClassVar[Interval] = Interval(0, 1)
    stretch: ClassVar[float] = 4.0

    def forward(self, Z: Array, out: Array) -> Array:
        return special.expit(Z, out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.subtract(1, A, out=out)
        out *= A
        return out


@dataclass(frozen=True)
class Tanh(Activation):
    """Hyperbolic tangent, f'(z) = 1 - f(z)^2."""

    range: ClassVar[Interval] = Interval(-1, 1)

    def forward(self, Z: Array, out: Array) -> Array:
        return np.tanh(Z, out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.multiply(A, A, out=out)
        return np.subtract(1, out, out=out)


@dataclass(frozen=True)
class Softsign(Activation):
    """Softsign, f(z) = z / (1 + |z|), f'(z) = (1 - |f(z)|)^2."""

    range: ClassVar[Interval] = Interval(-1, 1)

    def forward(self, Z: Array, out: Array) -> Array:
        return np.divide(Z, 1 + np.abs(Z), out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.abs(A, out=out)
        np.subtract(1, out, out=out)
        return np.square(out, out=out)


@dataclass(frozen=True)
class ReLU(Activation):
    """Rectified linear unit, f(z) = max(0, z); the subgradient at 0 is 0."""

    range: ClassVar[Interval] = Interval(0, inf, closed=True)

    usual_initializer = "he_uniform"

    def forward(self, Z: Array, out: Array) -> Array:
        return np.maximum(Z, zeros(Z), out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        return np.greater(A, 0, out=out)


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """Leaky rectified linear unit, f(z) = z if z > 0 else negative_slope * z.

    Parameters
    ----------
    negative_slope : float, default=0.01
        Slope for z < 0, in [0, 1).

    References
    ----------
    Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic
    models", ICML 2013.
    """

    negative_slope: float = 0.01

    usual_initializer = "he_uniform"

    def __post_init__(self) -> None:
        if not 0 <= self.negative_slope < 1:
            raise ValueError(
                f"negative_slope must lie in [0, 1); got {self.negative_slope!r}."
            )

    def forward(self, Z: Array, out: Array) -> Array:
        negative = np.minimum(Z, zeros(Z))
        negative *= self.negative_slope
        np.maximum(Z, zeros(Z), out=out)
        out += negative
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.greater(A, 0, out=out)
        out *= 1 - self.negative_slope
        out += self.negative_slope
        return out


@dataclass(frozen=True)
class ELU(Activation):
    """Exponential linear unit, f(z) = z if z > 0 else alpha (exp(z) - 1).

    Parameters
    ----------
    alpha : float, default=1.0
        Minus the limit for z to -infinity, positive.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by
    exponential linear units (ELUs)", ICLR 2016, arXiv 1511.07289.
    """

    alpha: float = 1.0

    usual_initializer = "he_uniform"

    def __post_init__(self) -> None:
        if not self.alpha > 0:
            raise ValueError(f"alpha must be positive; got {self.alpha!r}.")

    def forward(self, Z: Array, out: Array) -> Array:
        negative = np.expm1(np.minimum(Z, zeros(Z)))
        negative *= self.alpha
        np.maximum(Z, zeros(Z), out=out)
        out += negative
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        return _elu_derivative(A, 1.0, self.alpha, out)


@dataclass(frozen=True)
class SELU(Activation):
    """Scaled exponential linear unit, f(z) = scale * ELU_alpha(z).

    The two constants make zero mean and unit variance a fixed point from layer to
    layer.

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter, "Self-normalizing neural networks",
    NeurIPS 2017, arXiv 1706.02515.
    """

    scale: ClassVar[float] = 1.0507009873554805
    elu: ClassVar[ELU] = ELU(1.6732632423543772)

    usual_initializer = "lecun_normal"

    def forward(self, Z: Array, out: Array) -> Array:
        self.elu.forward(Z, out)
        out *= self.scale
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        return _elu_derivative(A, self.scale, self.scale * self.elu.alpha, out)


def _elu_derivative(A: Array, slope: float, alpha: float, out: Array) -> Array:
    """``slope`` where z > 0, else alpha exp(z) = A + alpha: without a branch."""
    np.greater(A, 0, out=out)
    out *= slope - alpha
    out += np.minimum(A, zeros(A))
    out += alpha
    return out


ENTRIES: dict[str, Activation] = {
    "identity": Identity(),
    "heaviside": Heaviside(),
    "logistic": Sigmoid(),  # scikit-learn's name
    "sigmoid": Sigmoid(),
    "tanh": Tanh(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "elu": ELU(),
    "selu": SELU(),
    "softsign": Softsign(),
}
