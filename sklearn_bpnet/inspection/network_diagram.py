"""The network as a diagram: layers of units, and the weights between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.inspection.plotting import (
    fitted_network,
    input_names,
    layer_weights,
    new_axes,
    output_names,
)
from sklearn_bpnet.net.activations import ACTIVATIONS

_DOTS = "\N{VERTICAL ELLIPSIS}"


@dataclass
class NetworkDisplay:
    """The layers of a network from left to right.

    Blue lines are positive weights, dashed red ones negative; the thicker, the larger
    within their layer. Use `from_estimator` to create it.

    Parameters
    ----------
    coefs : sequence of ndarray of shape (n_in, n_out)
        The weights of every layer.
    input_names, output_names : sequence of str
        Names of the inputs and of the output units.
    activations : sequence of str, default=()
        Name of the activation of every layer.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        The axes and the figure of the last `plot`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.inspection import NetworkDisplay
    >>> clf = BPNetClassifier((5,), random_state=0).fit(*load_iris(return_X_y=True))
    >>> display = NetworkDisplay.from_estimator(clf)
    """

    coefs: Sequence[NDArray[Any]]
    input_names: Sequence[str]
    output_names: Sequence[str]
    activations: Sequence[str] = field(default=())

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        member: int | None = None,
        max_units: int = 12,
        ax: Any = None,
    ) -> NetworkDisplay:
        """Plot the network of a fitted estimator.

        With `shared_members`, the output units are those of all members.

        Parameters
        ----------
        estimator : object
            A BPNetClassifier or BPNetRegressor, a pipeline that ends with one, or a
            search over one of them; fitted.
        member : int or None, default=None
            Which network of an ensemble.
        max_units, ax
            See `plot`.

        Returns
        -------
        NetworkDisplay
            The display, drawn.
        """
        fitted = fitted_network(estimator, member)
        coefs = layer_weights(fitted)
        network = fitted._model.networks[0].network
        display = cls(
            coefs,
            input_names(fitted, coefs[0].shape[0]),
            output_names(fitted, coefs[-1].shape[1]),
            [ACTIVATIONS.name_of(layer.activation) for layer in network.layers],
        )
        return display.plot(ax, max_units=max_units)

    def plot(self, ax: Any = None, *, max_units: int = 12) -> NetworkDisplay:
        """Plot the units and the weights between them.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None creates a new figure.
        max_units : int, default=12
            Of a layer with more units only the first and the last are drawn, this many
            in all, at least 2, with their number beside the gap.

        Returns
        -------
        NetworkDisplay
            This object.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If ``max_units`` is below 2.
        """
        if max_units < 2:
            raise ValueError(f"max_units must be at least 2; got {max_units!r}.")
        sizes = [self.coefs[0].shape[0], *(W.shape[1] for W in self.coefs)]
        shown = [_shown(n, max_units) for n in sizes]
        if ax is None:
            height = 1.2 + 0.38 * max(map(len, shown))
            ax = new_axes(figsize=(2.2 * len(sizes) + 1.5, max(height, 3)))
        places = [_places(indices, n) for indices, n in zip(shown, sizes, strict=True)]
        for layer, W in enumerate(self.coefs):
            self._draw_weights(ax, layer, W, shown, places)
        for layer, (ys, n) in enumerate(zip(places, sizes, strict=True)):
            ax.scatter(
                [layer] * len(ys), ys, s=110, c="white", edgecolors="0.2", zorder=3
            )
            if n > len(ys):
                ax.text(
                    layer, 0, f"{_DOTS}\n{n} units\n{_DOTS}",
                    ha="center", va="center", fontsize="small", zorder=4,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
                )  # fmt: skip
            title = "inputs" if layer == 0 else self._title(layer, len(sizes) - 1)
            ax.text(layer, 1.12, title, ha="center", va="bottom", fontsize="small")
        for names, layer, side, shift in (
            (self.input_names, 0, "right", -0.08),
            (self.output_names, len(sizes) - 1, "left", 0.08),
        ):
            for index, y in zip(shown[layer], places[layer], strict=True):
                ax.text(layer + shift, y, names[index], ha=side, va="center")
        ax.set(xlim=(-0.6, len(sizes) - 0.4), ylim=(-1.15, 1.3))
        ax.set_axis_off()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _title(self, layer: int, n_layers: int) -> str:
        """What stands above a layer."""
        name = "output" if layer == n_layers else f"layer {layer}"
        return f"{name}\n{self.activations[layer - 1]}" if self.activations else name

    def _draw_weights(
        self,
        ax: Any,
        layer: int,
        W: NDArray[Any],
        shown: list[list[int]],
        places: list[list[float]],
    ) -> None:
        """Lines between the units of two layers, the large ones above."""
        part = np.abs(W[np.ix_(shown[layer], shown[layer + 1])])
        largest = float(part.max(initial=0.0)) or 1.0
        for i, j in zip(
            *np.unravel_index(np.argsort(part, axis=None), part.shape), strict=True
        ):
            w = W[shown[layer][i], shown[layer + 1][j]]
            if w == 0:
                continue
            strength = float(abs(w)) / largest
            ax.plot(
                [layer, layer + 1],
                [places[layer][i], places[layer + 1][j]],
                color="C0" if w > 0 else "C3",
                linestyle="-" if w > 0 else "--",
                linewidth=0.3 + 2.2 * strength,
                alpha=0.15 + 0.75 * strength,
                zorder=1,
            )


def _shown(n: int, max_units: int) -> list[int]:
    """Indices of the units that are drawn."""
    if n <= max_units:
        return list(range(n))
    first = -(-max_units // 2)
    return [*range(first), *range(n - (max_units - first), n)]


def _places(indices: list[int], n: int) -> list[float]:
    """Heights of the units in [-1, 1], from the top, with a gap for those left out."""
    slots = list(range(len(indices)))
    if n > len(indices):  # three places for the gap
        first = -(-len(indices) // 2)
        slots = [k if k < first else k + 3 for k in slots]
    last = max(slots[-1], 1)
    return [0.0] if len(indices) == 1 else [1 - 2 * k / last for k in slots]
