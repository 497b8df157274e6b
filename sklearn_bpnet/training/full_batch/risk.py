"""The empirical risk over all samples, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.batches import Batches


@dataclass
class FullBatchRisk:
    """The smooth part of J and its gradient over all samples, chunk by chunk.

    Parameters
    ----------
    risk : EmpiricalRisk
        J.
    batches : Batches
        The samples, in chunks of a size that bounds the memory.
    theta : ndarray of shape (n_parameters,)
        Holds the point at which J is computed, in the network's dtype.

    Attributes
    ----------
    has_samples : bool
        Whether the samples are at hand, rather than in other processes.
    """

    has_samples: ClassVar[bool] = True

    risk: EmpiricalRisk
    batches: Batches
    theta: Array

    def __post_init__(self) -> None:
        network, dtype = self.risk.network, self.theta.dtype
        self.arrays = network.arrays(self.theta)
        self.chunk_gradient = Theta.zeros(network.shapes, dtype)
        self.strength = self.risk.strength(self.theta)
        self.workspace = network.workspace(self.batches.batch_size, dtype)

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        """J without its L1 part, and the gradient of that, at ``x``."""
        self.theta[:] = x
        n, total = self.batches.n_samples, 0.0
        gradient = np.zeros_like(self.theta)
        for batch in self.batches.epoch():
            ws = self.risk.network.part(self.workspace, len(batch.Y))
            part = self.chunk_gradient
            total += self.risk.add_up(
                self.arrays, batch.X, batch.Y, batch.s, n, part.arrays, ws
            )
            gradient += part.flat
        penalty = self.risk.penalty
        scratch = self.chunk_gradient.flat
        penalty.add_l2_gradient(self.theta, self.strength, gradient, scratch)
        return total / n + penalty.l2_value(self.theta, self.strength), gradient
