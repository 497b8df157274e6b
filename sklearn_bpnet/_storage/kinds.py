"""The classes whose instances a file may hold, by kind and name.

A file names a class by what it is, an "optimizer" called "Adam", and not by the module
it is in, so that files outlive modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import is_dataclass
from functools import cache
from types import ModuleType
from typing import Any

from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet.net import activations, initializers, losses, targets
from sklearn_bpnet.net.blocks import embeddings
from sklearn_bpnet.training import full_batch, optimizers, schedules
from sklearn_bpnet.training.batches import Standardization
from sklearn_bpnet.training.epoch import Progress
from sklearn_bpnet.training.watch import Best

_MODULES: dict[str, ModuleType] = {
    "activation": activations,
    "embedding": embeddings,
    "initializer": initializers,
    "loss": losses,
    "optimizer": optimizers,
    "schedule": schedules,
    "solver": full_batch,
    "target_encoding": targets,
}
_STATES = (TrainingState, Progress, Best, Standardization)


@cache
def _classes() -> dict[tuple[str, str], type]:
    found: dict[tuple[str, str], type] = {
        (kind, cls.__name__): cls
        for kind, module in _MODULES.items()
        for cls in _dataclasses_of(module)
    }
    return found | {("state", cls.__name__): cls for cls in _STATES}


def _dataclasses_of(module: ModuleType) -> Iterator[type]:
    """Those that the module or package defines, not those that it only uses."""
    for value in vars(module).values():
        if isinstance(value, type) and is_dataclass(value):
            if value.__module__.startswith(module.__name__):
                yield value


def kind_of(value: Any) -> str | None:
    """The kind of an instance, or None where a file cannot hold it."""
    for (kind, name), cls in _classes().items():
        if cls is type(value) and name == cls.__name__:
            return kind
    return None


def class_of(kind: str, name: str) -> type:
    """The class of that kind and name.

    Raises
    ------
    ValueError
        If there is none.
    """
    if (kind, name) not in _classes():
        raise ValueError(f"There is no {kind} called {name}.")
    return _classes()[kind, name]
