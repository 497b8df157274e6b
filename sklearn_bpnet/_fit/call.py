"""The arguments of a call of fit or partial_fit, and the state it starts from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sklearn_bpnet._data.reading import NO_TABLE, Table
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._settings.choices import USUAL, Choices
from sklearn_bpnet._settings.settings import Settings

# parameters whose "auto" the plan of training resolves
_FOLLOW = ("alpha", "batch_size", "learning_rate_init")


@dataclass(frozen=True)
class Arguments:
    """The arguments of a call of fit or partial_fit.

    Parameters
    ----------
    table, validation : Table
        Training samples, and optional validation samples.
    incremental : bool, default=False
        Whether the call is `partial_fit`, which trains one epoch.
    groups : array-like or None, default=None
        Group of every sample; samples of a group stay together.
    init : tuple of two, default=(None, None)
        Initial weights and biases.
    classes : array-like or None, default=None
        All classes of all calls of `partial_fit`.
    """

    table: Table
    validation: Table = NO_TABLE
    incremental: bool = False
    groups: Any = None
    init: tuple[Any, Any] = (None, None)
    classes: Any = None


@dataclass(frozen=True)
class Call:
    """A call, with its settings and its initial state.

    Parameters
    ----------
    arguments : Arguments
        Arguments of the call.
    settings : Settings
        The constructor's parameters.
    previous : Fitted or None
        Result of the previous calls, if this one continues them.
    state : TrainingState
        State of the previous calls, or a new one; the call may change it.
    choices : mapping of str to object, default=USUAL
        What "auto" stands for in the settings.
    follow : tuple of str, default=()
        The parameters that were "auto".
    """

    arguments: Arguments
    settings: Settings
    previous: Fitted | None
    state: TrainingState
    choices: Choices = field(default_factory=lambda: dict(USUAL))
    follow: tuple[str, ...] = ()

    def with_choices(self, choices: Choices) -> Call:
        """The call with what "auto" stands for."""
        given = self.settings
        follow = tuple(given.follow([*choices, *_FOLLOW]))
        settings = given.chosen(choices)
        return replace(self, settings=settings, choices=choices, follow=follow)

    @property
    def continues(self) -> bool:
        """Whether this call continues previous ones."""
        return self.previous is not None

    @property
    def resumes(self) -> bool:
        """Whether this call completes an interrupted one."""
        return self.previous is not None and self.previous.resumes

    @property
    def open_ended(self) -> bool:
        """Whether more calls may follow."""
        return self.arguments.incremental or bool(self.settings.warm_start)
