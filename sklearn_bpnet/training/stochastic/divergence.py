"""Divergence: how it is noticed, and the weights that training then returns to."""

from __future__ import annotations

from math import inf, isfinite, isnan, nan

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches
from sklearn_bpnet.training.evaluation import empirical_risk
from sklearn_bpnet.training.monitor.history import NoFiniteStepError
from sklearn_bpnet.training.stochastic.epoch import Walk

# Samples of the estimate of the risk at the start: it only gives the order of magnitude
_SAMPLES_AT_START = 256
# The risk of the last epoch is about that of the final weights, unless the epoch
# changed them by more than this share of their norm.
_LARGE_MOVE = 0.1
# The final risk is far too high above this many times that at the start, and that of
# weights which are all zero, ...
_FAR_ABOVE = 10.0
# (with a loss of classification only: large outputs make for a large loss where they
# are wrong, but the largest one may be the right one)
_FAR_ABOVE_IN_CLASSIFICATION = 1e10
# ... if it also is above this many times the lowest of training.
_ABOVE_LOWEST = 2.0


class Divergence:
    """Notices that training has diverged, and returns to better weights.

    Training has diverged if the risk is not finite: in a batch, or for the weights at
    the end, which no batch has seen yet. It has also diverged if the risk at the end is
    finite, but far above that at the start and that of weights which are all zero.

    Training that does not diverge costs one forward pass over a few samples: what else
    is computed is computed where there is a suspicion.

    Parameters
    ----------
    risk : EmpiricalRisk
        The risk, here without the noise of the network.
    batches : Batches
        The training samples.
    walk : Walk
        Theta, and the weights that training can return to.
    n_epochs : int
        Most epochs that follow.
    n_planned : int or None
        The epochs of the whole training, None if it has no end. What a single epoch
        makes of the weights is as it was asked for, if it is finite.

    Attributes
    ----------
    has_restored : bool
        Whether training returned to earlier weights.
    restored_loss : float
        The risk of these.
    n_epochs_back : int
        How many epochs ago training had them: 0 is within the last one.
    """

    def __init__(
        self,
        risk: EmpiricalRisk,
        batches: Batches,
        walk: Walk,
        n_epochs: int,
        n_planned: int | None,
    ) -> None:
        self.risk, self.batches, self.walk = risk, batches, walk
        self.n_planned = n_planned
        self.highest_loss = -inf
        self.has_restored = False
        self.restored_loss, self.n_epochs_back = nan, 0
        progress = walk.progress
        if progress.risk_at_start is not None and n_epochs == 1:
            return  # the start is known as the weights before the only epoch
        at_start = self._risk(walk.theta, n_max=_SAMPLES_AT_START)
        walk.lowest_loss = at_start if isfinite(at_start) else inf
        if progress.risk_at_start is None:
            progress.risk_at_start = walk.lowest_loss

    def note(self, loss: float) -> None:
        """Note the loss of an epoch that has ended, a finite number."""
        self.highest_loss = max(self.highest_loss, loss)
        self.walk.end_epoch(loss)

    def restore(self) -> None:
        """Put back the weights with the lowest risk among those that are known.

        Raises
        ------
        NoFiniteStepError
            If no step led to weights with a finite risk.
        """
        if self.walk.n_good_steps == 0:
            raise NoFiniteStepError
        self._return_to_lowest()

    def restore_from(self, kept: Array) -> bool:
        """Whether training diverged, judged by the weights to be kept at its end.

        If it did, better ones are put back into theta.

        Raises
        ------
        NoFiniteStepError
            If no step led to weights with a finite risk.
        """
        if not self._is_suspicious():
            return False
        final = self._risk(kept)
        if not isfinite(final):
            self.restore()
        elif self._is_far_too_high(final):
            self._return_to_lowest()
        return self.has_restored

    def _return_to_lowest(self) -> None:
        risk, theta, self.n_epochs_back = self._lowest()
        if not isfinite(risk):
            raise NoFiniteStepError
        self.has_restored, self.restored_loss = True, risk
        self.walk.restore(theta)

    def _is_suspicious(self) -> bool:
        """Whether the final weights may have a risk far above that at the start."""
        walk = self.walk
        if self.highest_loss > _ABOVE_LOWEST * abs(self._risk_at_start):
            return True
        move, size = map(np.linalg.norm, (walk.theta - walk.before, walk.before))
        return not (isfinite(size) and move <= _LARGE_MOVE * size)

    def _is_far_too_high(self, final: float) -> bool:
        """Whether a finite risk at the end means that training diverged."""
        if self.n_planned == 1:
            return False
        far_above = _FAR_ABOVE
        if "regression" not in self.risk.loss.tasks:
            far_above = _FAR_ABOVE_IN_CLASSIFICATION
        if final <= far_above * abs(self._risk_at_start):
            return False
        zero = self._risk(np.zeros_like(self.walk.theta))
        if not (self._risk_at_start or zero):  # nothing to compare with: a perceptron
            return False
        if final <= far_above * abs(zero):  # if it is not finite, it says nothing
            return False
        return final > _ABOVE_LOWEST * abs(self._lowest()[0])

    @property
    def _risk_at_start(self) -> float:
        risk = self.walk.progress.risk_at_start
        assert risk is not None
        return risk

    def _lowest(self) -> tuple[float, Array, int]:
        """The lowest risk of the known weights, these, and how many epochs ago.

        NaN if none is finite.
        """
        known = self.walk.known
        risks = [self._risk(theta) for theta, _ in known]
        i = int(np.argmin([inf if isnan(risk) else risk for risk in risks]))
        return risks[i], *known[i]

    def _risk(self, theta: Array, n_max: int | None = None) -> float:
        """The risk of theta over the training samples, or over some of them."""
        theta = theta.astype(self.walk.theta.dtype, copy=False)
        return empirical_risk(self.risk, theta, self.batches, n_max)
