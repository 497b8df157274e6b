"""Activation functions: A = f(Z), and the vector-Jacobian product of the backward pass.

Rows are samples. ``forward`` turns pre-activations Z into activations A;
``vjp`` turns G = dJ/dA into D = dJ/dZ. Every array has shape (n_samples, n_units)
and its own dtype is kept. To add an activation: one class here, one entry in
``ACTIVATIONS``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log, nextafter, pi, sqrt
from typing import ClassVar

import numpy as np
from scipy import special

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.hyperparameters import Configurable
from sklearn_bpnet.net.registry import Registry


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
    """

    range: ClassVar[Interval] = Interval(-inf, inf)
    reads_Z: ClassVar[bool] = False
    trainable: ClassVar[bool] = True

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
class ReLU(Activation):
    """Rectified linear unit, f(z) = max(0, z); the subgradient at 0 is 0."""

    range: ClassVar[Interval] = Interval(0, inf, closed=True)

    def forward(self, Z: Array, out: Array) -> Array:
        return np.maximum(Z, 0, out=out)

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

    def __post_init__(self) -> None:
        if not 0 <= self.negative_slope < 1:
            raise ValueError(
                f"negative_slope must lie in [0, 1); got {self.negative_slope!r}."
            )

    def forward(self, Z: Array, out: Array) -> Array:
        negative = np.minimum(Z, 0)
        negative *= self.negative_slope
        np.maximum(Z, 0, out=out)
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

    def __post_init__(self) -> None:
        if not self.alpha > 0:
            raise ValueError(f"alpha must be positive; got {self.alpha!r}.")

    def forward(self, Z: Array, out: Array) -> Array:
        negative = np.expm1(np.minimum(Z, 0))
        negative *= self.alpha
        np.maximum(Z, 0, out=out)
        out += negative
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.add(A, self.alpha, out=out)  # alpha exp(z) where z <= 0
        np.copyto(out, 1, where=A > 0)
        return out


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

    def forward(self, Z: Array, out: Array) -> Array:
        self.elu.forward(Z, out)
        out *= self.scale
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.add(A, self.scale * self.elu.alpha, out=out)
        np.copyto(out, self.scale, where=A > 0)
        return out


@dataclass(frozen=True)
class GELU(Activation):
    """Gaussian error linear unit, f(z) = z Phi(z), with the exact normal CDF Phi.

    f'(z) = Phi(z) + z phi(z), with the normal density phi.

    References
    ----------
    Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", arXiv 1606.08415.
    """

    reads_Z: ClassVar[bool] = True

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

    f'(z) = t + z (1 - t^2) s(z), with the logistic sigmoid s.

    References
    ----------
    Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020,
    arXiv 1908.08681.
    """

    reads_Z: ClassVar[bool] = True

    def forward(self, Z: Array, out: Array) -> Array:
        return np.multiply(Z, np.tanh(np.logaddexp(0, Z)), out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        t = np.tanh(np.logaddexp(0, Z))
        np.multiply(t, t, out=out)
        np.subtract(1, out, out=out)
        out *= Z
        out *= special.expit(Z)
        out += t
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
class Exp(Activation):
    """Exponential, f(z) = f'(z) = exp(z): the output of a Poisson regression.

    z is clipped where exp(z) would leave the normal numbers of its dtype.
    """

    range: ClassVar[Interval] = Interval(0, inf)

    def forward(self, Z: Array, out: Array) -> Array:
        limits = np.finfo(Z.dtype)
        np.clip(Z, log(limits.tiny), 0.999 * log(limits.max), out=out)
        return np.exp(out, out=out)

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        np.copyto(out, A)
        return out


@dataclass(frozen=True)
class Softmax(Activation):
    """Softmax, f(z)_k = exp(z_k) / sum_j exp(z_j), over the units of a row.

    The row's maximum is subtracted first, so nothing overflows. The Jacobian is
    diag(a) - a a', hence D = A * (G - sum_j G_j A_j).
    """

    range: ClassVar[Interval] = Interval(0, 1)

    def forward(self, Z: Array, out: Array) -> Array:
        np.subtract(Z, Z.max(axis=1, keepdims=True), out=out)
        np.exp(out, out=out)
        out /= out.sum(axis=1, keepdims=True)
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        """The diagonal of the Jacobian, a_k (1 - a_k)."""
        np.subtract(1, A, out=out)
        out *= A
        return out

    def vjp(self, Z: Array, A: Array, G: Array, out: Array) -> Array:
        np.subtract(G, np.einsum("ij,ij->i", G, A)[:, None], out=out)
        out *= A
        return out


@dataclass(frozen=True)
class Ascending(Activation):
    """Outputs in ascending order, a_1 = z_1 and a_j = a_(j-1) + softplus(z_j).

    For quantiles of several levels, which so never cross.

    Parameters
    ----------
    size : int
        How many neighbouring units ascend together; those of a layer are a multiple.
    """

    size: int

    reads_Z: ClassVar[bool] = True

    def forward(self, Z: Array, out: Array) -> Array:
        groups = Z.reshape(len(Z), -1, self.size)
        steps = np.concatenate(
            [groups[..., :1], np.logaddexp(0, groups[..., 1:])], axis=2
        )
        np.cumsum(steps, axis=2, out=steps)
        np.copyto(out, steps.reshape(Z.shape))
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        """The diagonal of the Jacobian."""
        special.expit(Z, out=out)
        out[:, :: self.size] = 1
        return out

    def vjp(self, Z: Array, A: Array, G: Array, out: Array) -> Array:
        self.derivative(Z, A, out)
        groups = G.reshape(len(G), -1, self.size)
        # z_j moves every a from the j-th on
        out *= np.cumsum(groups[..., ::-1], axis=2)[..., ::-1].reshape(G.shape)
        return out


@dataclass(frozen=True)
class ElementWise(Activation):
    """A user's own pair of functions, applied element by element.

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


ACTIVATIONS: Registry[Activation] = Registry(
    "activation",
    Activation,  # type: ignore[type-abstract]
    {
        "identity": Identity(),
        "heaviside": Heaviside(),
        "logistic": Sigmoid(),  # scikit-learn's name
        "sigmoid": Sigmoid(),
        "tanh": Tanh(),
        "relu": ReLU(),
        "leaky_relu": LeakyReLU(),
        "elu": ELU(),
        "selu": SELU(),
        "gelu": GELU(),
        "silu": SiLU(),
        "mish": Mish(),
        "softplus": Softplus(),
        "softsign": Softsign(),
        "exp": Exp(),
        "softmax": Softmax(),
    },
    from_functions=ElementWise,
)
