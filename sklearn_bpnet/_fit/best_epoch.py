"""The best number of epochs of several networks, by their validation samples."""

from __future__ import annotations

from math import inf

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._settings.plan import Stopping
from sklearn_bpnet.training.monitor.history import History
from sklearn_bpnet.training.monitor.patience import Patience


def joint_best_epoch(
    networks: list[FittedNetwork], stopping: Stopping, parameter: str
) -> int:
    """The epoch with the best mean validation score of the members of an ensemble.

    Of the mean scores and losses it is what early stopping takes for the best of a
    single network. A member whose training has ended keeps its last score.

    Parameters
    ----------
    networks : list of FittedNetwork
        The members.
    stopping : Stopping
        What is monitored.
    parameter : str
        The parameter that asks for a refit, in the error message.

    Raises
    ------
    ValueError
        If no epoch has a finite mean score.
    """
    losses = _mean_curve(networks, "validation_loss")
    scores = losses
    if stopping.scores:
        scores = _mean_curve(networks, "validation_score")
    patience = Patience(stopping.tol, inf, stopping.scores, stopping.ties)
    best = 0
    for epoch, (score, loss) in enumerate(zip(scores, losses, strict=True), start=1):
        if patience.update(score, loss) if stopping.scores else patience.update(loss):
            best = epoch
    if not best:
        of = " in all folds" if parameter == "member_folds" else ""
        raise ValueError(
            f"{parameter} with refit=True needs a finite validation score, but with "
            f"{stopping.scoring} no epoch has one{of}. Use another scoring "
            "such as 'loss', or refit=False."
        )
    return best


def _mean_curve(networks: list[FittedNetwork], name: str) -> NDArray[np.float64]:
    """The mean of a column of the histories over the members."""
    curves = [History(net.attributes["history_"]).column(name) for net in networks]
    known = [curve for curve in curves if curve]
    n = max(map(len, known))
    padded = [curve + curve[-1:] * (n - len(curve)) for curve in known]
    mean: NDArray[np.float64] = np.mean(padded, axis=0)
    return mean
