"""A fit as scikit-learn's callbacks see it: a task of epochs, or of members."""

from __future__ import annotations

from typing import Any


class FitTasks:
    """Calls the hooks of the callbacks that ``set_callbacks`` put on an estimator.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        The estimator in training.
    data : Data
        The rows of the call.
    max_iter : int
        Most epochs that the call makes, or members that it trains.
    name : {"epoch", "member"}, default="epoch"
        What the subtasks are called.
    """

    def __init__(self, estimator, data, max_iter, name="epoch"):
        self.name = name
        self.estimator = estimator
        self.context: Any = None
        self.subtask: Any = None
        self.active = False  # whether a callback is there to announce subtasks to
        self.n_left = max_iter
        if not hasattr(estimator, "_init_callback_context"):
            return  # scikit-learn before 1.9
        self.context = estimator._init_callback_context(max_subtasks=max_iter)
        weights = data.given["sample_weight"]
        metadata = None if weights is None else {"sample_weight": weights}
        self.facts = {"X": data.given["X"], "y": data.y, "metadata": metadata}
        self.context.call_on_fit_task_begin(estimator=estimator, **self.facts)
        self.active = bool(getattr(estimator, "_skl_callbacks", ()))

    def begin_subtask(self):
        """Announce a subtask, unless one is under way or there are no more."""
        if self.active and self.subtask is None and self.n_left:
            self.n_left -= 1
            self.subtask = self.context.subcontext(task_name=self.name)
            self.subtask.call_on_fit_task_begin(estimator=self.estimator, **self.facts)

    def end_subtask(self, attributes):
        """End the subtask; return whether a callback asks to stop.

        Parameters
        ----------
        attributes : callable or None
            Gives the fitted attributes as if training had ended here; None where it
            diverged.
        """
        if not self.active:
            return False
        subtask, self.subtask = self.subtask, None
        return subtask.call_on_fit_task_end(
            estimator=self.estimator, **self.facts, reconstruction_attributes=attributes
        )

    def end(self):
        """End the fit, and the subtask under way, which came to nothing."""
        if self.context is None:
            return
        if self.subtask is not None:
            self.subtask.call_on_fit_task_end(estimator=self.estimator)
        self.context.call_on_fit_task_end(
            estimator=self.estimator, **self.facts, reconstruction_attributes={}
        )
