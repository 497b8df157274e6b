"""Where a fitted estimator shows the arrays of a network, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks.base import Block
from sklearn_bpnet.net.theta import Shape


class Place(NamedTuple):
    """Where a fitted estimator shows an array: ``coefs_[1]``, ``input_shift_``.

    Parameters
    ----------
    attribute : str
        Name of the attribute.
    entry : int or None
        Which entry, if the attribute is a list.
    """

    attribute: str
    entry: int | None

    def __str__(self) -> str:
        return self.attribute + ("" if self.entry is None else f"[{self.entry}]")


class Places:
    """The places of all arrays of a chain of blocks.

    Parameters
    ----------
    blocks : sequence of Block
        The chain.

    Attributes
    ----------
    of_blocks : list of tuple of Place
        For every block the places of its arrays.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks
        self._lengths: dict[str, int] = {}  # of the attributes that are lists
        self.of_blocks = [tuple(self._places(block)) for block in blocks]

    def _places(self, block: Block) -> Iterator[Place]:
        names, lengths = block.attributes, self._lengths
        for k, name in enumerate(names):
            if name in block.listed:
                yield Place(name, lengths.get(name, 0))
            elif names.count(name) > 1:
                yield Place(name, names[:k].count(name))
            else:
                yield Place(name, None)
        for name in block.listed:
            lengths[name] = lengths.get(name, 0) + 1
        lengths |= {
            name: names.count(name)
            for name in names
            if name not in block.listed and names.count(name) > 1
        }

    @cached_property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes, each once."""
        return tuple(dict.fromkeys(p.attribute for of in self.of_blocks for p in of))

    def show(self, arrays: Sequence[Sequence[Array]]) -> dict[str, Any]:
        """The attributes by name, from the arrays of every block."""
        lengths = {k: n for k, n in self._lengths.items() if k in self.attributes}
        shown: dict[str, Any] = {k: [None] * n for k, n in lengths.items()}
        for places, of_block in zip(self.of_blocks, arrays, strict=True):
            for (attribute, entry), array in zip(places, of_block, strict=True):
                if entry is None:
                    shown[attribute] = array
                else:
                    shown[attribute][entry] = array
        return shown

    def arrays_from(self, shown: Mapping[str, Any]) -> list[tuple[Array, ...]]:
        """The arrays of every block, from the attributes by name."""
        for name, n in self._lengths.items():
            if shown.get(name) is not None:
                self._check_list(name, shown[name], n)
        return [
            tuple(
                _array(shown, place, shape)
                for place, shape in zip(places, block.shapes, strict=True)
            )
            for places, block in zip(self.of_blocks, self.blocks, strict=True)
        ]

    def _check_list(self, name: str, entries: Sequence[Any], n: int) -> None:
        """Raise ValueError unless a list has an entry where the network has one."""
        if len(entries) != n:
            raise ValueError(
                f"{name} has {len(entries)} entries, the network needs {n}."
            )
        places = (place for of_block in self.of_blocks for place in of_block)
        needed = {place.entry for place in places if place.attribute == name}
        for i, entry in enumerate(entries):
            if entry is not None and i not in needed:
                raise ValueError(
                    f"{name}[{i}] has shape {np.shape(entry)}, the network needs None."
                )


def _array(shown: Mapping[str, Any], place: Place, shape: Shape) -> Array:
    """The array at a place, checked."""
    value = shown.get(place.attribute)
    if value is not None and place.entry is not None:
        value = value[place.entry]
    if value is None:
        raise ValueError(f"{place} is missing, the network needs shape {shape}.")
    array: Array = np.asarray(value)
    if array.shape != shape:
        raise ValueError(f"{place} has shape {array.shape}, the network needs {shape}.")
    return array
