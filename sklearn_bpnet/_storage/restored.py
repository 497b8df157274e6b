"""From a record to the result of a fit, if its weights fit the parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sklearn_bpnet._data.task import Task
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.start import check_same_embedding
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._storage.checkpoint import Record
from sklearn_bpnet._storage.schema import TRAINING_ATTRIBUTES, check_sizes, check_types
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.theta import n_numbers

# from settings and the facts of a record to task and network
Build = Callable[[Settings, Mapping[str, Any]], tuple[Task, Network]]


class Restoration:
    """The result of the fit in a record, and the parameters that its weights fit.

    Parameters
    ----------
    record : Record
        The content of a file.
    given : mapping of str to object
        Parameters that replace those in the file.
    build : callable
        Maps settings and the facts of a record to task and network.

    Raises
    ------
    Exception
        Of any class, if the record is not of this version of the package.
    """

    def __init__(self, record: Record, given: Mapping[str, Any], build: Build) -> None:
        self.record, self.given, self.build = record, dict(given), build
        check_types(record.names, record.fitted)
        needed = {name: given[name] for name in record.not_portable}
        self.stored = record.parameters | needed
        self.stored_misfit = self._misfit({})

    def check_parameters(self, where: str) -> None:
        """Raise ValueError unless the weights fit the given parameters.

        Parameters
        ----------
        where : str
            The file, in words.
        """
        misfit, portable = self._misfit(self.given), not self.record.not_portable
        if misfit is None:
            return
        if self.stored_misfit is not None and portable:
            raise ValueError(
                f"The weights in {where} do not fit the parameters beside them, which "
                f"have changed since the fit: {misfit} Pass those of the fit to "
                "load_checkpoint."
            )
        names = list(self.record.not_portable)
        if self.stored_misfit is None:
            names = [name for name in self.given if self._is_misfit(name)]
        verb = "does" if len(names) == 1 else "do"
        raise ValueError(
            f"{Settings.of(self.given).described(names)} {verb} not fit the weights in "
            f"{where}, which were trained with {self._described(names)}."
        )

    def result(self) -> Fitted:
        """What was learned; it predicts as it did when the file was written.

        The given parameters act on further training, as after ``set_params``.

        Raises
        ------
        Exception
            Of any class, if the record is not of this version of the package.
        """
        record, new = self.record, self.stored | self.given
        task, network = self._built(self.stored if self.stored_misfit is None else new)
        check_sizes(record.names, record.fitted, n_numbers(network.shapes))
        fitted = Fitted.from_record(record.fitted, task, network, new["n_members"])
        X = np.zeros((1, fitted.encoder.n_out))
        with np.errstate(all="ignore"):
            for _ in fitted.outputs(X):
                pass  # a network that cannot predict is found now
        return fitted

    def _described(self, names: list[str]) -> str:
        """Parameters as they were in the fit."""
        stored, not_portable = Settings.of(self.stored), self.record.not_portable
        return ", ".join(
            f"{name}={not_portable[name]}"
            if name in not_portable
            else stored.described([name])
            for name in names
        )

    def _is_misfit(self, name: str) -> bool:
        """Whether the weights do not fit one of the given parameters."""
        try:
            return self._misfit({name: self.given[name]}) is not None
        except Exception:  # it does not fit the stored parameters either
            return True

    def _misfit(self, given: dict[str, Any]) -> str | None:
        """Why the weights do not fit the stored parameters and these; or None."""
        facts = self.record.fitted
        parameters = self.stored | given
        try:
            check_same_embedding(Settings.of(parameters), facts["embedded"])
        except ValueError:
            return "The network has no such embedding."
        task, network = self._built(parameters)
        if "n_members" in given and not self._can_be_members(given["n_members"]):
            return f"There are {len(facts['networks'])} networks."
        shown = network.places.attributes
        try:
            task.check_outputs(facts["n_outputs"])
            for _, attributes, _ in facts["networks"]:
                arrays = network.arrays_from(attributes)
                if any(np.asarray(a).dtype.kind != "f" for of in arrays for a in of):
                    return "They are not real numbers."
                extra = attributes.keys() - {*shown, *TRAINING_ATTRIBUTES}
                if extra:
                    return f"The network has no {min(extra)}."
        except ValueError as error:
            return str(error)
        return None

    def _can_be_members(self, n_members: int) -> bool:
        """Whether the networks can be all or the first members of an ensemble."""
        facts = self.record.fitted
        if not facts["is_ensemble"]:
            return n_members == 1
        return n_members > 1 and len(facts["networks"]) <= n_members

    def _built(self, parameters: Mapping[str, Any]) -> tuple[Task, Network]:
        return self.build(Settings.of(parameters), self.record.fitted)
