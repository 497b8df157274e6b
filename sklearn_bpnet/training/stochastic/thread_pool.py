"""Threads that share the batches of a compiled epoch.

For the matrix products alone BLAS's own threads do as well on an idle machine. On a
busy one they spin while they wait for each other, and a fit becomes many times slower;
a pool's threads, each with one BLAS thread, only wait their turn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from operator import itemgetter
from queue import SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.blas_threads import (
    WORTH_SHARING,
    OneBlasThread,
    blas_threads_for,
    largest_product,
)
from sklearn_bpnet.training.locks import SafeLock

# Below so many samples a share's products are slower per sample than the batch's.
_MIN_SAMPLES = 32


class CancelledError(Exception):
    """Raised by a task that waits for another one which failed."""


# Pools that work at the same time would keep each other's threads from meeting: on two
# processors, two fits took five times as long as one. So one pool works at a time, a
# few tenths of a second each. A forked process has none of the threads that work.
_lock = SafeLock()


def _begin_anew() -> None:
    global _lock
    _lock = SafeLock()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_begin_anew)


class ThreadPool:
    """Threads that work at the same time; the caller's is one of them.

    They start when the pool is first used, and end with `shutdown`.

    Parameters
    ----------
    size : int
        How many threads, at least 1.

    Attributes
    ----------
    is_cancelled : bool
        Whether a task failed, so that the others must not wait for it.
    """

    def __init__(self, size: int = 1) -> None:
        self.size = size
        self.is_cancelled = False
        self._orders: list[SimpleQueue[Any]] = []
        self._results: SimpleQueue[Any] = SimpleQueue()

    def run(self, tasks: Sequence[Callable[[], float]]) -> float:
        """The sum of what the tasks return, one for each thread.

        Floating-point warnings are treated in all of them as in the caller's. What
        one of them raises is raised here, once none is at work any more.
        """
        if self.size == 1:
            return tasks[0]()
        with _lock, _lock:
            return self._run_together(tasks)

    def shutdown(self) -> None:
        """End the threads; nothing if they have ended."""
        self.is_cancelled = True
        for orders in self._orders:
            orders.put(None)  # one more does no harm

    def _start(self) -> None:
        while len(self._orders) < self.size - 1:
            orders: SimpleQueue[Any] = SimpleQueue()
            self._orders.append(orders)  # first, so that `shutdown` knows of it
            i = len(self._orders)
            Thread(target=self._work, args=(i, orders), daemon=True).start()

    def _run_together(self, tasks: Sequence[Callable[[], float]]) -> float:
        self._start()
        self.is_cancelled = False
        treatment = np.geterr()
        for orders, task in zip(self._orders, tasks[1:], strict=True):
            orders.put((task, treatment))
        results = [(0, self._result(tasks[0]))]
        results += [self._results.get() for _ in self._orders]
        errors = [error for _, error in results if isinstance(error, BaseException)]
        # the error for which the others were cancelled comes first
        errors.sort(key=lambda error: isinstance(error, CancelledError))
        if errors:
            raise errors[0]
        results.sort(key=itemgetter(0))  # sums depend on the order
        return sum(result for _, result in results)

    def _result(self, task: Callable[[], float]) -> Any:
        """What a task returns or raises."""
        try:
            return task()
        except BaseException as error:
            self.is_cancelled = True
            return error  # raised by `run`

    def _work(self, i: int, orders: SimpleQueue[Any]) -> None:
        while (order := orders.get()) is not None:
            task, treatment = order
            with np.errstate(**treatment):
                self._results.put((i, self._result(task)))
            del order, task  # so that their memory is freed before the next order


class SharedBatches:
    """A thread pool for batches of one network: a context manager.

    Where a batch can be shared, the pool is as large as the number of threads that
    BLAS has, or smaller where the batch is small, and BLAS is limited to one thread.
    Elsewhere it is of one thread, and BLAS's threads are used for large products.

    Like `OneBlasThread`, ``with shared, shared as pool:`` ends it even if an interrupt
    hits one of the two exits.

    Parameters
    ----------
    network : Network
        What is trained.
    n_samples : int
        Samples per batch.
    can_share : bool
        Whether batches can be shared: those of a compiled epoch.
    """

    def __init__(self, network: Network, n_samples: int, can_share: bool) -> None:
        self.n_shares = 1
        self.limit = blas_threads_for(network, n_samples)
        if can_share:
            shares = 2 * largest_product(network, n_samples) // WORTH_SHARING
            self.n_shares = max(1, min(shares, n_samples // _MIN_SAMPLES))
            self.limit = OneBlasThread()
        self.pool: ThreadPool | None = None

    def __enter__(self) -> ThreadPool:
        try:
            n_threads = self.limit.__enter__()
            if self.pool is None:
                size = min(n_threads, self.n_shares) if self.n_shares > 1 else 1
                self.pool = ThreadPool(size)
            return self.pool
        except BaseException:  # an interrupt in the middle
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        try:
            if self.pool is not None:
                self.pool.shutdown()
        finally:
            self.limit.__exit__(None, None, None)
