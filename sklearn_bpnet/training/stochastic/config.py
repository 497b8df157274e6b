"""Whether epochs are compiled: the one switch, for users, tests and benchmarks."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, ContextDecorator
from contextvars import ContextVar
from typing import Any, Literal

Compiled = Literal["auto"] | bool

_VARIABLE = "SKLEARN_BPNET_COMPILED"
_VALUES: dict[str, Compiled] = {"auto": "auto", "0": False, "1": True}
_compiled: ContextVar[Compiled | None] = ContextVar("compiled", default=None)


def get_config() -> dict[str, Any]:
    """The settings that are in force, as keywords of `config_context`.

    Returns
    -------
    dict of str to object
        ``"compiled"``: that of the innermost `config_context` of this thread; outside
        of any the environment variable ``SKLEARN_BPNET_COMPILED`` (``0``, ``1`` or
        ``auto``), else ``"auto"``.
    """
    compiled = _compiled.get()
    if compiled is None:
        value = os.environ.get(_VARIABLE, "auto")
        if value not in _VALUES:
            raise ValueError(
                f"The environment variable {_VARIABLE} must be one of "
                f"{', '.join(_VALUES)}; got {value!r}."
            )
        compiled = _VALUES[value]
    return {"compiled": compiled}


class _Context(ContextDecorator):
    """Sets the switch while it is entered.

    It may be entered several times: ``with context, context:`` restores the switch even
    if an interrupt (Ctrl-C) hits one of the two exits.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.before: list[Compiled | None] = []

    def __enter__(self) -> None:
        before = _compiled.get()
        try:
            self.before.append(before)
            _compiled.set(self.compiled)
        except BaseException:  # an interrupt in the middle
            _compiled.set(before)
            raise

    def __exit__(self, *error: object) -> None:
        _compiled.set(self.before[0])

    def _recreate_cm(self) -> _Context:  # for every call of a decorated function
        return _Context(self.compiled)


def config_context(*, compiled: Compiled) -> AbstractContextManager[None]:
    """Say whether the epochs of training are compiled, within a ``with`` block.

    It holds for the thread that enters the block, and for the threads and processes
    of an ensemble that is trained in it.

    Parameters
    ----------
    compiled : bool or "auto"
        ``False``: training runs in NumPy. ``True``: it is compiled wherever Numba is
        installed and there is compiled code for it. ``"auto"``: only if the epoch is
        also large enough for that to pay.

    Examples
    --------
    >>> from sklearn_bpnet import config_context
    >>> with config_context(compiled=False):
    ...     pass  # net.fit(X, y)
    """
    if compiled not in ("auto", True, False):
        raise ValueError(f"compiled must be True, False or 'auto'; got {compiled!r}.")
    return _Context(compiled)
