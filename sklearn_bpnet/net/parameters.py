"""theta: one flat vector, with a view of every block's arrays into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.vectors import aligned

Shape = tuple[int, ...]


class Parameters:
    """The flat vector theta (or its gradient) and the blocks' views into it.

    An optimiser sees one vector, whatever the depth; a layer sees its W and b.
    Both are the same memory.

    Parameters
    ----------
    shapes : sequence of sequence of tuple of int
        For every block of the network the shapes of its arrays, in order.
    theta : ndarray of shape (n_parameters,)
        The vector that the views look into; it is not copied.

    Attributes
    ----------
    theta : ndarray of shape (n_parameters,)
    blocks : list of tuple of ndarray
        For a dense layer the pair (W, b), and its activation's own weights if it has
        some; (s,) for a learned scale; (w, c, V, d) for an embedding; nothing for a
        block of noise.
    """

    def __init__(self, shapes: Sequence[Sequence[Shape]], theta: Array) -> None:
        self.theta = theta
        self.shapes = shapes
        self.blocks: list[tuple[Array, ...]] = []
        size = _size(shapes)
        if theta.shape != (size,):
            raise ValueError(
                f"theta has {theta.size} numbers; the shapes hold {size}. It must be "
                "one flat vector."
            )
        start = 0
        for block in shapes:
            views = []
            for shape in block:
                stop = start + prod(shape)
                views.append(theta[start:stop].reshape(shape))
                start = stop
            self.blocks.append(tuple(views))

    @classmethod
    def zeros(
        cls, shapes: Sequence[Sequence[Shape]], dtype: DTypeLike = np.float64
    ) -> Parameters:
        """Parameters of the given shapes, all zero."""
        return cls(shapes, aligned((_size(shapes),), dtype))

    @classmethod
    def pack(
        cls, blocks: Iterable[Sequence[Array]], dtype: DTypeLike = np.float64
    ) -> Parameters:
        """Copy the blocks' arrays into one new vector theta."""
        arrays = [tuple(np.asarray(a) for a in block) for block in blocks]
        parameters = cls.zeros([[a.shape for a in block] for block in arrays], dtype)
        for views, block in zip(parameters.blocks, arrays, strict=True):
            for view, array in zip(views, block, strict=True):
                view[...] = array
        return parameters


def _size(shapes: Sequence[Sequence[Shape]]) -> int:
    """How many numbers arrays of these shapes hold."""
    return sum(prod(shape) for block in shapes for shape in block)
