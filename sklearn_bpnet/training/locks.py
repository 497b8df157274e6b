"""A lock that an interrupt does not leave locked."""

from __future__ import annotations

from contextlib import suppress
from threading import RLock


class SafeLock:
    """A lock whose first exit releases it, however often its thread has entered it.

    Ctrl-C may raise KeyboardInterrupt between any two lines, also in the exit of a
    ``with`` block. ``with lock, lock:`` releases it even so, as one of the two exits is
    whole.
    """

    def __init__(self) -> None:
        self._lock = RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def try_to_enter(self) -> bool:
        """Enter if no other thread holds it; return whether that worked."""
        return self._lock.acquire(blocking=False)

    def __exit__(self, *error: object) -> None:
        with suppress(RuntimeError):  # it is released
            while True:
                self._lock.release()
