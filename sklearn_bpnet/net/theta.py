"""theta: one flat vector, with a view of every block's arrays into it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.memory import aligned

Shape = tuple[int, ...]


class Theta:
    """The flat vector theta (or its gradient), and every block's views into it.

    An optimiser sees one vector, whatever the depth; a layer sees its W and b.
    Both are the same memory.

    Parameters
    ----------
    shapes : sequence of sequence of tuple of int
        For every block of the network the shapes of its arrays, in order.
    flat : ndarray of shape (n_parameters,)
        The vector that the views look into; it is not copied.

    Attributes
    ----------
    flat : ndarray of shape (n_parameters,)
    arrays : list of tuple of ndarray
        The views of every block: (W, b) of a dense layer, and its activation's weights
        if it learns some; an empty tuple for a block without arrays.
    """

    def __init__(self, shapes: Sequence[Sequence[Shape]], flat: Array) -> None:
        self.flat = flat
        self.shapes = shapes
        self.arrays: list[tuple[Array, ...]] = []
        size = n_numbers(shapes)
        if flat.shape != (size,):
            raise ValueError(
                f"theta has {flat.size} numbers; the shapes hold {size}. It must be "
                "one flat vector."
            )
        start = 0
        for of_block in shapes:
            views = []
            for shape in of_block:
                stop = start + prod(shape)
                views.append(flat[start:stop].reshape(shape))
                start = stop
            self.arrays.append(tuple(views))

    @classmethod
    def zeros(
        cls, shapes: Sequence[Sequence[Shape]], dtype: DTypeLike = np.float64
    ) -> Theta:
        """A vector of zeros with views of the given shapes."""
        return cls(shapes, aligned((n_numbers(shapes),), dtype))

    @classmethod
    def pack(
        cls, arrays: Iterable[Sequence[Array]], dtype: DTypeLike = np.float64
    ) -> Theta:
        """Copy every block's arrays into one new vector."""
        given = [tuple(np.asarray(a) for a in of_block) for of_block in arrays]
        theta = cls.zeros([[a.shape for a in of_block] for of_block in given], dtype)
        for views, of_block in zip(theta.arrays, given, strict=True):
            for view, array in zip(views, of_block, strict=True):
                view[...] = array
        return theta


def n_numbers(shapes: Sequence[Sequence[Shape]]) -> int:
    """How many numbers arrays of these shapes hold."""
    return sum(prod(shape) for of_block in shapes for shape in of_block)
