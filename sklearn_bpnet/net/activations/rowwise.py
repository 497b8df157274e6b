"""Activations that mix the units of a row: outputs that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import special

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations.base import Activation, Interval

__all__ = [
    "Ascending",
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


ENTRIES: dict[str, Activation] = {
    "softmax": Softmax(),
}
