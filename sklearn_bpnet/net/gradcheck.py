"""The naive derivative, two forward passes a parameter: a check on backpropagation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Block, Dense
from sklearn_bpnet.net.parameters import Shape

# The cube root of the rounding error balances it against the O(h^2) of a central
# difference. The smaller step is for a kink or a strong curvature within the first.
_STEPS = (6e-6, 1e-7)
# What rounding adds to a difference, in units of J: a few 1e-16 divided by the step.
_ROUNDING = 1e-8


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


# where an estimator shows what the kinds of parameters hold
_ATTRIBUTES = {
    "W": "coefs_",
    "b": "intercepts_",
    "activation": "activation_weights_",
    "input_scale": "learned_input_scale_",
    "embedding": "embedding_weights_",
}


@dataclass(frozen=True)
class Mismatch:
    """A parameter, with its derivative by backpropagation and by a difference.

    Parameters
    ----------
    layer : int
        1 for the first layer above the input, as in the lecture; 0 for what is below.
    parameter : {"W", "b", "activation", "input_scale", "embedding"}
        Weight matrix, bias vector, the weights that an activation learns, the learned
        scale of the features, or one of the arrays of their embedding.
    index : tuple of int
        Where in that array.
    backpropagation, difference : float
        The two derivatives.
    """

    layer: int
    parameter: str
    index: tuple[int, ...]
    backpropagation: float
    difference: float

    def __str__(self) -> str:
        where = ", ".join(map(str, self.index))
        attribute = _ATTRIBUTES[self.parameter]
        if self.layer:
            attribute += f"[{self.layer - 1}]"
        return (
            f"layer {self.layer}, {self.parameter}[{where}] "
            f"({attribute}): backpropagation gives "
            f"{self.backpropagation:.6g}, the central difference {self.difference:.6g}"
        )


@dataclass(frozen=True)
class GradientReport:
    """What `compare` found.

    Parameters
    ----------
    n_parameters : int
        Length of theta.
    n_checked : int
        How many parameters were compared.
    n_kinks : int
        At how many of them J has a kink within the step, where the derivative was
        accepted because it lies between the one-sided differences.
    largest_error : float
        The largest |backpropagation - difference| / max(|backpropagation|,
        |difference|), where a derivative that is lost in the rounding of J counts as
        the smallest that is not.
    worst : Mismatch
        Where that is.
    mismatches : tuple of Mismatch
        The parameters where the two disagree, largest difference first; empty if
        backpropagation is right.
    """

    n_parameters: int
    n_checked: int
    n_kinks: int
    largest_error: float
    worst: Mismatch
    mismatches: tuple[Mismatch, ...]

    def __str__(self) -> str:
        checked = f"{self.n_checked} of {self.n_parameters} parameters checked"
        if not self.mismatches:
            return f"{checked}, largest relative error {self.largest_error:.1e}."
        counts = Counter((m.layer, m.parameter) for m in self.mismatches)
        where = ", ".join(
            f"layer {layer}: {count} in {parameter}"
            for (layer, parameter), count in sorted(counts.items())
        )
        return (
            f"Backpropagation and central differences disagree at "
            f"{len(self.mismatches)} parameters ({where}); {checked}. Furthest apart: "
            f"{self.mismatches[0]}. {self._advice()}"
        )

    def _advice(self) -> str:
        if all(m.parameter == "W" for m in self.mismatches):
            return "No bias is off, so look at the penalty's gradient first."
        top = max(m.layer for m in self.mismatches)
        if top == 0:
            return "No layer is off, so look below the first one."
        return (
            f"An error reaches every layer below it, and layer {top} is the topmost "
            "that is off: look at the derivative of its activation first, or of the "
            "loss if it is the output layer."
        )


class GradientMismatchError(AssertionError):
    """Backpropagation does not give the derivatives that differences give.

    Parameters
    ----------
    report : GradientReport
        Where, and by how much.
    """

    def __init__(self, report: GradientReport) -> None:
        super().__init__(str(report))
        self.report = report

    def __reduce__(self) -> tuple[type, tuple[GradientReport]]:
        return type(self), (self.report,)


def compare(
    function: Callable[[Array], float],
    theta: Array,
    gradient: Array,
    blocks: Sequence[Block],
    which: Array | None = None,
    rtol: float = 1e-5,
) -> GradientReport:
    """Hold a gradient of ``function`` against central differences, one by one.

    Parameters
    ----------
    function : callable
        J, from a vector of theta's shape to a number.
    theta : ndarray of shape (n_parameters,)
        Where to differentiate; float64.
    gradient : ndarray of shape (n_parameters,)
        What backpropagation gave there.
    blocks : sequence of Dense, Embedding, InputScale or Noise
        Whose arrays theta holds; they name the parameters.
    which : ndarray of int, default=None
        The parameters to compare; None means all.
    rtol : float, default=1e-5
        Relative difference that is taken for rounding.

    Returns
    -------
    GradientReport
    """
    indices = range(theta.size) if which is None else [int(i) for i in which]
    middle = function(theta)
    floor = _ROUNDING * max(1.0, abs(middle))
    found = [
        _compare_one(function, theta, float(gradient[i]), i, middle, floor, rtol)
        for i in indices
    ]
    names = _names(blocks)
    named = [
        Mismatch(*names(i), float(gradient[i]), f.difference)
        for i, f in zip(indices, found, strict=True)
    ]
    wrong = [m for m, f in zip(named, found, strict=True) if f.error > rtol]
    worst = int(np.argmax([f.error for f in found]))
    return GradientReport(
        theta.size,
        len(found),
        sum(f.kink for f in found),
        found[worst].error,
        named[worst],
        tuple(sorted(wrong, key=lambda m: -abs(m.backpropagation - m.difference))),
    )


class _Comparison(NamedTuple):
    difference: float
    error: float  # relative; 0 at a kink
    kink: bool


def _compare_one(
    function: Callable[[Array], float],
    theta: Array,
    exact: float,
    i: int,
    middle: float,
    floor: float,
    rtol: float,
) -> _Comparison:
    """Compare the derivative ``exact`` by theta_i; ``middle`` is J(theta)."""
    for step in _STEPS:
        h = step * max(1.0, abs(theta[i]))
        point = theta.copy()
        point[i] = theta[i] + h
        right = (function(point) - middle) / h
        point[i] = theta[i] - h
        left = (middle - function(point)) / h
        difference = (left + right) / 2
        scale = max(abs(exact), abs(difference), floor / rtol)
        error = abs(exact - difference) / scale
        if error <= rtol:
            return _Comparison(difference, error, False)
        # a kink within the step: any slope between the two sides is a derivative
        slack = rtol * scale
        if min(left, right) - slack <= exact <= max(left, right) + slack:
            return _Comparison(difference, 0.0, True)
    return _Comparison(difference, error, False)


def _names(
    blocks: Sequence[Block],
) -> Callable[[int], tuple[int, str, tuple[int, ...]]]:
    """From a position in theta to layer, array and index in the array."""
    arrays: list[tuple[int, str, Shape]] = []
    layer = 0
    for block in blocks:
        layer += isinstance(block, Dense)
        of_block = zip(block.kinds, block.shapes, strict=True)
        arrays.extend((layer, kind, shape) for kind, shape in of_block)
    starts = np.cumsum([0, *(prod(shape) for *_, shape in arrays)])

    def name(i: int) -> tuple[int, str, tuple[int, ...]]:
        k = int(np.searchsorted(starts, i, side="right")) - 1
        layer, kind, shape = arrays[k]
        index = np.unravel_index(i - starts[k], shape)
        return layer, kind, tuple(int(j) for j in index)

    return name
