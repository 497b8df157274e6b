"""Whether epochs are compiled: the one switch, for users, tests and benchmarks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def config_context(*, compiled: Compiled) -> Iterator[None]:
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
    token = _compiled.set(compiled)
    try:
        yield
    finally:
        _compiled.reset(token)
