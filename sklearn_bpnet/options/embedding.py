"""The option of categories as learned embeddings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from sklearn_bpnet.net.blocks.tables import usual_width
from sklearn_bpnet.net.hyperparameters import is_count, is_finite
from sklearn_bpnet.options.base import Option

# Of "auto": on tables made up with 150 and 1000 categories, 4 numbers had the accuracy
# of 8 and 16 with early stopping, and without it a higher one by 0.7 and 1.2 %.
_EMBEDDING_SIZE = 4
# With thousands of samples, embeddings of columns from 10 levels on had 0.89 of the
# error of one-hot encoding in one real table, 0.94 in a second and 1.0 in a third. With
# about a thousand they had 0.84 and 0.96, but 1.03 in two tables of dozens of columns.
_MANY, _MANY_OF_FEW, _MANY_SAMPLES = 10, 41, 2500


@dataclass(frozen=True)
class CategoricalEmbedding(Option):
    """Learned embeddings of categories, for the parameter ``categorical_embedding``.

    Parameters
    ----------
    size : int or "auto", default="auto"
        How many numbers represent a category, at least 1. "auto" is 4, and fewer for
        columns of more than 5000 levels.
    min_categories : int or "auto", default="auto"
        Number of levels from which on a column has an embedding, at least 3; missing
        values and rare levels count as levels. Columns of fewer levels are one-hot
        encoded. "auto" is 10 with 2,500 training samples or more, and 41 with fewer.
    deviation : float, default=0.1
        Standard deviation of the initial embeddings, positive.

    Raises
    ------
    ValueError
        If a number is not valid.

    References
    ----------
    Guo and Berkhahn, "Entity embeddings of categorical variables", arXiv 1604.06737,
    2016.

    Examples
    --------
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.options import CategoricalEmbedding
    >>> embedding = CategoricalEmbedding(4, min_categories=10)
    >>> clf = BPNetClassifier(categorical_embedding=embedding)
    """

    size: int | Literal["auto"] = "auto"
    min_categories: int | Literal["auto"] = "auto"
    deviation: float = 0.1

    def __post_init__(self) -> None:
        if self.size != "auto" and not is_count(self.size):
            raise ValueError(
                f"size must be a whole number of at least 1, or 'auto'; got "
                f"{self.size!r}."
            )
        least: Any = self.min_categories
        if least != "auto" and not (is_count(least) and least >= 3):
            raise ValueError(
                "min_categories must be a whole number of at least 3, or 'auto'; got "
                f"{least!r}."
            )
        if not (is_finite(self.deviation) and self.deviation > 0):
            raise ValueError(f"deviation must be positive; got {self.deviation!r}.")

    @classmethod
    def of(cls, value: Any) -> CategoricalEmbedding | None:  # type: ignore[override]
        """Return the option that a value of ``categorical_embedding`` denotes.

        Parameters
        ----------
        value : int, "auto", None or CategoricalEmbedding
            None denotes that there is no embedding, other values are the size.

        Returns
        -------
        CategoricalEmbedding or None
        """
        if value is None or isinstance(value, cls):
            return value
        return cls(value)

    def width(self, n_categories: int, n_samples: int) -> int:
        """Return the size of the embedding of a column, 0 if it has none.

        Parameters
        ----------
        n_categories : int
            Number of its levels.
        n_samples : int
            Number of training samples.
        """
        least: Any = self.min_categories
        if least == "auto":
            least = _MANY if n_samples >= _MANY_SAMPLES else _MANY_OF_FEW
        if n_categories < least:
            return 0
        if self.size != "auto":
            return int(self.size)
        return min(_EMBEDDING_SIZE, usual_width(n_categories))
