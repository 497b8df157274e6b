"""The distributions of activations as a plot, with dead and saturated units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._inspection import layer_number
from sklearn_bpnet.inspection.plotting import (
    counted,
    fitted_network,
    network_inputs,
    new_axes,
)
from sklearn_bpnet.net.activations import ACTIVATIONS

_LEVELS = (1, 25, 50, 75, 99)  # percentiles over the samples


class LayerActivations(NamedTuple):
    """The activations of a layer.

    Parameters
    ----------
    name : str
        That of the layer.
    percentiles : ndarray of shape (5, n_units)
        The 1st, 25th, 50th, 75th and 99th percentile of every unit, over the samples.
    is_dead : ndarray of bool of shape (n_units,)
        Whether a unit has the same activation for all samples.
    is_saturated : ndarray of bool of shape (n_units,)
        Whether a unit is saturated, but not dead.
    """

    name: str
    percentiles: NDArray[Any]
    is_dead: NDArray[np.bool_]
    is_saturated: NDArray[np.bool_]


@dataclass
class ActivationDisplay:
    """The distribution of every unit's activation over samples, layer by layer.

    Use `from_estimator` to create it. The units of a layer are sorted by their median.
    A unit that is dead has the same activation for all samples, such as a rectifier
    that no sample activates; one that is saturated has nearly no derivative, as in the
    history's "saturation".

    Parameters
    ----------
    layers : list of LayerActivations
        From the first hidden layer to the output.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        The first axes and the figure of the last `plot`.
    axes_ : list of matplotlib Axes
        Those of every layer that is drawn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.inspection import ActivationDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BPNetClassifier((8, 5), max_iter=20, random_state=0).fit(X, y)
    >>> display = ActivationDisplay.from_estimator(clf, X)
    >>> [layer.name for layer in display.layers]
    ['layer 1: relu', 'layer 2: relu', 'output: softmax']
    """

    layers: Sequence[LayerActivations] = field(repr=False)

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, member: int | None = None, ax: Any = None
    ) -> ActivationDisplay:
        """Plot the activations of a fitted estimator for some samples.

        Parameters
        ----------
        estimator : object
            A BPNetClassifier or BPNetRegressor, a pipeline that ends with one, or a
            search over one of them; fitted.
        X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
            The samples, as for ``estimator.predict``. Of more than 1000, 1000 evenly
            spaced ones are taken.
        member : int or None, default=None
            Which network of an ensemble. Members that share weights are drawn together.
        ax : matplotlib Axes or None, default=None
            See `plot`.

        Returns
        -------
        ActivationDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator is an ensemble and ``member`` is not one of its networks,
            or X does not have the features of `fit`.
        """
        network = fitted_network(estimator, member)
        states = network._unit_states(network_inputs(estimator, X))
        layers = []
        chain = network._fitted.networks[0].network.layers
        for i, (layer, (A, saturated)) in enumerate(zip(chain, states, strict=True), 1):
            place = f"layer {i}" if i < len(chain) else "output"
            name = f"{place}: {ACTIVATIONS.name_of(layer.activation)}"
            is_dead = np.ptp(A, axis=0) == 0
            if saturated is None or layer is chain[-1]:
                saturated = np.zeros_like(is_dead)
            percentiles = np.percentile(A, _LEVELS, axis=0)
            layers.append(
                LayerActivations(name, percentiles, is_dead, saturated & ~is_dead)
            )
        return cls(layers).plot(ax)

    def plot(self, ax: Any = None, *, layer: int = 1) -> ActivationDisplay:
        """Plot the activations, one layer below the other.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw a single layer on; None creates a figure of all layers.
        layer : int, default=1
            The layer that is drawn on ``ax``, counted from 1; -1 is the output.

        Returns
        -------
        ActivationDisplay
            This object.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is no such layer.
        """
        number = layer_number(layer, len(self.layers))
        if ax is None:
            self.axes_, drawn = _panels(len(self.layers)), list(self.layers)
        else:
            self.axes_, drawn = [ax], [self.layers[number - 1]]
        for axis, of_layer in zip(self.axes_, drawn, strict=True):
            bands, marks = _draw(axis, of_layer)
            if ax is not None:
                marks = [*bands, *marks]
            if marks:  # beside the axes, where no unit is
                axis.legend(
                    handles=marks,
                    loc="center left",
                    bbox_to_anchor=(1, 0.5),
                    fontsize="small",
                )
        self.axes_[-1].set_xlabel("Units, by their median")
        self.ax_ = self.axes_[0]
        self.figure_ = self.ax_.figure
        if ax is None:  # what holds for all layers is explained once
            self.figure_.legend(
                handles=bands, loc="outside lower center", ncols=3, fontsize="small"
            )
        return self


def _panels(n: int) -> list[Any]:
    """Axes for n layers: one below the other, of many in two columns."""
    n_columns = 1 if n <= 4 else 2
    n_rows = -(-n // n_columns)
    axes = new_axes(
        nrows=n_rows,
        ncols=n_columns,
        squeeze=False,
        figsize=(1.6 + 4.8 * n_columns, 1.1 + 1.9 * n_rows),
    ).ravel()
    for unused in axes[n:]:
        unused.remove()
    return list(axes[:n])


def _draw(ax: Any, layer: LayerActivations) -> tuple[list[Any], list[Any]]:
    """The percentiles of every unit as bands, and marks where it does not learn."""
    bands, marks = [], []
    order = np.argsort(layer.percentiles[2], kind="stable")
    low, lower, median, upper, high = layer.percentiles[:, order]
    n = len(order)
    x = np.repeat(np.arange(1, n + 1), 2) + np.tile([-0.5, 0.5], n)
    for bottom, top, grey, label in (
        (low, high, "0.85", "98 % of samples"),
        (lower, upper, "0.6", "50 % of samples"),
    ):
        ends = np.repeat(bottom, 2), np.repeat(top, 2)
        bands.append(ax.fill_between(x, *ends, color=grey, linewidth=0, label=label))
    bands += ax.plot(x, np.repeat(median, 2), "k", linewidth=1, label="median")
    for units, marker, word in (
        (layer.is_dead, "x", "dead"),
        (layer.is_saturated, "^", "saturated"),
    ):
        places = np.flatnonzero(units[order])
        if len(places):
            label = f"{len(places)} {word}"
            options = {"markersize": 5, "markerfacecolor": "none", "color": "C3"}
            marks += ax.plot(places + 1, median[places], marker, label=label, **options)
    ax.set_xlim(0.5, n + 0.5)
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    ax.set(title=f"{layer.name}, {counted(n, 'unit')}", ylabel="Activation")
    return bands, marks
