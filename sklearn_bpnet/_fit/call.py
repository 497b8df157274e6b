"""What a call of fit or partial_fit was given, and what the calls before it left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn_bpnet._data.reading import NO_TABLE, Table
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._settings.settings import Settings


@dataclass(frozen=True)
class Given:
    """The arguments of a call.

    Parameters
    ----------
    table, validation : Table
        Training samples, and validation samples if there are some.
    incremental : bool, default=False
        Whether it is `partial_fit`: one epoch.
    groups : array-like or None, default=None
        Samples of a group stay together.
    init : tuple of two, default=(None, None)
        Weights and biases to start from.
    classes : array-like or None, default=None
        All classes that any call will see.
    """

    table: Table
    validation: Table = NO_TABLE
    incremental: bool = False
    groups: Any = None
    init: tuple[Any, Any] = (None, None)
    classes: Any = None


@dataclass(frozen=True)
class Call:
    """A call, with the settings that hold for it.

    Parameters
    ----------
    given : Given
        Its arguments.
    settings : Settings
        The constructor's parameters.
    before : Fitted or None
        What it continues from.
    state : TrainingState
        Of what it continues from, or a new one; the call may change it.
    """

    given: Given
    settings: Settings
    before: Fitted | None
    state: TrainingState

    @property
    def continues(self) -> bool:
        """Whether there were calls before that this one continues."""
        return self.before is not None

    @property
    def resumes(self) -> bool:
        """Whether it makes the rest of a call that was cut short."""
        return self.before is not None and self.before.resumes

    @property
    def open_ended(self) -> bool:
        """Whether more calls may follow."""
        return self.given.incremental or bool(self.settings.warm_start)
