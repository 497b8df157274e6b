"""Classification: class labels or label indicators to targets, outputs to scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.metrics import accuracy_score

from sklearn_bpnet._data.class_weight import class_weights, indicator_weights
from sklearn_bpnet._data.labels import check_indicators, check_range, labels_in
from sklearn_bpnet._data.moments import log_mean
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.activations import (
    ACTIVATIONS,
    Activation,
    Heaviside,
    Sigmoid,
    Softmax,
)
from sklearn_bpnet.net.losses import LOSSES, Loss, SquaredError
from sklearn_bpnet.net.targets import TARGET_ENCODINGS, OneHot, Ordinal, TargetEncoding

_SMALLEST = np.finfo(np.float64).tiny
_BELOW_ONE = 1 - np.finfo(np.float64).epsneg


@dataclass(frozen=True)
class Classification(Task):
    """Exclusive classes, or label indicators.

    Parameters
    ----------
    loss : Loss
        L(y, a).
    output_activation : Activation
        Activation of the output neurons.
    encoding : TargetEncoding
        What the output neurons mean; unused for label indicators.
    classes : ndarray of shape (n_classes,)
        The class labels, sorted; for label indicators the column indices.
    multilabel : bool
        Whether the targets are label indicators.
    class_weight : dict, list, "balanced" or None
        Weights of the classes.
    """

    encoding: TargetEncoding
    classes: NDArray[Any]
    multilabel: bool
    class_weight: Any

    @classmethod
    def of_classes(
        cls, settings: Settings, classes: NDArray[Any], multilabel: bool
    ) -> Classification:
        """The task of predicting these classes or labels.

        Raises
        ------
        ValueError
            If loss, output activation or target encoding do not fit the task.
        """
        loss = LOSSES.resolve(settings.loss)
        output = settings.output_activation
        is_auto = isinstance(output, str) and output == "auto"
        asks_for_softmax = not is_auto and isinstance(
            ACTIVATIONS.resolve(output), Softmax
        )
        if multilabel and asks_for_softmax:
            raise ValueError(
                f"output_activation={output!r} is for exclusive classes, but label "
                "indicators are not exclusive. Use 'sigmoid' or 'auto', or give y as "
                "class labels."
            )
        encoding = _encoding(settings, loss, len(classes), multilabel, asks_for_softmax)
        if is_auto or (len(classes) == 1 and not multilabel):
            output = _default_output(loss, encoding, len(classes), multilabel)
        activation = ACTIVATIONS.resolve(output)
        weights = settings.class_weight
        return cls(loss, activation, encoding, classes, multilabel, weights)

    @classmethod
    def learn(
        cls,
        settings: Settings,
        y: NDArray[Any],
        *,
        previous: Classification | None = None,
        classes: NDArray[Any] | None = None,
    ) -> tuple[Classification, NDArray[Any]]:
        """The task of the targets y, and their encoding Y.

        Parameters
        ----------
        settings : Settings
            The constructor's parameters.
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or label indicators of 0 and 1.
        previous : Classification or None, default=None
            The task of the previous calls, if training continues them.
        classes : ndarray of shape (n_classes,) or None, default=None
            All classes, some of which may be missing in y; None for those of y.

        Raises
        ------
        ValueError
            If y has other classes than in the previous calls.
        """
        multilabel = y.ndim == 2
        if previous is not None and multilabel != previous.multilabel:
            raise ValueError(
                "Training cannot continue: label indicators and class labels do not "
                "mix between calls."
            )
        present = labels_in(y)
        if multilabel and previous is not None and len(present) != previous.n_outputs:
            raise ValueError(
                f"Training cannot continue: y has {len(present)} columns, but in the "
                f"previous calls there were {previous.n_outputs} labels."
            )
        if multilabel and classes is not None:
            check_range(classes, len(present))
        if classes is None and previous is not None:
            classes = previous.classes
            if settings.warm_start and set(present) != set(classes):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in "
                    f"the previous call to fit. Previously got {classes}, `y` has "
                    f"{present}"
                )
        if classes is None:
            classes = present
        elif len(np.setdiff1d(present, classes)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. `self.classes_` has "
                f"{classes}. 'y' has {present}."
            )
        task = cls.of_classes(settings, classes, multilabel)
        return task, task._encode(y)

    # Labels to targets

    def encode(self, y: NDArray[Any]) -> NDArray[Any]:
        if (y.ndim == 2) != self.multilabel:
            raise ValueError(
                "y_val must be of the same kind as y: label indicators or class labels."
            )
        if self.multilabel:
            y = check_indicators(y, "y_val")
        else:
            unknown = np.setdiff1d(labels_in(y), self.classes)
            if len(unknown):
                raise ValueError(
                    f"y_val has classes that y does not have: {unknown}. The classes "
                    f"of y are {self.classes}; drop samples of others."
                )
        return self._encode(y)

    def _encode(self, y: NDArray[Any]) -> NDArray[Any]:
        """Targets Y of validated targets y."""
        if self.multilabel:
            return y.astype(np.uint8, copy=False)
        return self.from_codes(np.searchsorted(self.classes, y))

    def from_codes(self, codes: NDArray[np.intp]) -> NDArray[Any]:
        """Targets Y of the indices of the samples' classes."""
        return self.encoding.encode(codes, len(self.classes))

    def codes(self, Y: NDArray[Any]) -> NDArray[np.intp]:
        """The indices of the samples' classes: the way back."""
        return self.encoding.decode(Y, len(self.classes))

    def targets_of(self, task: Classification, Y: NDArray[Any]) -> NDArray[Any]:
        """Targets Y of another task of the same classes, as targets of this one."""
        if task is self or self.multilabel:
            return Y
        return self.from_codes(task.codes(Y))

    @property
    def n_choices(self) -> int:
        return 2 if self.multilabel else max(len(self.classes), 2)

    @property
    def n_outputs(self) -> int:
        """Number of output neurons that the classes need."""
        if self.multilabel:
            return len(self.classes)
        return int(self.encoding.table(len(self.classes)).shape[1])

    def check_outputs(self, n_outputs: int) -> None:
        if n_outputs != self.n_outputs:
            raise ValueError(
                f"The {len(self.classes)} classes need {self.n_outputs} outputs; there "
                f"are {n_outputs}."
            )

    @property
    def is_certain(self) -> bool:
        return len(self.classes) == 1 and not self.multilabel

    def sample_weights(
        self, Y: NDArray[Any], weights: NDArray[np.float64] | None
    ) -> NDArray[np.float64] | None:
        if self.class_weight is None:
            return weights
        strata = self.strata(Y)
        if strata is None:
            return indicator_weights(self.class_weight, Y, weights)
        return class_weights(self.class_weight, self.classes, strata, weights)

    def strata(self, Y: NDArray[Any]) -> NDArray[np.intp] | None:
        return None if self.multilabel else self.codes(Y)

    @property
    def facts(self) -> dict[str, Any]:
        return {"classes": self.classes, "multilabel": self.multilabel}

    def attributes(self) -> Mapping[str, Any]:
        if self.multilabel:
            return {"classes_": self.classes}
        return {"classes_": self.classes, "n_classes_": len(self.classes)}

    # Outputs to scores and probabilities

    def combine(
        self,
        outputs: Iterator[tuple[Array, Array]],
        n_networks: int,
        temperature: float | None = None,
    ) -> tuple[Classification, Array, Array]:
        """Combine the outputs of one or many networks into one prediction.

        The probabilities of many networks are averaged; if the loss estimates none,
        their outputs.

        Parameters
        ----------
        outputs : iterator of tuple of ndarray of shape (n_samples, n_outputs)
            Logits Z and outputs A of every network, float64; may be overwritten.
        n_networks : int
            Number of networks.
        temperature : float or None, default=None
            Divisor of the logits; None for 1.

        Returns
        -------
        task : Classification
            The task that interprets Z and A: this one, or for averaged probabilities
            one with an output neuron per class.
        Z, A : ndarray of shape (n_samples, n_outputs)
            Logits and outputs of the combined prediction.
        """
        if n_networks == 1 or not self.loss.estimates_probabilities:
            return self, *self._mean_outputs(outputs, n_networks, temperature)
        L = log_mean(self.log_probabilities(Z, A) for Z, A in outputs)
        if temperature is not None:
            L = log_softmax(L / temperature, axis=-1)
        if self.multilabel:
            Z, A = L[..., 1] - L[..., 0], np.exp(L[..., 1])
            return replace(self, output_activation=ACTIVATIONS["sigmoid"]), Z, A
        return self.averaged, L, np.exp(L)

    @property
    def averaged(self) -> Classification:
        """The task of averaged probabilities of classes: a neuron for every class."""
        softmax, encoding = ACTIVATIONS["softmax"], OneHot(two_neurons=True)
        return replace(self, output_activation=softmax, encoding=encoding)

    def scores(self, Z: Array, A: Array) -> Any:
        """The decision function, computed from logits Z and outputs A."""
        if isinstance(self.output_activation, (Sigmoid, Softmax, Heaviside)):
            S = Z  # where A rounds to 0 or 1, Z still ranks
        else:
            S = A - self.loss.threshold
        n_classes = len(self.classes)
        if self.multilabel:
            return S
        if self.is_certain:  # the network is not trained
            return np.zeros(len(S))
        if n_classes <= 2:
            difference: Array = S[:, 0] if S.shape[1] == 1 else S[:, 1] - S[:, 0]
            return difference
        if isinstance(self.encoding, OneHot) or not self.loss.estimates_probabilities:
            return self.encoding.agreement(S, n_classes)
        return np.log(self.probabilities(A))

    def labels(self, scores: Array) -> NDArray[Any]:
        """The labels predicted from the scores of the decision function."""
        if self.multilabel:
            return (scores > 0).astype(int)
        return self.classes[self.predicted(scores)]

    def predicted(self, scores: Array) -> NDArray[np.intp]:
        """The index of the class with the highest score, of every sample."""
        if self.is_certain:
            return np.zeros(len(scores), dtype=np.intp)
        return (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(1)

    def probabilities(self, A: Array) -> Any:
        """Probabilities of shape (n_samples, n_classes), from outputs A.

        Their logarithms are finite; those of label indicators are below 1, too.
        """
        if self.is_certain:
            return np.ones((len(A), 1))
        P = np.clip(A, _SMALLEST, 1)
        if not (self.multilabel or isinstance(self.output_activation, Softmax)):
            P = self.encoding.probabilities(P, len(self.classes))
        return np.clip(P, _SMALLEST, _BELOW_ONE if self.multilabel else None)

    def log_probabilities(self, Z: Array, A: Array) -> Array:
        """Logarithms of one network's probabilities.

        The shape is (n_samples, n_classes), and (n_samples, n_classes, 2) for label
        indicators: the last axis is the absence and the presence of the label.
        """
        activation = self.output_activation
        if isinstance(activation, Softmax) and not self.multilabel:
            return log_softmax(Z, axis=1)
        if isinstance(activation, Sigmoid) and (
            self.multilabel or len(self.classes) == 2
        ):  # where A rounds to 1, 1 - A is still exact in terms of Z
            L: Array = -np.logaddexp(0, np.stack([Z, -Z], axis=-1))
            return L if self.multilabel else L[:, 0]
        P = self.probabilities(A)
        return np.stack([np.log1p(-P), np.log(P)], -1) if self.multilabel else np.log(P)

    def score(
        self, Z: Array, A: Array, Y: Array, weights: NDArray[np.float64] | None
    ) -> float:
        """The accuracy."""
        scores, strata = self.scores(Z, A), self.strata(Y)
        if strata is None:
            return accuracy_score(Y > 0, scores > 0, sample_weight=weights)
        return accuracy_score(strata, self.predicted(scores), sample_weight=weights)


def _encoding(
    settings: Settings,
    loss: Loss,
    n_classes: int,
    multilabel: bool,
    asks_for_softmax: bool,
) -> TargetEncoding:
    """What `target_encoding` makes the output neurons mean."""
    encoding = TARGET_ENCODINGS.resolve(settings.target_encoding)
    if multilabel:
        return encoding
    if (
        isinstance(encoding, Ordinal)
        and n_classes > 2
        and not loss.estimates_probabilities
    ):
        raise ValueError(
            "target_encoding='ordinal' needs a loss of numeric targets; "
            f"loss={settings.loss!r} is for binary targets only. Use "
            "loss='squared_error' or target_encoding='one-hot'."
        )
    if n_classes > 2:
        return encoding
    return OneHot(two_neurons=asks_for_softmax and n_classes == 2)


def _default_output(
    loss: Loss, encoding: TargetEncoding, n_classes: int, multilabel: bool
) -> str | Activation:
    """What ``output_activation="auto"`` stands for."""
    if multilabel or n_classes < 3:
        return loss.default_output("classification")
    if isinstance(encoding, Ordinal) and isinstance(loss, SquaredError):
        return loss.default_output("regression")
    return loss.default_output("classification", encoding.exclusive)
