"""Regression: targets to the units of the network, and outputs back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, nan
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sklearn_bpnet._data.determination import r2
from sklearn_bpnet._data.moments import mean_and_std
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.statistics import standardization
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._data.undecided import Undecided, first_scaling, next_scaling
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    Activation,
    Ascending,
    Exp,
    Identity,
)
from sklearn_bpnet.net.losses import LOSSES, FunctionLoss, Loss
from sklearn_bpnet.training.standardization import Standardization

_LARGE = 1e300  # scales of targets so near the largest number that sums overflow


@dataclass(frozen=True)
class Regression(Task):
    """One real target or several.

    Parameters
    ----------
    loss : Loss
        L(y, a).
    output_activation : Activation
        Activation of the output neurons.
    mean, scale : ndarray of shape (n_targets,) or None
        A target is the network's output times the scale plus the mean; None for both
        where the output is the target.
    low, high : ndarray of shape (n_targets,) or None
        Range of the training targets; None where weights were given.
    clips : bool, default=False
        Whether predictions are clipped to that range.
    undecided : Undecided or None
        Targets whose mean and scale further calls decide.
    """

    mean: NDArray[np.float64] | None = None
    scale: NDArray[np.float64] | None = None
    low: NDArray[np.float64] | None = None
    high: NDArray[np.float64] | None = None
    clips: bool = False
    undecided: Undecided | None = None

    @classmethod
    def learn(
        cls, settings: Settings, y: NDArray[Any], *, previous: Regression | None = None
    ) -> tuple[Regression, NDArray[Any]]:
        """The task of the targets y, still without their units, and the targets Y.

        Parameters
        ----------
        settings : Settings
            The constructor's parameters.
        y : ndarray of shape (n_samples,) or (n_samples, n_targets)
            The targets.
        previous : Regression or None, default=None
            The task of the previous calls, if training continues them; the units that
            they decided are kept.
        """
        task = cls.of_settings(settings)
        if previous is not None:
            task = replace(task, **previous.facts)
        return task, task.encode(y)

    @classmethod
    def of_settings(cls, settings: Settings) -> Regression:
        """The task of the settings, before targets are known."""
        loss = LOSSES.resolve(settings.loss)
        output = settings.output_activation
        if isinstance(output, str) and output == "auto":
            is_bounded = _target_range(settings) is not None
            output = "sigmoid" if is_bounded else loss.default_output("regression")
        activation = ACTIVATIONS.resolve(output)
        return cls(loss, activation, clips=settings.clip_predictions)

    def encode(self, y: NDArray[Any]) -> NDArray[Any]:
        Y = y.astype(np.float64).reshape(len(y), -1)
        self.loss.check_targets(Y)
        return Y

    # Units

    def with_units(self, settings: Settings, samples: Samples) -> Regression:
        """The task with units of the targets learned from the training samples.

        Raises
        ------
        ValueError
            If `target_scaling` does not fit the loss or the output activation.
        """
        n_targets = samples.Y.shape[1]
        bounds = _target_range(settings)
        if bounds is not None:
            mean, scale = _scaling_to(
                self.output_activation, bounds, self.loss, samples.Y
            )
            means, scales = np.full(n_targets, mean), np.full(n_targets, scale)
            return replace(self, mean=means, scale=scales)
        if settings.target_scaling is None:
            return replace(self, mean=None, scale=None)
        takes_any_value = isinstance(self.output_activation, (Identity, Ascending))
        if self._may_scale(settings) and takes_any_value:
            units, undecided = first_scaling(standardization, samples, samples.Y)
            return replace(
                self, mean=units.mean, scale=units.scale, undecided=undecided
            )
        if settings.target_scaling == "standard":
            raise ValueError(
                "target_scaling='standard' needs a loss whose minimiser scales with "
                "the targets, such as 'squared_error', and an output that can take any "
                f"value; got loss={settings.loss!r} and "
                f"output_activation={settings.output_activation!r}. Use "
                "target_scaling='auto'."
            )
        return replace(self, mean=None, scale=None)

    def with_more_samples(self, samples: Samples) -> Regression:
        if self.mean is None or self.scale is None or self.undecided is None:
            return self
        known = Standardization(self.mean, self.scale)
        units, undecided = next_scaling(
            standardization, known, self.undecided, samples, samples.Y
        )
        return replace(self, mean=units.mean, scale=units.scale, undecided=undecided)

    def _may_scale(self, settings: Settings) -> bool:
        """Whether the loss allows scaled targets; user-defined ones only on request."""
        on_request = settings.target_scaling == "standard"
        return self.loss.scalable_target or (
            on_request and isinstance(self.loss, FunctionLoss)
        )

    def with_range(self, samples: Samples) -> Regression:
        """The task with its target range extended to that of the samples."""
        Y = samples.take(samples.Y)
        lows = [Y.min(axis=0)] + ([] if self.low is None else [self.low])
        highs = [Y.max(axis=0)] + ([] if self.high is None else [self.high])
        return replace(self, low=np.min(lows, axis=0), high=np.max(highs, axis=0))

    def check_range(self, dtype: DTypeLike, name: str = "y") -> None:
        limit = np.finfo(np.dtype(dtype)).max
        for end in (self.low, self.high):
            if end is None:
                continue
            beyond = np.abs(self.in_network_units(end)) > limit
            if beyond.any():
                raise ValueError(
                    f"{name} reaches {end[beyond.argmax()]:g}, which in the units of "
                    f"the network exceeds its largest number, {limit:.3g}. Rescale "
                    f"{name}, or use dtype='float64' and target_scaling='auto'."
                )

    def in_network_units(self, Y: NDArray[Any]) -> NDArray[Any]:
        if self.mean is None or self.scale is None:
            return Y
        with np.errstate(over="ignore"):  # see `check_range`
            if self.scale.max(initial=0) > _LARGE:  # the difference could overflow
                scaled: NDArray[Any] = Y / self.scale - self.mean / self.scale
            else:
                scaled = (Y - self.mean) / self.scale
        return scaled

    def initial_output_biases(self, samples: Samples) -> Array | None:
        if not isinstance(self.output_activation, Exp):
            return None
        # exp(b) is the mean target, which training from b = 0 would reach slowly
        Y, weights = samples.take(samples.Y), samples.take(samples.weights)
        limits = np.finfo(float)
        with np.errstate(over="ignore"):  # in the sum of large targets
            means = np.average(Y, axis=0, weights=weights)
        return np.log(np.clip(means, limits.tiny, limits.max))

    # Outputs to predictions

    def check_outputs(self, n_outputs: int) -> None:
        n_each = self.loss.n_outputs(1)
        ends = self.mean, self.scale, self.low, self.high
        known = {len(fact) for fact in ends if fact is not None}
        for n_targets in known or {n_outputs // n_each}:
            if n_outputs != n_targets * n_each:
                raise ValueError(
                    f"{n_targets} targets need {n_targets * n_each} outputs; there are "
                    f"{n_outputs}."
                )

    def by_target(self, A: Array) -> Array:
        """Outputs reshaped to (n_samples, n_targets, n_levels)."""
        return A.reshape(len(A), -1, self.loss.n_outputs(1))

    def predictions(self, A: Array) -> Array:
        """Outputs A in the units of the targets; A is overwritten."""
        if self.mean is not None and self.scale is not None:
            by_target, most = self.by_target(A), np.finfo(A.dtype).max
            with np.errstate(over="ignore"):  # of targets near the largest number
                by_target *= self.scale[:, None]
                by_target += self.mean[:, None]
            np.clip(by_target, -most, most, out=by_target)
        return self._clipped(A, self.low, self.high)

    @property
    def gradient_of_logits(self) -> bool:
        return False

    def gradient_in_units(self, G: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.scale is not None:
            G *= np.repeat(self.scale, self.loss.n_outputs(1))[:, None]
        return G

    def mean_prediction(self, outputs: Sequence[tuple[Array, Array]]) -> Array:
        """The mean of the predictions of a network's members, from Z and A of each."""
        each = [self.predictions(A) for _, A in outputs]
        return each[0] if len(each) == 1 else mean_and_std(each)[0]

    def _clipped(self, A: Array, low: Array | None, high: Array | None) -> Array:
        """Outputs A clipped to the range of every target, if the task clips."""
        if not self.clips:
            return A
        if low is None or high is None:
            raise ValueError(
                "clip_predictions=True needs the range of the training targets, which "
                "is unknown for given weights. Train with partial_fit, or use "
                "clip_predictions=False."
            )
        return np.clip(self.by_target(A), low[:, None], high[:, None]).reshape(A.shape)

    def shaped(self, A: Array, dtype: Any) -> Array:
        """Outputs in the shape of the targets; float32 for inputs of that dtype."""
        if dtype == np.float32:
            most = np.finfo(np.float32).max  # targets may be larger
            A = np.clip(A, -most, most).astype(np.float32)
        n_levels = self.loss.n_outputs(1)
        if A.shape[1] == n_levels:  # a single target
            return A[:, 0] if n_levels == 1 else A
        return A if n_levels == 1 else self.by_target(A)

    def score(
        self, Z: Array, A: Array, Y: Array, weights: NDArray[np.float64] | None
    ) -> float:
        """R2; for several quantiles, that of the level nearest to 1/2.

        It is NaN for a single sample.
        """
        if self.low is not None and self.high is not None:
            ends = self.in_network_units(self.low), self.in_network_units(self.high)
            A = self._clipped(A, *ends)
        central = self.by_target(A)[..., self.loss.central_output]
        return r2(Y, central, weights) if len(Y) > 1 else nan

    @property
    def facts(self) -> dict[str, Any]:
        names = ("mean", "scale", "low", "high", "undecided")
        return {name: getattr(self, name) for name in names}

    def attributes(self) -> Mapping[str, Any]:
        shown = {
            "target_mean_": self.mean,
            "target_scale_": self.scale,
            "target_min_": self.low,
            "target_max_": self.high,
        }
        return {name: value for name, value in shown.items() if value is not None}


def _target_range(settings: Settings) -> Any:
    """The pair (low, high) given as `target_scaling`, or None."""
    scaling = settings.target_scaling
    return scaling if isinstance(scaling, (tuple, list)) else None


def _scaling_to(
    activation: Activation, target_range: Any, loss: Loss, Y: NDArray[Any]
) -> tuple[float, float]:
    """Mean and scale that map the range of the activation to that of the targets."""
    ends = activation.range
    numbers = all(isinstance(end, Real) and isfinite(end) for end in target_range)
    is_pair = len(target_range) == 2 and numbers
    if not (is_pair and 0 < target_range[1] - target_range[0] < inf):
        raise ValueError(
            "target_scaling must be 'auto', 'standard', None or two finite numbers, "
            f"low < high; got {target_range!r}."
        )
    low, high = target_range
    if not (isfinite(ends.low) and isfinite(ends.high)) or not loss.scalable_target:
        raise ValueError(
            f"target_scaling={target_range!r} needs a bounded output and a loss whose "
            f"minimiser scales with the targets; the output lies in {ends} and the "
            f"loss is {LOSSES.name_of(loss)!r}. Use output_activation='sigmoid' and "
            "loss='squared_error', for example."
        )
    if Y.min() < low or Y.max() > high:
        raise ValueError(
            f"y must lie in target_scaling={target_range!r}; got min(y)={Y.min():g}, "
            f"max(y)={Y.max():g}."
        )
    scale = (high - low) / (ends.high - ends.low)
    return low - ends.low * scale, scale
