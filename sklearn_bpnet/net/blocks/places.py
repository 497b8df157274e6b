"""Where a fitted estimator shows the arrays of a network, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    attributes : tuple of str
        Names of the attributes, each once.

    Raises
    ------
    ValueError
        If two blocks would show their arrays in the same place.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        lengths: dict[str, int] = {}  # of the attributes that are lists
        self.of_blocks = [tuple(_places(block, lengths)) for block in blocks]
        places = [place for of_block in self.of_blocks for place in of_block]
        self.attributes = tuple(dict.fromkeys(place.attribute for place in places))
        if len(set(places)) < len(places):
            twice = next(place for place in places if places.count(place) > 1)
            raise ValueError(f"Two blocks show an array as {twice}: see Block.listed.")
        self._lengths = lengths
        # where a list holds None
        self._empty = [
            Place(name, i)
            for name, n in lengths.items()
            for i in range(n)
            if Place(name, i) not in places
        ]
        self._needed = [
            [(place, *place, shape) for place, shape in zip(of, b.shapes, strict=True)]
            for of, b in zip(self.of_blocks, blocks, strict=True)
        ]

    def show(self, arrays: Sequence[Sequence[Array]]) -> dict[str, Any]:
        """The attributes by name, from the arrays of every block."""
        there, lengths = self.attributes, self._lengths
        shown: dict[str, Any] = {
            k: [None] * n for k, n in lengths.items() if k in there
        }
        for places, of_block in zip(self.of_blocks, arrays, strict=True):
            for (attribute, entry), array in zip(places, of_block, strict=True):
                if entry is None:
                    shown[attribute] = array
                else:
                    shown[attribute][entry] = array
        return shown

    def arrays_from(self, shown: Mapping[str, Any]) -> list[tuple[Array, ...]]:
        """The arrays of every block, from the attributes by name.

        A prediction for a single sample calls it, so it does little.
        """
        for name, n in self._lengths.items():
            entries = shown.get(name)
            if entries is not None and len(entries) != n:
                raise ValueError(
                    f"{name} has {len(entries)} entries, the network needs {n}."
                )
        for place in self._empty:
            entries = shown.get(place.attribute)
            if entries is not None and entries[place.entry] is not None:
                shape = np.shape(entries[place.entry])
                raise ValueError(f"{place} has shape {shape}, the network needs None.")
        return [
            tuple([_array(shown, *needed) for needed in of_block])
            for of_block in self._needed
        ]


def _places(block: Block, lengths: dict[str, int]) -> list[Place]:
    """The places of a block's arrays, above blocks with lists of these lengths."""
    names = block.attributes
    places = []
    for k, name in enumerate(names):
        if name in block.listed:
            places.append(Place(name, lengths.get(name, 0) + names[:k].count(name)))
        elif names.count(name) > 1:
            places.append(Place(name, names[:k].count(name)))
            lengths[name] = names.count(name)
        else:
            places.append(Place(name, None))
    for name in block.listed:
        lengths[name] = lengths.get(name, 0) + max(1, names.count(name))
    return places


def _array(
    shown: Mapping[str, Any],
    place: Place,
    attribute: str,
    entry: int | None,
    shape: Shape,
) -> Array:
    """The array at a place, checked."""
    value = shown.get(attribute)
    if entry is not None and value is not None:
        value = value[entry]
    if value is None:
        raise ValueError(f"{place} is missing, the network needs shape {shape}.")
    array: Array = np.asarray(value)
    if array.shape != shape:
        raise ValueError(f"{place} has shape {array.shape}, the network needs {shape}.")
    return array
