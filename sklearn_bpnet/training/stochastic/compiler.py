"""Numba from outside: whether it can be used, and how to wait for it.

Nothing here imports Numba, which takes a second; `load` does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from importlib import import_module
from importlib.util import find_spec
from threading import Event, Thread, current_thread, main_thread
from typing import Any, TypeVar

T = TypeVar("T")

_PACKAGE = "sklearn_bpnet.training.stochastic.compiled."
_LOOK = 0.05  # seconds between two looks for Ctrl-C
_GRACE = 1.0  # seconds that Ctrl-C waits for the compiler to stop


class CancelledCompilationError(BaseException):
    """Ends a compilation whose result nothing waits for any more."""


_is_cancelled: ContextVar[Callable[[], bool] | None] = ContextVar(
    "is_cancelled", default=None
)


def is_cancelled() -> bool:
    """Whether the compilation of this thread is cancelled."""
    asked = _is_cancelled.get()
    return asked is not None and asked()


def check() -> None:
    """Raise `CancelledCompilationError` if the compilation of this thread is cancelled.

    It is called where the compiler can be left in good order.
    """
    if is_cancelled():
        raise CancelledCompilationError


@contextmanager
def cancelled_by(ask: Callable[[], bool]) -> Iterator[None]:
    """Cancel what this thread compiles inside as soon as a function returns true."""
    token = _is_cancelled.set(ask)
    try:
        yield
    finally:
        _is_cancelled.reset(token)


class _AtWork:
    """How many threads compile, and whether a forked process has lost one of them.

    Numba's locks are then held by nothing that could release them.
    """

    def __init__(self) -> None:
        self.threads: set[object] = set()
        self.is_lost = False

    def begin_anew(self) -> None:
        """Note what a forked process has lost."""
        self.is_lost = self.is_lost or bool(self.threads)
        self.threads = set()


_at_work = _AtWork()

if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_at_work.begin_anew)


def compile_with(function: Callable[[], T]) -> T:
    """Call a function that compiles or imports; Ctrl-C ends the call at once.

    KeyboardInterrupt inside of Numba is ignored there, or leaves functions that are
    half made. The main thread, which alone receives it, therefore lets another thread
    compile and waits. After Ctrl-C that thread ends with the current step of the
    compiler.
    """
    if current_thread() is not main_thread():
        return _counted(function)
    done, cancelled = Event(), Event()
    results: list[tuple[bool, Any]] = []

    def work() -> None:
        try:
            with cancelled_by(cancelled.is_set):
                results.append((True, _counted(function)))
        except BaseException as error:
            results.append((False, error))
        finally:
            done.set()

    thread = Thread(target=copy_context().run, args=(work,), name="compiler")
    try:
        thread.start()
        while not done.wait(_LOOK):
            pass
        thread.join()
    except BaseException:
        cancelled.set()
        done.wait(_GRACE)
        raise
    is_result, result = results[0]
    if not is_result:
        raise result
    return result


def _counted(function: Callable[[], T]) -> T:
    """Call a function, known as one that compiles."""
    mark = object()
    _at_work.threads.add(mark)
    try:
        return function()
    finally:
        _at_work.threads.discard(mark)


# What keeps Numba from being used

_OLDEST = (0, 60)
_USE_NUMPY = (
    "So training runs in NumPy, which is slower. {remedy}, or set the environment "
    "variable SKLEARN_BPNET_COMPILED=0 to train in NumPy without this warning."
)
_modules: dict[str, Any] = {}
_told: dict[str, bool] = {}  # what is to be said once, and whether it was


def tell(message: str) -> None:
    """Note what the user must be told, once in this process."""
    _told.setdefault(message, False)


def news() -> list[str]:
    """What the user must be told and has not been told yet."""
    messages = [message for message, was_told in _told.items() if not was_told]
    _told.update(dict.fromkeys(messages, True))
    return messages


def load(name: str) -> Any:
    """A module of the compiled code; None if Numba is not there or does not work."""
    if name not in _modules:
        _modules[name] = _loaded(name) if _is_installed() else None
    return _modules[name]


def _is_installed() -> bool:
    try:
        return find_spec("numba") is not None
    except ValueError:  # something keeps it from being imported
        return False


def _loaded(name: str) -> Any:
    try:
        numba = compile_with(lambda: import_module("numba"))
        if numba.version_info[:2] < _OLDEST:
            oldest = ".".join(map(str, _OLDEST))
            raise ImportError(f"its version is {numba.__version__}, below {oldest}")
        return compile_with(lambda: import_module(_PACKAGE + name))
    except Exception as error:  # a broken installation can fail in any way
        reason = f"{type(error).__name__}: {str(error).rstrip('.')}"
        remedy = "Install one that works, by python -m pip install -U numba"
        tell(
            f"Numba is installed, but it cannot be used ({reason}). "
            + _USE_NUMPY.format(remedy=remedy)
        )
        return None


def is_usable(*, in_memory: bool) -> bool:
    """Whether a training that compiled code supports can be compiled.

    Compilation takes much longer than a usual fit, so that it pays only if its result
    can be kept on disk.

    Parameters
    ----------
    in_memory : bool
        Whether to compile anew in every process if its result cannot be kept.
    """
    cache = load("cache")
    if cache.is_disabled():
        remedy = "Unset it"
        tell("NUMBA_DISABLE_JIT is set. " + _USE_NUMPY.format(remedy=remedy))
        return False
    if _at_work.is_lost:
        remedy = "Start processes by spawn or forkserver"
        tell(
            "This process was forked while another thread compiled, whose locks it "
            "cannot open. " + _USE_NUMPY.format(remedy=remedy)
        )
        return False
    if cache.obstacle is None:
        return True
    reason = f"Compiled code cannot be kept on disk ({cache.obstacle}). "
    remedy = "Set the environment variable NUMBA_CACHE_DIR to a folder that can be "
    if in_memory:
        tell(f"{reason}So every process compiles it anew. {remedy}written.")
    else:
        tell(reason + _USE_NUMPY.format(remedy=f"{remedy}written"))
    return in_memory
