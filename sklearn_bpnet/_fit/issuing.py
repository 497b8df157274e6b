"""Issuing warnings: the line that they point to, and how often in a search."""

from __future__ import annotations

import inspect
import warnings
from multiprocessing import parent_process
from typing import Any

from sklearn_bpnet._sklearn_compat import filters_of_search
from sklearn_bpnet.exceptions import ParameterWithoutEffectWarning

# a warning points to the first line outside of these
_INSIDE = ("sklearn_bpnet", "sklearn", "joblib", "contextlib")


class _Issued:
    """The warnings that searches of this process have issued.

    Python's default action shows a warning once per line of code, until the filters
    change. In a search they change with every fit, as scikit-learn copies them into
    every task, so that each fit would repeat the warning. Here the memory lasts as
    long as the filters under which the search was started: entering a
    ``catch_warnings`` or changing a filter forgets it, and a search in another test or
    under other filters warns again. A fit outside of a search is not affected.
    """

    def __init__(self) -> None:
        self.filters: list[Any] = []
        self.content: tuple[Any, ...] = ()
        self.warnings: set[tuple[str, type[Warning]]] = set()

    def under(self, filters: list[Any]) -> set[tuple[str, type[Warning]]]:
        """Those issued under the given filters."""
        # the filters of a worker process are sent to it with every task
        is_worker = parent_process() is not None
        is_same = is_worker or filters is self.filters
        if not is_same or tuple(filters) != self.content:
            self.filters, self.content = filters, tuple(filters)
            self.warnings = set()
        return self.warnings


_issued = _Issued()


def warn(message: str, category: type[Warning] = ParameterWithoutEffectWarning) -> None:
    """Warn at the first line outside this package, scikit-learn and joblib.

    In a search the same warning is issued once per process, except if a filter makes
    it an error, which every fit has to raise.
    """
    level, frame = 1, inspect.currentframe()
    filters = filters_of_search(frame)
    while frame is not None and (
        frame.f_globals.get("__name__", "").split(".")[0] in _INSIDE
    ):
        level, frame = level + 1, frame.f_back
    issued = set() if filters is None else _issued.under(filters)
    if (message, category) not in issued:
        warnings.warn(message, category, stacklevel=level)
        issued.add((message, category))  # not reached if it is an error
