"""What one thread does of every step: some rows of the batch, some numbers of theta."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Network, Workspace
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batch
from sklearn_bpnet.training.optimizers import OPTIMIZERS, Optimizer, State
from sklearn_bpnet.training.step import Step, StepOptions

# All of them move a parameter by its own gradients, and keep arrays of theta's shape.
ELEMENTWISE = frozenset(type(optimizer) for optimizer in OPTIMIZERS.values())


class Share:
    """One of several equal shares of a training step.

    Each share adds up the gradient over its rows; when all have, each adds up the
    gradients for its numbers of theta, and steps. A single share does it all.

    Parameters
    ----------
    i, n_shares : int
        This is share ``i`` of ``n_shares``.
    risk : EmpiricalRisk
        What to minimise.
    optimizer : Optimizer
        How a gradient becomes a step.
    options : StepOptions
        What else is done in a step.
    theta : ndarray of shape (n_parameters,)
        The parameters.
    gradients : ndarray of shape (n_shares, n_parameters)
        Each share's gradient.
    workspace : list of LayerWorkspace
        Memory for a whole batch, of which each share uses its rows.
    state : dict
        The optimiser's state, whose arrays are updated.
    """

    def __init__(
        self,
        i: int,
        n_shares: int,
        risk: EmpiricalRisk,
        optimizer: Optimizer,
        options: StepOptions,
        theta: Array,
        gradients: Array,
        workspace: Workspace,
        state: State,
    ) -> None:
        self.i = i
        self.n_shares = n_shares
        self.risk = risk
        self.parameters = risk.network.parameters(theta)
        self.gradient = risk.network.parameters(gradients[i])
        self.workspace = workspace
        self._workspaces: dict[int, Workspace] = {}
        mine = self.numbers = self.part(theta.size)
        self.theta = theta[mine]
        self.gradients = gradients[:, mine]
        self._step = Step(risk, optimizer, options, theta, mine)
        self.state = state
        if n_shares > 1:
            self.state = {
                name: value[mine] if isinstance(value, np.ndarray) else value
                for name, value in state.items()
            }

    @staticmethod
    def can_be_several(
        risk: EmpiricalRisk, optimizer: Optimizer, options: StepOptions
    ) -> bool:
        """Whether shares of dense rows come to the same step, calling known code."""
        functions: list[Any] = [layer.activation for layer in risk.network.layers]
        return (
            type(optimizer) in ELEMENTWISE
            and options.clip_norm is None
            and type(risk) is EmpiricalRisk
            and type(risk.network) is Network
            and type(risk.penalty) is ElasticNet
            and not risk.group.alpha  # whose proximal step needs whole rows of W
            and not risk.network.is_noisy  # one random stream
            and all(
                type(f).__module__.startswith("sklearn_bpnet.")
                for f in (*functions, risk.loss)
            )
        )

    def part(self, n: int) -> slice:
        """What falls to this share of ``n`` things in a row."""
        return slice(n * self.i // self.n_shares, n * (self.i + 1) // self.n_shares)

    def add_up(self, batch: Batch) -> float:
        """Write the gradient over this share's rows; return their sum of s_n L_n."""
        n = len(batch.Y)
        if self.n_shares > 1:
            batch = batch.rows(self.part(n))
        ws = self._rows_of_workspace(n)
        X, Y, s = batch
        blocks, gradient = self.parameters.blocks, self.gradient.blocks
        return self.risk.add_up(blocks, X, Y, s, n, gradient, ws)

    def draw(self, n_rows: int, rng: np.random.Generator, dropout: float) -> None:
        """Draw the network's noise for the next batch, of ``n_rows`` rows.

        ``dropout`` is the factor of the rates with which units are dropped.
        """
        self.risk.network.draw(self._rows_of_workspace(n_rows), rng, dropout)

    def step(self, learning_rate: float, decay_factor: float = 1.0) -> float:
        """Move this share's numbers of theta along the sum of the gradients.

        ``decay_factor`` is that of the weight decay.
        """
        g = self.total_gradient()
        self._step.take(self.theta, g, self.state, learning_rate, decay_factor)
        return 0.0

    def total_gradient(self) -> Array:
        """The sum of the shares' gradients for this one's numbers, in the first."""
        total = self.gradients[0]
        for other in self.gradients[1:]:
            total += other
        return total

    def _rows_of_workspace(self, n_rows: int) -> Workspace:
        if n_rows not in self._workspaces:  # a whole batch, and the last one
            mine = self.part(n_rows)
            self._workspaces[n_rows] = [layer.rows(mine) for layer in self.workspace]
        return self._workspaces[n_rows]
