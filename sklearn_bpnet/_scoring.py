"""A scorer of scikit-learn, asked in the middle of a training."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any

from sklearn.metrics import check_scoring

from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._fit.fitted import Fitted, FittedNetwork


class Scorer:
    """From the attributes that show a network to its score on validation samples.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        Predicts with the weights of the moment; a copy that belongs to the scorer.
    scoring : str or callable
        As the user gave it.
    fitted : Fitted
        What is known before training; with one network, not yet trained.
    samples : Samples
        The validation samples.
    """

    def __init__(
        self, estimator: Any, scoring: Any, fitted: Fitted, samples: Samples
    ) -> None:
        self.scorer = check_scoring(estimator, scoring)
        vars(estimator).update(fitted.shared_attributes)
        estimator.n_features_in_ = samples.X.shape[1]
        self.estimator, self.fitted = estimator, fitted
        self.X, self.y = samples.take(samples.X), samples.take(samples.y)
        self.weights = samples.take(samples.weights)

    def __call__(self, shown: Mapping[str, Any]) -> float:
        """The score of the network that these attributes show."""
        estimator, before = copy(self.estimator), self.fitted.networks[0]
        network = FittedNetwork(before.network, dict(shown), before.state)
        estimator._fitted = replace(self.fitted, networks=[network])
        vars(estimator).update(shown)
        if self.weights is None:
            return float(self.scorer(estimator, self.X, self.y))
        weighted = {"sample_weight": self.weights}
        return float(self.scorer(estimator, self.X, self.y, **weighted))
