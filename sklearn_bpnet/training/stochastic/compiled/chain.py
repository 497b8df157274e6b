"""A network as compiled code walks it: addresses of units and of memory."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.memory import CACHE_LINE, aligned
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.stochastic.compiled import elementwise, loops
from sklearn_bpnet.training.stochastic.compiled.supported import Part, parts_of
from sklearn_bpnet.training.stochastic.compiled.units import (
    address_of,
    blas_address,
    with_code,
)


class Chain:
    """The links of a network, and where the numbers of every thread lie.

    Parameters
    ----------
    network : Network
        See `supported.parts_of`.
    dtype : numba dtype
        That of theta.
    is_noisy : bool
        Whether there is noise; otherwise such blocks are left out.
    """

    def __init__(self, network: Network, dtype: Any, is_noisy: bool) -> None:
        self.dtype, self.of_numpy = dtype, np.dtype(str(dtype))
        self.lowest, self.n_noise = 0, 0
        # with the place in theta, and the rows per sample below and above
        self.parts: list[tuple[Part, int, int, int]] = []
        self.noise: list[tuple[str, int]] = []  # distributions, numbers per sample
        self.kept: list[Any] = []  # what addresses point at
        start, has_begun = 0, False
        blocks, parts_of_all = network.blocks, parts_of(network)
        assert parts_of_all is not None
        rows = pairwise(network.rows_below)
        for block, parts, n_rows in zip(blocks, parts_of_all, rows, strict=True):
            if block.is_noisy and not is_noisy:
                continue
            if block.shapes and not has_begun:
                self.lowest, has_begun = len(self.parts), True
            self.parts += [(part, start + part.start, *n_rows) for part in parts]
            start += sum(int(np.prod(shape)) for shape in block.shapes)
        self._units = [
            self._addresses(part, learns=i >= self.lowest)
            for i, (part, *_) in enumerate(self.parts)
        ]

    def _addresses(self, part: Part, *, learns: bool) -> tuple[int, int]:
        types = elementwise.types_of_block(self.dtype)
        backward = part.backward if learns else None
        forward, backward = (
            0 if unit is None else address_of(unit, with_code(code, types))
            for unit, code in zip((part.forward, backward), part.codes, strict=True)
        )
        return forward, backward

    def _keep(self, array: Any) -> int:
        """The address of an array, which lives as long as the chain."""
        self.kept.append(array)
        return int(array.ctypes.data)

    def of_thread(self, theta: Array, gradient: Array, n: int) -> loops.Chain:
        """The links of a thread with n samples per batch, in memory of its own."""
        item, links = theta.itemsize, []
        below = self._keep(self._memory(n * self.parts[0][0].n_in))
        G_below, noise = self._keep(self._memory(n * self.parts[0][0].n_in)), 0
        for (part, start, rows, rows_above), units in zip(
            self.parts, self._units, strict=True
        ):
            A, G, size = below, G_below, n * rows_above * part.n_out
            if not part.in_place:
                A = self._keep(self._memory(size))
                # noise passes the gradient on in its place
                G = G if part.noise else self._keep(self._memory(size))
            constants = np.zeros(max(3, len(part.constants)), theta.dtype)
            constants[: len(part.constants)] = part.constants
            links.append(
                loops.Link(
                    *units,
                    *part.codes,
                    part.n_in,
                    part.n_out,
                    self._keep(constants),
                    self._keep(np.array(part.numbers or (0,), np.intp)),
                    theta.ctypes.data + item * start,
                    gradient.ctypes.data + item * start,
                    below,
                    A,
                    G,
                    G_below,
                    self._keep(self._memory(part.memory(n * rows))),
                    noise if part.noise else -1,
                    rows,
                )
            )
            if part.noise:
                noise += rows * part.n_in
            below, G_below = A, G
        table, fields = np.array(links, np.intp), list(loops.Link.__annotations__)
        A, G, G_below = (fields.index(name) for name in ("A", "G", "G_below"))
        # the loss replaces the output's Z by D
        table[-1, G_below] = table[-2:, G] = table[-1, A]
        return loops.Chain(table, self.lowest, item, blas_address(self.dtype))

    def _memory(self, size: int) -> Array:
        return aligned((max(size, CACHE_LINE),), self.of_numpy)

    @property
    def random_numbers(self) -> Sequence[tuple[str, int]]:
        """The distributions and how many numbers per sample, from below."""
        return [
            (part.noise, rows * part.n_in)
            for part, _, rows, _ in self.parts
            if part.noise
        ]
