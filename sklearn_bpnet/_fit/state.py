"""The state of a training: what its continuation needs besides the weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sklearn_bpnet._data.samples import Fold, Indices
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.monitor.monitor import Best
from sklearn_bpnet.training.stochastic.epoch import Progress


@dataclass(frozen=True)
class Refit:
    """What the training on all samples needs, which follows one with early stopping.

    Parameters
    ----------
    rng : dict
        State of the random generator that both trainings start from.
    n_epochs : int or None, default=None
        Number of epochs, once the first training has found it.
    curves : list of dict of str to object, default=[]
        Of every network, the fitted attributes of its validation.
    temperature : float or None, default=None
        Divisor of the logits, by the validation samples.
    """

    rng: dict[str, Any]
    n_epochs: int | None = None
    curves: list[dict[str, Any]] = field(default_factory=list)
    temperature: float | None = None


@dataclass
class TrainingState:
    """The state of one network's training, or the state shared by an ensemble.

    Parameters
    ----------
    rng : dict
        State of the random generator.
    validation_seed : int
        Seed of the validation split, the same in every call.
    weight_unit : float or None, default=None
        Unit of the sample weights, near the mean of the first call; None before it.
    mean_weight : float or None, default=None
        Mean weight of the training samples of the first call, in that unit and with
        class weights; None before it.
    fingerprint : str or None, default=None
        Digest of some of the samples, by which a later call knows whether its samples
        are others; None before the first call.
    samples : dict of str to str, default={}
        Identity of the samples, see `Data`; empty unless `fit` can resume the call.
    n_iter : int, default=0
        Number of epochs of the call, including those of a call that it resumes.
    progress : Progress
        Number of epochs, plateaus and state of the optimiser.
    patience : dict or None, default=None
        State of the patience.
    monitored : dict of str to str, default={}
        Identifies the quantity that the patience monitors.
    best : Best or None, default=None
        The best epoch so far.
    average : tuple of int and ndarray or None, default=None
        Number of steps and value of the moving average of the weights.
    theta : ndarray of shape (n_parameters,) or None, default=None
        The last weights, if other weights are kept in the estimator.
    kept : ndarray of shape (n_parameters,) or None, default=None
        The weights kept in the estimator.
    split : tuple of two ndarray of int or None, default=None
        Indices of training and validation samples, if early stopping set some aside.
    folds : list of tuple of two ndarray of int, default=[]
        Until all members are trained, the samples that each fold trains on and holds
        out, if they are different ones.
    refit : Refit or None, default=None
        Until training has ended, what a refit on all samples needs, if one follows.
    """

    rng: dict[str, Any]
    validation_seed: int
    weight_unit: float | None = None
    mean_weight: float | None = None
    fingerprint: str | None = None
    samples: dict[str, str] = field(default_factory=dict)
    n_iter: int = 0
    progress: Progress = field(default_factory=Progress)
    patience: dict[str, float] | None = None
    monitored: dict[str, str] = field(default_factory=dict)
    best: Best | None = None
    average: tuple[int, Array] | None = None
    theta: Array | None = None
    kept: Array | None = None
    split: tuple[Indices, Indices] | None = None
    folds: list[Fold] = field(default_factory=list)
    refit: Refit | None = None

    @classmethod
    def new(cls, random_state: Any) -> TrainingState:
        """The state before the first call."""
        if isinstance(random_state, np.random.RandomState):
            random_state = random_state.randint(np.iinfo(np.int32).max, size=4)
        rng = np.random.default_rng(random_state)  # None: fresh entropy
        validation_seed = int(rng.integers(np.iinfo(np.int32).max))
        return cls(dict(rng.bit_generator.state), validation_seed)

    def generator(self) -> np.random.Generator:
        """A random generator in the stored state, which drawing does not change."""
        rng = np.random.default_rng()
        rng.bit_generator.state = self.rng
        return rng

    def of_member(self, seed: int) -> TrainingState:
        """The state before the first call of a member of the ensemble of this state."""
        state = TrainingState.new(seed)
        state.validation_seed = self.validation_seed
        state.weight_unit = self.weight_unit
        state.mean_weight = self.mean_weight
        return state

    @property
    def is_refit(self) -> bool:
        """Whether this is the training on all samples, for a known number of epochs."""
        return self.refit is not None and self.refit.n_epochs is not None

    def member_seeds(self, n: int) -> list[int]:
        """The ``random_state`` of every network of an ensemble.

        The first ones do not depend on the number of networks.
        """
        root = np.random.SeedSequence(int(self.generator().integers(2**63)))
        return [int(stream.generate_state(1)[0]) for stream in root.spawn(n)]
