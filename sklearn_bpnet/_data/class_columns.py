"""Several columns of class labels (multiclass-multioutput), above one network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax

from sklearn_bpnet._data.class_weight import column_weights
from sklearn_bpnet._data.classification import Classification
from sklearn_bpnet._data.labels import columns_of_classes, in_column
from sklearn_bpnet._data.moments import log_mean
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import Activation, Grouped
from sklearn_bpnet.net.cached import cached_property
from sklearn_bpnet.net.losses import Loss

_LEAST = 10  # samples of a stratum of its own


@dataclass(frozen=True)
class ClassColumns(Task):
    """Several columns of exclusive classes, above one network.

    The output neurons are those of a network for each column, side by side, and the
    loss of a sample is the sum of the losses of its columns. A column with a single
    class has no neurons, unless all have one.

    Parameters
    ----------
    loss : Loss
        L(y, a) of a column.
    output_activation : Activation
        Activation of the output neurons: ``Grouped``, if several columns have some.
    columns : tuple of Classification
        The task of every column.
    as_objects : bool
        Whether labels are predicted as objects: those of columns of different kinds, or
        given as objects.
    class_weight : list of dict, "balanced" or None
        Weights of the classes of every column, which are multiplied.
    """

    columns: tuple[Classification, ...]
    as_objects: bool
    class_weight: Any

    @classmethod
    def of_columns(
        cls, columns: Sequence[Classification], as_objects: bool, class_weight: Any
    ) -> ClassColumns:
        """The task of predicting all columns."""
        columns = tuple(columns)
        kinds = {column.classes.dtype.kind for column in columns}
        pairs = zip(columns, _sizes(columns), strict=True)
        groups = [(column.output_activation, size) for column, size in pairs if size]
        output: Activation = groups[0][0]
        if len(groups) > 1:
            output = Grouped(*zip(*groups, strict=True))
        loss: Loss = columns[0].loss
        as_objects = as_objects or len(kinds) > 1
        return cls(loss, output, columns, as_objects, class_weight)

    @classmethod
    def of_classes(
        cls,
        settings: Settings,
        classes: Sequence[NDArray[Any]],
        as_objects: bool = False,
    ) -> ClassColumns:
        """The task of predicting these classes of every column.

        Raises
        ------
        ValueError
            If loss, output activation or target encoding do not fit the task.
        """
        columns = [Classification.of_classes(settings, one, False) for one in classes]
        return cls.of_columns(columns, as_objects, settings.class_weight)

    @classmethod
    def learn(
        cls,
        settings: Settings,
        y: NDArray[Any],
        *,
        previous: ClassColumns | None = None,
        classes: Sequence[NDArray[Any]] | None = None,
    ) -> tuple[ClassColumns, NDArray[Any]]:
        """The task of the targets y, and their encoding Y.

        Parameters
        ----------
        settings : Settings
            The constructor's parameters.
        y : ndarray of shape (n_samples, n_columns)
            Class labels.
        previous : ClassColumns or None, default=None
            The task of the previous calls, if training continues them.
        classes : sequence of ndarray or None, default=None
            All classes of every column, some of which may be missing in y.

        Raises
        ------
        ValueError
            If y has other columns or other classes than in the previous calls.
        """
        n = y.shape[1]
        if previous is not None and n != len(previous.columns):
            raise ValueError(
                f"Training cannot continue: y has {n} columns, but in the previous "
                f"calls there were {len(previous.columns)}."
            )
        if classes is not None and n != len(classes):
            raise ValueError(
                f"y has {n} columns, but classes has {len(classes)} lists. Give the "
                "classes of every column."
            )
        learned = []
        for j, column in enumerate(columns_of_classes(y, "y")):
            before = None if previous is None else previous.columns[j]
            known = None if classes is None else classes[j]
            if before is not None and known is not None:
                known = before.classes  # not as objects
            with in_column(j, "y"):
                one = Classification.learn(
                    settings, column, previous=before, classes=known
                )
            learned.append(one)
        tasks, parts = zip(*learned, strict=True)
        as_objects = y.dtype.kind == "O" if previous is None else previous.as_objects
        task = cls.of_columns(tasks, as_objects, settings.class_weight)
        return task, task._joined(parts)

    # Labels to targets

    def encode(self, y: NDArray[Any]) -> NDArray[Any]:
        if y.ndim != 2 or y.shape[1] != len(self.columns):
            raise ValueError(
                f"y_val must have the {len(self.columns)} columns of y; its shape is "
                f"{y.shape}."
            )
        parts = []
        for j, column in enumerate(columns_of_classes(y, "y_val")):
            with in_column(j, "y_val"):
                parts.append(self.columns[j].encode(column))
        return self._joined(parts)

    def _joined(self, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Targets of the columns, each of shape (n_samples, n), side by side."""
        pairs = zip(parts, self.outputs, strict=True)
        return np.hstack([part[:, : k.stop - k.start] for part, k in pairs])

    @cached_property
    def outputs(self) -> list[slice]:
        """The output neurons of every column."""
        ends = np.cumsum([0, *_sizes(self.columns)]).tolist()
        return [slice(*pair) for pair in pairwise(ends)]

    def _split(self, A: Array) -> Iterator[tuple[Classification, Array]]:
        """The task of every column, with its part of outputs or targets."""
        for column, outputs in zip(self.columns, self.outputs, strict=True):
            yield column, A[:, outputs]

    @property
    def n_choices(self) -> int:
        return max(column.n_choices for column in self.columns)

    @property
    def n_outputs(self) -> int:
        """Number of output neurons that the classes need."""
        return self.outputs[-1].stop

    def check_outputs(self, n_outputs: int) -> None:
        if n_outputs != self.n_outputs:
            numbers = [len(column.classes) for column in self.columns]
            raise ValueError(
                f"The {numbers} classes of the columns need {self.n_outputs} outputs; "
                f"there are {n_outputs}."
            )

    @property
    def is_certain(self) -> bool:
        return all(column.is_certain for column in self.columns)

    def codes(self, Y: NDArray[Any]) -> list[NDArray[np.intp]]:
        """The class of every sample, for every column."""
        return [
            np.zeros(len(Y), np.intp) if column.is_certain else column.codes(part)
            for column, part in self._split(Y)
        ]

    def sample_weights(
        self, Y: NDArray[Any], weights: NDArray[np.float64] | None
    ) -> NDArray[np.float64] | None:
        if self.class_weight is None:
            return weights
        classes = [column.classes for column in self.columns]
        return column_weights(self.class_weight, classes, self.codes(Y), weights)

    def strata(self, Y: NDArray[Any]) -> NDArray[np.intp]:
        """Combinations of classes; those of less than ten samples are one stratum."""
        strata = np.zeros(len(Y), dtype=np.intp)
        for column, codes in zip(self.columns, self.codes(Y), strict=True):
            together = strata * len(column.classes) + codes
            _, strata, counts = np.unique(
                together, return_inverse=True, return_counts=True
            )
        return np.where(counts[strata] < _LEAST, -1, strata)

    @property
    def facts(self) -> dict[str, Any]:
        classes = [column.classes for column in self.columns]
        return {"classes": classes, "as_objects": self.as_objects}

    def attributes(self) -> Mapping[str, Any]:
        classes = [column.classes for column in self.columns]
        if not self.as_objects:
            common = np.result_type(*classes)
            classes = [one.astype(common) for one in classes]
        else:
            classes = [
                one.astype(object) if one.dtype.kind == "U" else one for one in classes
            ]
        return {"classes_": classes, "n_classes_": [len(one) for one in classes]}

    # Outputs to scores and probabilities

    def combine(
        self,
        outputs: Iterator[tuple[Array, Array]],
        n_networks: int,
        temperature: float | None = None,
    ) -> tuple[ClassColumns, Array, Array]:
        """Combine the outputs of one or many networks into one prediction.

        As that of `Classification`, column by column.
        """
        if n_networks == 1 or not self.loss.estimates_probabilities:
            return self, *self._mean_outputs(outputs, n_networks, temperature)
        task = self.averaged
        L = log_mean(self._log_probabilities(Z, A) for Z, A in outputs)
        if temperature is not None:
            for _, part in task._split(L):
                part[...] = log_softmax(part / temperature, axis=1)
        return task, L, np.exp(L)

    @property
    def averaged(self) -> ClassColumns:
        """The task of averaged probabilities: a neuron for every class."""
        columns = [column.averaged for column in self.columns]
        return ClassColumns.of_columns(columns, self.as_objects, self.class_weight)

    def _log_probabilities(self, Z: Array, A: Array) -> Array:
        """Logarithms of the probabilities of all classes of columns with neurons."""
        pairs = zip(self._split(Z), self._split(A), strict=True)
        return np.hstack(
            [
                column.log_probabilities(of_Z, of_A)
                for (column, of_Z), (_, of_A) in pairs
                if of_Z.shape[1]
            ]
        )

    def targets_of(self, task: ClassColumns, Y: NDArray[Any]) -> NDArray[Any]:
        """Targets Y of another task of the same classes, as targets of this one."""
        pairs = zip(self.columns, task.codes(Y), strict=True)
        return self._joined([column.from_codes(codes) for column, codes in pairs])

    def scores(self, Z: Array, A: Array) -> list[Array]:
        """The decision function of every column."""
        pairs = zip(self._split(Z), self._split(A), strict=True)
        return [column.scores(of_Z, of_A) for (column, of_Z), (_, of_A) in pairs]

    def labels(self, scores: Sequence[Array]) -> NDArray[Any]:
        """The labels predicted from the scores of every column."""
        pairs = zip(self.columns, scores, strict=True)
        labels = [column.labels(of_column) for column, of_column in pairs]
        if self.as_objects:
            labels = [one.astype(object) for one in labels]
        return np.column_stack(labels)

    def are_equal(self, y: NDArray[Any], predicted: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether the labels of a sample are those predicted, in all columns."""
        if y.shape != predicted.shape:
            raise ValueError(
                f"y must have the {len(self.columns)} columns of the y of fit; its "
                f"shape is {y.shape}."
            )
        equal = np.equal(y.astype(object), predicted.astype(object), dtype=object)
        return np.all(equal.astype(bool), axis=1)

    def probabilities(self, A: Array) -> list[Array]:
        """Probabilities of every column, of shape (n_samples, n_classes)."""
        return [column.probabilities(part) for column, part in self._split(A)]

    def score(
        self, Z: Array, A: Array, Y: Array, weights: NDArray[np.float64] | None
    ) -> float:
        """The share of samples whose classes are right in all columns."""
        columns = zip(self.columns, self.scores(Z, A), self.codes(Y), strict=True)
        hits = [column.predicted(S) == codes for column, S, codes in columns]
        right = np.all(hits, axis=0)
        return float(np.average(right, weights=weights))


def _sizes(columns: Sequence[Classification]) -> list[int]:
    """The number of output neurons of every column."""
    sizes = [0 if column.is_certain else column.n_outputs for column in columns]
    return sizes if any(sizes) else [1, *sizes[1:]]
