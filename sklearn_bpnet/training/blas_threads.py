"""Threads: used where a batch is large enough to share, else left alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from operator import itemgetter
from queue import SimpleQueue
from threading import Lock, Thread
from time import perf_counter
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from sklearn_bpnet.net.network import Network

# Multiplications in a batch's largest product from which a second thread pays.
_WORTH_SHARING = 2**21

# Below so many rows a part's products are slower a row than the batch's.
_LEAST_ROWS = 32


# Batches of an epoch from which one of them may be spent on a measurement.
_WORTH_A_TRIAL = 32

_TRIAL_SECONDS = 0.1


class _OneThread:
    """Limits BLAS to one thread while at least one caller wants that.

    The limit belongs to the whole process. Callers in several threads come and go in
    any order, so the first one in sets it and the last one out takes it back. (Some
    versions of OpenBLAS obey only the thread that first set a limit; a fit in another
    one then keeps the threads there are.)
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.n_callers = 0
        self.controller: ThreadpoolController | None = None
        self.limit: Any = None
        self.n_threads = 1

    def enter(self) -> int:
        """Return how many threads BLAS has where nobody wants it to have one."""
        with self.lock:
            if self.n_callers == 0:
                if self.controller is None:  # looks through the loaded libraries
                    self.controller = ThreadpoolController()
                blas = self.controller.select(user_api="blas").info()
                self.n_threads = max((lib["num_threads"] for lib in blas), default=1)
                self.limit = self.controller.limit(limits=1, user_api="blas")
            self.n_callers += 1
            return self.n_threads

    def leave(self) -> None:
        with self.lock:
            self.n_callers -= 1
            if self.n_callers == 0:
                self.limit.restore_original_limits()


_ONE_THREAD = _OneThread()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread."""
    _ONE_THREAD.enter()
    try:
        yield
    finally:
        _ONE_THREAD.leave()


@contextmanager
def blas_threads_for(network: Network, n_rows: int) -> Iterator[None]:
    """Let BLAS use its threads only if batches of ``n_rows`` rows gain by it.

    On small products they cost more than they bring, and on a busy machine, where a
    thread waits for one that is not scheduled, many times more.
    """
    if _largest_product(network, n_rows) >= _WORTH_SHARING:
        yield
        return
    with one_blas_thread():
        yield


@contextmanager
def crew_for(network: Network, n_rows: int, can_share: bool) -> Iterator[Crew]:
    """A crew to share batches of ``n_rows`` rows, each of it with one BLAS thread.

    It is as large as the number of threads BLAS would use, or smaller where the
    batch is small. For the products alone BLAS's own threads do as well on an idle
    machine; on a busy one they spin while they wait for each other, and fits become
    ten times slower. Where a batch cannot be shared, they are used all the same.
    """
    if not can_share:
        with blas_threads_for(network, n_rows):
            yield Crew()
        return
    n_threads = _ONE_THREAD.enter()
    parts = 2 * _largest_product(network, n_rows) // _WORTH_SHARING
    crew = Crew(max(1, min(n_threads, parts, n_rows // _LEAST_ROWS)))
    try:
        yield crew
    finally:
        crew.dismiss()
        _ONE_THREAD.leave()


class BlasTrial:
    """BLAS's threads in an epoch of large batches, given up where they do not pay.

    On a busy machine they spin while they wait for each other, and a batch takes ten
    times longer than by one thread. So the first batch of an epoch is left to one
    thread, as a measure; the rest too, as soon as a tenth of a second of batches takes
    twice as long a row. On an idle machine that does not happen, and so the same
    numbers come out again.

    Parameters
    ----------
    network : Network
        What is trained.
    batch_size, n_batches : int
        Rows of a batch, and batches of an epoch.
    clock : callable, default=time.perf_counter
        Tells the seconds.
    """

    def __init__(
        self,
        network: Network,
        batch_size: int,
        n_batches: int,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        is_large = _largest_product(network, batch_size) >= _WORTH_SHARING
        self.is_made = is_large and n_batches >= _WORTH_A_TRIAL
        self.clock = clock
        self.alone = inf  # seconds a row takes one thread, at best
        self.is_measured = self.is_over = False

    def __enter__(self) -> None:
        self.is_measured = self.is_over = False
        if self.is_made:
            _ONE_THREAD.enter()
            self._begin()

    def __exit__(self, *error: object) -> None:
        if self.is_made and (self.is_over or not self.is_measured):
            _ONE_THREAD.leave()

    def _begin(self) -> None:
        self.start, self.n_rows = self.clock(), 0

    def look(self, n_rows: int) -> None:
        """A batch of ``n_rows`` rows is done."""
        if not self.is_made or self.is_over:
            return
        self.n_rows += n_rows
        seconds = self.clock() - self.start
        if not self.is_measured:
            self.alone = min(self.alone, seconds / self.n_rows)
            self.is_measured = True
            _ONE_THREAD.leave()
            self._begin()
        elif seconds >= _TRIAL_SECONDS:
            if seconds > 2 * self.alone * self.n_rows:
                self.is_over = True
                _ONE_THREAD.enter()
            self._begin()


def _largest_product(network: Network, n_rows: int) -> int:
    """Multiplications in the largest product of a batch."""
    return n_rows * max(block.n_in * block.n_out for block in network.layers)


class AbandonedError(Exception):
    """Raised by a task that waits for another which failed."""


# Crews that work at the same time would keep each other's threads from meeting: on two
# processors, two fits took five times as long as one. So they take turns, a few tenths
# of a second each. A forked process has none of the threads that took the turn.
_turn = Lock()


def _begin_anew() -> None:
    global _turn
    _turn = Lock()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_begin_anew)


class Crew:
    """Threads that work at the same time; the caller's is one of them.

    Parameters
    ----------
    size : int
        How many threads, at least 1.

    Attributes
    ----------
    is_abandoned : bool
        Whether a task failed, so that others shall not wait for it.
    """

    def __init__(self, size: int = 1) -> None:
        self.size = size
        self.is_abandoned = False
        self._orders: list[SimpleQueue[Any]] = []
        self._results: SimpleQueue[Any] = SimpleQueue()
        for i in range(1, size):
            orders: SimpleQueue[Any] = SimpleQueue()
            Thread(target=self._work, args=(i, orders), daemon=True).start()
            self._orders.append(orders)

    def run(self, tasks: Sequence[Callable[[], float]]) -> float:
        """The sum of what the tasks return, one for each thread.

        Floating-point warnings are treated in all of them as in the caller's. What
        one of them raises is raised here, when none is at work any more.
        """
        if self.size == 1:
            return tasks[0]()
        with _turn:
            return self._run_together(tasks)

    def _run_together(self, tasks: Sequence[Callable[[], float]]) -> float:
        self.is_abandoned = False
        treatment = np.geterr()
        for orders, task in zip(self._orders, tasks[1:], strict=True):
            orders.put((task, treatment))
        results = [(0, self._result(tasks[0]))]
        results += [self._results.get() for _ in self._orders]
        errors = [error for _, error in results if isinstance(error, BaseException)]
        # what they abandoned each other for comes first
        errors.sort(key=lambda error: isinstance(error, AbandonedError))
        if errors:
            raise errors[0]
        results.sort(key=itemgetter(0))  # sums depend on the order
        return sum(result for _, result in results)

    def _result(self, task: Callable[[], float]) -> Any:
        """What a task returns or raises."""
        try:
            return task()
        except BaseException as error:
            self.is_abandoned = True
            return error  # raised by `run`

    def _work(self, i: int, orders: SimpleQueue[Any]) -> None:
        while (order := orders.get()) is not None:
            task, treatment = order
            with np.errstate(**treatment):
                self._results.put((i, self._result(task)))
            del order, task  # what they hold shall not wait for the next

    def dismiss(self) -> None:
        """End the threads."""
        self.is_abandoned = True
        for orders in self._orders:
            orders.put(None)
