"""What the epochs of a training share: the weights, better ones before, the rates."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.memory import aligned
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.monitor.averaging import WeightAverage
from sklearn_bpnet.training.optimizers import Optimizer, State
from sklearn_bpnet.training.optimizers.step import StepOptions


@dataclass
class Progress:
    """How far a training is: what its continuation needs besides theta.

    Parameters
    ----------
    n_epochs : int
        Epochs made so far.
    n_plateaus : int
        How often patience ran out and training continued.
    optimizer_state : dict of str to ndarray or number
        The optimiser's state; empty before the first step.
    risk_at_start : float or None
        About the risk before the first epoch; None before it is known.
    """

    n_epochs: int = 0
    n_plateaus: int = 0
    optimizer_state: dict[str, Any] = field(default_factory=dict)
    risk_at_start: float | None = None


class Rates(NamedTuple):
    """Numbers of every batch of an epoch, each of shape (n_batches,).

    Parameters
    ----------
    learning_rate : ndarray
    decay_factor, dropout_factor : ndarray
        Factors of the weight decay and of the dropout rates.
    """

    learning_rate: NDArray[np.float64]
    decay_factor: NDArray[np.float64]
    dropout_factor: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        n_batches: int,
        learning_rate: Any,
        decay_factor: Any = 1.0,
        dropout_factor: Any = 1.0,
    ) -> Rates:
        """From numbers for all batches, or sequences of one for each."""
        given = learning_rate, decay_factor, dropout_factor
        return cls(*(np.broadcast_to(x, n_batches).astype(np.float64) for x in given))


@dataclass(frozen=True)
class Descent:
    """What is minimised, with which steps, on which batches.

    Parameters
    ----------
    risk : EmpiricalRisk
        What to minimise.
    optimizer : Optimizer
        How a gradient becomes a step.
    batches : Batches
        The training samples.
    options : StepOptions, default=StepOptions()
        What is done beside the optimiser's step.
    rng : numpy.random.Generator or None, default=None
        Shuffles the samples before every epoch; None keeps their order.
    noise_rng : numpy.random.Generator or None, default=None
        Draws the noise of a network that has some; None leaves it out.
    """

    risk: EmpiricalRisk
    optimizer: Optimizer
    batches: Batches
    options: StepOptions = StepOptions()  # noqa: RUF009  (it is immutable)
    rng: np.random.Generator | None = None
    noise_rng: np.random.Generator | None = None


class Walk:
    """Theta on its way, and the earlier ones that training can return to.

    Parameters
    ----------
    theta : ndarray of shape (n_parameters,)
        The parameters, changed in place.
    optimizer : Optimizer
        Its state is started, unless ``progress`` has one of its kind.
    progress : Progress
        The optimiser's state in it is used and updated.
    average : WeightAverage or None, default=None
        Takes in theta after every step.

    Attributes
    ----------
    good : ndarray of shape (n_parameters,)
        Theta before some step of a batch whose risk was finite.
    before : ndarray of shape (n_parameters,)
        Theta before the current epoch, or the last one.
    lowest : ndarray of shape (n_parameters,)
        Theta before the epoch of the lowest loss so far.
    lowest_loss : float
        That loss; at first the risk at the start, if it is known.
    n_steps, n_good_steps : int
        The steps made, and those that had led to ``good``.
    total : float
        sum_n s_n L_n of the last epoch.
    """

    def __init__(
        self,
        theta: Array,
        optimizer: Optimizer,
        progress: Progress,
        average: WeightAverage | None = None,
    ) -> None:
        self.theta = theta
        self.progress = progress
        self.average = average
        self.good = theta.copy()
        self.before = theta.copy()
        self.lowest = theta.copy()
        self.lowest_loss = inf
        self.lowest_ago = 0
        self.is_lowest = False  # whether ``before`` is to be the next ``lowest``
        self.total = nan
        # weights with which a training continues are good already
        continues = progress.n_epochs > 0 and isfinite(theta.sum())
        self.n_steps = self.n_good_steps = int(continues)
        # an optimiser continues from a state of its own kind only
        if _form(progress.optimizer_state) != _form(optimizer.start(theta[:0])):
            progress.optimizer_state = optimizer.start(theta)
        for name, value in progress.optimizer_state.items():
            if isinstance(value, np.ndarray):  # of earlier calls, of another dtype
                quick_to_reach = aligned(value.shape, theta.dtype)
                quick_to_reach[...] = value
                progress.optimizer_state[name] = quick_to_reach

    @property
    def state(self) -> State:
        """The optimiser's state."""
        return self.progress.optimizer_state

    def begin_epoch(self) -> None:
        """Note where an epoch begins."""
        if self.is_lowest:  # two arrays change places, and nothing is copied
            self.lowest, self.before = self.before, self.lowest
            self.is_lowest, self.lowest_ago = False, 1
        self.lowest_ago += 1
        self.before[:] = self.theta

    def stood_still(self, n_batches: int) -> bool:
        """Whether the epoch just made moved no weight: no gradient is left.

        The steps of several batches may also have led back to where they began, as
        the perceptron's do where no line separates the classes. They have not where
        no sample had a loss.
        """
        no_detour = n_batches == 1 or self.total == 0
        return no_detour and np.array_equal(self.before, self.theta)

    def end_epoch(self, loss: float) -> None:
        """Note where the epoch began as ``lowest``, if no loss so far was lower.

        Where it ended may be far worse: no batch has seen it.
        """
        if loss < self.lowest_loss:
            self.lowest_loss, self.is_lowest = loss, True

    @property
    def known(self) -> list[tuple[Array, int]]:
        """The thetas to which training can return, and their age in epochs."""
        return [
            (self.lowest, self.lowest_ago),
            (self.before, 1),
            (self.good, 0),
        ]

    def restore(self, theta: Array) -> None:
        """Put back an earlier theta.

        The optimiser's state led away from it, so it is started anew.
        """
        self.theta[:] = theta
        self.progress.optimizer_state = {}
        if self.average is not None:
            self.average.restart(theta)


def _form(state: State) -> dict[str, bool]:
    """The names in an optimiser's state, and which of them are arrays."""
    return {name: isinstance(value, np.ndarray) for name, value in state.items()}
