"""Functions that Numba compiles when they are first used, and keeps on disk if it can.

On disk Numba keeps a compiled function until the function's own file changes, and here
also until that of a module changes whose functions are compiled into it. Where it
cannot be kept or read, because the disk is full or the file is damaged, for example,
that is no error: the function is compiled again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import numba
from numba.core import event
from numba.core.caching import FunctionCache

from sklearn_bpnet.training.stochastic import compiler

obstacle: str | None = None  # why nothing can be kept on disk


class _Cache(FunctionCache):
    """The files of a function.

    Parameters
    ----------
    function : function
        What is compiled.
    parts : sequence of module
        Other modules whose functions are compiled into it.
    """

    def __init__(self, function: Any, parts: Sequence[ModuleType]) -> None:
        super().__init__(function)
        self._stamps = tuple(_stamp(module) for module in parts)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return super()._index_key(sig, codegen), self._stamps

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # files that are damaged can raise anything
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            try:
                super().save_overload(sig, data)
            except OSError:
                raise
            except Exception:  # the index is damaged
                self.flush()
                super().save_overload(sig, data)
        except Exception as error:
            reason = getattr(error, "strerror", None) or error
            compiler.tell(
                f"Compiled code could not be written to {self.cache_path} "
                f"({reason}), so that the next process compiles it again. "
                "Make room there, or set the environment variable NUMBA_CACHE_DIR to "
                "another folder."
            )


def _stamp(module: ModuleType) -> tuple[int, int]:
    """What differs once the file of a module has changed."""
    found = os.stat(str(module.__file__))
    return found.st_mtime_ns, found.st_size


def jit(*, parts: Sequence[ModuleType] = (), **options: Any) -> Callable[[Any], Any]:
    """A decorator of functions that are compiled, and kept on disk if possible.

    Parameters
    ----------
    parts : sequence of module, default=()
        Modules whose functions are compiled into the function: once one has changed,
        it is compiled again.
    **options : object
        Those of `numba.njit`, apart from ``cache``.
    """

    def decorate(function: Any) -> Any:
        global obstacle
        dispatcher = numba.njit(**options)(function)
        if not is_disabled():
            try:
                dispatcher._cache = _cache(function, parts)
            except (RuntimeError, OSError) as error:  # there is no folder for it
                obstacle = obstacle or str(error).rstrip(".")  # alike for all
        return dispatcher

    return decorate


def _cache(function: Any, parts: Sequence[ModuleType]) -> _Cache:
    return _Cache(function, parts)


def is_disabled() -> bool:
    """Whether Numba is told to compile nothing."""
    return bool(numba.config.DISABLE_JIT)


class _Watch(event.Listener):
    """Ends a compilation that is cancelled, between two steps of the compiler."""

    def on_start(self, event: Any) -> None:
        compiler.check()

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:run_pass", _Watch())
