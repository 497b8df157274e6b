"""Values of parameters and attributes as JSON and plain arrays; nothing is pickled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from sklearn_bpnet._storage.kinds import class_of, kind_of

_PLAIN = (type(None), bool, int, float, str)


class NotPortableError(TypeError):
    """A value has no JSON form."""


def encode(value: Any, arrays: dict[str, Any]) -> Any:
    """The JSON form of a value, with its arrays stored in ``arrays``.

    Parameters
    ----------
    value : object
        None, a bool, number, string, list, tuple, dict, array, dtype or RandomState,
        or an instance of a class of ``kinds``, such as ``Adam()``; may be nested.
    arrays : dict of str to ndarray
        Receives the arrays under the names that the JSON form refers to.

    Raises
    ------
    NotPortableError
        For any other value.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, list):
        return [encode(item, arrays) for item in value]
    kind, content = _parts(value)
    if kind == "array":
        name = f"array_{len(arrays)}"
        arrays[name] = content
        return {"array": name}
    return {kind: encode(content, arrays)}


def _parts(value: Any) -> tuple[str, Any]:
    """The kind of a composite value, and its content as simpler values."""
    if isinstance(value, tuple):
        return "tuple", list(value)
    if isinstance(value, dict):
        return "dict", [[key, item] for key, item in value.items()]
    if isinstance(value, np.ndarray):
        if value.dtype == object:
            return "objects", value.tolist()
        return "array", value
    if isinstance(value, np.dtype) or value in (np.float32, np.float64):
        return "dtype", np.dtype(value).name
    if isinstance(value, np.random.RandomState):
        return "random_state", value.get_state(legacy=False)
    kind = kind_of(value)
    if kind is not None:
        content = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
        return "instance", [kind, type(value).__name__, content]
    raise NotPortableError(f"{value!r} has no JSON form.")


def decode(form: Any, arrays: dict[str, Any]) -> Any:
    """The value that a JSON form describes.

    Raises
    ------
    ValueError
        If the form names an unknown class, or other fields than it has.
    """
    if isinstance(form, list):
        return [decode(item, arrays) for item in form]
    if not isinstance(form, dict):
        return form
    [(kind, content)] = form.items()
    if kind == "array":
        return arrays[content]
    content = decode(content, arrays)
    return _BUILDERS[kind](content)


def _objects(items: list[Any]) -> Any:
    """An array of dtype object."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _random_state(state: Any) -> np.random.RandomState:
    """A RandomState in a given state."""
    random_state = np.random.RandomState()
    random_state.set_state(state)
    return random_state


def _instance(content: list[Any]) -> Any:
    """An instance of a class of `kinds`; a field that is missing has its default."""
    kind, name, values = content
    cls = class_of(kind, name)
    known = {f.name: f for f in fields(cls) if f.init}
    missing = {
        f.name
        for f in known.values()
        if f.default is MISSING and f.default_factory is MISSING
    }
    others = (values.keys() - known.keys()) | (missing - values.keys())
    if others:  # of another version
        names = ", ".join(sorted(others))
        raise ValueError(f"{name} has other fields: {names}.")
    return cls(**values)


_BUILDERS: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "dict": dict,
    "objects": _objects,
    "dtype": lambda name: np.dtype(name).type,
    "random_state": _random_state,
    "instance": _instance,
}
