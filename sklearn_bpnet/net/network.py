"""The multi-layer network: the forward pass, and the four equations of the backward.

Rows are samples, so the lecture's column vectors are rows here and W[l] has shape
(n_in, n_out). A network holds no numbers: its parameters are a ``Parameters``, what
a pass computes lies in a ``Workspace``, and both are handed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.activations import Activation, LearnedActivation
from sklearn_bpnet.net.embeddings import Embedding
from sklearn_bpnet.net.initializers import (
    BiasInitializer,
    Initializer,
    ZeroBiases,
    Zeros,
)
from sklearn_bpnet.net.input_scale import InputScale
from sklearn_bpnet.net.noise import Dropout, GaussianNoise, Noise
from sklearn_bpnet.net.parameters import Parameters, Shape
from sklearn_bpnet.net.vectors import aligned


def _product(left: Operand, right: Array, out: Array) -> Array:
    """``left @ right`` into ``out``; only arrays of its dtype can write there.

    NumPy's ``dot`` costs less than its ``matmul`` before it starts to multiply, and
    leaves the products with a single column to BLAS too.
    """
    if isinstance(left, np.ndarray) and left.dtype == out.dtype:
        return left.dot(right, out=out)
    out[...] = left @ right  # a sparse operand makes its own result
    return out


@dataclass
class LayerWorkspace:
    """What one pass over a batch computes in a layer, each (n_rows, n_out).

    ``A`` is ``Z`` itself where the activation does not need Z again.
    """

    Z: Array
    A: Array
    G: Array  # dJ/dA
    D: Array  # dJ/dZ, the lecture's delta
    ones: Array  # (n_rows,): times a matrix, the sum of its rows

    def rows(self, rows: slice) -> LayerWorkspace:
        """Some rows of the same memory."""
        Z = self.Z[rows]
        A = Z if self.A is self.Z else self.A[rows]
        return LayerWorkspace(Z, A, self.G[rows], self.D[rows], self.ones[rows])


# what each block's `workspace` made: a LayerWorkspace for every Dense
Workspace = list[Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Dense:
    """The lecture's layer: an affine map, then an activation.

    Parameters
    ----------
    n_in, n_out : int
        Number of units below and of this layer.
    activation : Activation
        The function f of the layer.
    """

    compiled_as: ClassVar[str | None] = "dense"

    n_in: int
    n_out: int
    activation: Activation

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of W, b and, where the activation learns, its weights."""
        own = [(self.n_out,)] if self.learned else []
        return (self.n_in, self.n_out), (self.n_out,), *own

    @property
    def kinds(self) -> tuple[str, ...]:
        """What these arrays are."""
        return ("W", "b", "activation") if self.learned else ("W", "b")

    @cached_property
    def learned(self) -> LearnedActivation | None:
        """The activation, if it has weights of its own."""
        f = self.activation  # to ask an abstract class at every batch takes time
        return f if isinstance(f, LearnedActivation) else None

    def function(self, parameters: Sequence[Array]) -> Activation:
        """The activation, at its own weights if it has some."""
        return self.learned.at(parameters[2]) if self.learned else self.activation

    def workspace(
        self, n_rows: int, dtype: DTypeLike, keep_Z: bool = False, backward: bool = True
    ) -> LayerWorkspace:
        """Memory for one batch.

        Without ``keep_Z`` A may be written over Z; without ``backward`` there is no
        memory for G and D, which are empty.
        """
        shape = (n_rows, self.n_out)
        Z = aligned(shape, dtype)
        A = aligned(shape, dtype) if keep_Z or self.activation.reads_Z else Z
        if not backward:
            return LayerWorkspace(Z, A, Z[:0], Z[:0], Z[:0, 0])
        G, D = aligned(shape, dtype), aligned(shape, dtype)
        return LayerWorkspace(Z, A, G, D, np.ones(n_rows, dtype))

    def forward(
        self, parameters: Sequence[Array], A_below: Operand, ws: LayerWorkspace
    ) -> Array:
        """A[l] = f(Z[l]) with Z[l] = A[l-1] @ W[l] + b[l]."""
        self.affine(parameters, A_below, ws)
        return self.function(parameters).forward(ws.Z, out=ws.A)

    def affine(
        self, parameters: Sequence[Array], A_below: Operand, ws: LayerWorkspace
    ) -> Array:
        """Z[l] = A[l-1] @ W[l] + b[l]."""
        W, b = parameters[:2]
        _product(A_below, W, out=ws.Z)
        ws.Z += b
        return ws.Z

    def delta(self, parameters: Sequence[Array], ws: LayerWorkspace) -> Array:
        """D[l] = dJ/dZ[l] from G[l] = dJ/dA[l]: BP1 at the output, BP2 below."""
        return self.function(parameters).vjp(ws.Z, ws.A, ws.G, out=ws.D)

    def start(
        self,
        parameters: Sequence[Array],
        law: Initializer,
        biases: BiasInitializer | None,
        rng: np.random.Generator,
        A_below: Operand | None = None,
    ) -> None:
        """Write the initial W and b, and the weights of an activation that learns.

        ``A_below`` is A[l-1] of training rows, where a law needs them; ``biases`` of
        None leaves b as it is.
        """
        W, b, *own = parameters
        W[...] = law.draw(self.n_in, self.n_out, self.activation, rng)
        if law.needs_rows and A_below is not None:
            W[...] = law.adapt(W, A_below)
        if biases is not None:
            b[...] = biases.draw(self.n_out, rng)
            if biases.needs_rows and A_below is not None:
                b[...] = biases.adapt(b, A_below @ W + b, rng)
        if self.learned:
            own[0][...] = self.learned.initial

    def backward(
        self,
        parameters: Sequence[Array],
        A_below: Operand,
        ws: LayerWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """From D[l], write dJ/dW[l], dJ/db[l] and, if asked for, dJ/dA[l-1]."""
        W = parameters[0]
        dW, db = gradient[:2]
        ws.ones.dot(ws.D, out=db)  # BP3: the sum over the rows
        _product(A_below.T, ws.D, out=dW)  # BP4
        if G_below is not None:
            ws.D.dot(W.T, out=G_below)  # BP2, whose factor f' is in `delta`
        if self.learned:
            gradient[2][...] = self.learned.weight_gradient(parameters[2], ws.Z, ws.G)


Block = Dense | Embedding | InputScale | Noise


@dataclass(frozen=True)
class Network:
    """A chain of blocks, f(x, theta) = f_L(... f_1(x)).

    Parameters
    ----------
    blocks : tuple of Dense, Embedding, InputScale or Noise
        From the input to the output, which is Dense.
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
        embedding: Embedding | None = None,
        input_scale: bool = False,
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
        embedding : Embedding or None, default=None
            Makes what the layers see of the inputs.
        input_scale : bool, default=False
            Whether the first layer sees the inputs times a learned scale.
        """
        units = [int(n) for n in units]
        rates = list(dropout) or [0.0] * len(activations)
        blocks: list[Block] = []
        if input_noise:
            blocks.append(GaussianNoise(units[0], input_noise))
        layers = zip(units[:-1], units[1:], activations, rates, strict=True)
        for i, (n_in, n_out, f, rate) in enumerate(layers):
            if rate:
                blocks.append(Dropout(n_in, rate))
            if i == 0 and embedding is not None:
                blocks.append(embedding)
                n_in = embedding.n_out
            if i == 0 and input_scale:
                blocks.append(InputScale(n_in))
            blocks.append(Dense(n_in, n_out, f))
        return cls(tuple(blocks))

    @cached_property
    def layers(self) -> tuple[Dense, ...]:
        """The blocks with weights."""
        return tuple(block for block in self.blocks if isinstance(block, Dense))

    @property
    def embedding(self) -> Embedding | None:
        """The block that embeds features, if there is one."""
        found = (block for block in self.blocks if isinstance(block, Embedding))
        return next(found, None)

    def of_layers(self, entries: Sequence[T]) -> list[T]:
        """Of a sequence with an entry for every block, those of the layers."""
        pairs = zip(self.blocks, entries, strict=True)
        return [entry for block, entry in pairs if isinstance(block, Dense)]

    @property
    def shapes(self) -> list[tuple[Shape, ...]]:
        """The shapes of every block's parameters."""
        return [block.shapes for block in self.blocks]

    @cached_property
    def output_activation(self) -> Activation:
        """The activation of the last layer."""
        return self.layers[-1].activation

    @cached_property
    def _lowest(self) -> int:
        """The index of the lowest block that learns."""
        return next(i for i, block in enumerate(self.blocks) if block.shapes)

    @property
    def is_noisy(self) -> bool:
        """Whether training draws noise."""
        return any(isinstance(block, Noise) for block in self.blocks)

    def draw(
        self, ws: Workspace, rng: np.random.Generator, dropout: float = 1.0
    ) -> None:
        """Draw the noise of the next forward pass and of its backward pass.

        ``dropout`` is the factor of the rates with which units are dropped.
        """
        for block, layer in zip(self.blocks, ws, strict=True):
            if isinstance(block, Noise):
                block.draw(layer, rng, dropout)

    def parameters(self, theta: Array) -> Parameters:
        """The blocks' views into ``theta``."""
        return Parameters(self.shapes, theta)

    def initial_parameters(
        self,
        initializer: Initializer,
        rng: np.random.Generator,
        dtype: DTypeLike,
        *,
        biases: BiasInitializer = ZeroBiases(),  # noqa: B008  (it is immutable)
        output: Initializer | None = None,
        rows: Operand | None = None,
    ) -> Parameters:
        """Weights and biases to start from.

        They are drawn in float64, so a seed means the same in every dtype.

        Parameters
        ----------
        initializer : Initializer
            The law of the weights.
        rng : numpy.random.Generator
            Draws them.
        dtype : dtype
            Of theta.
        biases : BiasInitializer, default=ZeroBiases()
            The law of the biases.
        output : Initializer or None, default=None
            The law of the output layer's weights, None for that of the others. Of
            ``Zeros`` its biases are zero too, so that the outputs are.
        rows : ndarray or sparse operand of shape (n_rows, n_features), default=None
            Training rows, for laws that need them: such a law sees what the blocks
            below, which start first, make of the rows.

        Raises
        ------
        ValueError
            If a law needs rows and there are none.
        """
        laws = [law for law in (initializer, biases, output) if law is not None]
        needs_rows = any(law.needs_rows for law in laws)
        if needs_rows and rows is None:
            raise ValueError(
                f"One of the laws {laws} needs training rows: give `rows`."
            )
        A = rows if needs_rows else None
        parameters, top = Parameters.zeros(self.shapes, dtype), self.blocks[-1]
        for block, arrays in zip(self.blocks, parameters.blocks, strict=True):
            if isinstance(block, InputScale):
                arrays[0][...] = block.initial
            if isinstance(block, Embedding):
                block.draw(arrays, rng)
            if isinstance(block, Dense):
                law = output if output and block is top else initializer
                is_zero = law is output and isinstance(law, Zeros)
                block.start(arrays, law, None if is_zero else biases, rng, A)
            if A is not None and block is not top:
                ws: Any = block.workspace(A.shape[0], dtype, backward=False)
                A = block.forward(arrays, A, ws)
        return parameters

    def is_weight(self, dtype: DTypeLike = np.float64) -> Array:
        """1 where theta holds an element of a W, else 0, shape (n_parameters,)."""
        mask = Parameters.zeros(self.shapes, dtype)
        for W, *_ in self.of_layers(mask.blocks):
            W[...] = 1
        return mask.theta

    def workspace(
        self,
        n_rows: int,
        dtype: DTypeLike,
        backward: bool = True,
        keep_Z: bool = False,
    ) -> Workspace:
        """Memory for one batch of ``n_rows`` rows; the output keeps its Z.

        ``backward`` says whether a backward pass will follow the forward pass,
        ``keep_Z`` whether the hidden layers keep their Z too.
        """
        top = self.blocks[-1]
        return [
            block.workspace(n_rows, dtype, keep_Z or block is top, backward)
            for block in self.blocks
        ]

    def forward(
        self, blocks: Sequence[Sequence[Array]], X: Operand, ws: Workspace
    ) -> Array:
        """The network's outputs A[L] for the rows of X, shape (n_rows, n_outputs)."""
        self.forward_Z(blocks, X, ws)
        return self.output_activation.forward(ws[-1].Z, out=ws[-1].A)

    def forward_Z(
        self, blocks: Sequence[Sequence[Array]], X: Operand, ws: Workspace
    ) -> Array:
        """The outputs' pre-activations Z[L], shape (n_rows, n_outputs)."""
        A: Operand = X
        for block, parameters, layer in zip(
            self.blocks[:-1], blocks[:-1], ws[:-1], strict=True
        ):
            A = block.forward(parameters, A, layer)
        return self.layers[-1].affine(blocks[-1], A, ws[-1])

    def backward(
        self,
        blocks: Sequence[Sequence[Array]],
        X: Operand,
        ws: Workspace,
        gradient: Sequence[Sequence[Array]],
    ) -> None:
        """Backpropagation: from D[L] in ``ws[-1].D`` to the gradient of every block.

        dJ/dX is never computed.
        """
        first = self._lowest
        for i in range(len(self.blocks) - 1, first, -1):
            below = ws[i - 1]
            self.blocks[i].backward(blocks[i], below.A, ws[i], gradient[i], below.G)
            self.blocks[i - 1].delta(blocks[i - 1], below)
        A = ws[first - 1].A if first else X
        self.blocks[first].backward(blocks[first], A, ws[first], gradient[first], None)
