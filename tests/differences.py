"""Differences that tests compare gradients with."""

import numpy as np


def directional_derivative(function, theta, direction, step=1e-6):
    """The central difference of J along ``direction``: two evaluations in all."""
    above = function(theta + step * direction)
    below = function(theta - step * direction)
    return (above - below) / (2 * step)


def relative_error(analytic, numeric):
    """|analytic - numeric| / max(|analytic|, |numeric|) in the Euclidean norm."""
    scale = max(float(np.linalg.norm(analytic)), float(np.linalg.norm(numeric)))
    return float(np.linalg.norm(analytic - numeric)) / scale if scale else 0.0
