"""What a fit leaves: networks that predict, and the attributes that show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isnan, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.theta import Theta
from sklearn_bpnet.training.batches import RowReader
from sklearn_bpnet.training.evaluation import output_Z
from sklearn_bpnet.training.monitor.history import History, Outcome, StopReason
from sklearn_bpnet.training.standardization import Standardization


@dataclass
class FittedNetwork:
    """A network with its weights, and the training that led to them.

    Parameters
    ----------
    network : Network
        The chain of blocks.
    shown : dict of str to object
        The attributes of an estimator that show it: `coefs_`, `history_` and so on.
        The weights in them are those that it predicts with.
    state : TrainingState
        What continues its training.
    random_state : int or None, default=None
        Its seed in an ensemble.
    """

    network: Network
    shown: dict[str, Any]
    state: TrainingState
    random_state: int | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of its weights."""
        return np.asarray(self.shown["coefs_"][0]).dtype

    @property
    def arrays(self) -> list[tuple[Array, ...]]:
        """The arrays of every block."""
        return self.network.arrays_from(self.shown)

    def outputs(
        self, X: Any, standardization: Standardization | None
    ) -> tuple[Array, Array]:
        """Z[L] and A[L] of samples that are checked, float64."""
        reader = RowReader(X, self.dtype, standardization)
        Z = output_Z(self.network, self.arrays, reader).astype(np.float64, copy=False)
        A = self.network.output_activation.forward(Z, out=np.empty_like(Z))
        return Z, A

    def adopt_weights(self) -> None:
        """Check that the weights fit the network, and lay them into one vector."""
        theta = Theta.pack(self.arrays, self.dtype)
        self.shown |= self.network.show(theta.arrays)

    @property
    def feature_importances(self) -> Array:
        """The Euclidean norm of the weights that leave every feature."""
        return self.network.feature_importances(self.arrays)


@dataclass
class Trained:
    """What a call has trained so far.

    Parameters
    ----------
    networks : list of FittedNetwork
        Those that are ready, then those of the call before that are not replaced.
    outcomes : list of Outcome
        How training ended, for every network of this call.
    unfinished : bool, default=False
        Whether networks are missing.
    """

    networks: list[FittedNetwork]
    outcomes: list[Outcome] = field(default_factory=list)
    unfinished: bool = False


@dataclass
class Fitted:
    """All that a fit learned.

    Parameters
    ----------
    task : Task
        What the outputs mean.
    standardization : Standardization or None
        How features are scaled.
    embedded : ndarray of int or None
        The features that a numeric embedding embeds.
    networks : list of FittedNetwork
        One, or the members of an ensemble.
    state : TrainingState
        What the calls of the ensemble share; of a single network its own.
    is_ensemble : bool, default=False
        Whether the networks are members, one of them perhaps.
    unfinished : bool, default=False
        Whether the call was cut short, and is to be resumed.
    temperature : float or None, default=None
        What the logits are divided by.
    resumes : bool, default=False
        Whether the next call of fit is the rest of an unfinished one.
    """

    task: Task
    standardization: Standardization | None
    embedded: NDArray[np.intp] | None
    networks: list[FittedNetwork]
    state: TrainingState
    is_ensemble: bool = False
    unfinished: bool = False
    temperature: float | None = None
    resumes: bool = False

    def after(self, trained: Trained) -> Fitted:
        """The same with networks that are trained."""
        networks, unfinished = trained.networks, trained.unfinished
        state = self.state if self.is_ensemble else networks[0].state
        return replace(self, networks=networks, state=state, unfinished=unfinished)

    @property
    def parts(self) -> list[Fitted]:
        """The members of an ensemble, each as what a fit of one network learned."""
        return [
            replace(
                self,
                networks=[network],
                state=network.state,
                is_ensemble=False,
                unfinished=False,
                temperature=None,
            )
            for network in self.networks
        ]

    def check_same_samples(self, samples: Samples) -> None:
        """Raise ValueError unless the calls before trained on these samples."""
        if samples.fingerprint != self.state.fingerprint:
            raise ValueError(
                "The checkpoint was written by a fit to other samples: X, y or the "
                "sample weights differ in shape or in values. Give the same, or "
                "train on these with partial_fit."
            )

    # Files

    @property
    def record(self) -> dict[str, Any]:
        """All of it in terms of plain values, arrays and states."""
        return {
            "task": self.task.facts,
            "standardization": self.standardization,
            "embedded": self.embedded,
            "n_outputs": self.networks[0].network.blocks[-1].n_out,
            "state": self.state,
            "is_ensemble": self.is_ensemble,
            "unfinished": self.unfinished,
            "temperature": self.temperature,
            "networks": [
                [network.random_state, network.shown, network.state]
                for network in self.networks
            ],
        }

    @classmethod
    def from_record(
        cls, record: Mapping[str, Any], task: Task, network: Network, n_networks: int
    ) -> Fitted:
        """The way back.

        Parameters
        ----------
        record : mapping
            What ``record`` was.
        task : Task
            Its task.
        network : Network
            Its network.
        n_networks : int
            How many networks there shall be.

        Raises
        ------
        ValueError
            If the weights do not fit the network.
        """
        networks = [
            FittedNetwork(network, shown, state, seed)
            for seed, shown, state in record["networks"]
        ]
        for one in networks:
            one.adopt_weights()
        last = networks[-1].shown["stop_reason_"]
        unfinished = record["unfinished"] or last == StopReason.UNFINISHED.value
        fitted = cls(
            task,
            record["standardization"],
            record["embedded"],
            networks,
            networks[0].state,
            record["is_ensemble"],
            unfinished,
            record["temperature"],
        )
        if fitted.is_ensemble:
            fitted.state = record["state"]
            unfinished = unfinished or len(networks) < n_networks
        fitted.resumes = unfinished
        return fitted

    # Prediction

    def outputs(self, X: Any) -> Iterator[tuple[Array, Array]]:
        """Z[L] and A[L] of every network, one after the other."""
        return (net.outputs(X, self.standardization) for net in self.networks)

    @property
    def feature_importances(self) -> Array:
        """The mean over the networks."""
        found = [net.feature_importances for net in self.networks]
        mean: Array = np.mean(found, axis=0)
        return mean

    @property
    def shared_attributes(self) -> dict[str, Any]:
        """The fitted attributes, by name, that every network has alike."""
        network, scaling = self.networks[0].network, self.standardization
        shown: dict[str, Any] = {
            **self.task.attributes(),
            "n_layers_": len(network.layers) + 1,
            "n_outputs_": network.blocks[-1].n_out,
            "out_activation_": ACTIVATIONS.name_of(network.output_activation),
        }
        if scaling is not None:
            shown |= {"input_mean_": scaling.mean, "input_scale_": scaling.scale}
            if scaling.smooth_clip is not None:
                shown["input_clip_"] = scaling.smooth_clip
        if self.embedded is not None:
            shown["embedded_features_"] = self.embedded
        return shown

    @property
    def attributes(self) -> dict[str, Any]:
        """The fitted attributes, by name, but for `estimators_`."""
        shown = self.shared_attributes
        if self.temperature is not None:
            shown["temperature_"] = self.temperature
        each = [net.shown for net in self.networks]
        if not self.is_ensemble:
            return shown | each[0]
        return shown | {
            "n_iter_": max(one["n_iter_"] for one in each),
            "loss_": float(np.mean([one["loss_"] for one in each])),
        }


def training_attributes(
    history: History, outcome: Outcome, best_epoch: int, t: int
) -> dict[str, Any]:
    """The attributes that show how a training went, by name.

    Those that do not apply are left out: without validation samples there is no
    `validation_loss_curve_`.
    """
    scores = history.column("validation_score")
    losses = history.column("validation_loss")
    shown = {
        "n_iter_": outcome.n_iter,
        "stop_reason_": outcome.reason.value,
        "loss_": outcome.loss,
        "t_": t,
        "history_": history.arrays(),
        "loss_curve_": history.column("loss"),
        "best_epoch_": best_epoch,
    }
    if losses is not None:
        shown["validation_loss_curve_"] = losses
    if scores is not None:
        shown["validation_scores_"] = scores
        shown["best_validation_score_"] = max(_numbers(scores), default=nan)
    if scores is None and losses is None:
        shown["best_loss_"] = min(_numbers(history.loss), default=outcome.loss)
    return shown


def _numbers(values: list[float]) -> Iterator[float]:
    return (value for value in values if not isnan(value))
