"""The network as a diagram: layers of units, and the weights between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.inspection.plotting import (
    counted,
    fitted_network,
    input_names,
    layer_weights,
    new_axes,
    output_names,
    shortened,
)
from sklearn_bpnet.net.activations import ACTIVATIONS

_DOTS = "\N{VERTICAL ELLIPSIS}"
_STYLES: dict[str, tuple[str, Any]] = {
    "positive": ("C0", "-"),
    "negative": ("C3", "--"),
}
_INCHES_PER_CHARACTER = 0.085


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

    coefs: Sequence[NDArray[Any]] = field(repr=False)
    input_names: Sequence[str] = field(repr=False)
    output_names: Sequence[str] = field(repr=False)
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
        names = [
            [shortened(str(of_layer[index])) for index in indices]
            for of_layer, indices in (
                (self.input_names, shown[0]),
                (self.output_names, shown[-1]),
            )
        ]
        margins = [0.3 + _INCHES_PER_CHARACTER * max(map(len, n)) for n in names]
        n_steps = len(sizes) - 1
        if ax is None:
            height = 1.4 + 0.38 * max(map(len, shown))
            width = (2.2 if n_steps < 5 else 1.4) * n_steps + sum(margins)
            ax = new_axes(figsize=(width, max(height, 3)))
        else:
            width = ax.get_window_extent().width / ax.figure.dpi
        # the axes reach as far as the names: one layer is this many inches wide
        step = max((width - sum(margins)) / n_steps, 0.5)
        places = [_places(indices, n) for indices, n in zip(shown, sizes, strict=True)]
        for layer, W in enumerate(self.coefs):
            self._draw_weights(ax, layer, W, shown, places)
        for layer, (ys, n) in enumerate(zip(places, sizes, strict=True)):
            self._draw_units(ax, layer, ys, n)
        for texts, layer, side, shift in (
            (names[0], 0, "right", -0.15 / step),
            (names[1], n_steps, "left", 0.15 / step),
        ):
            for text, y in zip(texts, places[layer], strict=True):
                ax.text(layer + shift, y, text, ha=side, va="center")
        limits = -margins[0] / step, n_steps + margins[1] / step
        ax.set(xlim=limits, ylim=(-1.15, 1.35))
        ax.set_axis_off()
        self._explain(ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_units(self, ax: Any, layer: int, ys: list[float], n: int) -> None:
        """The units of a layer, how many are left out, and what stands above them."""
        ax.scatter([layer] * len(ys), ys, s=110, c="white", edgecolors="0.2", zorder=3)
        if n > len(ys):
            count = counted(n, "unit" if layer else "input")
            ax.text(
                layer, 0, f"{_DOTS}\n{count}\n{_DOTS}",
                ha="center", va="center", fontsize="small", zorder=4,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
            )  # fmt: skip
        title = self._title(layer, len(self.coefs)) if layer else "inputs"
        ax.text(layer, 1.12, title, ha="center", va="bottom", fontsize="small")

    def _explain(self, ax: Any) -> None:
        """A legend below: which lines are positive weights."""
        from matplotlib.lines import Line2D

        lines = [
            Line2D([], [], color=color, linestyle=style, linewidth=2, label=sign)
            for sign, (color, style) in _STYLES.items()
        ]
        ax.legend(
            handles=lines,
            title="weights, the thicker the larger",
            title_fontsize="small",
            fontsize="small",
            loc="upper center",
            bbox_to_anchor=(0.5, 0.02),
            ncols=2,
            handlelength=3.5,
            frameon=False,
        )

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
            color, style = _STYLES["positive" if w > 0 else "negative"]
            ax.plot(
                [layer, layer + 1],
                [places[layer][i], places[layer + 1][j]],
                color=color,
                linestyle=style,
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
