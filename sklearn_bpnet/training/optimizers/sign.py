"""Rules that follow the sign of a gradient, whatever its size.

A step has no length per unit of gradient, so there is no proximal step, and no L1 or
group penalty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.optimizers.base import Optimizer, State, check_decay_rates

__all__ = ["Lion", "Rprop"]


@dataclass(frozen=True)
class Lion(Optimizer):
    """Lion: steps of one size along the sign of a running gradient.

    theta <- theta - learning_rate sign(beta_1 m + (1 - beta_1) g), then
    m <- beta_2 m + (1 - beta_2) g. Every parameter moves by the learning rate in
    every step, so that should be smaller than Adam's, and anneal to zero.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9 and 0.99
        Decay rates, in [0, 1).

    References
    ----------
    Chen, Liang, Huang et al., "Symbolic discovery of optimization algorithms",
    NeurIPS 2023, arXiv 2302.06675, algorithm 2; its weight decay is the estimator's
    ``weight_decay``.
    """

    scale_free: ClassVar[bool] = True

    beta_1: float = 0.9
    beta_2: float = 0.99

    def __post_init__(self) -> None:
        check_decay_rates(self, "beta_1", "beta_2")

    def start(self, theta: Array) -> State:
        return {"running_gradient": np.zeros_like(theta)}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        m = state["running_gradient"]
        direction = self.beta_1 * m
        gradient *= 1 - self.beta_1
        direction += gradient
        gradient *= (1 - self.beta_2) / (1 - self.beta_1)
        m *= self.beta_2
        m += gradient
        np.sign(direction, out=gradient)
        gradient *= learning_rate
        theta -= gradient


@dataclass(frozen=True)
class Rprop(Optimizer):
    """Rprop: every parameter has its own step size; only gradients' signs count.

    A size grows while the sign of the gradient stays and shrinks where it changes,
    when that parameter stands still for a step (the variant iRprop-). A sign of a
    mini-batch changes by chance, so Rprop takes all samples in every step.

    Sizes are in units of the learning rate, with which they start. The limits are the
    paper's 1e-6 and 50 over the 0.1 that it starts from.

    Parameters
    ----------
    shrink : float, default=0.5
        Factor of a size where the sign changed, in (0, 1).
    grow : float, default=1.2
        Factor of a size where the sign stayed, above 1.
    smallest, largest : float, default=1e-5 and 500.0
        Limits of the sizes, 0 < smallest <= 1 <= largest.

    References
    ----------
    Riedmiller and Braun, "A direct adaptive method for faster backpropagation
    learning: the RPROP algorithm", ICNN 1993. Igel and Hüsken, "Empirical evaluation
    of the improved Rprop learning algorithms", Neurocomputing 50, 2003, algorithm 4.
    """

    full_batch: ClassVar[bool] = True
    scale_free: ClassVar[bool] = True
    pauses: ClassVar[bool] = True
    usual_rate: ClassVar[float] = 0.003

    shrink: float = 0.5
    grow: float = 1.2
    smallest: float = 1e-5
    largest: float = 500.0

    def __post_init__(self) -> None:
        if not 0 < self.shrink < 1:
            raise ValueError(f"shrink must lie in (0, 1); got {self.shrink!r}.")
        if not self.grow > 1:
            raise ValueError(f"grow must be above 1; got {self.grow!r}.")
        if not 0 < self.smallest <= 1 <= self.largest:
            raise ValueError(
                "smallest and largest must satisfy 0 < smallest <= 1 <= largest; got "
                f"{self.smallest!r} and {self.largest!r}."
            )

    def start(self, theta: Array) -> State:
        return {"size": np.ones_like(theta), "sign": np.zeros_like(theta)}

    def step(
        self, theta: Array, gradient: Array, state: State, learning_rate: float
    ) -> None:
        size, last_sign = state["size"], state["sign"]
        np.sign(gradient, out=gradient)
        agreement = gradient * last_sign
        size[agreement > 0] *= self.grow
        size[agreement < 0] *= self.shrink
        np.clip(size, self.smallest, self.largest, out=size)
        gradient[agreement < 0] = 0
        last_sign[:] = gradient
        gradient *= size
        gradient *= learning_rate
        theta -= gradient


ENTRIES: dict[str, Optimizer] = {"lion": Lion(), "rprop": Rprop()}
