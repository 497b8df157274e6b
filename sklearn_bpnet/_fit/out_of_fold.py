"""What the members of an ensemble predict for the samples that they held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklearn_bpnet._data.samples import Indices


@dataclass(frozen=True)
class OutOfFold:
    """Predictions for every training sample, by the members that held it out.

    Parameters
    ----------
    prediction : ndarray of shape (n_samples, ...), or list of such arrays
        Probabilities, scores or predicted targets, of several columns of classes those
        of each; NaN for a sample that no member held out.
    score : float
        Accuracy or R2 of these predictions.
    fold : ndarray of int of shape (n_samples,) or None
        The fold that holds out each sample, -1 if none does; None if folds overlap.
    digest : str
        That of the folds, by which a later call knows whether its folds are others.
    temperature : float or None, default=None
        Divisor of every member's logits, which is in the predictions.
    n_epochs : int or None, default=None
        If members are to be trained anew, on all samples, for how many epochs.
    """

    prediction: Any
    score: float
    fold: Indices | None
    digest: str
    temperature: float | None = None
    n_epochs: int | None = None

    @property
    def attributes(self) -> dict[str, Any]:
        """The fitted attributes, by name."""
        attributes = {"oof_prediction_": self.prediction, "oof_score_": self.score}
        if self.fold is not None:
            attributes["oof_fold_"] = self.fold
        return attributes
