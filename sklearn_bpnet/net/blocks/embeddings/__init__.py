"""Numeric embeddings: several functions of a feature, beside it or in its place.

What a layer makes of a feature times a weight is smooth and, at first, nearly linear.
An embedding offers it waves of the feature, or pieces of its range, as well.

To add one: a subclass of ``NumericEmbedding`` with the hyper-parameters, the block that
it makes, and an entry below.
"""

from __future__ import annotations

from sklearn_bpnet.net.blocks.embeddings.base import (
    EmbeddedFeatures,
    NumericEmbedding,
    check_dense,
)
from sklearn_bpnet.net.blocks.embeddings.bins import Bins
from sklearn_bpnet.net.blocks.embeddings.encoding import PLE, PiecewiseEncoding
from sklearn_bpnet.net.blocks.embeddings.linear import PWL, PiecewiseLinear
from sklearn_bpnet.net.blocks.embeddings.periodic import PBLD, Embedding
from sklearn_bpnet.net.registry import Registry

__all__ = [
    "NUMERIC_EMBEDDINGS",
    "PBLD",
    "PLE",
    "PWL",
    "Bins",
    "EmbeddedFeatures",
    "Embedding",
    "NumericEmbedding",
    "PiecewiseEncoding",
    "PiecewiseLinear",
    "check_dense",
]

NUMERIC_EMBEDDINGS: Registry[NumericEmbedding] = Registry(
    "numeric_embedding",
    NumericEmbedding,  # type: ignore[type-abstract]
    {"pbld": PBLD(), "ple": PLE(), "pwl": PWL()},
)
