"""Central differences, two forward passes per parameter, check backpropagation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.theta import n_numbers

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


@dataclass(frozen=True)
class Mismatch:
    """A parameter, with its derivative by backpropagation and by a difference.

    Parameters
    ----------
    layer : int
        1 for the first layer above the input, as in the lecture; 0 for what is below.
    parameter : str
        The kind of the array: "W", "b", or another kind of the network's blocks.
    attribute : str
        Where a fitted estimator shows the array, such as "coefs_[0]".
    index : tuple of int
        Where in the array.
    backpropagation, difference : float
        The two derivatives.
    """

    layer: int
    parameter: str
    attribute: str
    index: tuple[int, ...]
    backpropagation: float
    difference: float

    def __str__(self) -> str:
        where = ", ".join(map(str, self.index))
        return (
            f"layer {self.layer}, {self.parameter}[{where}] "
            f"({self.attribute}): backpropagation gives "
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
            return "No bias is off, so check the penalty's gradient first."
        top = max(m.layer for m in self.mismatches)
        if top == 0:
            return "No layer is off, so check what lies below the first one."
        return (
            f"An error reaches every layer below it, and layer {top} is the topmost "
            "that is off: check the derivative of its activation first, or of the "
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
    network: Network,
    which: NDArray[np.intp] | None = None,
    rtol: float = 1e-5,
) -> GradientReport:
    """Compare a gradient of ``function`` with central differences, one by one.

    Parameters
    ----------
    function : callable
        J, from a vector of theta's shape to a number.
    theta : ndarray of shape (n_parameters,)
        Where to differentiate; float64.
    gradient : ndarray of shape (n_parameters,)
        What backpropagation gave there.
    network : Network
        Whose arrays theta holds; its blocks name the parameters.
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
    comparisons = [
        _compare_one(function, theta, float(gradient[i]), i, middle, floor, rtol)
        for i in indices
    ]
    locate = _locator(network)
    named = [
        Mismatch(*locate(i), float(gradient[i]), c.difference)
        for i, c in zip(indices, comparisons, strict=True)
    ]
    wrong = [m for m, c in zip(named, comparisons, strict=True) if c.error > rtol]
    worst = int(np.argmax([c.error for c in comparisons]))
    return GradientReport(
        theta.size,
        len(comparisons),
        sum(c.kink for c in comparisons),
        comparisons[worst].error,
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


def _locator(
    network: Network,
) -> Callable[[int], tuple[int, str, str, tuple[int, ...]]]:
    """From a position in theta to layer, kind, attribute and index in the array."""
    arrays = [
        (n_below + block.is_layer, *array)
        for n_below, block, places in zip(
            network.n_layers_below,
            network.blocks,
            network.places.of_blocks,
            strict=True,
        )
        for array in zip(block.kinds, places, block.shapes, strict=True)
    ]
    starts = np.cumsum([0, *(n_numbers([[shape]]) for *_, shape in arrays)])

    def locate(i: int) -> tuple[int, str, str, tuple[int, ...]]:
        k = int(np.searchsorted(starts, i, side="right")) - 1
        layer, kind, place, shape = arrays[k]
        index = np.unravel_index(i - starts[k], shape)
        return layer, kind, str(place), tuple(int(j) for j in index)

    return locate
