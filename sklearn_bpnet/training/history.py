"""What happened: one record an epoch, and why training ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from math import nan
from typing import NamedTuple


@dataclass
class History:
    """The curves of a training, one number an epoch (an iteration of L-BFGS).

    Parameters
    ----------
    loss : list of float
        The empirical risk; for mini-batches its mean over the epoch.
    validation_score : list of float
        The score on the validation rows; empty without early stopping.
    """

    loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)


class Validation(NamedTuple):
    """What a theta is worth on the validation rows.

    Parameters
    ----------
    score : float
        Larger is better.
    loss : float, default=nan
        The mean loss, which decides between equal scores.
    """

    score: float
    loss: float = nan


class StopReason(Enum):
    """Why training ended."""

    CONVERGED = "converged"
    MAX_ITER = "max_iter"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"
    FAILED = "failed"  # a full-batch solver gave up; the outcome's message says why


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
        What a solver said.
    """

    reason: StopReason
    n_iter: int
    loss: float
    message: str = ""


class NoFiniteStepError(ArithmeticError):
    """Training could not make a single step with a finite risk."""
