"""One step of training: from a batch's gradient to the new theta."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.memory import aligned
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.optimizers.base import Optimizer, Proximal, State, pieces
from sklearn_bpnet.training.optimizers.schedule_free import ScheduleFree


@dataclass(frozen=True)
class StepOptions:
    """What is done to a gradient before, and to a step after the optimiser.

    Parameters
    ----------
    weight_decay : float or None, default=None
        Decoupled weight decay, in units of the learning rate: before every step
        W <- W - learning_rate weight_decay W, for weights, not for biases. None means
        that of the optimiser.
    clip_norm : float or None, default=None
        Largest Euclidean norm of the gradient of all parameters; a longer one is
        scaled down to it. None means no limit.
    factors : ndarray of shape (n_parameters,) or None, default=None
        Factors of the parameters' learning rates; 0 leaves a parameter as it is.
    decay_factors : ndarray of shape (n_parameters,) or None, default=None
        Factors of the weight decay; None means ``factors``.

    References
    ----------
    Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019. Pascanu,
    Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML
    2013, algorithm 1.
    """

    weight_decay: float | None = None
    clip_norm: float | None = None
    factors: Array | None = None
    decay_factors: Array | None = None

    def decay_of(self, optimizer: Optimizer) -> float:
        """The weight decay that is applied."""
        if self.weight_decay is None:
            return optimizer.weight_decay
        return self.weight_decay

    def decay(
        self, optimizer: Optimizer, network: Network, dtype: DTypeLike
    ) -> Array | None:
        """The weight decay of every parameter, 0 for biases; None if there is none."""
        weight_decay = self.decay_of(optimizer)
        if not weight_decay:
            return None
        decay: Array = weight_decay * network.is_weight(dtype)
        factors = self.factors if self.decay_factors is None else self.decay_factors
        if factors is not None:
            decay *= factors
        return decay


class Step:
    """From the gradient of a batch's loss to new parameters, penalty included.

    Parameters
    ----------
    risk : EmpiricalRisk
        Its penalty is part of the step.
    optimizer : Optimizer
        How a gradient becomes a step.
    options : StepOptions
        What else is done.
    theta : ndarray of shape (n_parameters,)
        Any theta: its size and dtype count.

    Raises
    ------
    ValueError
        If there is an L1 or a group penalty, and the optimiser has no proximal step.
    """

    def __init__(
        self,
        risk: EmpiricalRisk,
        optimizer: Optimizer,
        options: StepOptions,
        theta: Array,
    ) -> None:
        self.risk = risk
        self.optimizer = optimizer
        self.strength = risk.strength(theta)
        self.has_l1 = bool(risk.is_penalised and risk.penalty.l1_ratio)
        self.has_l2 = bool(risk.is_penalised and risk.penalty.l1_ratio < 1)
        self.has_group = bool(risk.group.alpha)
        self.proximal = None
        if self.has_l1 or self.has_group:
            self.proximal = _proximal(optimizer)
        self.clip_norm = options.clip_norm
        self.decay = options.decay(optimizer, risk.network, theta.dtype)
        self.factors = options.factors
        if self.factors is not None:
            self.factors = self.factors.astype(theta.dtype, copy=False)
            self.start = np.empty_like(theta)
        self.scratch = aligned(theta.shape, theta.dtype)

    def take(
        self,
        theta: Array,
        g: Array,
        state: State,
        learning_rate: float,
        decay_factor: float = 1.0,
    ) -> None:
        """Move ``theta`` and update ``state`` in place; ``g`` is overwritten.

        Parameters
        ----------
        theta, g : ndarray of shape (n_parameters,)
            The parameters and the gradient of the loss, without the penalty.
        state : dict
            The optimiser's.
        learning_rate, decay_factor : float
            For this step: the rate, and the factor of the weight decay.
        """
        if self.has_l2:
            self._add_l2_gradient(theta, g)
        scale = 1.0 if self.clip_norm is None else _clip(g, self.clip_norm)
        if isinstance(self.optimizer, ScheduleFree):
            self._step_schedule_free(
                self.optimizer, theta, g, state, learning_rate, decay_factor
            )
            return
        if self.decay is not None:
            self._shrink(theta, self.decay, learning_rate * decay_factor)
        if self.factors is None:
            self.optimizer.step(theta, g, state, learning_rate)
        else:
            self._step_by_factors(theta, g, state, learning_rate, self.factors)
        if self.proximal is not None:
            length = scale * self.proximal.proximal_step(state, learning_rate)
            self._threshold(theta, length)

    def _add_l2_gradient(self, theta: Array, g: Array) -> None:
        """Add that of the penalty, whose smooth part is a sum over parameters."""
        for piece in pieces(theta.size):
            part, strength = theta[piece], self.strength[piece]
            scratch = self.scratch[: part.size]
            self.risk.penalty.add_l2_gradient(part, strength, g[piece], scratch)

    def _shrink(self, theta: Array, decay: Array, rate: float) -> None:
        """Decoupled weight decay: theta <- theta - rate decay theta."""
        np.multiply(theta, decay, out=self.scratch)
        self.scratch *= rate
        theta -= self.scratch

    def _step_schedule_free(
        self,
        optimizer: ScheduleFree,
        theta: Array,
        g: Array,
        state: State,
        learning_rate: float,
        decay_factor: float,
    ) -> None:
        """The step of a rule that moves other weights than theta, along a direction.

        Weight decay and the factors of the learning rates are part of the direction.
        """
        optimizer.direction(g, state)
        if self.factors is not None:
            g *= self.factors
        if self.decay is not None:
            np.multiply(theta, self.decay, out=self.scratch)
            self.scratch *= decay_factor
            g += self.scratch
        optimizer.move(theta, g, state, learning_rate)

    def _step_by_factors(
        self, theta: Array, g: Array, state: State, learning_rate: float, factors: Array
    ) -> None:
        """The optimiser's step, every parameter's part of it times a factor."""
        self.start[:] = theta
        self.optimizer.step(theta, g, state, learning_rate)
        theta -= self.start
        theta *= factors
        theta += self.start

    def _threshold(self, theta: Array, length: float | Array) -> None:
        """The proximal step of the L1 penalty, then that of the group penalty.

        In this order, the two are the proximal step of their sum.
        """
        if self.factors is not None:
            length = length * self.factors
        if self.has_l1:
            self.risk.penalty.prox(theta, self.strength, length)
        if self.has_group:
            if isinstance(length, np.ndarray):
                length = self.risk.feature_weights(length)
            self.risk.group.prox(self.risk.feature_weights(theta), length)


def _proximal(optimizer: Optimizer) -> Proximal:
    """The optimiser, if it has the proximal steps that some penalties need."""
    if isinstance(optimizer, Proximal):
        return optimizer
    raise ValueError(
        f"{type(optimizer).__name__} has no proximal_step, which an L1 or a group "
        "penalty needs. Use another optimiser, l1_ratio=0 and group_alpha=0."
    )


def _clip(g: Array, largest: float) -> float:
    """Scale g to a norm of at most ``largest``, in place; return the factor."""
    norm = float(np.linalg.norm(g))
    scale = min(1.0, largest / norm) if norm else 1.0
    g *= scale
    return scale
