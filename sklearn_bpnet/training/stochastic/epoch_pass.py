"""One pass over the mini-batches: its contract, and the pass in NumPy.

The NumPy pass is the reference; the compiled one does the same without Python between
the batches.
"""

from __future__ import annotations

from math import isfinite, nan
from typing import Protocol

from sklearn_bpnet.net.network import Workspace
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.batches import Batch
from sklearn_bpnet.training.optimizers.step import Step
from sklearn_bpnet.training.stochastic.epoch import Descent, Rates, Walk


class EpochPass(Protocol):
    """Makes the steps of an epoch, in memory that every epoch reuses.

    Attributes
    ----------
    descent : Descent
        What is minimised. Its batches may be replaced between epochs by others of the
        same reader that are no larger.
    """

    descent: Descent

    def run(self, rates: Rates) -> float:
        """Make a step for every batch; return the sum of s_n L_n over the epoch.

        NaN if that of a batch is not finite: the pass ends before the step of that
        batch. Theta, the optimiser's state, the average and the last good theta of the
        walk are updated.
        """


class NumpyEpochPass:
    """The pass in NumPy.

    Parameters
    ----------
    descent : Descent
        What is minimised, with which steps, on which batches.
    walk : Walk
        Theta and the optimiser's state; changed.
    """

    def __init__(self, descent: Descent, walk: Walk) -> None:
        self.descent, self.walk = descent, walk
        risk, theta = descent.risk, walk.theta
        self.network = risk.network
        self.arrays = self.network.arrays(theta)
        self.gradient = Theta.zeros(self.network.shapes, theta.dtype)
        self.step = Step(risk, descent.optimizer, descent.options, theta)
        size = self._whole = descent.batches.batch_size
        self._workspaces = {size: self.network.workspace(size, theta.dtype)}
        self.noise_rng = descent.noise_rng if self.network.is_noisy else None

    def run(self, rates: Rates) -> float:
        """Make a step for every batch; return the sum of s_n L_n over the epoch."""
        walk, theta, g = self.walk, self.walk.theta, self.gradient.flat
        total = 0.0
        # of lists, an element is a Python number at once
        learning_rates, decay_factors, dropout_factors = (x.tolist() for x in rates)
        for i, batch in enumerate(self.descent.batches.epoch(self.descent.rng)):
            total += self._add_up(batch, dropout_factors[i])
            if not isfinite(total):
                return nan
            if i & (i - 1) == 0:  # batches 0, 1, 2, 4, 8, ...
                walk.good[:] = theta
                walk.n_good_steps = walk.n_steps
            # plain SGD's theta <- theta - learning_rate * g; see Optimizer.step
            self.step.take(theta, g, walk.state, learning_rates[i], decay_factors[i])
            walk.n_steps += 1
            if walk.average is not None:
                walk.average.update(theta)
        return total

    def _add_up(self, batch: Batch, dropout_factor: float) -> float:
        """Write the gradient over the batch; return its sum of s_n L_n."""
        X, Y, s = batch
        n, ws = len(Y), self._workspace(len(Y))
        if self.noise_rng is not None:
            self.network.draw(ws, self.noise_rng, dropout_factor)
        gradient = self.gradient.arrays
        return self.descent.risk.add_up(self.arrays, X, Y, s, n, gradient, ws)

    def _workspace(self, n_samples: int) -> Workspace:
        if n_samples not in self._workspaces:  # the last batch, in a whole one's memory
            whole = self._workspaces[self._whole]
            self._workspaces[n_samples] = self.network.part(whole, n_samples)
        return self._workspaces[n_samples]
