"""What the epochs of a training share: the weights, the last good ones, the rates."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.memory import aligned
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.monitor.averaging import WeightAverage
from sklearn_bpnet.training.monitor.history import NoFiniteStepError
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
    """

    n_epochs: int = 0
    n_plateaus: int = 0
    optimizer_state: dict[str, Any] = field(default_factory=dict)


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
    """Theta on its way, and the last theta whose risk was finite.

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
        self.before[:] = self.theta

    def stood_still(self, n_batches: int) -> bool:
        """Whether the epoch just made moved no weight: no gradient is left.

        The steps of several batches may also have led back to where they began, as
        the perceptron's do where no line separates the classes. They have not where
        no sample had a loss.
        """
        self.before -= self.theta
        no_detour = n_batches == 1 or self.total == 0
        return no_detour and not self.before.any()

    def restore_last_good(self) -> None:
        """Put back the last weights for which a batch's risk was finite.

        The optimiser's state led away from them, so it is started anew.
        """
        if self.n_good_steps == 0:
            raise NoFiniteStepError
        self.theta[:] = self.good
        self.progress.optimizer_state = {}
        if self.average is not None:
            self.average.restart(self.good)


def _form(state: State) -> dict[str, bool]:
    """The names in an optimiser's state, and which of them are arrays."""
    return {name: isinstance(value, np.ndarray) for name, value in state.items()}
