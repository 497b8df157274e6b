"""The blocks that a network is a chain of.

To add one: a class in a file of its own here, see ``base``, and its name in ``BLOCKS``.
"""

from __future__ import annotations

from sklearn_bpnet.net.blocks.base import Block, BlockWorkspace, Layer
from sklearn_bpnet.net.blocks.dense import Dense, LayerWorkspace
from sklearn_bpnet.net.blocks.embeddings import NUMERIC_EMBEDDINGS, PBLD, Embedding
from sklearn_bpnet.net.blocks.input_scale import InputScale
from sklearn_bpnet.net.blocks.noise import Dropout, GaussianNoise, Noise

__all__ = [
    "BLOCKS",
    "KINDS",
    "NUMERIC_EMBEDDINGS",
    "PBLD",
    "Block",
    "BlockWorkspace",
    "Dense",
    "Dropout",
    "Embedding",
    "GaussianNoise",
    "InputScale",
    "Layer",
    "LayerWorkspace",
    "Noise",
]

BLOCKS: tuple[type[Block], ...] = (Dense, InputScale, Embedding, Dropout, GaussianNoise)

# Every kind of array that these blocks have, in words
KINDS: dict[str, str] = {
    kind: words for block in BLOCKS for kind, words in block.descriptions.items()
}
