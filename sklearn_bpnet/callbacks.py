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
from sklearn_bpnet._storage.replacing import check_replaceable
from sklearn_bpnet.net.hyperparameters import is_count, is_real

if not HAS_CALLBACKS:
    raise ImportError(
        "sklearn_bpnet.callbacks needs scikit-learn 1.9 or later, where estimators "
        "have set_callbacks. With older versions use verbose=True to print every "
        "epoch, and save_checkpoint between calls of partial_fit."
    )


# names of the subtasks of a fit: epochs of a network, members of an ensemble
_STEPS = ("epoch", "member")


class Callback:
    """A callback that does nothing: a base class for those that use some hooks."""

    def setup(self, estimator: Any, context: Any) -> None:
        """Set up the callback; called once before a fit."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Handle the start of a fit, or of one of its subtasks."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool | None:
        """Handle the end of a subtask, or of the fit; return True to stop training."""
        return None

    def teardown(self, estimator: Any, context: Any) -> None:
        """Clean up; called once after a fit, even if it failed."""


class Checkpoint(Callback):
    """Writes the state of training to a file, from which it can be continued.

    The file is replaced atomically, so that a crash leaves the previous file intact.
    ``load_checkpoint`` of the estimator's class reads it. `fit` of the estimator
    returned then trains the remaining epochs, and the weights are the same, bit for
    bit, as without the interruption; "lbfgs" and "cg" continue from the weights alone,
    and their result is the same within their tolerance only.

    Parameters
    ----------
    path : str or Path
        Name of the file. "{task}" in it is replaced by the numbers of the fit within a
        search, so that fits do not overwrite each other's file.
    every : int, default=1
        Number of epochs (finished members of an ensemble) between checkpoints, at least
        1; the last one is always written.

    Raises
    ------
    ValueError
        If ``every`` is not a positive integer; at the start of a fit within a search,
        if the name lacks "{task}".
    TypeError
        If ``path`` is not a path; at the start of a fit, if the estimator has no
        checkpoints.
    OSError
        At the start of a fit, if the file cannot be written: its folder is missing,
        for example.
    """

    def __init__(self, path: str | PathLike[str], every: int = 1) -> None:
        if not is_count(every):
            raise ValueError(f"every must be an int of at least 1; got {every!r}.")
        if not isinstance(path, (str, PathLike)):
            raise TypeError(f"path must be a str or a Path; got {path!r}.")
        self.path = path
        self.every = every
        self._last: Any = None  # the last epoch, if it was not written

    def setup(self, estimator: Any, context: Any) -> None:
        """Check the estimator, the name of the file, and that it can be written."""
        if not hasattr(estimator, "save_checkpoint"):
            raise TypeError(
                "Checkpoint is a callback for BPNetClassifier and BPNetRegressor; got "
                f"{type(estimator).__name__}. Set it on that step of a pipeline."
            )
        path = self._file(context)
        try:
            check_replaceable(Path(path))
        except OSError as error:
            raise OSError(
                error.errno,
                f"Checkpoint cannot write its file ({error.strerror}). Give it the "
                "path of a file in a folder that exists and can be written to",
                path,
            ) from error

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Write a checkpoint after every ``every`` subtasks, and at the end."""
        if context.task_name in _STEPS:
            if fitted_estimator is None:
                return  # it diverged: the file has the last valid state
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
        """Release the last state."""
        self._last = None

    def _file(self, context: Any) -> str:
        """The name of the file of a fit."""
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
    """Stops training after the first epoch that exceeds a time limit.

    The weights are kept as after any other end of training, and ``stop_reason_`` is
    "stopped". For an ensemble, the limit is checked after every member, and the
    finished members are kept.

    Parameters
    ----------
    seconds : float
        Time limit in seconds since the start of `fit`, positive.

    Raises
    ------
    ValueError
        If ``seconds`` is not positive.
    """

    def __init__(self, seconds: float) -> None:
        if not (is_real(seconds) and seconds > 0):
            raise ValueError(f"seconds must be positive; got {seconds!r}.")
        self.seconds = seconds

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Record the start of a fit."""
        if context.task_name not in _STEPS:
            self._start = monotonic()

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Return whether the time limit is exceeded."""
        return context.task_name in _STEPS and (
            monotonic() - self._start >= self.seconds
        )


class LearningCurve(Callback):
    """Plots learning curves during training, live in a notebook.

    The training loss and, if there are validation samples, their loss and score are
    plotted over the epochs. Outside a notebook, the figure is shown by matplotlib's
    backend.

    Parameters
    ----------
    ax : matplotlib Axes or None, default=None
        Axes to plot on; None creates a new figure.
    interval : float, default=0.5
        Minimum time between updates in seconds, at least 0; the end is always plotted.

    Attributes
    ----------
    figure_ : matplotlib Figure
        The figure.
    ax_ : matplotlib Axes
        Axes of the loss.

    Raises
    ------
    ImportError
        At the start of a fit, if matplotlib is not installed.
    ValueError
        If ``interval`` is negative; at the start of a fit, if the estimator is an
        ensemble, which has many curves.
    """

    def __init__(self, ax: Any = None, interval: float = 0.5) -> None:
        if not (is_real(interval) and interval >= 0):
            raise ValueError(f"interval must be at least 0; got {interval!r}.")
        self.ax = ax
        self.interval = interval
        self._history: dict[str, Any] = {}

    def setup(self, estimator: Any, context: Any) -> None:
        """Create the figure, and show it in a notebook."""
        if getattr(estimator, "n_members", 1) > 1:
            raise ValueError(
                "LearningCurve shows the curves of one network, but n_members="
                f"{estimator.n_members}. Use n_members=1; for an ensemble, plot "
                "history_ of its estimators_."
            )
        try:
            import matplotlib.pyplot as plt
        except ImportError as error:
            raise ImportError(
                "LearningCurve needs matplotlib: python -m pip install matplotlib"
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
        """Update the plot, at most once per ``interval``."""
        if context.task_name != "epoch" or fitted_estimator is None:
            return
        self._history = fitted_estimator.history_
        if monotonic() - self._drawn >= self.interval:
            self._draw()

    def teardown(self, estimator: Any, context: Any) -> None:
        """Plot the final curves."""
        if self._history:
            self._draw()

    def __getstate__(self) -> dict[str, Any]:
        # figures cannot be sent to other processes
        return {"ax": None, "interval": self.interval, "_history": {}}

    def _draw(self) -> None:
        """Plot all curves again."""
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
        if self._right is not None:  # a refit has no score
            self._right.set_visible("validation_score" in history)
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
    """A handle to update the figure below a notebook cell; None elsewhere."""
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    return ipython.display.display(figure, display_id=True)
