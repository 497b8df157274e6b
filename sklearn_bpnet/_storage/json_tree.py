"""Values of parameters and attributes as JSON and plain arrays; nothing is pickled."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

_PACKAGE = __name__.split(".")[0]
_PLAIN = (type(None), bool, int, float, str)


class NotPortableError(TypeError):
    """A value has no JSON form."""


def encode(value, arrays):
    """The JSON form of a value; numbers in arrays go to ``arrays``.

    Parameters
    ----------
    value : object
        None, a bool, number, string, list, tuple, dict, array, dtype or RandomState,
        or an instance of one of the package's dataclasses such as ``Adam()``, nested
        as may be.
    arrays : dict of str to ndarray
        Gets the arrays, which the JSON form names.

    Raises
    ------
    NotPortableError
        For anything else.
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


def _parts(value):
    """What a composite value is, and its content in simpler terms."""
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
    cls = type(value)
    if is_dataclass(value) and cls.__module__.split(".")[0] == _PACKAGE:
        content = {f.name: getattr(value, f.name) for f in fields(value) if f.init}
        return "instance", [cls.__module__, cls.__qualname__, content]
    raise NotPortableError(f"{value!r} has no JSON form.")


def decode(form, arrays):
    """The value of a JSON form.

    Raises
    ------
    ValueError
        If the form names something that is not there.
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


def _objects(items):
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def _random_state(state):
    random_state = np.random.RandomState()
    random_state.set_state(state)
    return random_state


def _instance(content):
    module, name, values = content
    cls = None
    if module.split(".")[0] == _PACKAGE:  # no other code is imported
        cls = getattr(importlib.import_module(module), name, None)
    if not (isinstance(cls, type) and is_dataclass(cls)):
        raise ValueError(f"There is no class {module}.{name}.")
    return cls(**values)


_BUILDERS: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "dict": dict,
    "objects": _objects,
    "dtype": lambda name: np.dtype(name).type,
    "random_state": _random_state,
    "instance": _instance,
}
