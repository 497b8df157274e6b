"""Names for objects: what a user may write instead of an instance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeGuard, TypeVar

T = TypeVar("T")


def is_pair_of_functions(spec: Any) -> TypeGuard[tuple[Any, Any]]:
    """Whether ``spec`` is two plain functions rather than names or instances."""
    return isinstance(spec, tuple) and len(spec) == 2 and all(map(callable, spec))


class Registry(dict[str, T], Generic[T]):
    """A dictionary of named objects of one kind, with an error that lists them.

    Parameters
    ----------
    kind : str
        What the entries are, in an error message: ``"activation"``.
    base : type
        The class whose instances are accepted beside the names.
    entries : mapping of str to instance of ``base``
        The known names.
    from_functions : callable, default=None
        Makes an instance of a pair of plain functions, where one may be given.
    """

    def __init__(
        self,
        kind: str,
        base: type[T],
        entries: Mapping[str, T],
        from_functions: Callable[..., T] | None = None,
    ) -> None:
        super().__init__(entries)
        self.kind = kind
        self.base = base
        self.from_functions = from_functions

    def resolve(self, spec: str | T | tuple[Callable[..., Any], ...]) -> T:
        """Return the object that ``spec`` names, or ``spec`` if it is one.

        Raises
        ------
        ValueError
            If ``spec`` is a string that is not registered.
        TypeError
            If ``spec`` is neither a string nor an instance of the base class.
        """
        if isinstance(spec, self.base):
            return spec
        if self.from_functions is not None and is_pair_of_functions(spec):
            return self.from_functions(*spec)
        if not isinstance(spec, str):
            functions = ", or a pair of functions" if self.from_functions else ""
            raise TypeError(
                f"{self.kind} must be a name or an instance of "
                f"{self.base.__name__}{functions}; got {spec!r}."
            )
        if spec not in self:
            raise ValueError(
                f"Unknown {self.kind} {spec!r}. Known: {', '.join(sorted(self))}; "
                f"or pass an instance of {self.base.__name__}."
            )
        return self[spec]

    def name_of(self, instance: T) -> str:
        """The name ``instance`` is registered under, else its class's name."""
        for name, entry in self.items():
            if entry == instance:
                return name
        return type(instance).__name__
