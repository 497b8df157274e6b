"""The norms of the gradient per layer, during training, as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.inspection.plotting import (
    fitted_network,
    mark_kept_epoch,
    new_axes,
)

# Four and five of them: twenty layers have lines of their own without any colour.
_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "x")


@dataclass
class GradientDisplay:
    """The norm of the gradient of every layer, per epoch.

    Use `from_estimator` to create it. Where the norms of the first layers are smaller
    than those of the last by orders of magnitude, the gradient vanishes on its way
    down.

    Parameters
    ----------
    norms : list of ndarray of shape (n_epochs,)
        The Euclidean norm of the gradient of the loss with respect to W and b, for
        every layer from the first one to the output.
    best_epoch : int
        The number of epochs after which the kept weights were reached.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        The axes and the figure of the last `plot`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.inspection import GradientDisplay
    >>> clf = BPNetClassifier((8,), max_iter=20, record="gradient_norm", random_state=0)
    >>> display = GradientDisplay.from_estimator(clf.fit(*load_iris(return_X_y=True)))
    >>> len(display.norms)
    2
    """

    norms: Sequence[NDArray[Any]] = field(repr=False)
    best_epoch: int

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, member: int | None = None, ax: Any = None
    ) -> GradientDisplay:
        """Plot the recorded gradients of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A BPNetClassifier or BPNetRegressor, a pipeline that ends with one, or a
            search over one of them; fitted with ``record="gradient_norm"``.
        member : int or None, default=None
            Which network of an ensemble.
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None creates a new figure.

        Returns
        -------
        GradientDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the gradients were not recorded, or if the estimator is an ensemble and
            ``member`` is not one of its networks.
        """
        network = fitted_network(estimator, member)
        history = network.history_
        names = [f"gradient_norm_{i}" for i in range(1, network.n_layers_)]
        if not all(len(history.get(name, ())) for name in names):
            raise ValueError(
                "The norms of the gradient were not recorded: "
                f"record={network.record!r}. Fit with record='gradient_norm'."
            )
        return cls([history[name] for name in names], network.best_epoch_).plot(ax)

    def plot(self, ax: Any = None) -> GradientDisplay:
        """Plot the norms over the epochs, on a logarithmic scale.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw on; None creates a new figure.

        Returns
        -------
        GradientDisplay
            This object.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        ax = new_axes(ax)
        from matplotlib import colormaps

        epochs, n_layers = np.arange(1, len(self.norms[0]) + 1), len(self.norms)
        # from dark to light, from the first layer to the output
        colors = colormaps["viridis"](np.linspace(0, 0.8, n_layers))
        apart = max(len(epochs) // 8, 1)  # of markers, not at the same epochs
        for i, norms in enumerate(self.norms):
            ax.plot(
                epochs,
                norms,
                label="output" if i == n_layers - 1 else f"layer {i + 1}",
                color=colors[i],
                linestyle=_STYLES[i % len(_STYLES)],
                marker=_MARKERS[i % len(_MARKERS)],
                markevery=(i * apart // n_layers, apart),
                markersize=5,
                markerfacecolor="none",
            )
        curves = list(ax.lines[-n_layers:])
        kept = mark_kept_epoch([ax], self.best_epoch)
        found = np.concatenate(list(self.norms))
        if (found[np.isfinite(found)] > 0).any():
            ax.set_yscale("log")
        ax.set(xlabel="Epoch", ylabel="Norm of the gradient", title="Gradient by layer")
        ax.legend(
            handles=[*curves, kept],
            loc="center left",
            bbox_to_anchor=(1, 0.5),
            fontsize="small",
            handlelength=3.5,
        )
        self.ax_, self.figure_ = ax, ax.figure
        return self
