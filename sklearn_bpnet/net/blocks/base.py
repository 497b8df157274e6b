"""What a block is: one link of the network's chain, with its arrays in theta.

A block maps A_below of shape (n_samples, n_in) to A of shape (n_samples, n_out). It
holds no numbers: its arrays are views into theta, what a pass computes lies in its
workspace, and both are handed in.

To add a block: one subclass of ``Block`` with ``n_in``, ``n_out``, the three parallel
tuples ``shapes``, ``kinds`` and ``attributes``, and ``workspace``, ``start``,
``forward`` and ``backward``. Everything else follows from these: the chain, the
penalties, the learning rates by kind, the gradient check, and what a fitted estimator
shows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.theta import Shape


class BlockWorkspace(Protocol):
    """Memory of a block for one batch."""

    A: Any  # what is handed on
    G: Array  # dJ/dA, which the block above writes

    def part(self, samples: slice) -> Any:
        """The same memory for some samples of the batch."""


class Block(ABC):
    """A differentiable function with arrays of its own, or with none.

    Attributes
    ----------
    n_in, n_out : int
        Number of units below, and of units handed on.
    shapes : tuple of tuple of int
        Shapes of the block's arrays in theta.
    kinds : tuple of str
        What each array is: a key of ``learning_rate_factors``.
    attributes : tuple of str
        Where a fitted estimator shows each array. Several arrays of one name are
        shown as a list.
    listed : tuple of str
        Names that are shown as a list with one entry per block that lists them: the
        block's array, or None where the block has no array of that name. Where it has
        several, each is an entry.
    descriptions : mapping of str to str
        Every kind in words, for error messages.
    parameters : mapping of str to str
        The constructor parameter on which the arrays of a kind depend, for the error
        if it changes before training continues.
    penalised : frozenset of str
        The kinds that penalties and weight decay act on.
    penalty_share : float
        The share of the penalty's strength that acts on them.
    is_layer : bool
        Whether it counts as one of the network's layers; see ``Layer``.
    is_noisy : bool
        Whether ``draw`` draws something.
    needs_dense : bool
        Whether X must be an array; above another block it always is.
    makes_dense : bool
        Whether samples of a sparse X are made arrays for it.
    n_copies : int
        How many rows it hands on for every row below. More than 1 where the blocks
        above are given several rows per sample, which then are ``n_samples`` to them.
    reads_codes : bool
        Whether it reads codes of categories: then it comes before all noise.
    compiled_as : str or None
        What the compiled loops know the block as; None leaves the network to NumPy.
    """

    listed: ClassVar[tuple[str, ...]] = ()
    descriptions: ClassVar[Mapping[str, str]] = {}
    parameters: ClassVar[Mapping[str, str]] = {}
    penalised: ClassVar[frozenset[str]] = frozenset()
    is_layer: ClassVar[bool] = False
    is_noisy: ClassVar[bool] = False
    needs_dense: ClassVar[bool] = False
    makes_dense: ClassVar[bool] = False
    reads_codes: ClassVar[bool] = False
    compiled_as: ClassVar[str | None] = None

    if TYPE_CHECKING:  # a dataclass would take properties for its fields' defaults

        @property
        def n_in(self) -> int: ...

        @property
        def n_out(self) -> int: ...

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of the block's arrays in theta."""
        return ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """What each array is."""
        return ()

    @property
    def attributes(self) -> tuple[str, ...]:
        """Where a fitted estimator shows each array."""
        return ()

    @property
    def n_copies(self) -> int:
        """How many rows it hands on for every row below."""
        return 1

    @property
    def penalty_share(self) -> float:
        """The share of the penalty's strength that acts on the block's weights."""
        return 1.0

    @abstractmethod
    def workspace(
        self,
        n_samples: int,
        dtype: DTypeLike,
        keep_Z: bool = False,
        backward: bool = True,
    ) -> Any:
        """Memory for one batch, a ``BlockWorkspace``.

        ``keep_Z`` asks a layer not to write A over Z; without ``backward`` no memory
        for the backward pass is needed.
        """

    def start(  # noqa: B027  (nothing to do without arrays)
        self,
        arrays: Sequence[Array],
        scheme: Initialization,
        rng: np.random.Generator,
        A_below: Operand | None = None,
    ) -> None:
        """Write the initial values of the arrays, which are zero before.

        ``A_below`` is what the block sees of training samples where ``scheme`` needs
        them, else None.
        """

    def draw(  # noqa: B027  (nothing to do without noise)
        self, ws: Any, rng: np.random.Generator, dropout: float = 1.0
    ) -> None:
        """Draw the noise of the next forward pass and of its backward pass.

        ``dropout`` is the factor of the rates with which units are dropped.
        """

    def check_dropout(self, dropout: float) -> None:  # noqa: B027
        """Raise ValueError if that factor of the rates is not allowed."""

    @abstractmethod
    def forward(self, arrays: Sequence[Array], A_below: Any, ws: Any) -> Any:
        """Compute A into the workspace and return it."""

    @abstractmethod
    def backward(
        self,
        arrays: Sequence[Array],
        A_below: Any,
        ws: Any,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """From G = dJ/dA in ``ws.G``, write dJ/d(arrays) and dJ/dA_below.

        They are written into the arrays of ``gradient``, and into ``G_below`` unless
        it is None.
        """

    def on_inputs(self, n_in: int) -> Block | None:
        """The same function of A_below @ W, with another ``n_in``.

        None if it is no such function, or its W is not the first of its arrays.
        """
        return None

    def output_names(self, names: Iterable[str]) -> list[str]:
        """The names of the outputs, given those of the inputs; the same, as a rule."""
        return list(names)

    def importances(self, arrays: Sequence[Array], above: Array | None) -> Array:
        """How much the block makes of each of its inputs, shape (n_in,).

        ``above`` is the same for its outputs, or None for the first layer.
        """
        assert above is not None
        return above


class Layer(Block):
    """A block with an activation: Z[l] from A[l-1], and A[l] = f(Z[l]).

    Its workspace has Z, A, G = dJ/dA and D = dJ/dZ. The network's output is a layer.
    """

    is_layer: ClassVar[bool] = True

    if TYPE_CHECKING:

        @property
        def activation(self) -> Activation: ...

    @abstractmethod
    def function(self, arrays: Sequence[Array]) -> Activation:
        """The activation, with its learned weights if it has some."""

    @abstractmethod
    def affine(self, arrays: Sequence[Array], A_below: Any, ws: Any) -> Array:
        """Compute Z[l] into the workspace and return it."""

    @abstractmethod
    def delta(self, arrays: Sequence[Array], ws: Any) -> Array:
        """Compute D[l] = dJ/dZ[l] from G[l] = dJ/dA[l]."""

    @abstractmethod
    def backward_from_delta(
        self,
        arrays: Sequence[Array],
        A_below: Any,
        ws: Any,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """What follows in ``backward`` once ``ws.D`` holds D[l]."""
