"""Blocks of noise: dropout and Gaussian noise, which act in training only.

A block of noise has no arrays in theta. It acts once ``draw`` has drawn its noise for a
batch; a workspace in which nothing was drawn passes everything on as it is.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks.base import Block


@dataclass
class NoiseWorkspace:
    """Memory of a block of noise for one batch, each (n_samples, n_units).

    ``noise`` is what was drawn, or None; A is handed on, G = dJ/dA comes back.
    """

    A: Any
    G: Array
    memory: Array
    noise: Array | None = None

    def part(self, samples: slice) -> NoiseWorkspace:
        """The same memory for some samples of the batch."""
        memory = self.memory[:, samples]
        return NoiseWorkspace(memory[0], memory[1], memory)


@dataclass(frozen=True)
class Noise(Block):
    """Noise that is drawn anew for every batch of training."""

    n_units: int

    is_noisy: ClassVar[bool] = True

    @property
    def n_in(self) -> int:
        """Number of units below."""
        return self.n_units

    @property
    def n_out(self) -> int:
        """Number of units handed on, the same."""
        return self.n_units

    def workspace(
        self,
        n_samples: int,
        dtype: DTypeLike,
        keep_Z: bool = False,
        backward: bool = True,
    ) -> NoiseWorkspace:
        """Memory for one batch; none without a backward pass, that is, training."""
        shape = (3, n_samples if backward else 0, self.n_units)
        memory = np.empty(shape, dtype=dtype)
        return NoiseWorkspace(memory[0], memory[1], memory)

    def draw(
        self, ws: NoiseWorkspace, rng: np.random.Generator, dropout: float = 1.0
    ) -> None:
        """Draw the noise of the next forward pass and of its backward pass.

        ``dropout`` is the factor of the rate with which units are dropped.
        """
        ws.A, ws.noise = ws.memory[0], ws.memory[2]
        self.fill(ws.noise, rng, dropout)

    @abstractmethod
    def fill(self, noise: Array, rng: np.random.Generator, dropout: float) -> None:
        """Draw ``noise``, in place."""

    def forward(self, arrays: Sequence[Array], A_below: Any, ws: Any) -> Any:
        """What is handed on: A_below itself, if no noise was drawn."""
        if ws.noise is None:
            ws.A = A_below
        else:
            self.apply(A_below, ws.noise, out=ws.A)
        return ws.A

    @abstractmethod
    def apply(self, A: Array, noise: Array, out: Array) -> Array:
        """A with the noise, into ``out``."""

    def backward(
        self,
        arrays: Sequence[Array],
        A_below: Any,
        ws: Any,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """Write G_below = dJ/dA_below; there are no arrays."""
        if G_below is None:
            return
        np.copyto(G_below, ws.G)
        if ws.noise is not None:
            self.apply_transposed(G_below, ws.noise)

    def apply_transposed(self, G: Array, noise: Array) -> None:
        """The derivative of ``apply`` applied to G, in place: the identity here."""


@dataclass(frozen=True)
class Dropout(Noise):
    """Sets units to zero at random, each with probability ``rate``.

    The others are multiplied by 1 / (1 - rate), so nothing changes on average, and
    nothing has to be done when predicting.

    Parameters
    ----------
    n_units : int
        Number of units.
    rate : float
        Probability of a unit to be dropped, in [0, 1).

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout: a simple way
    to prevent neural networks from overfitting", JMLR 15, 2014.
    """

    compiled_as: ClassVar[str | None] = "dropout"

    rate: float

    def rate_at(self, factor: float) -> float:
        """The rate times a schedule's factor; ValueError unless it is below 1."""
        rate = self.rate * factor
        if not rate < 1:
            raise ValueError(
                f"its schedule makes {rate:g} of a dropout of {self.rate}: a rate "
                "must stay below 1. Lower the dropout or the schedule's factors."
            )
        return rate

    def check_dropout(self, dropout: float) -> None:
        self.rate_at(dropout)

    def fill(self, noise: Array, rng: np.random.Generator, dropout: float) -> None:
        rate = self.rate_at(dropout)
        rng.random(out=noise, dtype=noise.dtype)
        np.greater_equal(noise, rate, out=noise)
        noise *= 1 / (1 - rate)

    def apply(self, A: Array, noise: Array, out: Array) -> Array:
        return np.multiply(A, noise, out=out)

    def apply_transposed(self, G: Array, noise: Array) -> None:
        G *= noise


@dataclass(frozen=True)
class GaussianNoise(Noise):
    """Adds normal noise of mean zero.

    Parameters
    ----------
    n_units : int
        Number of units.
    deviation : float
        Standard deviation, positive.

    References
    ----------
    Bishop, "Training with noise is equivalent to Tikhonov regularization", Neural
    Computation 7, 1995.
    """

    compiled_as: ClassVar[str | None] = "gaussian_noise"

    deviation: float

    def fill(self, noise: Array, rng: np.random.Generator, dropout: float) -> None:
        rng.standard_normal(out=noise, dtype=noise.dtype)
        noise *= self.deviation

    def apply(self, A: Array, noise: Array, out: Array) -> Array:
        return np.add(A, noise, out=out)
