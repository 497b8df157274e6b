"""The callbacks of scikit-learn 1.9 and later, told of a fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sklearn_bpnet._sklearn_compat.estimators import HAS_CALLBACKS


class CallbackContexts:
    """The callback contexts of a fit and of its subtasks.

    Before scikit-learn 1.9 there are no callbacks, and the methods do nothing.

    Parameters
    ----------
    estimator : estimator
        The estimator, on which callbacks may be set.
    X, y : array-like
        Training data, as passed to the callbacks.
    sample_weight : array-like or None
        Sample weights, as passed to the callbacks.
    """

    def __init__(self, estimator: Any, X: Any, y: Any, sample_weight: Any) -> None:
        self.estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.facts = {"X": X, "y": y, "metadata": metadata}
        self.has_callbacks = HAS_CALLBACKS and bool(
            getattr(estimator, "_skl_callbacks", ())
        )
        self.context: Any = None
        self.subtask: Any = None

    def begin(self, max_subtasks: int) -> None:
        """Announce the fit."""
        if HAS_CALLBACKS:
            estimator = self.estimator
            self.context = estimator._init_callback_context(max_subtasks=max_subtasks)
            self.context.call_on_fit_task_begin(estimator=estimator, **self.facts)

    def begin_subtask(self, name: str) -> None:
        """Announce a subtask."""
        self.subtask = self.context.subcontext(task_name=name)
        self.subtask.call_on_fit_task_begin(estimator=self.estimator, **self.facts)

    def end_subtask(self, attributes: Callable[[], Mapping[str, Any]] | None) -> bool:
        """End the subtask; return whether a callback asks to stop.

        ``attributes`` returns the fitted attributes as if the fit ended here.
        """
        subtask, self.subtask = self.subtask, None
        return bool(
            subtask.call_on_fit_task_end(
                estimator=self.estimator,
                **self.facts,
                reconstruction_attributes=attributes,
            )
        )

    def end(self) -> None:
        """End the fit, and a subtask that is still open."""
        if self.context is None:
            return
        if self.subtask is not None:
            self.subtask.call_on_fit_task_end(estimator=self.estimator)
        self.context.call_on_fit_task_end(
            estimator=self.estimator, **self.facts, reconstruction_attributes={}
        )
