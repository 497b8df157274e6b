"""One record per epoch, and why training ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class History:
    """The curves of a training: one row per epoch, or iteration of a full-batch solver.

    Parameters
    ----------
    columns : mapping of str to sequence of float, default={}
        Those of earlier calls, every column of the same length.
    """

    def __init__(self, columns: Mapping[str, Iterable[float]] = {}) -> None:
        self._columns = {name: list(column) for name, column in columns.items()}
        self._columns.setdefault("loss", [])

    def __len__(self) -> int:
        return len(self._columns["loss"])

    def append(self, row: Mapping[str, float]) -> None:
        """Add an epoch; what it, or an earlier epoch, did not compute is NaN."""
        n = len(self)
        for name in row:
            self._columns.setdefault(name, [nan] * n)
        for name, column in self._columns.items():
            column.append(float(row.get(name, nan)))

    def column(self, name: str) -> list[float] | None:
        """A copy of a curve, or None where no epoch computed it."""
        column = self._columns.get(name)
        return None if column is None else list(column)

    @property
    def loss(self) -> list[float]:
        """The empirical risk; for mini-batches its mean over the epoch."""
        return self._columns["loss"]

    def last(self, name: str) -> float:
        """The last epoch's value, NaN where there is none."""
        column = self._columns.get(name)
        return column[-1] if column else nan

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The columns as arrays."""
        return {name: np.array(column) for name, column in self._columns.items()}


class Validation(NamedTuple):
    """The quality of a theta on the validation samples.

    Parameters
    ----------
    score : float or None
        Larger is better; None where only the loss is computed.
    loss : float, default=nan
        The mean loss, without the penalty.
    """

    score: float | None
    loss: float = nan


class StopReason(Enum):
    """Why training ended."""

    CONVERGED = "converged"
    MAX_ITER = "max_iter"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"
    STOPPED = "stopped"  # a callback asked for it
    # a full-batch solver gave up, as the outcome's message says, or patience ran out
    # without a single number to monitor
    FAILED = "failed"
    UNFINISHED = "unfinished"  # training continues: for callbacks and checkpoints


@dataclass(frozen=True)
class Outcome:
    """The end of a training.

    Parameters
    ----------
    reason : StopReason
        Why it ended.
    n_iter : int
        Epochs or iterations made.
    loss : float
        The empirical risk: of the final weights for a full-batch solver, the mean
        over the last epoch for mini-batches.
    message : str, default=""
        The message of a solver.
    no_score : str, default=""
        Why no validation score was a number, if none was.
    """

    reason: StopReason
    n_iter: int
    loss: float
    message: str = ""
    no_score: str = ""


class NoFiniteStepError(ArithmeticError):
    """Training could not make a single step with a finite risk."""
