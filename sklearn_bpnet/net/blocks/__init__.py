"""The blocks that a network is a chain of.

To add one: a class in a file of its own here, see ``base``.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from sklearn_bpnet.net.blocks.base import Block, BlockWorkspace, Layer
from sklearn_bpnet.net.blocks.dense import Dense, LayerWorkspace
from sklearn_bpnet.net.blocks.embeddings import (
    NUMERIC_EMBEDDINGS,
    PBLD,
    PLE,
    PWL,
    EmbeddedFeatures,
    Embedding,
    NumericEmbedding,
    PiecewiseEncoding,
    PiecewiseLinear,
)
from sklearn_bpnet.net.blocks.input_scale import InputScale
from sklearn_bpnet.net.blocks.lookup import Lookup
from sklearn_bpnet.net.blocks.members import MemberHeads, MemberScale
from sklearn_bpnet.net.blocks.noise import Dropout, GaussianNoise, Noise
from sklearn_bpnet.net.blocks.tables import FixedTable, LearnedTable, OneHotTable

__all__ = [
    "KINDS",
    "NUMERIC_EMBEDDINGS",
    "PBLD",
    "PLE",
    "PWL",
    "Block",
    "BlockWorkspace",
    "Dense",
    "Dropout",
    "EmbeddedFeatures",
    "Embedding",
    "FixedTable",
    "GaussianNoise",
    "InputScale",
    "Layer",
    "LayerWorkspace",
    "LearnedTable",
    "Lookup",
    "MemberHeads",
    "MemberScale",
    "Noise",
    "NumericEmbedding",
    "OneHotTable",
    "PiecewiseEncoding",
    "PiecewiseLinear",
]


def _subclasses(cls: type[Block]) -> Iterator[type[Block]]:
    for child in cls.__subclasses__():
        yield child
        yield from _subclasses(child)


# so that a block is known as soon as its file is here
for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

# Every kind of array that the blocks of the package have, in words
KINDS: dict[str, str] = {
    kind: words
    for block in _subclasses(Block)  # type: ignore[type-abstract]
    for kind, words in block.descriptions.items()
}
