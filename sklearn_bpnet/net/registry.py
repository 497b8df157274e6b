"""Names for objects: what a user may write instead of an instance.

A registry also stands for the kind of its objects: ``kind_and_class`` and ``class_of``
turn the class of an activation, a loss, an optimiser into two words and back, whether
or not the class is a registry entry.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from inspect import isabstract
from typing import Any, Generic, TypeGuard, TypeVar

from sklearn_bpnet.net.names import did_you_mean

T = TypeVar("T")

_PACKAGE = __name__.partition(".")[0]


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
        _REGISTRIES.append(self)

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
                f"{did_you_mean(spec, self)}"
            )
        if spec not in self:
            raise ValueError(
                f"Unknown {self.kind} {spec!r}.{did_you_mean(spec, self)} Known: "
                f"{', '.join(sorted(self))}; or pass an instance of "
                f"{self.base.__name__}."
            )
        return self[spec]

    def name_of(self, instance: T) -> str:
        """The name ``instance`` is registered under, else its class's name."""
        for name, entry in self.items():
            if entry == instance:
                return name
        return type(instance).__name__


_REGISTRIES: list[Registry[Any]] = []  # some may be of one kind, such as solvers


def kind_and_class(instance: Any) -> tuple[str, str]:
    """The kind of an object, such as ``"activation"``, and the name of its class.

    Raises
    ------
    ValueError
        If it is of no known kind, or its class is not of this package.
    """
    cls = type(instance)
    for registry in _REGISTRIES:
        if isinstance(instance, registry.base) and _is_ours(cls):
            return registry.kind, cls.__name__
    raise ValueError(
        f"{cls.__module__}.{cls.__qualname__} is not a class of {_PACKAGE} with a "
        f"registry. Those are: {_known_kinds()}."
    )


def class_of(kind: str, name: str) -> type:
    """The class of this package with that kind and name: the way back.

    Raises
    ------
    ValueError
        If there is none.
    """
    classes = deque(r.base for r in _REGISTRIES if r.kind == kind)
    if not classes:
        raise ValueError(f"Unknown kind {kind!r}. Known: {_known_kinds()}.")
    while classes:
        cls = classes.popleft()
        if cls.__name__ == name and _is_ours(cls) and not isabstract(cls):
            return cls
        classes.extend(cls.__subclasses__())
    raise ValueError(f"{_PACKAGE} has no {kind} class {name!r}.")


def _known_kinds() -> str:
    return ", ".join(sorted({registry.kind for registry in _REGISTRIES}))


def _is_ours(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == _PACKAGE
