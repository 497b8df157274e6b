"""Standardisation: every feature minus its mean, divided by its scale."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    n_codes : int, default=0
        How many features, the last ones, are codes of categories: they have mean 0 and
        scale 1, and are not bent.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    smooth_clip: float | None = None
    n_codes: int = 0

    @property
    def n_numeric(self) -> int:
        """How many features, the first ones, are no codes."""
        return len(self.mean) - self.n_codes

    def with_codes(self, n_codes: int) -> Standardization:
        """The same for the features, followed by ``n_codes`` more, which are codes."""
        return replace(
            self,
            mean=np.concatenate([self.mean, np.zeros(n_codes)]),
            scale=np.concatenate([self.scale, np.ones(n_codes)]),
            n_codes=self.n_codes + n_codes,
        )

    def of(self, columns: NDArray[np.intp]) -> Standardization:
        """The same for some features, none of which is a code."""
        return Standardization(
            self.mean[columns], self.scale[columns], self.smooth_clip
        )

    def bend(self, Z: Array) -> None:
        """Clip scaled features smoothly, in place."""
        if self.smooth_clip is not None:
            Z = Z[:, : self.n_numeric]
            bend = Z / self.smooth_clip
            np.hypot(bend, 1, out=bend)
            Z /= bend

    def slopes(self, Z: Array) -> Array:
        """dz/dx of scaled, clipped features Z, of the same shape."""
        slopes = np.broadcast_to(1 / self.scale, Z.shape).astype(Z.dtype)
        if self.smooth_clip is not None:
            # z = u / sqrt(1 + (u / c)^2) has dz/du = (1 - (z / c)^2)^(3/2)
            clipped = Z[:, : self.n_numeric] / self.smooth_clip
            slopes[:, : self.n_numeric] *= np.clip(1 - clipped**2, 0, None) ** 1.5
        return slopes

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
