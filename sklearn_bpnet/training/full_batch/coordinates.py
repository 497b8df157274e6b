"""Coordinates in which an L1 penalty is smooth and its kinks are bounds."""

from __future__ import annotations

from math import inf
from typing import Protocol

import numpy as np
from scipy import optimize

from sklearn_bpnet.net._typing import Array


class Coordinates(Protocol):
    """The variables of a solver for smooth functions under bounds."""

    @property
    def bounds(self) -> optimize.Bounds | None:
        """Bounds of a point; None where it is free."""

    def join(self, z: Array) -> Array:
        """theta of a point."""

    def separate(self, theta: Array) -> Array:
        """A point of theta."""

    def add_l1(self, z: Array, value: float, gradient: Array) -> tuple[float, Array]:
        """Value and gradient at a point, from those of the smooth part at theta."""

    def value_at_theta(self, z: Array, value: float) -> float:
        """The value at theta from that at a point."""


class SignSplit:
    """theta = p - q with p, q >= 0 where L1 acts, which makes |theta| = p + q smooth.

    The point of L-BFGS is p for every parameter, then q for those that L1
    penalises; parameters without an L1 penalty are free and have no q.

    Parameters
    ----------
    l1 : ndarray of shape (n_parameters,)
        Strength of the L1 penalty of every parameter.
    """

    def __init__(self, l1: Array) -> None:
        self.l1 = np.asarray(l1, dtype=np.float64)
        self.split = np.flatnonzero(l1)

    def join(self, z: Array) -> Array:
        """theta of a point."""
        theta = z[: self.l1.size].copy()
        theta[self.split] -= z[self.l1.size :]
        return theta

    def separate(self, theta: Array) -> Array:
        """A point of theta, with p or q zero."""
        z = np.concatenate([theta, np.maximum(-theta[self.split], 0)])
        z[self.split] = np.maximum(theta[self.split], 0)
        return z

    @property
    def bounds(self) -> optimize.Bounds | None:
        """Bounds of a point; None where nothing is penalised by L1."""
        if not self.split.size:
            return None
        low = np.full(self.l1.size + self.split.size, -inf)
        low[self.split] = low[self.l1.size :] = 0
        return optimize.Bounds(low, inf)

    def add_l1(self, z: Array, value: float, gradient: Array) -> tuple[float, Array]:
        """Value and gradient at a point, from those of the smooth part at theta."""
        l1 = self.l1[self.split]
        p, q = z[self.split], z[self.l1.size :]
        whole = np.concatenate([gradient + self.l1, l1 - gradient[self.split]])
        return value + float(l1 @ (p + q)), whole

    def value_at_theta(self, z: Array, value: float) -> float:
        """The value at theta from that at a point, where p and q may both be > 0."""
        p, q = z[self.split], z[self.l1.size :]
        return value - 2 * float(self.l1[self.split] @ np.minimum(p, q))


class Orthant:
    """theta itself, where no parameter that L1 penalises may change its sign.

    There |theta| is linear. A parameter at zero may leave it to the side where the
    smooth part falls.

    Parameters
    ----------
    l1 : ndarray of shape (n_parameters,)
        Strength of the L1 penalty of every parameter.
    theta, gradient : ndarray of shape (n_parameters,)
        A point, and the gradient of the smooth part there.

    References
    ----------
    Andrew and Gao, "Scalable training of L1-regularized log-linear models", ICML 2007.
    """

    def __init__(self, l1: Array, theta: Array, gradient: Array) -> None:
        self.sign = np.where(theta == 0, -np.sign(gradient), np.sign(theta))
        self.sign *= l1 > 0
        self.slope = l1 * self.sign

    @property
    def bounds(self) -> optimize.Bounds:
        """Zero on the side that is closed."""
        return optimize.Bounds(
            np.where(self.sign > 0, 0.0, -inf), np.where(self.sign < 0, 0.0, inf)
        )

    def join(self, z: Array) -> Array:
        """theta of a point."""
        return z.copy()

    def separate(self, theta: Array) -> Array:
        """The point of theta."""
        return theta.copy()

    def add_l1(self, z: Array, value: float, gradient: Array) -> tuple[float, Array]:
        """Value and gradient at a point, from those of the smooth part at theta."""
        return value + float(self.slope @ z), gradient + self.slope

    def value_at_theta(self, z: Array, value: float) -> float:
        """The value itself."""
        return value
