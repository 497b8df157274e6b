"""A fit as scikit-learn's callbacks see it: a task of epochs, or of members."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sklearn_bpnet._sklearn_compat import CallbackContexts


class FitTasks:
    """Calls the hooks of the callbacks that ``set_callbacks`` put on an estimator.

    Parameters
    ----------
    contexts : CallbackContexts
        The estimator's, to scikit-learn.
    name : {"epoch", "member"}
        What the subtasks are called.
    attributes : callable
        From what a call has trained so far to the estimator's fitted attributes.
    """

    def __init__(
        self,
        contexts: CallbackContexts,
        name: str,
        attributes: Callable[[Any], Mapping[str, Any]],
    ) -> None:
        self.contexts, self.name, self.attributes = contexts, name, attributes
        self.active = contexts.has_callbacks
        self.n_left = 0
        self.is_open = False  # whether a subtask is under way

    def begin(self, max_subtasks: int) -> None:
        """Announce the fit, which has at most so many epochs, or members."""
        self.n_left = max_subtasks
        self.contexts.begin(max_subtasks)

    def begin_subtask(self) -> None:
        """Announce a subtask, unless one is under way or there are no more."""
        if self.active and not self.is_open and self.n_left:
            self.n_left -= 1
            self.contexts.begin_subtask(self.name)
            self.is_open = True

    def end_subtask(self, trained: Callable[[], Any] | None) -> bool:
        """End the subtask; return whether a callback asks to stop.

        Parameters
        ----------
        trained : callable or None
            Gives what the call has trained so far, as if it ended here; None where it
            diverged.
        """
        if not self.active:
            return False
        self.is_open = False
        given = None if trained is None else partial(_called, self.attributes, trained)
        return self.contexts.end_subtask(given)

    def end(self) -> None:
        """End the fit, and the subtask under way, which came to nothing."""
        self.contexts.end()


def _called(
    attributes: Callable[[Any], Mapping[str, Any]], trained: Callable[[], Any]
) -> Mapping[str, Any]:
    return attributes(trained())
