"""The contract of an optimiser, and what its implementations share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any, ClassVar, Protocol, runtime_checkable

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.hyperparameters import Configurable

State = dict[str, Any]

# A step makes several passes over its vectors. In pieces of this many numbers they
# stay in a core's second-level cache from pass to pass.
_PIECE = 65_536


class Optimizer(Configurable, ABC):
    """A rule theta <- theta + step(gradient, state, learning_rate).

    An optimiser holds hyper-parameters only. What it remembers from step to step is a
    dictionary of flat arrays and numbers, made by ``start`` and handed to every
    ``step``. Its keys tell the states of different rules apart.

    To add one, write the class in a module of this package, and add it to the
    ``ENTRIES`` and ``__all__`` of that module. With a ``proximal_step`` it is
    `Proximal`, too.

    Attributes
    ----------
    full_batch : bool
        Whether the rule is meant for the gradient of all samples, not of mini-batches.
    scale_free : bool
        Whether a step stays the same where all gradients so far are multiplied by one
        number, but for an epsilon: for rules that divide by the gradient's size.
    pauses : bool
        Whether a step may leave theta where it is though it is no minimum.
    constant_rate : bool
        Whether the rule takes the place of a schedule: the learning rate is constant by
        default.
    usual_rate : float
        The default learning rate.
    stable_rate : float
        The default is at most this over the curvature of the risk: for rules that
        diverge above some multiple, gradient descent above 2.
    from_estimator : mapping of str to str
        The estimator's parameters that set hyper-parameters where the optimiser is
        given by its name: from parameter to hyper-parameter.
    weight_decay : float
        Decoupled weight decay that belongs to the rule; training applies it.
    """

    full_batch: ClassVar[bool] = False
    scale_free: ClassVar[bool] = False
    pauses: ClassVar[bool] = False
    constant_rate: ClassVar[bool] = False
    usual_rate: ClassVar[float] = 0.001
    stable_rate: ClassVar[float] = inf
    from_estimator: ClassVar[Mapping[str, str]] = {}
    weight_decay: float = 0.0

    @abstractmethod
    def start(self, theta: Array) -> State:
        """The state before the first step."""

    @abstractmethod
    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        """Move ``theta`` and update ``state`` in place; ``gradient`` is overwritten."""

    def evaluated(self, theta: Array, state: State) -> Array:
        """The weights that are validated, kept and predict: theta by default.

        Rules that define it compute gradients elsewhere. Their state holds weights,
        too, so that it is of no use where theta has been changed.
        """
        return theta

    @property
    def evaluates_theta(self) -> bool:
        """Whether theta itself is what predicts."""
        return type(self).evaluated is Optimizer.evaluated

    @property
    def has_proximal_step(self) -> bool:
        """Whether the rule is `Proximal`, as L1 and group penalties need it."""
        return isinstance(self, Proximal)


@runtime_checkable
class Proximal(Protocol):
    """An optimiser whose steps have a length per unit of gradient.

    L1 and group penalties need one. Rules that follow a gradient's sign are none.

    References
    ----------
    Yang, Yuan, Chatzimichailidis et al., "ProxSGD: training structured neural networks
    under regularization and constraints", ICLR 2020.
    """

    def proximal_step(self, state: State, learning_rate: float) -> float | Array:
        """The length of the last step per unit of gradient.

        A number, or one for every parameter where the optimiser scales each by
        itself. Under a constant gradient g, a step tends to minus this times g,
        so thresholding with it leaves the minimiser of the penalised risk in place.
        """


def pieces(size: int) -> Iterator[slice]:
    """Slices of a vector of this size, each small enough for a core's cache."""
    for start in range(0, size, _PIECE):
        yield slice(start, start + _PIECE)


def check_decay_rates(optimizer: Optimizer, *names: str) -> None:
    """Refuse decay rates outside [0, 1)."""
    for name in names:
        value = getattr(optimizer, name)
        if not 0 <= value < 1:
            raise ValueError(f"{name} must lie in [0, 1); got {value!r}.")


def check_positive(optimizer: Optimizer, *names: str) -> None:
    """Refuse numbers that are not above zero."""
    for name in names:
        value = getattr(optimizer, name)
        if not value > 0:
            raise ValueError(f"{name} must be positive; got {value!r}.")
