"""Calls in threads or processes of joblib, of which an interrupt leaves nothing behind.

scikit-learn's ``delayed`` sets the filters of warnings around every call. They belong
to the process: where calls in several threads begin and end at different times, filters
of one of them would remain.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import Any, Literal

import sklearn
from joblib import Parallel, delayed


class Cancellation:
    """A flag that ends the training of all members after their current epochs."""

    def __init__(self) -> None:
        self.is_set = False

    def is_requested(self, network: object) -> bool:
        """The flag, as a hook that is called after every epoch."""
        return self.is_set


class _EndError(Exception):
    """Ends the generator of joblib, without its warning that calls are cancelled."""


class ParallelCalls:
    """Calls that are cancelled at the end of a ``with`` block.

    ``with calls, calls:`` cancels them even if an interrupt (Ctrl-C) hits one of the
    two exits.

    Parameters
    ----------
    n_jobs : int or None
        How many calls run at the same time.
    prefer : {"threads", "processes"}
        Where they run, unless a backend of joblib is chosen.

    Attributes
    ----------
    cancellation : Cancellation
        Set at the end, for threads, which cannot be killed.
    """

    def __init__(
        self, n_jobs: int | None, prefer: Literal["threads", "processes"]
    ) -> None:
        self._parallel = Parallel(n_jobs, return_as="generator", prefer=prefer)
        self._results: Generator[Any, None, None] | None = None
        self.cancellation = Cancellation()

    def __enter__(self) -> ParallelCalls:
        return self

    def __exit__(self, *error: object) -> None:
        self.cancellation.is_set = True
        if self._results is not None:
            with suppress(_EndError):
                self._results.throw(_EndError())

    def run(
        self, function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Call a function with several arguments; yield the results in their order."""
        settings = sklearn.get_config(), list(warnings.filters), os.getpid()
        self._results = self._parallel(
            delayed(_call)(*settings, function, given) for given in arguments
        )
        return self._results


def _call(
    config: dict[str, Any],
    filters: list[Any],
    process: int,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> Any:
    """Call a function with the configuration and the filters of warnings of another."""
    with sklearn.config_context(**config):
        if os.getpid() == process:
            return function(*arguments)
        with warnings.catch_warnings():
            warnings.filters[:] = filters  # type: ignore[index]
            return function(*arguments)
