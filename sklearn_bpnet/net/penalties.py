"""Penalties: the term lambda * Omega(theta) of the empirical risk.

Everything acts on the flat vector theta. ``strength`` is a vector of the same
length: lambda where a parameter is penalised, zero where it is not (biases).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sklearn_bpnet.net._typing import Array

# Quadratic convergence from below; exact after one for equal steps.
_NEWTON_STEPS = 6


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


@dataclass(frozen=True)
class GroupLasso:
    """Group lasso on the rows of W[1], alpha sum_j ||W[1]_j||.

    A row holds the weights that leave one feature. Where it becomes exactly zero, as
    a whole, the network does not use the feature.

    Parameters
    ----------
    alpha : float, default=0.0
        Strength, at least 0.

    References
    ----------
    Yuan and Lin, "Model selection and estimation in regression with grouped variables",
    J. R. Stat. Soc. B 68, 2006. Scardapane, Comminiello, Hussain and Uncini, "Group
    sparse regularization for deep neural networks", Neurocomputing 241, 2017.
    """

    alpha: float = 0.0

    def value(self, W: Array) -> float:
        """The penalty of W, shape (n_features, n_units)."""
        return self.alpha * float(np.sqrt(_squares(W)).sum())

    def add_subgradient(self, W: Array, dW: Array) -> None:
        """Add a subgradient of ``value`` to dW, zero where a row is zero."""
        norms = np.sqrt(_squares(W))
        norms[norms == 0] = 1
        dW += self.alpha * W / norms[:, None]

    def prox(self, W: Array, step: float | Array) -> None:
        """The proximal step of the penalty, in place.

        It minimises sum_ij (u_ij - w_ij)^2 / (2 t_ij) + alpha sum_i ||u_i|| over u.
        With equal steps t a row shrinks by alpha t, down to zero. With a step for each
        weight (the metric of an adaptive optimiser) it is u_ij = w_ij r / (r + alpha
        t_ij), where r = ||u_i|| solves sum_j (w_ij / (r + alpha t_ij))^2 = 1: a
        function that falls in r, solved by Newton's method on its inverse root.

        Parameters
        ----------
        W : ndarray of shape (n_features, n_units)
            The weights.
        step : float or ndarray of W's shape
            The length of the gradient step just taken.
        """
        T = np.broadcast_to(np.asarray(self.alpha * step, dtype=W.dtype), W.shape)
        norms = np.sqrt(_squares(W))
        # r is at least this: so no ratio below exceeds 1, whatever the scale
        r = np.maximum(norms - T.max(axis=1), (np.abs(W) - T).max(axis=1))
        r = np.maximum(r, 0)[:, None]
        # zero is the minimiser of a row if ||w / (alpha t)|| <= 1
        alive = (r[:, 0] > 0) | (_squares(_ratio(W, r + T)) > 1)
        W[~alive] = 0
        w, t, r = W[alive], T[alive], r[alive]
        for _ in range(_NEWTON_STEPS):
            ratio = _ratio(w, r + t)
            f = _squares(ratio)[:, None]
            fall = np.einsum("ij,ij->i", ratio, _ratio(ratio, r + t))[:, None]
            # 1/sqrt(f) is nearly linear in r, and concave: the steps rise to the root
            r += f * (np.sqrt(f) - 1) / fall
        W[alive] = w * _ratio(r, r + t)


def _ratio(above: Array, below: Array) -> Array:
    """The ratio, 0 where both are 0."""
    return above / np.maximum(below, np.finfo(below.dtype).tiny)


def _squares(W: Array) -> Array:
    """The sum of squares of every row."""
    return np.einsum("ij,ij->i", W, W)
