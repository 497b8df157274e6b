"""The weights of a layer as a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._inspection import layer_number
from sklearn_bpnet.inspection.plotting import (
    counted,
    fitted_network,
    input_names,
    layer_weights,
    name_ticks,
    new_axes,
    output_names,
    shortened,
)

# Its lightness grows from the lowest weight to the largest, so that the sign survives
# printing without colours and every kind of colour blindness.
_COLORS = "cividis"


@dataclass
class WeightsDisplay:
    """The weight matrix of a layer, one row per input and one column per unit.

    Use `from_estimator` to create it.

    Parameters
    ----------
    weights : ndarray of shape (n_in, n_out)
        The weights W of the layer.
    input_names, unit_names : sequence of str
        Names of its inputs and of its units.
    layer : int
        The number of the layer, counted from 1.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        The first axes and the figure of the last `plot`.
    axes_ : ndarray of matplotlib Axes
        One per unit, if the units are drawn as images.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.inspection import WeightsDisplay
    >>> clf = BPNetClassifier((8,), random_state=0).fit(*load_iris(return_X_y=True))
    >>> display = WeightsDisplay.from_estimator(clf, layer=1)
    >>> display.weights.shape
    (4, 8)
    """

    weights: NDArray[Any] = field(repr=False)
    input_names: Sequence[str] = field(repr=False)
    unit_names: Sequence[str] = field(repr=False)
    layer: int

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        layer: int = 1,
        *,
        member: int | None = None,
        image_shape: tuple[int, int] | None = None,
        ax: Any = None,
    ) -> WeightsDisplay:
        """Plot the weights of a layer of a fitted estimator.

        With `shared_members`, the output layers of the members are side by side.

        Parameters
        ----------
        estimator : object
            A BPNetClassifier or BPNetRegressor, a pipeline that ends with one, or a
            search over one of them; fitted.
        layer : int, default=1
            The layer, counted from 1; -1 is the output.
        member : int or None, default=None
            Which network of an ensemble.
        image_shape, ax
            See `plot`.

        Returns
        -------
        WeightsDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no such layer or member, or the image has another number of
            pixels than the layer has inputs.
        """
        network = fitted_network(estimator, member)
        coefs = layer_weights(network)
        n_layers = len(coefs)
        index = layer_number(layer, n_layers) - 1
        weights = coefs[index]
        n_in, n_out = weights.shape
        below = (
            input_names(network, n_in)
            if index == 0
            else [str(j + 1) for j in range(n_in)]
        )
        is_output = index == n_layers - 1
        units = (
            output_names(network, n_out)
            if is_output
            else [str(j + 1) for j in range(n_out)]
        )
        display = cls(weights, below, units, index + 1)
        return display.plot(ax, image_shape=image_shape)

    def plot(
        self, ax: Any = None, *, image_shape: tuple[int, int] | None = None
    ) -> WeightsDisplay:
        """Plot the weights, negative ones dark, zero in grey, positive ones light.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None creates a new figure.
        image_shape : tuple of two ints or None, default=None
            Height and width of the images that the inputs of the layer are the pixels
            of, row by row: every unit is drawn as such an image, in a figure of its
            own.

        Returns
        -------
        WeightsDisplay
            This object.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the image has another number of pixels than the layer has inputs, or
            axes are given for several images.
        """
        bound = float(np.abs(self.weights).max(initial=0.0)) or 1.0
        options = {"cmap": _COLORS, "vmin": -bound, "vmax": bound}
        title = f"Weights of layer {self.layer}"
        if image_shape is not None:
            return self._plot_images(ax, image_shape, options, title)
        n_in, n_out = self.weights.shape
        if ax is None:
            left, below = (
                0.085 * max(len(shortened(str(name))) for name in names)
                for names in (self.input_names, self.unit_names)
            )
            width = np.clip(0.28 * n_out + 1.5, 3, 11)
            height = np.clip(0.22 * n_in, 1.8, 8.8)
            ax = new_axes(figsize=(width + left + 1, height + below + 1.2))
            inside = width, height
        else:
            box = ax.get_window_extent()
            inside = box.width / ax.figure.dpi, box.height / ax.figure.dpi
        image = ax.imshow(
            self.weights, aspect="auto", interpolation="nearest", **options
        )
        ax.figure.colorbar(image, ax=ax, label="weight")
        name_ticks(ax.xaxis, self.unit_names, inside[0])
        name_ticks(ax.yaxis, self.input_names, inside[1])
        if max(map(len, self.unit_names)) > 2:
            ax.tick_params(axis="x", rotation=90)
        ax.set(
            title=title, xlabel=counted(n_out, "unit"), ylabel=counted(n_in, "input")
        )
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _plot_images(
        self, ax: Any, shape: tuple[int, int], options: dict[str, Any], title: str
    ) -> WeightsDisplay:
        """One image per unit."""
        n_in, n_out = self.weights.shape
        height, width = shape
        if height * width != n_in:
            raise ValueError(
                f"image_shape={shape!r} has {height * width} pixels, but the layer has "
                f"{n_in} inputs."
            )
        if ax is not None:
            raise ValueError("image_shape draws one image per unit: ax must be None.")
        columns = int(np.ceil(np.sqrt(n_out)))
        rows = -(-n_out // columns)
        grid = new_axes(
            nrows=rows,
            ncols=columns,
            squeeze=False,
            figsize=(min(0.9 * columns + 0.8, 12), min(0.9 * rows + 0.8, 12)),
        )
        for unit, axis in enumerate(grid.ravel()):
            axis.set_axis_off()
            if unit < n_out:
                image = axis.imshow(self.weights[:, unit].reshape(shape), **options)
        self.axes_, self.ax_ = grid.ravel()[:n_out], grid[0, 0]
        self.figure_ = self.ax_.figure
        self.figure_.colorbar(image, ax=grid, label="weight", shrink=0.8)
        self.figure_.suptitle(title)
        return self
