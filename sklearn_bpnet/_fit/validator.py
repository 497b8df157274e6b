"""Loss and score on the validation samples, as functions of theta."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._fit import no_score
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks.members import by_member
from sklearn_bpnet.training.evaluation import output_Z, reader_for
from sklearn_bpnet.training.monitor.history import Validation
from sklearn_bpnet.training.monitor.monitor import Monitor


class Validator:
    """Computes the loss and the score of theta on the validation samples.

    Parameters
    ----------
    problem : Problem
        Its plan determines whether there is a score; the loss has no penalty.
    samples : Samples
        The validation samples.
    dtype : dtype
        dtype of the network.
    """

    def __init__(self, problem: Problem, samples: Samples, dtype: DTypeLike) -> None:
        self.problem, self.dtype, self.samples = problem, dtype, samples
        # not the reader of the training batches, whose buffers are in use
        network = problem.risk.network
        self.reader = reader_for(network, samples.X, dtype, problem.standardization)
        self.weights = samples.take(samples.weights)
        self.targets = problem.task.in_network_units(samples.take(samples.Y))
        self.outputs_were_finite = False  # for some theta
        Y = problem.risk.loss.encode_targets(self.targets)
        self.Y = np.ascontiguousarray(Y, dtype)

    def __call__(self, theta: Array) -> Validation:
        """Score and mean loss of theta; NaN if its outputs are not finite."""
        risk, scores = self.problem.risk, self.problem.plan.stopping.scores
        network = risk.network
        arrays = network.arrays(theta.astype(self.dtype, copy=False))
        Z = output_Z(network, arrays, self.reader, self.samples.indices)
        if network.n_members > 1:
            Z = Z.astype(np.float64)  # as predictions are
        A = network.output_activation.forward(Z, out=np.empty_like(Z))
        if not np.isfinite(A).all():
            return Validation(np.nan if scores else None)
        self.outputs_were_finite = True
        losses, task, Z, A, Y = self._judged(Z, A)
        loss = float(np.average(losses, weights=self.weights))
        if not scores:
            return Validation(None, loss)
        if self.problem.scorer is not None:
            score = self.problem.scorer(network.show(arrays))
        else:
            score = task.score(Z, A, Y, self.weights)
        return Validation(float(score), loss)

    def _judged(self, Z: Array, A: Array) -> tuple[Array, Task, Array, Array, Array]:
        """The losses, and the task, Z, A and targets of a score.

        Of members that share weights, the mean prediction is judged.
        """
        risk, task, n_members = (
            self.problem.risk, self.problem.task, self.problem.risk.network.n_members
        )  # fmt: skip
        if n_members == 1:
            return risk.losses(self.Y, Z, A), task, Z, A, self.targets
        Z, A = (by_member(rows, n_members) for rows in (Z, A))
        losses = risk.loss.value_of_mean(self.Y, Z, A)
        pairs = iter(zip(Z, A, strict=True))
        combined, Z, A = task.combine(pairs, n_members)
        return losses, combined, Z, A, combined.targets_of(task, self.targets)

    def why_no_score(self, scores: Sequence[float], monitor: Monitor) -> str:
        """Why no score is a number: a message, empty if one is.

        Parameters
        ----------
        scores : sequence of float
            Those of the epochs of a call.
        monitor : Monitor
            Its patience may know better ones of previous calls.
        """
        early_stopping = monitor.early_stopping
        known = early_stopping and monitor.patience.has_value
        if known or not scores or no_score.any_finite(scores):
            return ""
        return no_score.no_number(
            self.problem.plan.stopping.scoring,
            scores,
            self.problem.task,
            self.samples,
            outputs_were_finite=self.outputs_were_finite,
            early_stopping=early_stopping,
        )
