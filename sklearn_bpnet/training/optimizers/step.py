"""One step of training: all that lies between a batch's gradient and the new theta."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.net.vectors import aligned
from sklearn_bpnet.training.optimizers import Optimizer, State


@dataclass(frozen=True)
class StepOptions:
    """What may be done to a gradient before, and to a step after the optimiser.

    Parameters
    ----------
    weight_decay : float or None, default=None
        Decoupled weight decay, in units of the learning rate: before every step
        W <- W - learning_rate weight_decay W, for weights, not for biases. None is
        what belongs to the optimiser.
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
        """The weight decay that is in force."""
        own = optimizer.weight_decay
        return own if self.weight_decay is None else self.weight_decay

    def decay(
        self, optimizer: Optimizer, network: Network, dtype: DTypeLike
    ) -> Array | None:
        """The weight decay of every parameter, 0 for biases; None if there is none."""
        weight_decay = self.decay_of(optimizer)
        if not weight_decay:
            return None
        decay: Array = weight_decay * network.is_weight(dtype)
        given = self.factors if self.decay_factors is None else self.decay_factors
        if given is not None:
            decay *= given
        return decay

    def are_plain(self, optimizer: Optimizer) -> bool:
        """Whether a step is the optimiser's alone."""
        return (
            self.decay_of(optimizer) == 0
            and self.clip_norm is None
            and self.factors is None
        )


class Step:
    """From the gradient of a batch's loss to new parameters, penalty included.

    Parameters
    ----------
    risk : EmpiricalRisk
        Whose penalty is part of the step.
    optimizer : Optimizer
        How a gradient becomes a step.
    options : StepOptions
        What else is done.
    theta : ndarray of shape (n_parameters,)
        Any theta: its size and dtype count.
    part : slice, default=slice(None)
        The parameters that are moved, where other steps move the others.
    """

    def __init__(
        self,
        risk: EmpiricalRisk,
        optimizer: Optimizer,
        options: StepOptions,
        theta: Array,
        part: slice = slice(None),
    ) -> None:
        self.penalty = risk.penalty
        self.has_l1 = bool(risk.is_penalised and risk.penalty.l1_ratio)
        self.has_l2 = bool(risk.is_penalised and risk.penalty.l1_ratio < 1)
        self.risk = risk
        self.optimizer = optimizer
        self.strength = risk.strength(theta)[part]
        self.scratch = aligned(theta[part].shape, theta.dtype)
        self.clip_norm = options.clip_norm
        self.factors = options.factors
        if self.factors is not None:
            self.factors = self.factors.astype(theta.dtype, copy=False)[part]
        decay = options.decay(optimizer, risk.network, theta.dtype)
        self.decay = None if decay is None else decay[part]
        self.by_orthant = self.has_l1 and optimizer.orthant_wise
        if self.by_orthant:
            self.l1 = risk.penalty.l1_ratio * self.strength
        self.keeps_start = self.by_orthant or self.factors is not None
        self.start = np.empty_like(theta[part]) if self.keeps_start else theta[:0]

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
        theta, g : ndarray of shape (n_parameters,), or that of their part
            The parameters and the gradient of the loss, without the penalty.
        state : dict
            The optimiser's.
        learning_rate, decay_factor : float
            For this step: the rate, and the factor of the weight decay.
        """
        if self.has_l2:
            self.penalty.add_l2_gradient(theta, self.strength, g, self.scratch)
        scale = 1.0 if self.clip_norm is None else _clip(g, self.clip_norm)
        if self.by_orthant:
            at_rest = _add_least_subgradient(theta, g, self.l1)
        if self.decay is not None:
            np.multiply(theta, self.decay, out=self.scratch)
            self.scratch *= learning_rate * decay_factor
            theta -= self.scratch
        if self.keeps_start:
            self.start[:] = theta
        self.optimizer.step(theta, g, state, learning_rate)
        if self.factors is not None:
            theta -= self.start
            theta *= self.factors
            theta += self.start
        if self.by_orthant:
            theta[(theta * self.start < 0) & (self.l1 > 0)] = 0
            theta[at_rest] = 0
        elif self.has_l1 or self.risk.group.alpha:
            length = scale * self.optimizer.proximal_step(state, learning_rate)
            if self.factors is not None:
                length = length * self.factors
            if self.has_l1:
                self.penalty.prox(theta, self.strength, length)
            if self.risk.group.alpha:  # after L1's: so the two are one proximal step
                if isinstance(length, np.ndarray):
                    length = self.risk.feature_weights(length)
                self.risk.group.prox(self.risk.feature_weights(theta), length)


def _clip(g: Array, largest: float) -> float:
    """Scale g to a norm of at most ``largest``, in place; return the factor."""
    norm = float(np.linalg.norm(g))
    scale = min(1.0, largest / norm) if norm else 1.0
    g *= scale
    return scale


def _add_least_subgradient(theta: Array, g: Array, l1: Array) -> Array:
    """Add to g the subgradient of sum_i l1_i |theta_i| that makes the sum smallest.

    Where theta is zero that is g moved towards zero by l1. With it, a rule that
    follows signs takes the L1 penalty orthant by orthant: a weight that would change
    its sign stops at zero, and leaves zero only where the sum is not zero.

    Returns
    -------
    ndarray of bool
        Where theta is zero and stays so.

    References
    ----------
    Andrew and Gao, "Scalable training of L1-regularized log-linear models", ICML 2007.
    """
    is_zero = theta == 0
    at_zero = g - np.clip(g, -l1, l1)
    g += l1 * np.sign(theta)
    np.copyto(g, at_zero, where=is_zero)
    at_rest: Array = is_zero & (at_zero == 0) & (l1 > 0)
    return at_rest
