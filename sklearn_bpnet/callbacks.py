"""Callbacks for ``set_callbacks``: checkpoints, a time limit, a live plot.

They follow the protocol of ``sklearn.callback``, as scikit-learn's own
``ProgressBar`` and ``ScoringMonitor`` do, and need scikit-learn 1.9 or later.
"""

from __future__ import annotations

import sys
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import Any

from sklearn_bpnet._sklearn_compat import HAS_CALLBACKS

if not HAS_CALLBACKS:
    raise ImportError(
        "sklearn_bpnet.callbacks needs scikit-learn 1.9 or later, where estimators "
        "have set_callbacks. Before, verbose=True prints the facts of every epoch, and "
        "save_checkpoint between calls of partial_fit does what Checkpoint does."
    )


# what training consists of: epochs of a network, members of an ensemble
_STEPS = ("epoch", "member")


class Callback:
    """A callback that does nothing: a base for those that use some of the hooks."""

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin: called once before a fit."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Look at the start of a fit, or of an epoch."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool | None:
        """Look at the end of an epoch, or of the fit; True ends training."""
        return None

    def teardown(self, estimator: Any, context: Any) -> None:
        """End: called once after a fit, even if it failed."""


class Checkpoint(Callback):
    """Writes training to a file, from which `load_checkpoint` goes on.

    The file is replaced as a whole, so that a crash at any moment leaves the one
    before. `fit` of the estimator that ``load_checkpoint`` returns makes the epochs
    that were left, and ends with the same weights, bit for bit, as if it had never
    been cut off; L-BFGS and "cg" go on from the weights alone, and end elsewhere
    within their tolerance.

    Parameters
    ----------
    path : str or Path
        The file. "{task}" in its name is replaced by the numbers of the fit inside a
        search, without which the fits would overwrite each other's file.
    every : int, default=1
        Epochs from one writing to the next; the last epoch is written too. Of an
        ensemble, members that are ready.

    Raises
    ------
    ValueError
        If ``every`` is no positive integer, or in a search without "{task}".
    """

    def __init__(self, path: str | PathLike[str], every: int = 1) -> None:
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise ValueError(f"every must be an int of at least 1; got {every!r}.")
        self.path = path
        self.every = every
        self._last: Any = None  # the last epoch, if it was not written

    def setup(self, estimator: Any, context: Any) -> None:
        """Find the file's name."""
        if not hasattr(estimator, "save_checkpoint"):
            raise TypeError(
                "Checkpoint is a callback for BPNetClassifier and BPNetRegressor; got "
                f"{type(estimator).__name__}. Set it on that step of a pipeline."
            )
        self._file(context)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Write, if it is time or the end."""
        if context.task_name in _STEPS:
            if fitted_estimator is None:
                return  # it diverged, and what was before is the last good state
            n_steps = fitted_estimator.n_iter_
            if context.task_name == "member":
                n_steps = len(fitted_estimator.estimators_)
            due = n_steps % self.every == 0
            self._last = None if due else fitted_estimator
            if due:
                fitted_estimator.save_checkpoint(self._file(context.parent))
        elif self._last is not None:
            self._last.save_checkpoint(self._file(context))

    def teardown(self, estimator: Any, context: Any) -> None:
        """Forget the last epoch."""
        self._last = None

    def _file(self, context: Any) -> str:
        """The file of a fit."""
        tasks: list[str] = []
        is_alone = True
        while context.parent is not None:
            tasks.insert(0, str(context.task_id))
            context = context.parent
            is_alone = is_alone and context.sequential_subtasks
        path = str(self.path)
        if "{task}" not in Path(path).name and not is_alone:
            raise ValueError(
                f"Several fits would write to {path!r}. Put {{task}} into the name, "
                "such as 'fit-{task}.ckpt'."
            )
        return path.replace("{task}", "-".join(tasks))


class TimeLimit(Callback):
    """Ends training after the first epoch that passes a limit of time.

    The weights are those of any other end, ``stop_reason_`` is "stopped". An ensemble
    ends with the first member that passes it, and has the members that are ready.

    Parameters
    ----------
    seconds : float
        The limit, positive, on the wall clock since `fit` began.

    Raises
    ------
    ValueError
        If ``seconds`` is not positive.
    """

    def __init__(self, seconds: float) -> None:
        if not seconds > 0:
            raise ValueError(f"seconds must be positive; got {seconds!r}.")
        self.seconds = seconds

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Start the clock when a fit starts."""
        if context.task_name not in _STEPS:
            self._start = monotonic()

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Return whether the time is over."""
        return context.task_name in _STEPS and (
            monotonic() - self._start >= self.seconds
        )


class LearningCurve(Callback):
    """Plots the curves of a training while it runs, live in a notebook.

    The training loss and, where there are validation rows, their loss and score, over
    the epochs. Outside a notebook the figure is that of matplotlib's backend.

    Parameters
    ----------
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.
    interval : float, default=0.5
        Seconds from one drawing to the next, at least 0; the end is drawn always.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        Its axes.

    Raises
    ------
    ImportError
        At the start of a fit, without matplotlib.
    ValueError
        At the start of the fit of an ensemble, which has many curves.
    """

    def __init__(self, ax: Any = None, interval: float = 0.5) -> None:
        if not interval >= 0:
            raise ValueError(f"interval must be at least 0; got {interval!r}.")
        self.ax = ax
        self.interval = interval
        self._history: dict[str, Any] = {}

    def setup(self, estimator: Any, context: Any) -> None:
        """Make the figure, and show it in a notebook."""
        if getattr(estimator, "n_members", 1) > 1:
            raise ValueError(
                "LearningCurve shows the curves of one network, but n_members="
                f"{estimator.n_members}. Use n_members=1; those of an ensemble are in "
                "the history_ of its estimators_."
            )
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError(
                "LearningCurve needs matplotlib: pip install sklearn-bpnet[plot]"
            ) from error
        self.ax_ = self.ax
        if self.ax is None:
            _, self.ax_ = plt.subplots(layout="constrained")
        self.figure_ = self.ax_.figure
        self._right: Any = None  # the axis of the score
        self._shown: Any = _show_in_notebook(self.figure_)
        if self._shown is not None and self.ax is None:
            plt.close(self.figure_)  # or the cell would show it a second time
        self._history, self._drawn = {}, monotonic()

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Draw, if the last time is long enough ago."""
        if context.task_name != "epoch" or fitted_estimator is None:
            return
        self._history = fitted_estimator.history_
        if monotonic() - self._drawn >= self.interval:
            self._draw()

    def teardown(self, estimator: Any, context: Any) -> None:
        """Draw the end."""
        if self._history:
            self._draw()

    def __getstate__(self) -> dict[str, Any]:
        # figures do not travel between processes
        return {"ax": None, "interval": self.interval, "_history": {}}

    def _draw(self) -> None:
        history, ax = self._history, self.ax_
        ax.clear()
        epochs = range(1, len(history["loss"]) + 1)
        ax.plot(epochs, history["loss"], color="C0", label="training loss")
        ax.set(xlabel="Epoch", ylabel="Loss")
        ax.xaxis.get_major_locator().set_params(integer=True)
        if "validation_loss" in history:
            ax.plot(
                epochs, history["validation_loss"], color="C1", label="validation loss"
            )
        lines = ax.get_lines()
        if "validation_score" in history:
            if self._right is None:
                self._right = ax.twinx()
            right = self._right
            right.clear()
            right.plot(
                epochs,
                history["validation_score"],
                color="C2",
                linestyle="--",
                label="validation score",
            )
            right.set_ylabel("Score")
            right.yaxis.set_label_position("right")
            right.yaxis.tick_right()
            lines = [*lines, *right.get_lines()]
        labels = [line.get_label() for line in lines]
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 3}
        ax.legend(lines, labels, frameon=False, **above)
        if self._shown is None:
            self.figure_.canvas.draw_idle()
            self.figure_.canvas.flush_events()
        else:
            self._shown.update(self.figure_)
        self._drawn = monotonic()


def _show_in_notebook(figure: Any) -> Any:
    """The handle that updates the figure below a notebook's cell; None elsewhere."""
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    return ipython.display.display(figure, display_id=True)
