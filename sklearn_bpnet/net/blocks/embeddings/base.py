"""What all numeric embeddings share: hyper-parameters that make a block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks.base import Block
from sklearn_bpnet.net.cached import cached_property
from sklearn_bpnet.net.hyperparameters import Configurable


class NumericEmbedding(Configurable, ABC):
    """The hyper-parameters of an embedding.

    Attributes
    ----------
    n_bins : int
        Into how many bins the range of a feature is divided; 0 where it is not.
    target_aware : bool
        Whether the edges of these bins depend on the targets.
    """

    if TYPE_CHECKING:  # fields of some subclasses

        @property
        def n_bins(self) -> int: ...

        @property
        def target_aware(self) -> bool: ...

    else:
        n_bins = 0
        target_aware = False

    @abstractmethod
    def block(self, n_in: int, embedded: EmbeddedFeatures) -> EmbeddingBlock:
        """The block that embeds some of ``n_in`` features."""

    def _check_counts(self, **least: int) -> None:
        """Raise ValueError unless hyper-parameters are whole numbers of at least so."""
        for name, smallest in least.items():
            value = getattr(self, name)
            if not value >= smallest or int(value) != value:
                raise ValueError(
                    f"{name} must be a whole number of at least {smallest}; got "
                    f"{value!r}."
                )


@dataclass(frozen=True)
class EmbeddedFeatures:
    """The features that are embedded, and the bins of their ranges.

    Parameters
    ----------
    features : ndarray of int
        Their indices, ascending.
    edges : list of ndarray of float64, default=[]
        The edges of the bins of each, ascending and at least two; empty for an
        embedding without bins.
    n_bins : int, default=0
    target_aware : bool, default=False
        The hyper-parameters that the edges were learned with.
    """

    features: NDArray[np.intp]
    edges: list[NDArray[np.float64]] = field(default_factory=list)
    n_bins: int = 0
    target_aware: bool = False

    def suits(self, form: NumericEmbedding) -> bool:
        """Whether an embedding has bins like these."""
        theirs = form.n_bins, bool(form.target_aware)
        return theirs == (self.n_bins, self.target_aware)

    def check(self, n_features: int) -> None:
        """Raise ValueError unless the parts fit each other and so many features."""
        bounds = np.concatenate([[-1], self.features, [n_features]])
        if not (np.diff(bounds) > 0).all():
            raise ValueError("its embedded features are not some of its features")
        if self.edges or self.n_bins:
            if len(self.edges) != len(self.features):
                raise ValueError("not every embedded feature has bins")
            for edges in self.edges:
                if len(edges) < 2 or not np.isfinite(edges).all():
                    raise ValueError("the edges of bins are too few or not finite")
                if not (np.diff(edges) > 0).all():
                    raise ValueError("the edges of bins are not ascending")


class EmbeddingBlock(Block):
    """A block that hands on some features, and then what it makes of others.

    Its outputs are the features ``kept``, followed by those made of the first embedded
    feature, of the second, and so on.
    """

    if TYPE_CHECKING:

        @property
        def features(self) -> tuple[int, ...]: ...

        @property
        def n_made(self) -> NDArray[np.intp]: ...

    needs_dense: ClassVar[bool] = True
    word: ClassVar[str] = "embedding"  # in the names of the outputs
    descriptions: ClassVar[Mapping[str, str]] = {"embedding": "numeric embedding"}
    parameters: ClassVar[Mapping[str, str]] = {"embedding": "numeric_embedding"}

    @property
    def kinds(self) -> tuple[str, ...]:
        """One kind for all arrays."""
        return ("embedding",) * len(self.shapes)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Where a fitted estimator shows the arrays: in one list."""
        return ("embedding_weights_",) * len(self.shapes)

    @cached_property
    def kept(self) -> tuple[int, ...]:
        """The features that are handed on as they are: those not embedded."""
        embedded = set(self.features)
        return tuple(j for j in range(self.n_in) if j not in embedded)

    @cached_property
    def feature_of_output(self) -> NDArray[np.intp]:
        """The feature that every output is made of, shape (n_out,)."""
        new = np.repeat(np.array(self.features, dtype=np.intp), self.n_made)
        return np.concatenate([np.array(self.kept, dtype=np.intp), new])

    def output_names(self, names: Iterable[str]) -> list[str]:
        """The names of the outputs, given those of the features."""
        given = list(names)
        made = zip(self.features, self.n_made, strict=True)
        return [given[j] for j in self.kept] + [
            f"{given[j]}_{self.word}{i}" for j, n in made for i in range(n)
        ]

    def importances(self, arrays: Sequence[Array], above: Array | None) -> Array:
        """Of a feature, the Euclidean norm over all outputs that are made of it."""
        assert above is not None
        squares = np.bincount(self.feature_of_output, above**2, self.n_in)
        norms: Array = np.sqrt(squares)
        return norms


def check_dense(X: Any) -> None:
    """Raise ValueError where X is not an array."""
    if not isinstance(X, np.ndarray):
        raise ValueError(
            "numeric_embedding needs dense X, as the embedding of a zero is not zero; "
            "got a sparse one. Use X.toarray(), or numeric_embedding=None."
        )
