"""The warnings filters of a search, which are those of its caller."""

from __future__ import annotations

import warnings
from types import FrameType
from typing import Any


def filters_of_search(frame: FrameType | None) -> Any:
    """The warnings filters under which a search was started; None outside of one.

    A search is everything that scikit-learn fits repeatedly: the tasks of its
    ``Parallel``, and the refit of ``sklearn.model_selection``. Every task of
    scikit-learn 1.7 and later runs under a new copy of the caller's filters, which it
    keeps in a local variable; the outermost one is returned, not a copy.

    Parameters
    ----------
    frame : frame or None
        The innermost frame of the stack.

    Returns
    -------
    list or None
    """
    # from Python 3.14, filters are local to a context
    current: Any = getattr(warnings, "_get_filters", lambda: warnings.filters)
    found: Any = None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module == "sklearn.utils.parallel" and frame.f_code.co_name == "__call__":
            found = frame.f_locals.get("warning_filters") or found or current()
        elif module.startswith("sklearn.model_selection"):
            found = found or current()
        frame = frame.f_back
    return found
