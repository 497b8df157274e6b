"""The fitted attributes that describe the training of one network."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite, nan
from typing import Any

from sklearn_bpnet.training.monitor.history import History, Outcome


def training_attributes(
    history: History, outcome: Outcome, best_epoch: int, t: int
) -> dict[str, Any]:
    """The fitted attributes that describe the training, by name.

    Attributes that do not apply are absent: without validation samples there is no
    `validation_loss_curve_`.
    """
    scores = history.column("validation_score")
    losses = history.column("validation_loss")
    attributes = {
        "n_iter_": outcome.n_iter,
        "stop_reason_": outcome.reason.value,
        "loss_": outcome.loss,
        "t_": t,
        "history_": history.arrays(),
        "loss_curve_": history.column("loss"),
        "best_epoch_": best_epoch,
    }
    if losses is not None:
        attributes["validation_loss_curve_"] = losses
    if scores is not None:
        attributes["validation_scores_"] = scores
        attributes["best_validation_score_"] = max(_numbers(scores), default=nan)
    if scores is None and losses is None:
        attributes["best_loss_"] = min(_numbers(history.loss), default=outcome.loss)
    return attributes


def _numbers(values: list[float]) -> Iterator[float]:
    """The finite values."""
    return (value for value in values if isfinite(value))
