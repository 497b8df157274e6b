"""Standardisation: every feature minus its mean, divided by its scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.cached import cached_property


@dataclass(frozen=True)
class Standardization:
    """x -> z = (x - mean) / scale, feature by feature.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_features,)
        float64; the scales are positive.
    smooth_clip : float or None, default=None
        A number c above 0 bends z to z / sqrt(1 + (z / c)^2), which lies within c of 0.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    smooth_clip: float | None = None

    def bend(self, Z: Array) -> None:
        """Clip scaled numbers smoothly, in place."""
        if self.smooth_clip is not None:
            bend = Z / self.smooth_clip
            np.hypot(bend, 1, out=bend)
            Z /= bend

    @cached_property
    def largest_mean(self) -> float:
        """The largest |mean|."""
        return float(np.max(np.abs(self.mean), initial=0.0))

    @cached_property
    def smallest_scale(self) -> float:
        """The smallest scale; infinite without features."""
        return float(np.min(self.scale, initial=np.inf))

    @property
    def largest_offset(self) -> float:
        """The largest |mean / scale|: digits lost to cancellation if applied late."""
        return float(np.max(np.abs(self.mean / self.scale), initial=0.0))
