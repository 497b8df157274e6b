"""A lock that an interrupt does not leave locked."""

from __future__ import annotations

from threading import RLock
from typing import Any


class SafeLock:
    """A lock whose first exit releases it, however often its thread has entered it.

    Ctrl-C may raise KeyboardInterrupt between any two lines, also in the exit of a
    ``with`` block. ``with lock, lock:`` releases it even so, as one of the two exits is
    whole.
    """

    def __init__(self) -> None:
        self._lock: Any = RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        while self._lock._is_owned():
            self._lock.release()

    @property
    def is_locked(self) -> bool:
        """Whether another thread, or this one, holds it."""
        if self._lock._is_owned():
            return True
        is_free = self._lock.acquire(blocking=False)
        if is_free:
            self._lock.release()
        return not is_free
