"""Steps along sparse batches, at a cost that follows the non-zeros."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batch_step import BatchStep
from sklearn_bpnet.training.batches import Batch
from sklearn_bpnet.training.optimizers import OPTIMIZERS, Optimizer, State
from sklearn_bpnet.training.step import StepOptions

# All of them move a parameter by its own gradients, and keep arrays of theta's shape.
ELEMENTWISE = frozenset(type(optimizer) for optimizer in OPTIMIZERS.values())


class SparseBatchStep(BatchStep):
    """The whole step, reading and moving only the weights of the features in use.

    A feature that is zero in every row of a batch has a gradient of zero. Where a step
    does nothing to such weights, the network may as well be the smaller one that has
    only the other features: its W[1] holds their rows of W[1]. Parameters are those of
    ``BatchStep``.
    """

    features: NDArray[np.integer] | None = None  # in use in the batch; None means all

    @staticmethod
    def is_exact(
        risk: EmpiricalRisk, optimizer: Optimizer, options: StepOptions
    ) -> bool:
        """Whether a step does nothing to a weight whose gradient is zero."""
        return (
            type(optimizer) in ELEMENTWISE
            and optimizer.rests_without_gradient
            and options.are_plain(optimizer)
            and not risk.is_penalised
            and not risk.group.alpha
            and type(risk) is EmpiricalRisk
            and type(risk.network) is Network
            and risk.network.blocks[0].is_layer  # noise would be on all
        )

    def add_up(self, batch: Batch) -> float:
        """Write the gradient over the batch; return its sum of s_n L_n."""
        S: Any = batch.X
        self.features = None
        if not sparse.issparse(S):  # centred, so that no feature is zero
            return super().add_up(batch)
        self.features, columns = np.unique(S.indices, return_inverse=True)
        shape = S.shape[0], len(self.features)
        S = type(S)((S.data, columns, S.indptr), shape=shape)
        (W, *first), *others = self.parameters.arrays
        (_, *d_first), *d_others = self.gradient.arrays
        self.W = W[self.features]
        self.dW = np.empty_like(self.W)
        blocks = [(self.W, *first), *others]
        gradient = [(self.dW, *d_first), *d_others]
        n = len(batch.Y)
        ws = self._workspace(n)
        return self.risk.add_up(blocks, S, batch.Y, batch.s, n, gradient, ws)

    def step(
        self, state: State, learning_rate: float, decay_factor: float = 1.0
    ) -> None:
        """Move the weights of the features in use, and all other parameters.

        Here is no weight decay, see `is_exact`.
        """
        if self.features is None:
            super().step(state, learning_rate, decay_factor)
            return
        W = self.parameters.arrays[0][0]
        of_W = {k: v[: W.size].reshape(W.shape) for k, v in state.items()}
        in_use = {k: v[self.features].ravel() for k, v in of_W.items()}
        step, rest = self._step.optimizer.step, slice(W.size, None)
        step(self.W.ravel(), self.dW.ravel(), in_use, learning_rate)
        W[self.features] = self.W
        for name, numbers in in_use.items():
            of_W[name][self.features] = numbers.reshape(self.W.shape)
        g, others = self.gradient.flat, {k: v[rest] for k, v in state.items()}
        step(self.theta[rest], g[rest], others, learning_rate)
