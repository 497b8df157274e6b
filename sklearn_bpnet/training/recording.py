"""Quantities of the network itself, computed once an epoch if they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.network import LayerWorkspace
from sklearn_bpnet.net.parameters import Parameters
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batch

# Training rows that are looked at: they bound the time, and are enough for a mean.
MOST_ROWS = 1000
# A unit is saturated where the mean of |f'| is at most this share of its largest value.
SATURATED_BELOW = 0.01


class Recorder:
    """The columns of the history that ``record`` asks for.

    Parameters
    ----------
    names : sequence of str
        Of ``RECORDS``.
    risk : EmpiricalRisk
        The network and its loss.
    batch : Batch
        The rows to look at, in memory of their own.
    dtype : dtype
        Of the network.
    """

    def __init__(
        self, names: Sequence[str], risk: EmpiricalRisk, batch: Batch, dtype: np.dtype
    ) -> None:
        self.names = names
        self.risk = risk
        self.batch = batch
        network = risk.network
        self.dtype = dtype
        self.gradient = Parameters.zeros(network.shapes, dtype)
        self.workspace = network.workspace(len(batch.Y), dtype)

    def __call__(self, theta: Array) -> dict[str, float]:
        """One number a quantity and layer, such as ``gradient_norm_1``."""
        X, Y, s = self.batch
        parameters = self.risk.network.parameters(theta.astype(self.dtype, copy=False))
        self.risk.add_up(parameters, X, Y, s, len(Y), self.gradient, self.workspace)
        columns = {}
        for name in self.names:
            for layer, value in enumerate(RECORDS[name](self), start=1):
                if value is not None:
                    columns[f"{name}_{layer}"] = value
        return columns

    def gradient_norms(self) -> list[float | None]:
        """The Euclidean norm of the gradient with respect to every layer's W and b."""
        return [
            float(np.sqrt(sum(np.vdot(array, array) for array in block)))
            for block in self.gradient.blocks
        ]

    def saturation(self) -> list[float | None]:
        """The share of every layer's units that are saturated; see the guide."""
        blocks = self.risk.network.blocks
        return [
            _saturated(block.activation, layer)
            for block, layer in zip(blocks, self.workspace, strict=True)
        ]


RECORDS: dict[str, Callable[[Recorder], list[float | None]]] = {
    "gradient_norm": Recorder.gradient_norms,
    "saturation": Recorder.saturation,
}


def _saturated(f: Activation, layer: LayerWorkspace) -> float | None:
    """The share of units with almost no derivative; None if f mixes the units."""
    if not _is_element_wise(f):
        return None
    slope = np.abs(f.derivative(layer.Z, layer.A, np.empty_like(layer.Z)))
    return float(np.mean(slope.mean(axis=0) <= SATURATED_BELOW * _steepest(f)))


def _steepest(f: Activation) -> float:
    """The largest |f'(z)| for |z| <= 3, where every saturating function is steepest."""
    Z = np.linspace(-3, 3, 601)[:, None]
    A = f.forward(Z, np.empty_like(Z))
    return float(np.abs(f.derivative(Z, A, np.empty_like(Z))).max())


def _is_element_wise(f: Activation) -> bool:
    """Whether a unit's output depends on its own input alone."""
    Z = np.array([[0.5, 0.5], [0.5, -0.5]])
    A = f.forward(Z, np.empty_like(Z))
    return bool(A[0, 0] == A[1, 0])
