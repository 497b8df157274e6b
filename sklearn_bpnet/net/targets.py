"""What the output neurons mean: how class labels become targets Y, and A probabilities.

A class is a number from 0 to K - 1, and an encoding gives every class a code, one
number in [0, 1] for every output neuron. For two classes all encodings are the same:
a single neuron that stands for the second class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.hyperparameters import Configurable
from sklearn_bpnet.net.registry import Registry

Codes = NDArray[np.intp]


class TargetEncoding(Configurable, ABC):
    """The code of every class, and the way back.

    Attributes
    ----------
    exclusive : bool
        Whether every neuron stands for one class, of which exactly one is true.
    """

    exclusive: ClassVar[bool] = False

    @abstractmethod
    def table(self, n_classes: int) -> NDArray[Any]:
        """The classes' codes, shape (n_classes, n_outputs)."""

    @abstractmethod
    def probabilities(self, A: Array, n_classes: int) -> Array:
        """The probability of every class, shape (n_samples, n_classes).

        Parameters
        ----------
        A : ndarray of shape (n_samples, n_outputs)
            Outputs in [0, 1].
        n_classes : int
            At least 2.
        """

    def encode(self, classes: Codes, n_classes: int) -> NDArray[Any]:
        """Targets Y of shape (n_samples, n_outputs) of the samples' classes."""
        return self.table(n_classes)[classes]

    def decode(self, Y: Array, n_classes: int) -> Codes:
        """The classes whose codes are the rows of Y: the way back from ``encode``."""
        table = self.table(n_classes)
        distances = np.abs(Y[:, None, :] - table).sum(axis=2)
        return distances.argmin(axis=1)

    def agreement(self, S: Array, n_classes: int) -> Array:
        """How well the signs of S match every class's code, (n_samples, n_classes).

        Parameters
        ----------
        S : ndarray of shape (n_samples, n_outputs)
            The more above zero, the more a neuron says yes.
        n_classes : int
            At least 2.
        """
        return S @ (2.0 * self.table(n_classes) - 1.0).T


@dataclass(frozen=True)
class OneHot(TargetEncoding):
    """One neuron for every class; a single one for two classes.

    The probabilities are the outputs, divided by their sum where they do not come
    from a softmax.

    Parameters
    ----------
    two_neurons : bool, default=False
        Whether two classes have a neuron each, as a softmax needs it.
    """

    two_neurons: bool = False

    exclusive: ClassVar[bool] = True

    def table(self, n_classes: int) -> NDArray[Any]:
        if n_classes > 2 or (n_classes == 2 and self.two_neurons):
            return np.eye(n_classes, dtype=np.uint8)
        return np.arange(n_classes, dtype=np.uint8)[:, None]

    def decode(self, Y: Array, n_classes: int) -> Codes:
        if Y.shape[1] == 1:
            return (Y[:, 0] > 0.5).astype(np.intp)
        return Y.argmax(axis=1)

    def probabilities(self, A: Array, n_classes: int) -> Array:
        if A.shape[1] == 1:
            return np.hstack([1 - A, A])
        return A / A.sum(axis=1, keepdims=True)

    def agreement(self, S: Array, n_classes: int) -> Array:
        return S if S.shape[1] > 1 else super().agreement(S, n_classes)


@dataclass(frozen=True)
class BinaryCode(TargetEncoding):
    """ceil(log2 K) neurons: the class's number in binary, the lowest bit first.

    The bits are taken as independent: the probability of a class is the product of
    those of its bits, divided by the sum over all classes (some codes belong to none).
    """

    def table(self, n_classes: int) -> NDArray[Any]:
        n_bits = max(1, (n_classes - 1).bit_length())
        return ((np.arange(n_classes)[:, None] >> np.arange(n_bits)) & 1).astype("u1")

    def probabilities(self, A: Array, n_classes: int) -> Array:
        bits = self.table(n_classes).astype(A.dtype)
        P = np.clip(A, np.finfo(A.dtype).tiny, 1 - np.finfo(A.dtype).epsneg)
        log_P = np.log(P) @ bits.T + np.log1p(-P) @ (1 - bits.T)
        log_P -= log_P.max(axis=1, keepdims=True)
        np.exp(log_P, out=log_P)
        return log_P / log_P.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Ordinal(TargetEncoding):
    """A single neuron, a regression on the class's number k / (K - 1).

    An output between two classes divides the probability between these two, in
    proportion to its closeness: 1 - |(K - 1) a - k|, at least 0.
    """

    def table(self, n_classes: int) -> NDArray[Any]:
        return np.linspace(0, 1, n_classes)[:, None]

    def probabilities(self, A: Array, n_classes: int) -> Array:
        place = np.clip(A, 0, 1) * (n_classes - 1)
        return np.maximum(1 - np.abs(place - np.arange(n_classes)), 0)


TARGET_ENCODINGS: Registry[TargetEncoding] = Registry(
    "target_encoding",
    TargetEncoding,  # type: ignore[type-abstract]
    {"one-hot": OneHot(), "binary": BinaryCode(), "ordinal": Ordinal()},
)
