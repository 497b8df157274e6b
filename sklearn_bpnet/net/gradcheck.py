"""The naive derivative, two forward passes a parameter: a check on backpropagation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sklearn_bpnet.net._typing import Array


def numerical_gradient(
    function: Callable[[Array], float], theta: Array, step: float = 1e-6
) -> Array:
    """Central differences, (J(theta + h e_i) - J(theta - h e_i)) / (2 h) for every i.

    Parameters
    ----------
    function : callable
        J, from a vector of theta's shape to a number.
    theta : ndarray of shape (n_parameters,)
        Where to differentiate; float64.
    step : float, default=1e-6
        h, positive. The error is O(h^2) plus rounding of order 1e-16 J / h.

    Returns
    -------
    ndarray of shape (n_parameters,)
    """
    gradient = np.empty_like(theta)
    point = theta.copy()
    for i in range(theta.size):
        point[i] = theta[i] + step
        above = function(point)
        point[i] = theta[i] - step
        below = function(point)
        point[i] = theta[i]
        gradient[i] = (above - below) / (2 * step)
    return gradient


def directional_derivative(
    function: Callable[[Array], float],
    theta: Array,
    direction: Array,
    step: float = 1e-6,
) -> float:
    """The central difference of J along ``direction``: two evaluations in all."""
    above = function(theta + step * direction)
    below = function(theta - step * direction)
    return (above - below) / (2 * step)


def relative_error(analytic: Array, numeric: Array) -> float:
    """|analytic - numeric| / max(|analytic|, |numeric|) in the Euclidean norm."""
    scale = max(float(np.linalg.norm(analytic)), float(np.linalg.norm(numeric)))
    return float(np.linalg.norm(analytic - numeric)) / scale if scale else 0.0
