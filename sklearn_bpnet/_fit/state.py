"""Where a training stands: what its continuation needs besides the weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklearn_bpnet._data.samples import Indices
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.monitor.monitor import Best
from sklearn_bpnet.training.stochastic.epoch import Progress


@dataclass
class TrainingState:
    """The state of one network's training, or what those of an ensemble share.

    Parameters
    ----------
    rng : dict
        State of the random generator.
    validation_seed : int
        Determines the validation split, the same in every call.
    weight_unit : float or None, default=None
        The mean sample weight of the first call; None before it.
    fingerprint : str or None, default=None
        Of the training samples.
    n_iter : int, default=0
        Epochs of the call, or of the calls that one resumes.
    progress : Progress
        Epochs, plateaus and the optimiser's state.
    patience : dict or None, default=None
        Of the monitored quantity.
    monitored : str or None, default=None
        Which quantity that is.
    best : Best or None, default=None
        The best epoch so far.
    average : tuple of int and ndarray or None, default=None
        Steps and value of the moving average of the weights.
    theta : ndarray of shape (n_parameters,) or None, default=None
        The last weights, where they are not those that the estimator shows.
    shown : ndarray of shape (n_parameters,) or None, default=None
        Those that it shows.
    split : tuple of two ndarray of int or None, default=None
        Training and validation samples that early stopping chose.
    """

    rng: dict[str, Any]
    validation_seed: int
    weight_unit: float | None = None
    fingerprint: str | None = None
    n_iter: int = 0
    progress: Progress = field(default_factory=Progress)
    patience: dict[str, float] | None = None
    monitored: str | None = None
    best: Best | None = None
    average: tuple[int, Array] | None = None
    theta: Array | None = None
    shown: Array | None = None
    split: tuple[Indices, Indices] | None = None

    @classmethod
    def new(cls, random_state: Any) -> TrainingState:
        """The state before the first call."""
        if isinstance(random_state, np.random.RandomState):
            random_state = random_state.randint(np.iinfo(np.int32).max, size=4)
        rng = np.random.default_rng(random_state)  # None: fresh entropy
        validation_seed = int(rng.integers(np.iinfo(np.int32).max))
        return cls(dict(rng.bit_generator.state), validation_seed)

    def generator(self) -> np.random.Generator:
        """The random generator as it stands; drawing leaves the state as it is."""
        rng = np.random.default_rng()
        rng.bit_generator.state = self.rng
        return rng

    def member_seeds(self, n: int) -> list[int]:
        """The ``random_state`` of every network of an ensemble, whatever their number.

        The first ones are those of a smaller ensemble.
        """
        root = np.random.SeedSequence(int(self.generator().integers(2**63)))
        return [int(stream.generate_state(1)[0]) for stream in root.spawn(n)]
