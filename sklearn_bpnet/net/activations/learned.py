"""Activations with a learned weight per unit, trained with the other weights."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations.base import Activation, zeros

__all__ = [
    "LearnedActivation",
    "Mixed",
    "PReLU",
]


class LearnedActivation(Activation):
    """An activation f(z, w) with a weight w for every unit.

    As an ordinary activation, it is f(z, initial). A layer holds the weights behind
    its W and b, and calls ``at``.

    Attributes
    ----------
    initial : float
        The weight that training starts from.
    """

    reads_Z: ClassVar[bool] = True
    initial: float

    @abstractmethod
    def at(self, w: Array) -> Activation:
        """The activation of these weights, shape (n_units,)."""

    @abstractmethod
    def weight_gradient(self, w: Array, Z: Array, G: Array) -> Array:
        """dJ/dw, shape (n_units,), from G = dJ/dA of shape (n_samples, n_units)."""

    def _at_start(self, Z: Array) -> Activation:
        return self.at(np.full(Z.shape[1], self.initial, dtype=Z.dtype))

    def forward(self, Z: Array, out: Array) -> Array:
        return self._at_start(Z).forward(Z, out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        return self._at_start(Z).derivative(Z, A, out)

    def vjp(self, Z: Array, A: Array, G: Array, out: Array) -> Array:
        return self._at_start(Z).vjp(Z, A, G, out)


@dataclass(frozen=True)
class PReLU(LearnedActivation):
    """Parametric rectified linear unit, f(z) = z if z > 0 else w z, with w learned.

    Parameters
    ----------
    initial : float, default=0.25
        The slope that training starts from.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, section 2.1.
    """

    initial: float = 0.25

    usual_initializer = "he_uniform"

    def at(self, w: Array) -> Activation:
        return _PReLUAt(w)

    def weight_gradient(self, w: Array, Z: Array, G: Array) -> Array:
        return np.einsum("ij,ij->j", G, np.minimum(Z, zeros(Z)))


@dataclass(frozen=True, eq=False)
class _PReLUAt(Activation):
    w: Array

    reads_Z: ClassVar[bool] = True

    def forward(self, Z: Array, out: Array) -> Array:
        negative = np.minimum(Z, zeros(Z))
        negative *= self.w
        np.maximum(Z, zeros(Z), out=out)
        out += negative
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.copyto(out, np.where(Z > 0, 1, self.w))
        return out


@dataclass(frozen=True)
class Mixed(LearnedActivation):
    """A learned mix of the identity and a function, f(z) = z + w (g(z) - z).

    Parameters
    ----------
    function : Activation
        g: element-wise, such as ``SELU()`` or ``Mish()``.
    initial : float, default=1.0
        The weight that training starts from: 1 is g, 0 the identity.

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024, arXiv 2407.04491 (parametric
    activation).
    """

    function: Activation
    initial: float = 1.0

    @property
    def usual_initializer(self) -> str:
        return self.function.usual_initializer

    @property
    def grows_exponentially(self) -> bool:
        return self.function.grows_exponentially

    def at(self, w: Array) -> Activation:
        return _MixedAt(self.function, w)

    def weight_gradient(self, w: Array, Z: Array, G: Array) -> Array:
        bent = self.function.forward(Z, out=np.empty_like(Z))
        bent -= Z
        return np.einsum("ij,ij->j", G, bent)


@dataclass(frozen=True, eq=False)
class _MixedAt(Activation):
    function: Activation
    w: Array

    reads_Z: ClassVar[bool] = True

    def forward(self, Z: Array, out: Array) -> Array:
        bent = self.function.forward(Z, out=np.empty_like(Z))
        bent -= Z
        bent *= self.w
        return np.add(Z, bent, out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        bent = self.function.forward(Z, out=np.empty_like(Z))
        self.function.derivative(Z, bent, out)
        out -= 1
        out *= self.w
        out += 1
        return out


ENTRIES: dict[str, Activation] = {
    "prelu": PReLU(),
}
