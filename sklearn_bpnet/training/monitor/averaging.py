"""The exponential moving average of the weights."""

from __future__ import annotations

import numpy as np

from sklearn_bpnet.net._typing import Array


class WeightAverage:
    """The mean of theta after every step, recent steps counting more.

    After step t it is sum_i decay^(t-i) theta_i / sum_i decay^(t-i), i = 1 ... t: the
    initial weights do not count, as in Adam's bias correction. It moves less from step
    to step than theta itself, and averages the noise of mini-batches out.

    Parameters
    ----------
    decay : float
        In [0, 1); 0 is theta itself. About the last 1 / (1 - decay) steps count.
    theta : ndarray of shape (n_parameters,)
        Where training starts: the average before the first step.
    n_steps : int, default=0
        Steps that ``theta``, then an average, already includes.

    Attributes
    ----------
    theta : ndarray of shape (n_parameters,)
        The average.

    References
    ----------
    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM
    Journal on Control and Optimization 30, 1992.
    """

    def __init__(self, decay: float, theta: Array, n_steps: int = 0) -> None:
        self.decay = decay
        self.theta = theta.copy()
        self.n_steps = n_steps
        self._scratch = np.empty_like(theta)

    def update(self, theta: Array) -> None:
        """Take in the theta after a step."""
        self.n_steps += 1
        share = (1 - self.decay) / (1 - self.decay**self.n_steps)
        np.subtract(theta, self.theta, out=self._scratch)
        self._scratch *= share
        self.theta += self._scratch

    def restart(self, theta: Array) -> None:
        """Forget the steps so far; continue from ``theta``."""
        self.theta[:] = theta
        self.n_steps = 0
