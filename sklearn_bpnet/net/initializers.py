"""Initial weights and biases: the point that training starts from.

To add an initialiser: one class and one entry in the registry below it. An activation
says itself which one is usual for it, see ``Activation.usual_initializer``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from math import sqrt
from typing import ClassVar, Literal

import numpy as np

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.hyperparameters import Configurable
from sklearn_bpnet.net.registry import Registry


class Initializer(Configurable, ABC):
    """Draws a weight matrix W of shape (n_in, n_out).

    Attributes
    ----------
    needs_samples : bool
        Whether what is drawn is then adapted to training samples.
    """

    needs_samples: ClassVar[bool] = False

    @abstractmethod
    def draw(
        self, n_in: int, n_out: int, activation: Activation, rng: np.random.Generator
    ) -> Array:
        """Return W for the layer A = f(X @ W + b) with f = ``activation``."""

    def adapt(self, W: Array, A_below: Operand) -> Array:
        """Return W for a layer above ``A_below``, the A[l-1] of training samples."""
        return W


@dataclass(frozen=True)
class VarianceScaling(Initializer):
    """Random weights of mean zero and variance ``gain / fan``.

    Parameters
    ----------
    gain : float
        Positive numerator of the variance.
    fan : {"in", "average"}
        The number the variance is divided by: n_in, or (n_in + n_out) / 2.
    distribution : {"uniform", "normal"}, default="uniform"
        The distribution of the weights.
    """

    gain: float
    fan: Literal["in", "average"]
    distribution: Literal["uniform", "normal"] = "uniform"

    def __post_init__(self) -> None:
        if not self.gain > 0:
            raise ValueError(f"gain must be positive; got {self.gain!r}.")
        if self.fan not in ("in", "average"):
            raise ValueError(f"fan must be 'in' or 'average'; got {self.fan!r}.")
        if self.distribution not in ("uniform", "normal"):
            raise ValueError(
                "distribution must be 'uniform' or 'normal'; got "
                f"{self.distribution!r}."
            )

    def draw(
        self, n_in: int, n_out: int, activation: Activation, rng: np.random.Generator
    ) -> Array:
        fan = n_in if self.fan == "in" else (n_in + n_out) / 2
        deviation = sqrt(self.gain / fan)
        if self.distribution == "normal":
            return rng.normal(0, deviation, (n_in, n_out))
        bound = sqrt(3) * deviation
        return rng.uniform(-bound, bound, (n_in, n_out))


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer.

    References
    ----------
    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks", ICLR 2014, arXiv 1312.6120.
    """

    def draw(
        self, n_in: int, n_out: int, activation: Activation, rng: np.random.Generator
    ) -> Array:
        tall = rng.normal(size=(max(n_in, n_out), min(n_in, n_out)))
        Q, R = np.linalg.qr(tall)
        Q *= np.sign(np.diag(R))  # uniform over the orthogonal matrices
        return Q if n_in >= n_out else Q.T


@dataclass(frozen=True)
class UnitVariance(Initializer):
    """Normal weights, scaled to pre-activations of variance 1 over training samples.

    Layer by layer, from the input up, a unit's weights w ~ N(0, 1) are divided by the
    standard deviation of w . a over training samples, where a is what the layers below
    make of a sample. Other schemes assume uncorrelated inputs of variance 1; this one
    is adapted to the data. Where the standard deviation is zero the weights are those
    of N(0, 1 / n_in).

    References
    ----------
    Mishkin and Matas, "All you need is a good init", ICLR 2016, arXiv 1511.06422.
    Holzmueller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024, arXiv 2407.04491, section 3.
    """

    needs_samples: ClassVar[bool] = True

    def draw(
        self, n_in: int, n_out: int, activation: Activation, rng: np.random.Generator
    ) -> Array:
        return rng.normal(size=(n_in, n_out))

    def adapt(self, W: Array, A_below: Operand) -> Array:
        Z = A_below @ W
        deviation = Z.std(axis=0, dtype=np.float64)
        # below the rounding error of Z it counts as zero
        rounding = 10 * np.finfo(Z.dtype).eps * np.abs(Z).max(axis=0)
        return W / np.where(deviation > rounding, deviation, sqrt(len(W)))


@dataclass(frozen=True)
class Zeros(Initializer):
    """All zeros: fine without hidden layers, a saddle point with them."""

    def draw(
        self, n_in: int, n_out: int, activation: Activation, rng: np.random.Generator
    ) -> Array:
        return np.zeros((n_in, n_out))


# Glorot and Bengio, "Understanding the difficulty of training deep feedforward
# neural networks", AISTATS 2010, eq. 16.
GLOROT = VarianceScaling(1.0, "average")
# He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, eq. 10.
HE = VarianceScaling(2.0, "in")
# LeCun, Bottou, Orr and Mueller, "Efficient BackProp", 1998, eq. 16.
LECUN = VarianceScaling(1.0, "in")


@dataclass(frozen=True)
class Auto(Initializer):
    """The usual choice for the layer's activation, its ``usual_initializer``.

    He for the rectifiers (ReLU, leaky and PReLU, ELU, GELU, SiLU, Mish), LeCun normal
    for SELU, four times LeCun for hidden logistic units, whose slope is 1/4; Glorot for
    the others.
    """

    def draw(
        self, n_in: int, n_out: int, activation: Activation, rng: np.random.Generator
    ) -> Array:
        usual = INITIALIZERS[activation.usual_initializer]
        if activation.stretch != 1:
            usual = VarianceScaling(activation.stretch**2, "in")
        return usual.draw(n_in, n_out, activation, rng)


@dataclass(frozen=True)
class _AutoOfOutput(Initializer):
    """`Auto` for the output layer, whose function follows from the loss."""

    def draw(
        self, n_in: int, n_out: int, activation: Activation, rng: np.random.Generator
    ) -> Array:
        usual = INITIALIZERS[activation.usual_initializer]
        return usual.draw(n_in, n_out, activation, rng)


INITIALIZERS: Registry[Initializer] = Registry(
    "initializer",
    Initializer,  # type: ignore[type-abstract]
    {
        "auto": Auto(),
        "glorot_uniform": GLOROT,
        "glorot_normal": VarianceScaling(1.0, "average", "normal"),
        "he_uniform": HE,
        "he_normal": VarianceScaling(2.0, "in", "normal"),
        "lecun_uniform": LECUN,
        "lecun_normal": VarianceScaling(1.0, "in", "normal"),
        "orthogonal": Orthogonal(),
        "unit_variance": UnitVariance(),
        "zeros": Zeros(),
    },
)


class BiasInitializer(Configurable, ABC):
    """Draws the biases b of a layer, of shape (n_out,).

    Attributes
    ----------
    needs_samples : bool
        Whether what is drawn is then adapted to training samples.
    """

    needs_samples: ClassVar[bool] = False

    @abstractmethod
    def draw(self, n_out: int, rng: np.random.Generator) -> Array:
        """Return b for a layer of ``n_out`` units."""

    def adapt(self, b: Array, Z: Array, rng: np.random.Generator) -> Array:
        """Return b for a layer whose Z[l], with b, are ``Z`` for training samples."""
        return b


@dataclass(frozen=True)
class ZeroBiases(BiasInitializer):
    """All zeros."""

    def draw(self, n_out: int, rng: np.random.Generator) -> Array:
        return np.zeros(n_out)


@dataclass(frozen=True)
class NormalBiases(BiasInitializer):
    """Normal biases of mean zero: the units of a layer bend at different points.

    Parameters
    ----------
    deviation : float, default=1.0
        Standard deviation, positive.

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024, arXiv 2407.04491, section 3.
    """

    deviation: float = 1.0

    def __post_init__(self) -> None:
        if not self.deviation > 0:
            raise ValueError(f"deviation must be positive; got {self.deviation!r}.")

    def draw(self, n_out: int, rng: np.random.Generator) -> Array:
        return rng.normal(0, self.deviation, n_out)


@dataclass(frozen=True)
class Hull(BiasInitializer):
    """Biases that put the bend of every unit among the training samples.

    A unit max(0, w . a + b) bends where w . a = -b. Here that is a random point in the
    convex hull of a few training samples: b = -sum_k s_k w . a_k, with samples a_k
    drawn per unit, and shares s uniform over the simplex, Dirichlet(1, ..., 1).

    Parameters
    ----------
    n_points : int, default=5
        How many samples, at least 1.

    References
    ----------
    Steinwart, "A sober look at neural network initializations", 2019, arXiv 1903.11482
    (hull +5). Holzmueller, Grinsztajn and Steinwart, "Better by default: strong
    pre-tuned MLPs and boosted trees on tabular data", NeurIPS 2024, arXiv 2407.04491.
    """

    needs_samples: ClassVar[bool] = True

    n_points: int = 5

    def __post_init__(self) -> None:
        if not self.n_points >= 1 or int(self.n_points) != self.n_points:
            raise ValueError(
                f"n_points must be a whole number of at least 1; got {self.n_points!r}."
            )

    def draw(self, n_out: int, rng: np.random.Generator) -> Array:
        return np.zeros(n_out)

    def adapt(self, b: Array, Z: Array, rng: np.random.Generator) -> Array:
        n_samples, n_out = Z.shape
        indices = rng.integers(n_samples, size=(self.n_points, n_out))
        shares = rng.dirichlet(np.ones(self.n_points), size=n_out).T
        return b - (shares * np.take_along_axis(Z, indices, axis=0)).sum(axis=0)


BIAS_INITIALIZERS: Registry[BiasInitializer] = Registry(
    "bias_initializer",
    BiasInitializer,  # type: ignore[type-abstract]
    {"zeros": ZeroBiases(), "normal": NormalBiases(), "hull": Hull()},
)


@dataclass(frozen=True)
class Initialization:
    """The initialisation scheme of a network: the distributions of its arrays.

    Parameters
    ----------
    weights : Initializer
        Of the weights.
    biases : BiasInitializer, default=ZeroBiases()
        Of the biases.
    output : Initializer or None, default=None
        Of the output layer's weights, None for ``weights``. With ``Zeros`` the output
        layer's biases are zero too, so that the outputs are.
    """

    weights: Initializer
    biases: BiasInitializer = ZeroBiases()
    output: Initializer | None = None

    @property
    def needs_samples(self) -> bool:
        """Whether what is drawn is adapted to training samples."""
        schemes = self.weights, self.biases, self.output
        return any(s is not None and s.needs_samples for s in schemes)

    @property
    def of_output(self) -> Initialization:
        """The scheme of the output layer."""
        if self.output is None:
            is_auto = isinstance(self.weights, Auto)
            return replace(self, weights=_AutoOfOutput()) if is_auto else self
        is_zero = isinstance(self.output, Zeros)
        return Initialization(self.output, ZeroBiases() if is_zero else self.biases)
