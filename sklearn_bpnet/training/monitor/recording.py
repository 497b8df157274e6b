"""Quantities of the network itself, computed once per epoch if requested."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import Activation
from sklearn_bpnet.net.blocks import LayerWorkspace
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.batches import Batch

# Training samples used: the bound limits the time, and is enough for a mean.
MAX_SAMPLES = 1000
# A unit is saturated where the mean of |f'| is at most this share of its largest value.
SATURATED_BELOW = 0.01


class Recorder:
    """Computes the columns of the history that ``record`` names.

    Parameters
    ----------
    names : sequence of str
        Of ``RECORDS``.
    risk : EmpiricalRisk
        The network and its loss.
    batch : Batch
        The samples, in memory of their own.
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
        self.gradient = Theta.zeros(network.shapes, dtype)
        self.workspace = network.workspace(len(batch.Y), dtype)

    def __call__(self, theta: Array) -> dict[str, float]:
        """One number per quantity and layer, such as ``gradient_norm_1``."""
        X, Y, s = self.batch
        theta = theta.astype(self.dtype, copy=False)
        self.arrays = self.risk.network.arrays(theta)
        gradient = self.gradient.arrays
        self.risk.add_up(self.arrays, X, Y, s, len(Y), gradient, self.workspace)
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
            for block in self.risk.network.of_layers(self.gradient.arrays)
        ]

    def saturation(self) -> list[float | None]:
        """The share of every layer's units that are saturated; see the guide."""
        network = self.risk.network
        arrays, passes = map(network.of_layers, (self.arrays, self.workspace))
        return [
            _saturated(layer.function(of_layer), ws)
            for layer, of_layer, ws in zip(network.layers, arrays, passes, strict=True)
        ]


RECORDS: dict[str, Callable[[Recorder], list[float | None]]] = {
    "gradient_norm": Recorder.gradient_norms,
    "saturation": Recorder.saturation,
}


def _saturated(f: Activation, layer: LayerWorkspace) -> float | None:
    """The share of units with almost no derivative; None if f mixes the units."""
    units = saturated_units(f, layer)
    return None if units is None else float(np.mean(units))


def saturated_units(f: Activation, layer: LayerWorkspace) -> NDArray[np.bool_] | None:
    """Which units have almost no derivative; None if f mixes the units."""
    n_units = layer.Z.shape[1]
    if not _is_element_wise(f, n_units):
        return None
    slope = np.abs(f.derivative(layer.Z, layer.A, np.empty_like(layer.Z)))
    few: NDArray[np.bool_] = slope.mean(axis=0) <= SATURATED_BELOW * _steepest(
        f, n_units
    )
    return few


def _steepest(f: Activation, n_units: int) -> float:
    """The largest |f'(z)| for |z| <= 3, where every saturating function is steepest."""
    Z = np.repeat(np.linspace(-3, 3, 601)[:, None], n_units, axis=1)
    A = f.forward(Z, np.empty_like(Z))
    return float(np.abs(f.derivative(Z, A, np.empty_like(Z))).max())


def _is_element_wise(f: Activation, n_units: int) -> bool:
    """Whether a unit's output depends on its own input alone."""
    Z = np.full((2, n_units), 0.5)
    Z[1, 1:] = -0.5
    A = f.forward(Z, np.empty_like(Z))
    return bool(A[0, 0] == A[1, 0])
