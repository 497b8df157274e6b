"""A fit in terms of scikit-learn's callbacks: a task of epochs, or of members."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sklearn_bpnet._sklearn_compat import CallbackContexts


class FitTasks:
    """Calls the hooks of the callbacks that were set with ``set_callbacks``.

    Parameters
    ----------
    contexts : CallbackContexts
        Callback contexts of the estimator.
    name : {"epoch", "member"}
        Name of the subtasks.
    attributes : callable
        Maps what a call has trained so far to the fitted attributes.
    n_later : int, default=0
        Number of subtasks of another training of the call, which begins later.
    """

    def __init__(
        self,
        contexts: CallbackContexts,
        name: str,
        attributes: Callable[[Any], Mapping[str, Any]],
        n_later: int = 0,
    ) -> None:
        self.contexts, self.name, self.attributes = contexts, name, attributes
        self.n_later, self.has_begun = n_later, False
        self.active = contexts.has_callbacks
        self.n_left = 0
        self.is_open = False  # whether a subtask has begun and not ended
        self.was_stopped = False  # whether a callback asked to stop after the last one

    def begin(self, max_subtasks: int) -> None:
        """Announce the fit, and the maximum number of its epochs or members.

        Those of a later training of the same call have been announced with it.
        """
        self.n_left = max_subtasks
        if not self.has_begun:
            self.contexts.begin(max_subtasks + self.n_later)
        self.has_begun = True

    def begin_subtask(self) -> None:
        """Announce a subtask, unless one is open or none is left."""
        if self.active and not self.is_open and self.n_left:
            self.n_left -= 1
            self.contexts.begin_subtask(self.name)
            self.is_open = True

    def end_subtask(self, trained: Callable[[], Any] | None) -> bool:
        """End the subtask; return whether a callback asks to stop.

        Parameters
        ----------
        trained : callable or None
            Returns what the call has trained, as if it ended here; None if training
            diverged.
        """
        if not self.active:
            return False
        self.is_open = False
        attributes = None
        if trained is not None:
            attributes = partial(_attributes_of, self.attributes, trained)
        self.was_stopped = self.contexts.end_subtask(attributes)
        return self.was_stopped

    def end(self) -> None:
        """End the fit, and a subtask that is still open."""
        self.contexts.end()


def _attributes_of(
    attributes: Callable[[Any], Mapping[str, Any]], trained: Callable[[], Any]
) -> Mapping[str, Any]:
    """The fitted attributes of what a call has trained so far."""
    return attributes(trained())
