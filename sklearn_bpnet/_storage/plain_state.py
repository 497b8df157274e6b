"""The state of an estimator without classes of this package, for pickle and skops.

All that is of this package becomes one JSON text, in which a class is identified by
kind and name, as in a checkpoint. What the text cannot hold, arrays and objects of
others, stays what it is, in a list that the text refers to. Weights that the state of a
training repeats, those that are kept or the best, are not stored again. So a library
that asks which types a file needs is told of the estimator alone, a module can move,
and a field that a later version adds has its default in a model of an earlier one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from sklearn_bpnet._data.task import Task
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._storage import kinds
from sklearn_bpnet.net.blocks import Block
from sklearn_bpnet.net.blocks.embeddings.bins import Bins
from sklearn_bpnet.net.blocks.tables import FixedTable, LearnedTable, OneHotTable
from sklearn_bpnet.net.network import Network

_FORMAT = 1
_PACKAGE = __name__.partition(".")[0]
_PLAIN: tuple[type, ...] = (type(None), bool, int, float, str)

# what a checkpoint does not hold, since it is made of the parameters there
_PARTS: dict[str, tuple[type, ...]] = {
    "block": (Block,),
    "task": (Task,),
    "part": (
        *(Fitted, FittedNetwork, Network, Bins),
        *(FixedTable, LearnedTable, OneHotTable),
    ),
}


def pack(state: Mapping[str, Any], version: str) -> dict[str, Any]:
    """The plain form of a state.

    Parameters
    ----------
    state : mapping of str to object
        The attributes of an estimator.
    version : str
        Version of this package.

    Returns
    -------
    dict
        Strings, a number, and the list of what JSON cannot hold.
    """
    packing = _Packing()
    content = json.dumps(packing.form_of(dict(state)))
    return {
        "sklearn_bpnet_version": version,
        "format": _FORMAT,
        "content": content,
        "values": packing.values,
    }


def version_of(packed: Mapping[str, Any]) -> str:
    """The version of this package by which a state was packed."""
    return str(packed.get("sklearn_bpnet_version", "before 0.1"))


def unpack(packed: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `pack`.

    Raises
    ------
    Exception
        Of any class, if the state is not one of this version of the package.
    """
    if packed.get("format") != _FORMAT:
        raise ValueError(f"its format is {packed.get('format')}, not {_FORMAT}")
    state = _Unpacking(packed["values"]).value_of(json.loads(packed["content"]))
    if not isinstance(state, dict):
        raise TypeError("it has no attributes")
    return state


class _Packing:
    """Makes the JSON forms of values; what is met twice is stored once."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._index: dict[int, int] = {}  # of the values, by identity
        self._number: dict[int, int] = {}  # of the instances, by identity
        # the weights of networks that were packed: as a vector, and their indices
        self._weights: list[tuple[np.ndarray, list[int]]] = []

    def form_of(self, value: Any) -> Any:
        """The JSON form of a value."""
        if type(value) in _PLAIN:
            return value
        if type(value) is list:
            return [self.form_of(item) for item in value]
        if type(value) is tuple:
            return {"tuple": [self.form_of(item) for item in value]}
        if type(value) is dict:
            items = [[self.form_of(k), self.form_of(v)] for k, v in value.items()]
            return {"dict": items}
        # a date or a duration is more than its number
        is_number = isinstance(value, np.generic) and value.dtype.kind in "biuf"
        if is_number and type(value.item()) in _PLAIN[1:4]:
            return {"scalar": [value.dtype.str, value.item()]}
        if type(value) is np.ndarray and value.dtype == object:
            items = value.ravel().tolist()
            if all(type(item) in _PLAIN for item in items):  # names, mostly
                return {"objects": [value.shape, items]}
        kind = _kind_of(value)
        if kind is not None:
            return self._instance(kind, value)
        if id(value) not in self._index:
            if (joined := self._joined(value)) is not None:
                return {"joined": joined}
            self._index[id(value)] = len(self.values)
            self.values.append(value)
        return {"value": self._index[id(value)]}

    def _instance(self, kind: str, value: Any) -> Any:
        if id(value) in self._number:
            return {"same": self._number[id(value)]}
        content = {}
        for of in fields(value):
            if of.init:
                content[of.name] = self.form_of(getattr(value, of.name))
            if isinstance(value, FittedNetwork) and of.name == "attributes":
                self._note_weights(value)
        self._number[id(value)] = len(self._number)
        return {"instance": [kind, type(value).__name__, content]}

    def _note_weights(self, fitted: FittedNetwork) -> None:
        """Note the weights of a network whose attributes are packed."""
        try:
            arrays = [array for of_block in fitted.arrays for array in of_block]
        except ValueError:  # a user has replaced some by what does not fit
            return
        indices = [self._index.get(id(array)) for array in arrays]
        known = [index for index in indices if index is not None]
        if known and len(known) == len(arrays):
            flat = np.concatenate([array.ravel() for array in arrays])
            self._weights.append((flat, known))

    def _joined(self, value: Any) -> list[int] | None:
        """The indices of arrays that together are this vector, bit for bit."""
        if type(value) is not np.ndarray or value.ndim != 1:
            return None
        for flat, indices in self._weights:
            is_alike = value.dtype == flat.dtype and value.shape == flat.shape
            if is_alike and value.tobytes() == flat.tobytes():
                return indices
        return None


class _Unpacking:
    """Makes values of their JSON forms."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values
        self._instances: list[Any] = []

    def value_of(self, form: Any) -> Any:
        """The value of a JSON form."""
        if isinstance(form, list):
            return [self.value_of(item) for item in form]
        if not isinstance(form, dict):
            return form
        [(kind, content)] = form.items()
        match kind:
            case "tuple":
                return tuple(self.value_of(item) for item in content)
            case "dict":
                return {self.value_of(k): self.value_of(v) for k, v in content}
            case "scalar":
                dtype, number = content
                return np.dtype(dtype).type(number)
            case "objects":
                shape, items = content
                objects = np.empty(len(items), dtype=object)
                objects[:] = items
                return objects.reshape(shape)
            case "value":
                return self._values[content]
            case "joined":
                return np.concatenate(
                    [self._values[index].ravel() for index in content]
                )
            case "same":
                return self._instances[content]
            case "instance":
                return self._instance(*content)
        raise ValueError(f"{kind!r} is unknown")

    def _instance(self, kind: str, name: str, content: dict[str, Any]) -> Any:
        cls = _class_of(kind, name)
        known = [of for of in fields(cls) if of.init]
        others = sorted(content.keys() - {of.name for of in known})
        missing = [
            of.name
            for of in known
            if of.name not in content
            and of.default is MISSING
            and of.default_factory is MISSING
        ]
        if others or missing:
            raise ValueError(f"{name} has other fields: {', '.join(others + missing)}")
        # in the order of the file, by which later instances are counted
        values = {key: self.value_of(form) for key, form in content.items()}
        instance = cls(**values)
        self._instances.append(instance)
        return instance


def _parts(kind: str) -> dict[str, type]:
    """The classes of this package of a kind, by name."""
    found, waiting = {}, list(_PARTS[kind])
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if cls.__module__.partition(".")[0] == _PACKAGE:
            found[cls.__name__] = cls
    return found


def _kind_of(value: Any) -> str | None:
    """The kind of an instance of this package; None for others."""
    cls = type(value)
    if cls.__module__.partition(".")[0] != _PACKAGE:
        return None
    for kind, bases in _PARTS.items():
        if issubclass(cls, bases):
            return kind
    return kinds.kind_of(value)


def _class_of(kind: str, name: str) -> Any:
    """The class of a kind and a name; ValueError if there is none."""
    if kind not in _PARTS:
        return kinds.class_of(kind, name)
    classes = _parts(kind)
    if name not in classes:
        raise ValueError(f"there is no {kind} {name}")
    return classes[name]
