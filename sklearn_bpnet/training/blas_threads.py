"""BLAS's own threads: used where a product is large, else limited to one.

A limit is a property of the process, or of one thread, of every BLAS library that is
loaded; threadpoolctl sets it. What is chosen depends on the network and the batch size
only, never on the clock or on the load.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from threadpoolctl import ThreadpoolController

from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.locks import SafeLock

# Multiplications in a batch's largest product from which a second thread pays.
WORTH_SHARING = 2**21


class _Limits:
    """Which `OneBlasThread` are in force, and the numbers of threads before them.

    Some libraries have one limit for the process: the first in sets it and the last
    one out restores it, in whatever order they leave. Those that use OpenMP have one
    per thread, which every holder sets and restores for its own.

    Every change of state can be repeated, so that it is complete even if an interrupt
    (Ctrl-C) ended a first attempt.
    """

    def __init__(self) -> None:
        self.lock = SafeLock()
        self.controller: Any = None  # made when first needed: it searches the libraries
        self.holders: set[OneBlasThread] = set()
        self.before: list[tuple[Any, int]] = []  # of the process
        self.n_threads = 1

    def add(self, holder: OneBlasThread) -> int:
        """Limit BLAS to one thread; return how many it has without such limits."""
        with self.lock, self.lock:
            if self.controller is None:
                self.controller = ThreadpoolController().select(user_api="blas")
            libraries = self.controller.lib_controllers
            of_threads = [lib for lib in libraries if _is_limited_per_thread(lib)]
            if holder not in self.holders:
                holder.before = [(lib, lib.num_threads) for lib in of_threads]
            if not self.holders:
                rest = [lib for lib in libraries if lib not in of_threads]
                self.before = [(lib, lib.num_threads) for lib in rest]
                numbers = [n for _, n in (*self.before, *holder.before)]
                self.n_threads = max(numbers, default=1)
            self.holders.add(holder)
            _set([(lib, 1) for lib, _ in (*self.before, *holder.before)])
            return self.n_threads

    def remove(self, holder: OneBlasThread) -> None:
        """End a limit; nothing if it has ended."""
        with self.lock, self.lock:
            _set(holder.before)
            holder.before = []
            self.holders.discard(holder)
            if not self.holders:
                _set(self.before)
                self.before = []


def _is_limited_per_thread(library: Any) -> bool:
    layer = getattr(library, "threading_layer", "unknown")
    return bool(library.internal_api == "openblas" and layer == "openmp")


def _set(numbers: list[tuple[Any, int]]) -> None:
    """Set the numbers of threads of some libraries.

    From its first limit on, threadpoolctl lets a single thread limit OpenBLAS and
    ignores the others. Here the first and the last are often not the same thread.
    """
    for library, number in numbers:
        clear = getattr(library, "clear_controlling_thread", None)  # since 3.8
        if clear is not None:
            clear(force=True)
        library.set_num_threads(number)
        if clear is not None:
            clear(force=True)


_limits = _Limits()


def _begin_anew() -> None:
    """In a forked process, end the limits of threads that exist in its parent only."""
    global _limits
    before, _limits = _limits.before, _Limits()
    _set(before)


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    # no thread is in the middle of a change while the process is copied
    os.register_at_fork(
        before=lambda: _limits.lock.__enter__(),
        after_in_parent=lambda: _limits.lock.__exit__(),
        after_in_child=_begin_anew,
    )


class OneBlasThread:
    """Limits BLAS to one thread while it is entered: a context manager.

    It may be entered several times; the first exit ends the limit. So ``with limit,
    limit:`` ends it even if an interrupt hits one of the two exits.
    """

    def __init__(self) -> None:
        self.before: list[tuple[Any, int]] = []  # of libraries limited per thread

    def __enter__(self) -> int:
        """Return how many threads BLAS has without such limits."""
        try:
            return _limits.add(self)
        except BaseException:  # an interrupt in the middle
            _limits.remove(self)
            raise

    def __exit__(self, *error: object) -> None:
        _limits.remove(self)


def blas_threads_for(network: Network, n_samples: int) -> AbstractContextManager[Any]:
    """Let BLAS use its threads only if batches of ``n_samples`` gain by it.

    On small products they cost more than they bring, and on a busy machine, where a
    thread waits for one that is not scheduled, many times more. The context manager
    may be entered twice, see `OneBlasThread`.
    """
    if largest_product(network, n_samples) >= WORTH_SHARING:
        return nullcontext()
    return OneBlasThread()


def largest_product(network: Network, n_samples: int) -> int:
    """Multiplications in the largest product of a batch."""
    return n_samples * max(network.layer_work)
