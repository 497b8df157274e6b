"""The multi-layer network: a chain of blocks, f(x, theta) = f_L(... f_1(x)).

Rows are samples, so the lecture's column vectors are rows here and W[l] has shape
(n_in, n_out). A network holds no numbers: its arrays are views into ``Theta``, what a
pass computes lies in a ``Workspace``, and both are handed in. The four equations of
the backward pass are those of a layer, see ``blocks.dense.Dense``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.blocks import (
    Block,
    Dense,
    Dropout,
    GaussianNoise,
    Layer,
    MemberHeads,
)
from sklearn_bpnet.net.blocks.places import Places
from sklearn_bpnet.net.cached import cached_property
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.theta import Shape, Theta, n_numbers

Arrays = Sequence[Sequence[Array]]  # the arrays of every block
Workspace = list[Any]  # the BlockWorkspace of every block
T = TypeVar("T")


@dataclass(frozen=True)
class Network:
    """A chain of blocks, f(x, theta) = f_L(... f_1(x)).

    Parameters
    ----------
    blocks : tuple of Block
        From the input to the output, which is a Layer.
    """

    blocks: tuple[Block, ...]

    @classmethod
    def dense(
        cls,
        units: Sequence[int],
        activations: Sequence[Activation],
        *,
        dropout: Sequence[float] = (),
        input_noise: float = 0.0,
        inputs: Sequence[Block] = (),
        n_heads: int | None = None,
    ) -> Network:
        """A multi-layer perceptron.

        Parameters
        ----------
        units : sequence of int, length n_layers
            Number of inputs, of units in each hidden layer, of outputs.
        activations : sequence of Activation, length n_layers - 1
            Those of the hidden layers, then that of the output.
        dropout : sequence of float, default=()
            Rates of the inputs and of every hidden layer, length n_layers - 1, each
            in [0, 1); empty for none.
        input_noise : float, default=0.0
            Standard deviation of the noise on the inputs, at least 0.
        inputs : sequence of Block, default=()
            What the inputs pass through before the first layer, from below: tables of
            categories, an embedding, a learned scale. The noise and the dropout of the
            inputs come above the tables and below the others.
        n_heads : int or None, default=None
            Number of members that have an output layer each, where the last of
            ``inputs`` makes rows of theirs, a `MemberScale`; None for one output layer.
        """
        units = [int(n) for n in units]
        rates = list(dropout) or [0.0] * len(activations)
        blocks = [block for block in inputs if block.reads_codes]
        others = [block for block in inputs if not block.reads_codes]
        if blocks:
            units[0] = blocks[-1].n_out
        if input_noise:
            blocks.append(GaussianNoise(units[0], input_noise))
        layers = zip(units[:-1], units[1:], activations, rates, strict=True)
        for i, (n_in, n_out, f, rate) in enumerate(layers):
            if rate:
                blocks.append(Dropout(n_in, rate))
            if i == 0 and others:
                blocks.extend(others)
                n_in = others[-1].n_out
            if n_heads is not None and i == len(units) - 2:
                blocks.append(MemberHeads(n_in, n_out, f, n_heads))
            else:
                blocks.append(Dense(n_in, n_out, f))
        return cls(tuple(blocks))

    # The chain

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The blocks with an activation, W and b."""
        layers = tuple(block for block in self.blocks if block.is_layer)
        return cast(tuple[Layer, ...], layers)

    @property
    def blocks_below_layers(self) -> tuple[Block, ...]:
        """The blocks between the features and the first layer."""
        return self.blocks[: self.blocks.index(self.layers[0])]

    @cached_property
    def output(self) -> Layer:
        """The last layer."""
        return cast(Layer, self.blocks[-1])

    @cached_property
    def output_activation(self) -> Activation:
        """The activation of the last layer."""
        return self.output.activation

    @property
    def is_noisy(self) -> bool:
        """Whether training draws noise."""
        return any(block.is_noisy for block in self.blocks)

    @cached_property
    def rows_below(self) -> tuple[int, ...]:
        """How many rows per sample every block is given, and how many come out."""
        counts = [1]
        for block in self.blocks:
            counts.append(counts[-1] * block.n_copies)
        return tuple(counts)

    @property
    def n_members(self) -> int:
        """How many rows per sample come out: one per member that shares weights."""
        return self.rows_below[-1]

    @cached_property
    def makes_dense(self) -> bool:
        """Whether samples of a sparse X are made arrays, whatever is faster."""
        return any(block.makes_dense for block in self.blocks)

    @cached_property
    def layer_work(self) -> tuple[int, ...]:
        """How many multiplications a forward pass takes per sample, by layer."""
        pairs = zip(self.blocks, self.rows_below[:-1], strict=True)
        return tuple(b.n_in * b.n_out * rows for b, rows in pairs if b.is_layer)

    @cached_property
    def n_layers_below(self) -> tuple[int, ...]:
        """The number of layers below every block."""
        counts = np.cumsum([block.is_layer for block in self.blocks])
        return 0, *(int(n) for n in counts[:-1])

    @cached_property
    def _lowest(self) -> int:
        """The index of the lowest block that learns."""
        return next(i for i, block in enumerate(self.blocks) if block.shapes)

    def of_layers(self, entries: Sequence[T]) -> list[T]:
        """Of a sequence with an entry for every block, those of the layers."""
        pairs = zip(self.blocks, entries, strict=True)
        return [entry for block, entry in pairs if block.is_layer]

    # Theta

    @property
    def shapes(self) -> list[tuple[Shape, ...]]:
        """The shapes of every block's arrays."""
        return [block.shapes for block in self.blocks]

    @cached_property
    def n_parameters(self) -> int:
        """The length of theta."""
        return n_numbers(self.shapes)

    @property
    def kinds(self) -> dict[str, str]:
        """What theta holds: the kinds of arrays, with a description of each."""
        there = {kind for block in self.blocks for kind in block.kinds}
        described: dict[str, str] = {}
        for block in self.blocks:
            described |= {k: v for k, v in block.descriptions.items() if k in there}
        return described

    def arrays(self, theta: Array) -> list[tuple[Array, ...]]:
        """Every block's views into the flat vector ``theta``."""
        return Theta(self.shapes, theta).arrays

    def is_weight(self, dtype: DTypeLike = np.float64) -> Array:
        """1 where theta holds what penalties and weight decay act on, else 0.

        These are the elements of every W, but not biases. Shape (n_parameters,).
        """
        mask = Theta.zeros(self.shapes, dtype)
        for block, arrays in zip(self.blocks, mask.arrays, strict=True):
            for kind, array in zip(block.kinds, arrays, strict=True):
                array[...] = kind in block.penalised
        return mask.flat

    def initial_theta(
        self,
        scheme: Initialization,
        rng: np.random.Generator,
        dtype: DTypeLike,
        X: Operand | None = None,
    ) -> Theta:
        """The point that training starts from.

        Numbers are drawn in float64, so a seed means the same in every dtype. The
        schemes assume activations of size 1 below a layer: above a softmax of n units,
        which are about 1 / n, the weights are n times as large.

        Parameters
        ----------
        scheme : Initialization
            The distributions of weights and biases.
        rng : numpy.random.Generator
            Draws them.
        dtype : dtype
            Of theta.
        X : ndarray or sparse operand of shape (n_samples, n_features), default=None
            Training samples, for a scheme that needs them. The blocks start from below,
            so that each sees what those below it make of the samples.

        Raises
        ------
        ValueError
            If the scheme needs samples and there are none.
        """
        if scheme.needs_samples and X is None:
            raise ValueError(f"{scheme} needs training samples: give `X`.")
        A: Any = X if scheme.needs_samples else None
        theta, top = Theta.zeros(self.shapes, dtype), self.blocks[-1]
        size = 1.0
        for block, arrays in zip(self.blocks, theta.arrays, strict=True):
            of_block = scheme.of_output if block is top else scheme
            block.start(arrays, of_block, rng, A)
            if block.is_layer:
                if size != 1 and not of_block.weights.needs_samples:
                    arrays[0][...] /= size
                layer = cast(Layer, block)
                size = layer.activation.usual_size(layer.n_out)
            if A is not None and block is not top:
                ws = block.workspace(A.shape[0], dtype, backward=False)
                A = block.forward(arrays, A, ws)
        return theta

    # The passes

    def workspace(
        self,
        n_samples: int,
        dtype: DTypeLike,
        backward: bool = True,
        keep_Z: bool = False,
    ) -> Workspace:
        """Memory for one batch of ``n_samples``; the output keeps its Z.

        ``backward`` says whether a backward pass will follow the forward pass,
        ``keep_Z`` whether the hidden layers keep their Z too.
        """
        top = self.blocks[-1]
        return [
            block.workspace(n_samples * rows, dtype, keep_Z or block is top, backward)
            for block, rows in zip(self.blocks, self.rows_below[:-1], strict=True)
        ]

    def part(self, ws: Workspace, n_samples: int) -> Workspace:
        """The same memory for the first samples of the batch."""
        pairs = zip(ws, self.rows_below[:-1], strict=True)
        return [of_block.part(slice(n_samples * rows)) for of_block, rows in pairs]

    def draw(
        self, ws: Workspace, rng: np.random.Generator, dropout: float = 1.0
    ) -> None:
        """Draw the noise of the next forward pass and of its backward pass.

        ``dropout`` is the factor of the rates with which units are dropped.
        """
        for block, of_block in zip(self.blocks, ws, strict=True):
            block.draw(of_block, rng, dropout)

    def forward(self, arrays: Arrays, X: Operand, ws: Workspace) -> Array:
        """The outputs A[L] for the samples X, shape (n_samples, n_outputs).

        There are ``n_members`` rows per sample, those of a sample one after the other.
        """
        self.forward_Z(arrays, X, ws)
        return self.output_activation.forward(ws[-1].Z, out=ws[-1].A)

    def forward_Z(self, arrays: Arrays, X: Operand, ws: Workspace) -> Array:
        """The outputs' pre-activations Z[L], of the shape of A[L]."""
        A: Operand = X
        for i, block in enumerate(self.blocks[:-1]):
            A = block.forward(arrays[i], A, ws[i])
        return self.output.affine(arrays[-1], A, ws[-1])

    def backward(
        self, arrays: Arrays, X: Operand, ws: Workspace, gradient: Arrays
    ) -> None:
        """Backpropagation: from D[L] in ``ws[-1].D`` to the gradient of every block.

        dJ/dX is never computed.
        """
        blocks, top = self.blocks, len(self.blocks) - 1
        A, G = self._below(top, X, ws)
        self.output.backward_from_delta(arrays[top], A, ws[top], gradient[top], G)
        for i in range(top - 1, self._lowest - 1, -1):
            A, G = self._below(i, X, ws)
            blocks[i].backward(arrays[i], A, ws[i], gradient[i], G)

    def _below(self, i: int, X: Operand, ws: Workspace) -> tuple[Any, Array | None]:
        """A[i-1], and where G[i-1] goes: nowhere if nothing below learns."""
        A = ws[i - 1].A if i else X
        return A, (ws[i - 1].G if i > self._lowest else None)

    # What a fitted estimator shows

    @cached_property
    def places(self) -> Places:
        """Where a fitted estimator shows every array."""
        return Places(self.blocks)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes that show the arrays; see ``show``."""
        return self.places.attributes

    def show(self, arrays: Arrays) -> dict[str, Any]:
        """The attributes that show the arrays on a fitted estimator.

        Such an attribute is an array, or a list: with an entry per layer (``coefs_``,
        None for a layer that has no such array), or of all arrays that one block
        has under the name. What no block has is left out.
        """
        return self.places.show(arrays)

    def arrays_from(self, shown: Mapping[str, Any]) -> list[tuple[Array, ...]]:
        """Every block's arrays from the attributes that show them: the way back.

        Parameters
        ----------
        shown : mapping of str to array-like or list of array-like
            As from ``show``; other keys are ignored. An array may have been replaced
            by any array-like of its shape.

        Raises
        ------
        ValueError
            If an attribute is missing, or a length or shape is not the network's.
        """
        return self.places.arrays_from(shown)

    def feature_importances(self, arrays: Arrays) -> Array:
        """The norm of the weights that leave every feature, shape (n_features,)."""
        first = self.blocks.index(self.layers[0])
        importances: Array | None = None
        for block, of_block in zip(
            self.blocks[first::-1], arrays[first::-1], strict=True
        ):
            importances = block.importances(of_block, importances)
        assert importances is not None
        return importances
