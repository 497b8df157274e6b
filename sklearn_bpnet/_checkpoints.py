"""Estimators as files: save_checkpoint and load_checkpoint, pickle and skops."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from sklearn.exceptions import InconsistentVersionWarning
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet import _types as types
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._inspection import InspectableEstimator
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import Header, validate_parameters
from sklearn_bpnet._storage import checkpoint, plain_state
from sklearn_bpnet._storage.restored import Restoration
from sklearn_bpnet._version import __version__
from sklearn_bpnet.net.network import Network


class StoredEstimator(InspectableEstimator):
    """An estimator that can be saved during training; not for direct use."""

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: JSON and arrays, and what the user gave."""
        return plain_state.pack(vars(self), __version__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore what `__getstate__` has returned, maybe in an earlier version."""
        name, version = type(self).__name__, plain_state.version_of(state)
        try:
            attributes = plain_state.unpack(state)
        except MemoryError:
            raise
        except Exception as error:
            raise ValueError(
                f"This {name} was saved by sklearn_bpnet {version}; this is version "
                f"{__version__}, which cannot read it "
                f"({type(error).__name__}: {str(error).rstrip('.')}). Load it with the "
                "version that saved it."
            ) from error
        if version != __version__:
            warnings.warn(
                InconsistentVersionWarning(
                    estimator_name=name,
                    current_sklearn_version=f"{__version__} of sklearn_bpnet",
                    original_sklearn_version=f"{version} of sklearn_bpnet",
                ),
                stacklevel=2,
            )
        # parameters that a later version has added
        defaults = {k: v for k, v in self._defaults().items() if k != "self"}
        vars(self).update(defaults | attributes)

    def save_checkpoint(self, path: types.Path) -> None:
        """Write the estimator to a file from which training can continue.

        The file is replaced atomically: a crash leaves the previous file intact. It
        contains plain arrays and JSON, no pickle. During `fit`, the callback
        ``Checkpoint`` writes such files; between calls of `partial_fit`, or of `fit`
        with ``warm_start=True``, call this method.

        Parameters
        ----------
        path : str or Path
            Name of the file.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        record = checkpoint.Record(
            type(self).__name__,
            __version__,
            self.get_params(deep=False),
            Header(self).attributes | {"_recipe": self._recipe},
            self._model.record,
        )
        checkpoint.write(record, Path(path))

    @classmethod
    def load_checkpoint(cls, path: types.Path, **parameters: Any) -> Self:
        """Read an estimator from a checkpoint, with the state of its training.

        It predicts with the weights that would have been kept if training had ended
        there. If the file was written during `fit`, call `fit` with the same samples:
        it trains the remaining epochs until `max_iter`, and the weights are the same as
        without the interruption, bit for bit with the same versions of the packages
        (L-BFGS continues from the weights alone). Otherwise training continues with
        `partial_fit` or warm-started calls of `fit`. Callbacks are not stored and must
        be set again.

        Parameters
        ----------
        path : str or Path
            Name of the file.
        **parameters : object
            Parameters that replace those in the file, such as a larger ``max_iter``;
            they act on further training. Parameters that cannot be stored must be
            given: instances of user-defined classes, functions, splitters.

        Returns
        -------
        BPNetClassifier or BPNetRegressor
            The estimator.

        Raises
        ------
        ValueError
            If the file is damaged, is not a checkpoint or holds another class, or if a
            parameter is not valid or does not fit the weights.
        """
        path, version = Path(path), __version__
        record = checkpoint.read(path, cls.__name__, version, parameters)
        with checkpoint.blame_on(path, record.version, version):
            build = cls(**record.parameters)._built
            restoration = Restoration(record, parameters, build)
        estimator = cls(**record.parameters | parameters)
        validate_parameters(estimator)
        restoration.check_parameters(str(path))
        with checkpoint.blame_on(path, record.version, version):
            fitted = restoration.result()
            estimator._set_fitted(estimator._attributes(record.names, fitted))
        return estimator

    def _built(
        self, settings: Settings, facts: Mapping[str, Any]
    ) -> tuple[Task, Network]:
        """The task and the network of a checkpoint."""
        settings = settings.chosen(facts["choices"])
        task = self._known_task(settings, facts["task"])
        n_outputs, embedded = facts["n_outputs"], facts["embedded"]
        encoder = facts["encoder"]
        return task, self._build_network(settings, task, encoder, n_outputs, embedded)
