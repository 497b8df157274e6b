"""The classes whose instances a file may hold, by kind and name.

A file names a class by kind and name, such as "optimizer" and "Adam", and not by its
module, so that files remain valid when modules are moved.
"""

from __future__ import annotations

from typing import Any

from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.undecided import Undecided
from sklearn_bpnet._fit.out_of_fold import OutOfFold
from sklearn_bpnet._fit.state import Refit, TrainingState
from sklearn_bpnet._settings.settings import OPTIONS
from sklearn_bpnet.net import registry
from sklearn_bpnet.net.blocks.embeddings import EmbeddedFeatures
from sklearn_bpnet.training.monitor.monitor import Best
from sklearn_bpnet.training.standardization import Standardization
from sklearn_bpnet.training.stochastic.epoch import Progress

# in addition to the registries: activations, losses, optimisers, schedules, ...
_UNREGISTERED: dict[str, dict[str, Any]] = {
    "option": {cls.__name__: cls for cls in OPTIONS.values()},
    "state": {
        cls.__name__: cls
        for cls in (
            TrainingState,
            Refit,
            Progress,
            Best,
            Standardization,
            Undecided,
            ColumnEncoder,
            OutOfFold,
            EmbeddedFeatures,
        )
    },
}


def kind_of(value: Any) -> str | None:
    """The kind of an instance, or None if a file cannot hold it."""
    cls = type(value)
    for kind, classes in _UNREGISTERED.items():
        if classes.get(cls.__name__) is cls:
            return kind
    try:
        return registry.kind_and_class(value)[0]
    except ValueError:
        return None


def class_of(kind: str, name: str) -> Any:
    """The class of a kind and a name.

    Raises
    ------
    ValueError
        If there is no such class.
    """
    if kind not in _UNREGISTERED:
        return registry.class_of(kind, name)
    if name not in _UNREGISTERED[kind]:
        raise ValueError(f"There is no {kind} called {name}.")
    return _UNREGISTERED[kind][name]
