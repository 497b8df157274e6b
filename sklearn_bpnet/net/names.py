"""Names in error messages: sorted, and the one that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """A question with the most similar of the known names, " Did you mean 'tanh'?".

    Case is ignored. For a class, the question is whether an instance was meant; for
    anything else, and if no name is similar, it is empty.
    """
    if isinstance(name, type):
        return f" Did you mean an instance, {name.__name__}()?"
    if not isinstance(name, str):
        return ""
    by_lower = {other.lower(): other for other in sorted(known, reverse=True)}
    found = get_close_matches(name.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[found[0]]!r}?" if found else ""


def listed(names: Iterable[str]) -> str:
    """Names in alphabetical order, quoted and separated by commas."""
    return ", ".join(repr(name) for name in sorted(names))
