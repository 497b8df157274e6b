"""What an activation is: A = f(Z), and its vector-Jacobian product.

Rows are samples. ``forward`` turns pre-activations Z into activations A; ``vjp`` turns
G = dJ/dA into D = dJ/dZ. Arrays have shape (n_samples, n_units) and keep their dtype.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nextafter
from typing import ClassVar

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.hyperparameters import Configurable

__all__ = [
    "Activation",
    "ElementWise",
    "Interval",
]


@dataclass(frozen=True)
class Interval:
    """A real interval, as the range of an activation or the domain of a loss.

    Parameters
    ----------
    low, high : float
        The ends; may be infinite.
    closed : bool, default=False
        Whether finite ends belong to the interval.
    """

    low: float
    high: float
    closed: bool = False

    def contains(self, other: Interval) -> bool:
        """Whether every number of ``other`` lies in this interval."""
        ends_count = other.closed and not self.closed
        low = nextafter(self.low, inf) if ends_count and self.low > -inf else self.low
        high = (
            nextafter(self.high, -inf) if ends_count and self.high < inf else self.high
        )
        return low <= other.low and other.high <= high

    def __str__(self) -> str:
        left = "[" if self.closed and self.low > -inf else "("
        right = "]" if self.closed and self.high < inf else ")"
        return f"{left}{self.low:g}, {self.high:g}{right}"


class Activation(Configurable, ABC):
    """A function applied to every row of Z, with its vector-Jacobian product.

    An element-wise function defines ``forward`` and ``derivative``; one that mixes
    the units of a row, such as softmax, overrides ``vjp`` instead.

    Attributes
    ----------
    range : Interval
        Where A lies; decides which losses the activation can feed.
    reads_Z : bool
        Whether ``derivative`` or ``vjp`` needs Z beside A. If False, the network
        writes A over Z, so ``forward`` is called with ``out`` being ``Z`` itself.
    trainable : bool
        Whether a gradient passes through: False for a step function.
    usual_initializer : str
        The name of the initialiser that "auto" takes for a layer's weights.
    stretch : float
        How many times as large as below tanh the weights below it are for the same
        effect: 1 / f'(0) of an s-shaped function. The initialiser, the usual learning
        rate and the usual penalty follow from it.
    """

    range: ClassVar[Interval] = Interval(-inf, inf)
    reads_Z: ClassVar[bool] = False
    trainable: ClassVar[bool] = True
    stretch: ClassVar[float] = 1.0

    @property
    def usual_initializer(self) -> str:
        """The name of the initialiser that "auto" takes for a layer's weights."""
        return "glorot_uniform"

    @property
    def grows_exponentially(self) -> bool:
        """Whether A grows exponentially in Z, so that several such layers diverge."""
        return False

    def usual_size(self, n_units: int) -> float:
        """By how much A changes, about, if Z changes by 1.

        The initial weights of the layer above are divided by it.
        """
        return 1.0

    @abstractmethod
    def forward(self, Z: Array, out: Array) -> Array:
        """Compute A = f(Z) into ``out`` and return it; ``out`` may be ``Z``."""

    @abstractmethod
    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        """Compute f'(Z), element by element, into ``out`` and return it."""

    def vjp(self, Z: Array, A: Array, G: Array, out: Array) -> Array:
        """Compute D = dJ/dZ from G = dJ/dA into ``out`` and return it.

        ``out`` shares no memory with the other arrays.
        """
        self.derivative(Z, A, out)
        out *= G
        return out


def zeros(Z: Array) -> Array:
    """A zero for every unit, to compare Z with.

    With a single number, NumPy compares one element at a time: four times slower.
    """
    return np.zeros(Z.shape[-1:], Z.dtype)


@dataclass(frozen=True)
class ElementWise(Activation):
    """A user-defined pair of functions, applied element by element.

    Parameters
    ----------
    function : callable
        f, from an array Z to an array of the same shape.
    derivative_function : callable
        f', from Z to an array of the same shape.
    """

    function: Callable[[Array], Array]
    derivative_function: Callable[[Array], Array]

    reads_Z: ClassVar[bool] = True
    wraps_functions: ClassVar[bool] = True

    def forward(self, Z: Array, out: Array) -> Array:
        out[...] = self.function(Z)
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        out[...] = self.derivative_function(Z)
        return out
