"""Which class is written in ONNX by which function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Converters:
    """A function for every class, of exactly this class.

    A subclass may compute something else, so that it needs a function of its own.

    Parameters
    ----------
    what : str
        What the classes are, for error messages; with the parameters that take them.
    remedy : str
        What to use instead of another class.
    """

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        self._functions: dict[type, Callable[..., Any]] = {}

    def of(self, *classes: type) -> Callable[[F], F]:
        """Decorate the function of some classes."""

        def add(function: F) -> F:
            self._functions.update(dict.fromkeys(classes, function))
            return function

        return add

    def __call__(self, instance: Any, *arguments: Any) -> Any:
        """What the function of its class makes of an instance.

        Raises
        ------
        ValueError
            If there is none.
        """
        self.check(instance)
        return self._functions[type(instance)](instance, *arguments)

    def check(self, instance: Any) -> None:
        """Raise ValueError if there is no function for the class of an instance."""
        if type(instance) not in self._functions:
            raise cannot_export(f"{self.what} {instance!r}", self.remedy)


def cannot_export(what: str, remedy: str) -> ValueError:
    """The error about something that ONNX, or this package, cannot express."""
    return ValueError(f"{what} cannot be exported to ONNX. {remedy}")
