"""Penalties: the term lambda * Omega(theta) of the empirical risk.

Everything acts on the flat vector theta. ``strength`` is a vector of the same
length: lambda where a parameter is penalised, zero where it is not (biases).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_bpnet.net._typing import Array


@dataclass(frozen=True)
class ElasticNet:
    """Elastic net, lambda Omega(theta) = sum_i lambda_i [r |t_i| + (1 - r)/2 t_i^2].

    The L2 part is smooth and belongs to the gradient. The L1 part has a kink at
    zero; training takes it as a proximal step, which sets parameters to exactly zero.

    Parameters
    ----------
    l1_ratio : float, default=0.0
        The share r of L1, in [0, 1]: 0 is ridge (L2), 1 is the lasso (L1).

    References
    ----------
    Zou and Hastie, "Regularization and variable selection via the elastic net",
    J. R. Stat. Soc. B 67, 2005. Parikh and Boyd, "Proximal algorithms", Foundations
    and Trends in Optimization 1, 2014.
    """

    l1_ratio: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.l1_ratio <= 1:
            raise ValueError(f"l1_ratio must lie in [0, 1]; got {self.l1_ratio!r}.")

    def value(self, theta: Array, strength: Array) -> float:
        """The whole term, ``l1_value`` + ``l2_value``."""
        return self.l1_value(theta, strength) + self.l2_value(theta, strength)

    def l1_value(self, theta: Array, strength: Array) -> float:
        """The L1 part of ``value``."""
        return (
            self.l1_ratio * float(np.dot(strength, np.abs(theta)))
            if self.l1_ratio
            else 0.0
        )

    def l2_value(self, theta: Array, strength: Array) -> float:
        """The L2 part of ``value``, the part that is smooth."""
        return (
            0.5
            * (1 - self.l1_ratio)
            * float(np.einsum("i,i,i", strength, theta, theta))
        )

    def add_l2_gradient(
        self, theta: Array, strength: Array, gradient: Array, scratch: Array
    ) -> None:
        """Add the gradient of ``l2_value`` to ``gradient``; overwrite ``scratch``."""
        np.multiply(theta, strength, out=scratch)
        if self.l1_ratio:
            scratch *= 1 - self.l1_ratio
        gradient += scratch

    def add_l1_subgradient(
        self, theta: Array, strength: Array, gradient: Array
    ) -> None:
        """Add a subgradient of ``l1_value``, zero where theta is zero."""
        if self.l1_ratio:
            gradient += self.l1_ratio * strength * np.sign(theta)

    def prox(self, theta: Array, strength: Array, step: float | Array) -> None:
        """Soft-threshold theta in place: the proximal step of the L1 part.

        theta <- sign(theta) max(|theta| - step * lambda * r, 0)

        Parameters
        ----------
        theta, strength : ndarray of shape (n_parameters,)
            The parameters and their penalty strengths.
        step : float or ndarray of shape (n_parameters,)
            The length of the gradient step just taken: a learning rate, or one
            for every parameter (the metric of an adaptive optimiser).
        """
        threshold = strength * (self.l1_ratio * step)
        theta -= np.clip(theta, -threshold, threshold)
