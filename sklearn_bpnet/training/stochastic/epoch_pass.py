"""What is done of every mini-batch: its gradient, then a step."""

from __future__ import annotations

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Workspace
from sklearn_bpnet.net.parameters import Parameters
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batch
from sklearn_bpnet.training.optimizers import Optimizer, State
from sklearn_bpnet.training.optimizers.step import Step, StepOptions


class BatchStep:
    """The gradient of a batch and the step along it, in memory that is reused.

    Parameters
    ----------
    risk : EmpiricalRisk
        What to minimise.
    optimizer : Optimizer
        How a gradient becomes a step.
    options : StepOptions
        What else is done in a step.
    theta : ndarray of shape (n_parameters,)
        The parameters, changed in place.
    batch_size : int
        Rows of a batch; the last of an epoch may have fewer.
    """

    def __init__(
        self,
        risk: EmpiricalRisk,
        optimizer: Optimizer,
        options: StepOptions,
        theta: Array,
        batch_size: int,
    ) -> None:
        self.risk = risk
        self.theta = theta
        self.parameters = risk.network.parameters(theta)
        self.gradient = Parameters.zeros(risk.network.shapes, theta.dtype)
        self._step = Step(risk, optimizer, options, theta)
        self._workspaces = {batch_size: risk.network.workspace(batch_size, theta.dtype)}
        self._whole = batch_size

    def add_up(self, batch: Batch) -> float:
        """Write the gradient over the batch; return its sum of s_n L_n."""
        X, Y, s = batch
        n, ws = len(Y), self._workspace(len(Y))
        blocks, gradient = self.parameters.blocks, self.gradient.blocks
        return self.risk.add_up(blocks, X, Y, s, n, gradient, ws)

    def draw(self, n_rows: int, rng: np.random.Generator, dropout: float) -> None:
        """Draw the network's noise for the next batch, of ``n_rows`` rows.

        ``dropout`` is the factor of the rates with which units are dropped.
        """
        self.risk.network.draw(self._workspace(n_rows), rng, dropout)

    def step(
        self, state: State, learning_rate: float, decay_factor: float = 1.0
    ) -> None:
        """Move theta along the gradient, and update the optimiser's ``state``.

        ``decay_factor`` is that of the weight decay.
        """
        g = self.gradient.theta
        self._step.take(self.theta, g, state, learning_rate, decay_factor)

    def _workspace(self, n_rows: int) -> Workspace:
        if n_rows not in self._workspaces:  # the last batch, in the memory of a whole
            rows = slice(n_rows)
            whole = self._workspaces[self._whole]
            self._workspaces[n_rows] = [layer.rows(rows) for layer in whole]
        return self._workspaces[n_rows]
