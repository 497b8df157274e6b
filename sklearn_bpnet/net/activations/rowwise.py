"""Activations that mix the units of a row: outputs that belong together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations.base import Activation, Interval

__all__ = [
    "Ascending",
    "Grouped",
    "Softmax",
]


@dataclass(frozen=True)
class Softmax(Activation):
    """Softmax, f(z)_k = exp(z_k) / sum_j exp(z_j), over the units of a row.

    The row's maximum is subtracted first, so nothing overflows. The Jacobian is
    diag(a) - a a', hence D = A * (G - sum_j G_j A_j).
    """

    range: ClassVar[Interval] = Interval(0, 1)

    def usual_size(self, n_units: int) -> float:
        """1 / n_units, as the units of a row sum to 1."""
        return 1 / n_units

    def forward(self, Z: Array, out: Array) -> Array:
        np.subtract(Z, Z.max(axis=1, keepdims=True), out=out)
        np.exp(out, out=out)
        out /= out.sum(axis=1, keepdims=True)
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        """The diagonal of the Jacobian, a_k (1 - a_k)."""
        np.subtract(1, A, out=out)
        out *= A
        return out

    def vjp(self, Z: Array, A: Array, G: Array, out: Array) -> Array:
        np.subtract(G, np.einsum("ij,ij->i", G, A)[:, None], out=out)
        out *= A
        return out


@dataclass(frozen=True)
class Ascending(Activation):
    """Outputs in ascending order, a_1 = z_1 and a_j = a_(j-1) + softplus(z_j).

    For quantiles of several levels, which so never cross.

    Parameters
    ----------
    size : int
        How many neighbouring units ascend together; those of a layer are a multiple.
    """

    size: int

    reads_Z: ClassVar[bool] = True

    def forward(self, Z: Array, out: Array) -> Array:
        groups = Z.reshape(len(Z), -1, self.size)
        steps = np.concatenate(
            [groups[..., :1], np.logaddexp(0, groups[..., 1:])], axis=2
        )
        np.cumsum(steps, axis=2, out=steps)
        np.copyto(out, steps.reshape(Z.shape))
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        """The diagonal of the Jacobian."""
        special.expit(Z, out=out)
        out[:, :: self.size] = 1
        return out

    def vjp(self, Z: Array, A: Array, G: Array, out: Array) -> Array:
        self.derivative(Z, A, out)
        groups = G.reshape(len(G), -1, self.size)
        # z_j moves every a from the j-th on
        out *= np.cumsum(groups[..., ::-1], axis=2)[..., ::-1].reshape(G.shape)
        return out


@dataclass(frozen=True)
class Grouped(Activation):
    """Groups of neighbouring units, each group with its own activation.

    For several columns of class labels: a softmax over the units of every column. The
    Jacobian is block diagonal, with a block for every group.

    Parameters
    ----------
    activations : tuple of Activation
        One for every group.
    sizes : tuple of int
        Number of units of every group, positive.
    """

    activations: tuple[Activation, ...]
    sizes: tuple[int, ...]

    reads_Z: ClassVar[bool] = True

    @property
    def groups(self) -> Iterator[tuple[Activation, slice]]:
        """Activation and units of every group."""
        start = 0
        for activation, size in zip(self.activations, self.sizes, strict=True):
            yield activation, slice(start, start + size)
            start += size

    def forward(self, Z: Array, out: Array) -> Array:
        for f, units in self.groups:
            f.forward(Z[:, units], out=out[:, units])
        return out

    def derivative(self, Z: Array, A: Array, out: Array) -> Array:
        """The diagonal of the Jacobian."""
        for f, units in self.groups:
            f.derivative(Z[:, units], A[:, units], out=out[:, units])
        return out

    def vjp(self, Z: Array, A: Array, G: Array, out: Array) -> Array:
        for f, units in self.groups:
            f.vjp(Z[:, units], A[:, units], G[:, units], out=out[:, units])
        return out


ENTRIES: dict[str, Activation] = {
    "softmax": Softmax(),
}
