"""A fit as scikit-learn's callbacks see it: a task with a subtask for every epoch."""

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
        Most epochs that the call makes.
    """

    def __init__(self, estimator, data, max_iter):
        self.estimator = estimator
        self.context: Any = None
        self.epoch: Any = None
        self.active = False  # whether a callback is there to announce epochs to
        self.n_left = max_iter
        if not hasattr(estimator, "_init_callback_context"):
            return  # scikit-learn before 1.9
        self.context = estimator._init_callback_context(max_subtasks=max_iter)
        weights = data.given["sample_weight"]
        metadata = None if weights is None else {"sample_weight": weights}
        self.facts = {"X": data.given["X"], "y": data.y, "metadata": metadata}
        self.context.call_on_fit_task_begin(estimator=estimator, **self.facts)
        self.active = bool(getattr(estimator, "_skl_callbacks", ()))

    def begin_epoch(self):
        """Announce an epoch, unless one is under way or there are no more."""
        if self.epoch is None and self.n_left:
            self.n_left -= 1
            self.epoch = self.context.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.facts)

    def end_epoch(self, attributes):
        """End the epoch; return whether a callback asks to stop.

        Parameters
        ----------
        attributes : callable or None
            Gives the fitted attributes as if training had ended here; None where it
            diverged.
        """
        epoch, self.epoch = self.epoch, None
        return epoch.call_on_fit_task_end(
            estimator=self.estimator, **self.facts, reconstruction_attributes=attributes
        )

    def end(self):
        """End the fit, and the epoch under way, which came to nothing."""
        if self.context is None:
            return
        if self.epoch is not None:
            self.epoch.call_on_fit_task_end(estimator=self.estimator)
        self.context.call_on_fit_task_end(
            estimator=self.estimator, **self.facts, reconstruction_attributes={}
        )
