"""Calls in threads or processes, of which an interrupt (Ctrl-C) leaves nothing behind.

joblib decides how many run at the same time and where, and runs them in processes. The
pool that it uses for threads is ended in several steps, and an interrupt between two of
them leaves threads that wait for ever. The threads here end without being told.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Literal

import sklearn
from joblib.parallel import get_active_backend
from sklearn.utils.parallel import Parallel, delayed

_WAIT = 0.05  # seconds, as Windows interrupts no wait
_GRACE = 1.0  # seconds that an interrupt waits for a thread to end its epoch


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

    ``with calls, calls:`` cancels them even if an interrupt hits one of the two exits.

    Parameters
    ----------
    n_jobs : int or None
        How many calls run at the same time.
    prefer : {"threads", "processes"}
        Where they run, unless a backend of joblib is chosen.

    Attributes
    ----------
    n_jobs : int
        How many calls run at the same time.
    uses_threads : bool
        Whether they run in this process.
    cancellation : Cancellation
        Set at the end, for threads, which cannot be killed.
    """

    def __init__(
        self, n_jobs: int | None, prefer: Literal["threads", "processes"]
    ) -> None:
        self._parallel = Parallel(n_jobs, return_as="generator", prefer=prefer)
        backend, _ = get_active_backend(prefer=prefer)
        self.n_jobs: int = backend.effective_n_jobs(self._parallel.n_jobs)
        in_threads = getattr(backend, "uses_threads", False)
        self.uses_threads: bool = self.n_jobs == 1 or in_threads
        self.cancellation = Cancellation()
        self._threads: list[Thread] = []
        self._results: Generator[Any, None, None] | None = None

    def __enter__(self) -> ParallelCalls:
        return self

    def __exit__(self, *error: object) -> None:
        self.cancellation.is_set = True
        if self._results is not None:
            with suppress(_EndError):
                self._results.throw(_EndError())
            # ends what the generator, interrupted, did not
            self._parallel.__exit__(None, None, None)
        for thread in self._threads:
            thread.join(_GRACE)

    def run(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Call a function with several arguments; yield the results in their order."""
        if self.n_jobs == 1:
            return (function(*given) for given in arguments)
        if self.uses_threads:
            return self._run_in_threads(function, arguments)
        results = self._parallel(delayed(function)(*given) for given in arguments)
        self._results = results
        return results

    def _run_in_threads(
        self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]
    ) -> Iterator[Any]:
        """Call a function in threads, which end when no call is left or at the flag."""
        calls: SimpleQueue[Any] = SimpleQueue()
        results: SimpleQueue[Any] = SimpleQueue()
        config = sklearn.get_config()
        for call in enumerate(arguments):
            calls.put(call)

        def work() -> None:
            with sklearn.config_context(**config), suppress(Empty):
                while not self.cancellation.is_set:
                    i, given = calls.get_nowait()
                    try:
                        results.put((i, function(*given), None))
                    except BaseException as error:
                        results.put((i, None, error))

        for _ in range(min(self.n_jobs, len(arguments))):
            thread = Thread(target=copy_context().run, args=(work,), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self._in_order(results, len(arguments))

    @staticmethod
    def _in_order(results: SimpleQueue[Any], n_results: int) -> Iterator[Any]:
        """Yield numbered results in their order; raise the first error at once."""
        done: dict[int, Any] = {}
        for i in range(n_results):
            while i not in done:
                with suppress(Empty):
                    j, result, error = results.get(timeout=_WAIT)
                    if error is not None:
                        raise error
                    done[j] = result
            yield done.pop(i)
