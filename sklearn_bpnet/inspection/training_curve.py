"""The learning curves of a fit as a plot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.inspection.plotting import (
    fitted_network,
    logarithmic,
    mark_kept_epoch,
    new_axes,
)


@dataclass
class TrainingCurveDisplay:
    """Loss, validation and learning rate per epoch.

    Use `from_estimator` to create it.

    Parameters
    ----------
    history : mapping of str to ndarray of shape (n_epochs,)
        The columns of ``history_``.
    best_epoch : int
        The number of epochs after which the kept weights were reached.
    stop_reason : str
        Why training ended.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        The axes of the losses and the figure of the last `plot`.
    axes_ : list of matplotlib Axes
        All axes of the last `plot`: of the losses, of the validation score and of the
        learning rate, as far as they are drawn.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bpnet import BPNetClassifier
    >>> from sklearn_bpnet.inspection import TrainingCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BPNetClassifier(max_iter=50, random_state=0).fit(X, y)
    >>> display = TrainingCurveDisplay.from_estimator(clf)
    """

    history: Mapping[str, NDArray[Any]] = field(repr=False)
    best_epoch: int
    stop_reason: str

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, member: int | None = None, ax: Any = None
    ) -> TrainingCurveDisplay:
        """Plot the training of a fitted estimator.

        Parameters
        ----------
        estimator : object
            A BPNetClassifier or BPNetRegressor, a pipeline that ends with one, or a
            search over one of them; fitted.
        member : int or None, default=None
            Which network of an ensemble.
        ax : matplotlib Axes or None, default=None
            Axes of the losses; see `plot`.

        Returns
        -------
        TrainingCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator is an ensemble and ``member`` is not one of its networks,
            or if it was not trained.
        """
        network = fitted_network(estimator, member)
        history = network.history_
        if not len(history["loss"]):
            raise ValueError("The estimator was not trained: it has no loss to show.")
        display = cls(history, network.best_epoch_, network.stop_reason_)
        return display.plot(ax)

    def plot(self, ax: Any = None) -> TrainingCurveDisplay:
        """Plot the curves over the epochs.

        Parameters
        ----------
        ax : matplotlib Axes or None, default=None
            Axes to draw the losses on, with the validation score on a second vertical
            axis. None creates a figure in which score and learning rate have axes of
            their own.

        Returns
        -------
        TrainingCurveDisplay
            This object.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        score = self._column("validation_score")
        rate = self._column("learning_rate")
        if ax is not None:
            self.axes_ = [ax] if score is None else [ax, ax.twinx()]
            rate = None
        else:
            n = 1 + (score is not None) + (rate is not None)
            axes = new_axes(
                nrows=n,
                sharex=True,
                squeeze=False,
                figsize=(6.4, 2.2 + 1.6 * n),
                height_ratios=[2.0, *[1.0] * (n - 1)],
            )
            self.axes_ = list(axes.ravel())
        self.ax_ = top = self.axes_[0]
        self.figure_ = top.figure
        self._draw_losses(top)
        if score is not None:
            axis = self.axes_[1]
            axis.plot(self._epochs, score, "C2:", label="validation score")
            axis.set_ylabel("Validation score")
        if rate is not None:
            axis = self.axes_[-1]
            axis.plot(self._epochs, rate, "C3-.", label="learning rate")
            axis.set_ylabel("Learning rate")
            _fit_scale(axis, rate)
        own = self.axes_ if ax is None else [top]
        own[-1].set_xlabel("Epoch")
        explained = [top] if ax is None else self.axes_
        handles = [h for axis in explained for h in axis.get_legend_handles_labels()[0]]
        top.legend(handles=[*handles, mark_kept_epoch(own, self.best_epoch)])
        return self

    @property
    def _epochs(self) -> NDArray[np.intp]:
        return np.arange(1, len(self.history["loss"]) + 1)

    def _column(self, name: str) -> NDArray[Any] | None:
        """A curve, or None where there is no number in it."""
        column = self.history.get(name)
        return None if column is None or np.isnan(column).all() else column

    def _draw_losses(self, ax: Any) -> None:
        """The losses on the training and the validation samples."""
        ax.plot(self._epochs, self.history["loss"], label="training loss")
        validation = self._column("validation_loss")
        losses = [self.history["loss"]]
        if validation is not None:
            ax.plot(self._epochs, validation, "--", label="validation loss")
            losses.append(validation)
        _fit_scale(ax, np.concatenate(losses))
        ax.set(ylabel="Loss", title=f"{len(self._epochs)} epochs: {self.stop_reason}")


def _fit_scale(ax: Any, numbers: NDArray[Any]) -> None:
    """Make the vertical axis logarithmic if the numbers differ by a factor of 20."""
    numbers = numbers[np.isfinite(numbers)]
    if numbers.size and numbers.min() > 0 and numbers.max() > 20 * numbers.min():
        logarithmic(ax, numbers)
