"""The result of a fit: networks that predict, and the fitted attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.features import check_range
from sklearn_bpnet._data.samples import Indices
from sklearn_bpnet._data.table_gradients import table_gradients
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._data.undecided import Undecided
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.out_of_fold import OutOfFold
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._settings.choices import USUAL, Choices
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import ACTIVATIONS, Activation, Grouped
from sklearn_bpnet.net.blocks.embeddings import EmbeddedFeatures
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.monitor.history import Outcome, StopReason
from sklearn_bpnet.training.standardization import Standardization


@dataclass
class Trained:
    """The networks that a call has trained so far.

    Parameters
    ----------
    networks : list of FittedNetwork
        The finished networks, then those of the previous call not yet replaced.
    outcomes : list of Outcome
        How training ended, for every network trained in this call.
    unfinished : bool, default=False
        Whether some networks of the call are missing.
    stopped : bool, default=False
        Whether a callback has asked to stop, or Ctrl-C.
    out_of_fold : OutOfFold or None, default=None
        What members predict for the samples that they held out, once it is known.
    """

    networks: list[FittedNetwork]
    outcomes: list[Outcome] = field(default_factory=list)
    unfinished: bool = False
    stopped: bool = False
    out_of_fold: OutOfFold | None = None


@dataclass
class Fitted:
    """Everything that a fit learned.

    Parameters
    ----------
    task : Task
        Interprets the outputs.
    standardization : Standardization or None
        How features are scaled.
    embedded : EmbeddedFeatures or None
        The features that a numeric embedding embeds.
    encoder : ColumnEncoder
        Makes the features of the columns of a table.
    networks : list of FittedNetwork
        A single network, or the members of an ensemble.
    state : TrainingState
        The state that the members share, or that of the single network.
    is_ensemble : bool, default=False
        Whether the networks are members of an ensemble, even if it has only one.
    unfinished : bool, default=False
        Whether the call was interrupted and can be resumed.
    temperature : float or None, default=None
        Divisor of the logits, of an ensemble those of the average of its members.
    temperature_of_each : float or None, default=None
        Divisor of the logits of every network, before they are averaged.
    out_of_fold : OutOfFold or None, default=None
        What members predict for the samples that they held out.
    resumes : bool, default=False
        Whether the next call of `fit` completes an unfinished one.
    undecided : Undecided or None, default=None
        Features whose scaling further calls decide.
    choices : mapping of str to object, default=USUAL
        What "auto" stands for in the settings of these calls.
    plan : dict, default={}
        The parameters that follow the table, and their values.
    """

    task: Task
    standardization: Standardization | None
    embedded: EmbeddedFeatures | None
    encoder: ColumnEncoder
    networks: list[FittedNetwork]
    state: TrainingState
    is_ensemble: bool = False
    unfinished: bool = False
    temperature: float | None = None
    temperature_of_each: float | None = None
    out_of_fold: OutOfFold | None = None
    resumes: bool = False
    undecided: Undecided | None = None
    choices: Choices = field(default_factory=lambda: dict(USUAL))
    plan: dict[str, Any] = field(default_factory=dict)

    def with_trained(self, trained: Trained) -> Fitted:
        """A copy with trained networks."""
        networks, found = trained.networks, trained.out_of_fold
        return replace(
            self,
            networks=networks,
            state=self.state if self.is_ensemble else networks[0].state,
            unfinished=trained.unfinished,
            out_of_fold=found,
            temperature_of_each=None if found is None else found.temperature,
        )

    @property
    def members(self) -> list[Fitted]:
        """The members of an ensemble, each as the result of a fit of one network."""
        return [
            replace(
                self,
                networks=[network],
                state=network.state,
                is_ensemble=False,
                unfinished=False,
                temperature=None,
                out_of_fold=None,
            )
            for network in self.networks
        ]

    # Files

    @property
    def record(self) -> dict[str, Any]:
        """The content as plain values, arrays and states, for a checkpoint."""
        return {
            "task": self.task.facts,
            "standardization": self.standardization,
            "undecided": self.undecided,
            "choices": dict(self.choices),
            "plan": self.plan,
            "embedded": self.embedded,
            "encoder": self.encoder,
            "n_outputs": self.networks[0].network.blocks[-1].n_out,
            "state": self.state,
            "is_ensemble": self.is_ensemble,
            "unfinished": self.unfinished,
            "temperature": self.temperature,
            "temperature_of_each": self.temperature_of_each,
            "out_of_fold": self.out_of_fold,
            "networks": [
                [network.random_state, network.attributes, network.state]
                for network in self.networks
            ],
        }

    @classmethod
    def from_record(
        cls, record: Mapping[str, Any], task: Task, network: Network, n_networks: int
    ) -> Fitted:
        """The inverse of ``record``.

        Parameters
        ----------
        record : mapping
            The value of ``record``.
        task : Task
            The task of the estimator.
        network : Network
            The network of the estimator.
        n_networks : int
            Expected number of networks.

        Raises
        ------
        ValueError
            If the weights do not fit the network.
        """
        networks = [
            FittedNetwork(network, attributes, state, seed)
            for seed, attributes, state in record["networks"]
        ]
        for fitted_network in networks:
            fitted_network.pack_weights()
        last = networks[-1].attributes["stop_reason_"]
        unfinished = record["unfinished"] or last == StopReason.UNFINISHED.value
        fitted = cls(
            task,
            record["standardization"],
            record["embedded"],
            record["encoder"],
            networks,
            networks[0].state,
            record["is_ensemble"],
            unfinished,
            record["temperature"],
            record["temperature_of_each"],
            record["out_of_fold"],
            undecided=record["undecided"],
            choices=record["choices"],
            plan=record["plan"],
        )
        if fitted.is_ensemble:
            fitted.state = record["state"]
            unfinished = unfinished or len(networks) < n_networks
        fitted.resumes = unfinished
        return fitted

    # Prediction

    def check_range(self, X: Any, largest: float) -> None:
        """Raise ValueError if a scaled feature is beyond the range of the networks.

        ``largest`` is an upper bound of the absolute values of X.
        """
        for dtype in {network.dtype for network in self.networks}:
            check_range(
                X,
                largest,
                self.standardization,
                dtype,
                column_of=self.encoder.column_of,
            )

    def outputs(self, X: Any) -> Iterator[tuple[Array, Array]]:
        """Z[L] and A[L] of every network, computed one at a time.

        Each member of those that share weights counts as a network.
        """
        return chain.from_iterable(self.outputs_of_networks(X))

    def outputs_of_networks(self, X: Any) -> Iterator[list[tuple[Array, Array]]]:
        """The same, those of the members that share weights together."""
        return (self.outputs_of(network, X) for network in self.networks)

    def outputs_of(
        self, network: FittedNetwork, X: Any, indices: Indices | None = None
    ) -> list[tuple[Array, Array]]:
        """Z[L] and A[L] of one of the networks; None means all samples."""
        return network.outputs(
            X,
            self.standardization,
            self.encoder.column_of,
            temperature=self.temperature_of_each,
            indices=indices,
        )

    @property
    def n_predictions(self) -> int:
        """How many pairs these are."""
        return len(self.networks) * self.networks[0].network.n_members

    def activations(self, X: Any, layer: int) -> Array:
        """A of a layer of all networks, (n_predictions, n_samples, n_units)."""
        each = [
            net.activations(X, self.standardization, layer) for net in self.networks
        ]
        return np.concatenate(each)

    def input_gradients(self, X: Any, table: Any) -> NDArray[np.float64]:
        """The derivatives of the mean of the networks with respect to the table.

        They are those of predictions in regression, and of logits in classification, of
        shape (n_samples, n_outputs, n_features). ``table`` is what X encodes.
        """
        of_logits = self.task.gradient_of_logits
        mean, n = np.zeros(()), len(self.networks)
        for net in self.networks:
            G = net.input_gradients(X, self.standardization, of_logits=of_logits)
            mean = mean + G / n
        if self.task.is_certain:
            mean[...] = 0
        mean = self.task.gradient_in_units(mean)
        return table_gradients(self.encoder, table, X, mean)

    @property
    def feature_importances(self) -> Array:
        """The mean of the importances of the columns for all networks."""
        encoder = self.encoder
        importances = [
            encoder.of_columns(net.feature_importances) for net in self.networks
        ]
        mean: Array = np.mean(importances, axis=0)
        return mean

    @property
    def shared_attributes(self) -> dict[str, Any]:
        """The fitted attributes, by name, that are the same for all networks."""
        network, scaling = self.networks[0].network, self.standardization
        attributes: dict[str, Any] = {
            **self.task.attributes(),
            "plan_": self.plan,
            "n_layers_": len(network.layers) + 1,
            "n_outputs_": network.blocks[-1].n_out,
            "out_activation_": _name_of(network.output_activation),
        }
        if scaling is not None:
            mean, scale = scaling.mean, scaling.scale
            if scaling.n_codes:
                mean, scale = mean[: scaling.n_numeric], scale[: scaling.n_numeric]
            attributes |= {"input_mean_": mean, "input_scale_": scale}
            if scaling.smooth_clip is not None:
                attributes["input_clip_"] = scaling.smooth_clip
        if self.encoder.quantiles:
            attributes["input_quantiles_"] = np.stack(self.encoder.quantiles, axis=1)
        if self.embedded is not None:
            features = self.encoder.column_of[self.embedded.features]
            attributes["embedded_features_"] = features
            if self.embedded.edges:
                attributes["bin_edges_"] = self.embedded.edges
        return attributes

    @property
    def attributes(self) -> dict[str, Any]:
        """The fitted attributes, by name, except `estimators_`."""
        attributes = self.shared_attributes
        for temperature in (self.temperature, self.temperature_of_each):
            if temperature is not None:
                attributes["temperature_"] = temperature
        if self.out_of_fold is not None:
            attributes |= self.out_of_fold.attributes
        each = [net.attributes for net in self.networks]
        if not self.is_ensemble:
            return attributes | each[0]
        return attributes | {
            "n_iter_": max(one["n_iter_"] for one in each),
            "loss_": float(np.mean([one["loss_"] for one in each])),
        }


def _name_of(activation: Activation) -> str | list[str]:
    """The name of an output activation; a list for groups of outputs."""
    if isinstance(activation, Grouped):
        return [ACTIVATIONS.name_of(one) for one in activation.activations]
    return ACTIVATIONS.name_of(activation)
