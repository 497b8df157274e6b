"""Scorers of scikit-learn, called during training."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from dataclasses import replace
from numbers import Real
from typing import Any

from sklearn.base import is_regressor
from sklearn.metrics import check_scoring, get_scorer

from sklearn_bpnet._data.classification import Classification
from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.no_score import failed
from sklearn_bpnet._settings.plan import described_scoring
from sklearn_bpnet._sklearn_compat import (
    needs_exclusive_classes,
    response_methods,
    with_classes,
)

_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
    Warning,
)


def make_scorer(
    estimator: Any, scoring: Any, fitted: Fitted, samples: Samples
) -> Scorer | None:
    """The scorer that ``scoring`` denotes; None if it is the default score.

    The parameters are those of `Scorer`. The default score needs no estimator.
    """
    name = "r2" if is_regressor(estimator) else "accuracy"
    if scoring == name or vars(get_scorer(name)) == getattr(scoring, "__dict__", None):
        return None
    return Scorer(estimator, scoring, fitted, samples)


class Scorer:
    """Computes the score of a network on validation samples from its attributes.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        Predicts with the current weights; it must not be used elsewhere.
    scoring : str or callable
        The parameter ``scoring``.
    fitted : Fitted
        The draft of the result, with one network that is not trained.
    samples : Samples
        The validation samples.

    Raises
    ------
    ValueError
        If the scorer needs probabilities and the estimator has none, or needs those of
        exclusive classes.
    """

    def __init__(
        self, estimator: Any, scoring: Any, fitted: Fitted, samples: Samples
    ) -> None:
        self.scorer, task = check_scoring(estimator, scoring), fitted.task
        self.scoring, self.samples = described_scoring(scoring), samples
        self._check_response(estimator)
        if isinstance(task, Classification) and not task.multilabel:
            self.scorer = with_classes(self.scorer, task.classes)
        else:
            self._check_metric()
        vars(estimator).update(fitted.shared_attributes)
        # it predicts from encoded samples
        encoder = ColumnEncoder.of_numbers(samples.X.shape[1])
        estimator.n_features_in_ = samples.X.shape[1]
        # what is scored is one network, also if it is a member of an ensemble
        self.estimator, self.fitted = (
            estimator,
            replace(fitted, is_ensemble=False, encoder=encoder),
        )
        self.X, self.y = samples.take(samples.X), samples.take(samples.y)
        self.weights = samples.take(samples.weights)

    def _check_response(self, estimator: Any) -> None:
        """Raise ValueError if the scorer calls a method that is not available."""
        methods = response_methods(self.scorer)
        if methods and not any(hasattr(estimator, name) for name in methods):
            raise ValueError(
                f"{self.scoring} needs {' or '.join(methods)}, which "
                f"{type(estimator).__name__} does not have with "
                f"loss={estimator.loss!r}. Use scoring='loss', or a scorer of predict."
            )

    def _check_metric(self) -> None:
        """Raise ValueError if the metric is not one of several labels per sample.

        Of label indicators scikit-learn's log loss would count the ones alone, so that
        it is best where all labels are predicted.
        """
        if needs_exclusive_classes(self.scorer):
            raise ValueError(
                f"{self.scoring} is for exclusive classes, one per sample, but y has "
                "columns of labels. Use scoring='loss', or with label indicators a "
                "scorer such as 'f1_macro' or 'average_precision'."
            )

    def __call__(self, attributes: Mapping[str, Any]) -> float:
        """The score of the network with these fitted attributes.

        Raises
        ------
        ValueError
            If the scorer raises an error of Python's own kinds, or does not return a
            number. Exceptions of other kinds pass, as they may be meant for the caller
            of `fit`, to end a trial of a search for example.
        """
        estimator, previous = copy(self.estimator), self.fitted.networks[0]
        network = FittedNetwork(previous.network, dict(attributes), previous.state)
        estimator._fitted = replace(self.fitted, networks=[network])
        vars(estimator).update(attributes)
        weighted = {} if self.weights is None else {"sample_weight": self.weights}
        try:
            score = self.scorer(estimator, self.X, self.y, **weighted)
        except Exception as error:
            message = failed(self.scoring, error, self.fitted.task, self.samples)
            if isinstance(error, _ERRORS):
                raise ValueError(message) from error
            error.add_note(message)
            raise
        return self._number(score)

    def _number(self, score: Any) -> float:
        """The score as a float."""
        with suppress(AttributeError, TypeError, ValueError):
            score = score.item()  # a scalar of NumPy or of another package
        if isinstance(score, Real):
            return float(score)
        raise ValueError(
            f"{self.scoring} must return a number, larger being better; got "
            f"{reprlib.repr(score)} of type {type(score).__name__}."
        )
