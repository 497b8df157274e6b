"""BLAS threads: used where a product is large enough to share, else left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

from sklearn_bpnet.net.network import Network

# Multiplications in a batch's largest product from which a second thread pays.
_WORTH_SHARING = 2**21


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

    def enter(self) -> None:
        with self.lock:
            if self.n_callers == 0:
                if self.controller is None:  # looks through the loaded libraries
                    self.controller = ThreadpoolController()
                self.limit = self.controller.limit(limits=1, user_api="blas")
            self.n_callers += 1

    def leave(self) -> None:
        with self.lock:
            self.n_callers -= 1
            if self.n_callers == 0:
                self.limit.restore_original_limits()


_ONE_THREAD = _OneThread()


@contextmanager
def blas_threads_for(network: Network, n_rows: int) -> Iterator[None]:
    """Let BLAS use its threads only if batches of ``n_rows`` rows gain by it.

    On small products they cost more than they bring, and on a busy machine, where a
    thread waits for one that is not scheduled, many times more.
    """
    if n_rows * max(b.n_in * b.n_out for b in network.blocks) >= _WORTH_SHARING:
        yield
        return
    _ONE_THREAD.enter()
    try:
        yield
    finally:
        _ONE_THREAD.leave()
