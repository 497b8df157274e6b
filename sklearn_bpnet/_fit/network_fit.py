"""The training of one network in one call: from a problem to a fitted network."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.fingerprint import fingerprint
from sklearn_bpnet._fit.epoch_table import EpochTable
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.start import starting_theta
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._fit.training_attributes import training_attributes
from sklearn_bpnet._fit.validator import Validator
from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.blas_threads import OneBlasThread, blas_threads_for
from sklearn_bpnet.training.evaluation import chunk_size, reader_for
from sklearn_bpnet.training.monitor.averaging import WeightAverage
from sklearn_bpnet.training.monitor.history import (
    History,
    NoFiniteStepError,
    Outcome,
    StopReason,
)
from sklearn_bpnet.training.monitor.monitor import Monitor
from sklearn_bpnet.training.monitor.patience import Patience
from sklearn_bpnet.training.monitor.recording import MAX_SAMPLES, Recorder
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.stochastic.epoch import Progress
from sklearn_bpnet.training.stochastic.thread_pool import SharedBatches
from sklearn_bpnet.training.stochastic.training import StochasticTraining
from sklearn_bpnet.training.windows import batches_of


class NetworkFit:
    """The training of one network in one call.

    Parameters
    ----------
    problem : Problem
        The empirical risk, and the plan to minimise it.
    state : TrainingState
        State of the previous calls, or a new one; changed in place.
    previous : FittedNetwork or None
        The network that training continues from.
    on_epoch_begin : callable or None, default=None
        Called before every epoch.
    on_epoch_end : callable or None, default=None
        Called after every epoch with a function that returns the network as if training
        had ended there (None if it diverged); returns whether to stop.
    shares_batches : bool, default=True
        Whether the samples of a batch may be shared by several threads.
    """

    training_class: Callable[..., StochasticTraining] = StochasticTraining

    def __init__(
        self,
        problem: Problem,
        state: TrainingState,
        previous: FittedNetwork | None,
        *,
        on_epoch_begin: Callable[[], None] | None = None,
        on_epoch_end: Callable[[Callable[[], FittedNetwork] | None], bool]
        | None = None,
        shares_batches: bool = True,
    ) -> None:
        plan, data = problem.plan, problem.data
        self.problem, self.plan, self.state = problem, plan, state
        self.on_epoch_begin, self.on_epoch_end = on_epoch_begin, on_epoch_end
        self.shares_batches = shares_batches
        self.theta = starting_theta(problem, state, previous).flat
        self.n_iter_before = state.n_iter if problem.resumes else 0
        self.max_iter = plan.max_iter - self.n_iter_before
        self.rng = state.generator()
        self.progress = Progress(**vars(state.progress))
        if not problem.resumes:
            self.progress.n_fitted = 0  # a new call trains at least once
        self.history = History(
            {} if previous is None else previous.attributes["history_"]
        )
        self.n_epochs_before = len(self.history)
        self.t_before = 0 if previous is None else previous.attributes["t_"]
        samples = data.training
        stochastic = isinstance(plan.solver, Optimizer)
        self.reader = self._reader(plan.batch_size if stochastic else None)
        Y = problem.risk.loss.encode_targets(problem.task.in_network_units(samples.Y))
        self.Y = np.ascontiguousarray(Y, self.theta.dtype)
        self.s = self._relative_weights()
        self.average = self._average()
        self.monitor = self._monitor(continues=previous is not None)
        self.table = self._table() if plan.verbose else None

    def _reader(self, batch_size: int | None) -> RowReader:
        """A reader of the training samples; None: in chunks of full-batch training."""
        problem, X = self.problem, self.problem.data.training.X
        scaling, network = problem.standardization, problem.risk.network
        return reader_for(network, X, self.theta.dtype, scaling, batch_size)

    def _relative_weights(self) -> Array | None:
        """Sample weights over the mean weight of the first call; None if all are 1."""
        samples = self.problem.data.training
        n, weights = len(samples.Y), samples.weights
        mean = self.state.mean_weight
        assert mean is not None  # the first call has set it
        s = (np.ones(n) if weights is None else weights) / mean
        return None if (samples.take(s) == 1).all() else s.astype(self.theta.dtype)

    # What happens between epochs

    def _monitor(self, continues: bool) -> Monitor:
        """The monitor of the training, with the patience of the previous calls."""
        problem, state, stopping = self.problem, self.state, self.plan.stopping
        validation, self.validate = problem.data.validation, None
        if validation is not None:
            self.validate = Validator(problem, validation, self.theta.dtype)
        early_stopping = stopping.early_stopping and self.validate is not None
        monitor = Monitor(
            history=self.history,
            patience=Patience(
                stopping.tol,
                stopping.n_iter_no_change,
                early_stopping and stopping.scores,
                stopping.ties,
            ),
            validate=self.validate,
            early_stopping=early_stopping,
            evaluated=self._evaluated(),
            record=self._recorder() if self.plan.record else None,
        )
        self.monitored = self._monitored(early_stopping)
        is_same = self.monitored == state.monitored
        if problem.resumes and not is_same:
            before, now = state.monitored, self.monitored
            names = [name for name in now if now[name] != before.get(name)]
            raise ValueError(
                "The checkpoint was written by a fit with another validation: "
                f"{names[0]} differs. Use the same."
            )
        if continues and is_same and state.patience is not None:
            monitor.patience.state = state.patience
            monitor.best = state.best
            if not problem.resumes and monitor.patience.ran_out:
                monitor.patience.count = 0  # a new call trains at least once
        elif continues:
            monitor.start_from(self.theta)  # the result is never worse than the start
        return monitor

    def _monitored(self, early_stopping: bool) -> dict[str, str]:
        """Identifies the monitored quantity; if it changes, patience starts again."""
        data, stopping = self.problem.data, self.plan.stopping
        if not early_stopping or data.validation is None:
            return {"early_stopping": "no", "X": data.training.fingerprint}
        samples, scaling = data.validation, self.problem.standardization
        Y = self.problem.task.in_network_units(samples.Y)
        arrays = [samples.X, Y, samples.weights, samples.indices]
        if scaling is not None:  # later calls may decide it
            arrays += [scaling.mean, scaling.scale]
        return {
            "early_stopping": "yes",
            "scoring": str(stopping.scoring),
            "ties": stopping.ties,
            "X_val": fingerprint(*arrays),
        }

    def _average(self) -> WeightAverage | None:
        """The moving average of the weights, continued from the previous calls."""
        decay, known = self.plan.ema_decay, self.state.average
        if decay is None:
            return None
        if known is None:
            return WeightAverage(decay, self.theta)
        n_steps, theta = known
        return WeightAverage(decay, theta.astype(self.theta.dtype), n_steps)

    def _evaluated(self) -> Callable[[Array], Array] | None:
        """From theta of training to the weights that predict; None: theta itself."""
        average, solver, progress = self.average, self.plan.solver, self.progress
        if average is not None:
            return lambda theta: average.theta
        if not isinstance(solver, Optimizer) or solver.evaluates_theta:
            return None
        return lambda theta: solver.evaluated(theta, progress.optimizer_state)

    def _recorder(self) -> Recorder:
        """A recorder for some training samples, with its own buffers."""
        problem, samples = self.problem, self.problem.data.training
        indices = samples.explicit_indices
        n = min(len(indices), MAX_SAMPLES)
        indices = indices[np.linspace(0, len(indices) - 1, n).astype(np.intp)]
        batch = next(Batches(self._reader(n), self.Y, self.s, indices, n).runs())
        return Recorder(self.plan.record, problem.risk, batch, self.theta.dtype)

    def _table(self) -> EpochTable:
        """The table of epochs that is printed."""
        plan = self.plan
        return EpochTable(
            self.monitor,
            self.max_iter,
            plan.verbose,
            "Epoch" if isinstance(plan.solver, Optimizer) else "Iteration",
            incremental=plan.incremental,
        )

    # Training

    def run(self) -> Outcome:
        """Train; return how training ended.

        Raises
        ------
        NoFiniteStepError
            If no step of training was finite.
        """
        if self.problem.task.is_certain:
            return Outcome(StopReason.CONVERGED, n_iter=0, loss=0.0)
        monitor = self.monitor
        if self.table or self.on_epoch_end:
            monitor.on_epoch_end = self._after_epoch
        monitor.on_epoch_begin = self.on_epoch_begin
        try:
            # an overflow ends training and is reported as divergence
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                if self.shares_batches:
                    return self._minimise()
                limit = OneBlasThread()
                with limit, limit:  # twice, in case of an interrupt in an exit
                    return self._minimise()
        finally:
            # breaks a reference cycle, so that the samples are released at once: joblib
            # waits a second for processes that still hold a memory map of them
            monitor.on_epoch_end = monitor.on_epoch_begin = None

    def _minimise(self) -> Outcome:
        """Minimise the empirical risk with the solver of the plan."""
        plan, risk = self.plan, self.problem.risk
        indices = self.problem.data.training.indices
        if isinstance(plan.solver, Optimizer):
            return self._minimise_by_steps(plan.solver, indices)
        batches = self._batches(indices, chunk_size(risk.network, self.reader))
        limit = blas_threads_for(risk.network, batches.batch_size)
        with limit, limit, batches, batches:  # twice, as above
            return plan.solver.run(
                risk,
                self.theta,
                batches,
                tol=plan.stopping.tol,
                max_iter=self.max_iter,
                monitor=self.monitor,
            )

    def _minimise_by_steps(
        self, optimizer: Optimizer, indices: NDArray[np.intp] | None
    ) -> Outcome:
        """Minimise the empirical risk with an optimiser."""
        plan, risk = self.plan, self.problem.risk
        # of a schedule, which spans many calls of `partial_fit`, and more epochs than
        # are made where the best number of them is known
        n_epochs = plan.horizon
        if not plan.incremental:
            n_epochs += self.progress.n_epochs - self.n_iter_before
        training = self.training_class(
            risk=risk,
            optimizer=optimizer,
            schedule=plan.schedule,
            weight_decay_schedule=plan.weight_decay_schedule,
            dropout_schedule=plan.dropout_schedule,
            learning_rate_init=plan.learning_rate,
            rng=self.rng if plan.shuffle else None,
            step_options=plan.step_options,
            noise_rng=self.rng,
            average=self.average,
            n_epochs=n_epochs,
            n_iter_fitted=plan.stopping.n_iter_fitted,
            verbose=bool(plan.verbose),
        )
        batches = self._batches(indices, plan.batch_size)
        can_share = self.shares_batches and self.problem.is_compiled
        shared = SharedBatches(risk.network, plan.batch_size, can_share)
        with shared, shared as training.pool, batches, batches:  # twice, as above
            return training.run(
                self.theta, batches, self.max_iter, self.progress, self.monitor
            )

    def _batches(self, indices: NDArray[np.intp] | None, batch_size: int) -> Batches:
        """Batches of the training samples."""
        return batches_of(self.reader, self.Y, self.s, indices, batch_size)

    # The result

    def no_score(self) -> str:
        """Why no validation score is a number; empty where one is, or none is due."""
        if self.validate is None:
            return ""
        name = "validation_score" if self.plan.stopping.scores else "validation_loss"
        scores = self.history.column(name) or []
        scores = scores[self.n_epochs_before :] or scores
        return self.validate.why_no_score(scores, self.monitor)

    def _after_epoch(self, theta: Array | None) -> bool:
        """Print the epoch and call the hook; return whether to stop."""
        n_iter = len(self.history) - self.n_epochs_before
        if self.table:
            self.table.print_epoch()
        if self.on_epoch_end is None:
            return False
        if theta is None:
            return self.on_epoch_end(None)
        loss = self.history.last("loss")
        now = Outcome(StopReason.UNFINISHED, n_iter, loss)
        return self.on_epoch_end(lambda: self.fitted(now, theta))

    def fitted(self, outcome: Outcome, theta: Array | None = None) -> FittedNetwork:
        """The fitted network if training ends at ``theta``; None: the current one."""
        theta = self.theta if theta is None else theta
        kept, best_epoch = self.monitor.result(theta)
        kept = kept.astype(self.theta.dtype)  # a copy
        network, samples = self.problem.risk.network, self.problem.data.training
        t = self.t_before + outcome.n_iter * samples.n
        outcome = replace(outcome, n_iter=self.n_iter_before + outcome.n_iter)
        continues = self.plan.open_ended or outcome.reason is StopReason.UNFINISHED
        state = self._state(theta, kept, outcome.n_iter, continues=continues)
        if outcome.reason is StopReason.UNFINISHED:
            state.samples = self.problem.data.identity
        attributes = network.show(network.arrays(kept))
        attributes |= training_attributes(self.history, outcome, best_epoch, t)
        return FittedNetwork(network, attributes, state)

    def _state(
        self, theta: Array, kept: Array, n_iter: int, *, continues: bool
    ) -> TrainingState:
        """The state of training, with its large arrays only if it may continue."""
        previous, monitor, progress = self.state, self.monitor, self.progress
        state = TrainingState(
            rng=dict(self.rng.bit_generator.state),
            validation_seed=previous.validation_seed,
            weight_unit=previous.weight_unit,
            mean_weight=previous.mean_weight,
            fingerprint=self.problem.data.training.fingerprint,
            n_iter=n_iter,
            progress=replace(progress, optimizer_state={}),
        )
        if not continues:
            return state
        state.progress = deepcopy(progress)
        state.patience = monitor.patience.state
        state.monitored = self.monitored
        state.split, state.refit = self.problem.data.split, previous.refit
        state.best = deepcopy(monitor.best)
        if self.average is not None:
            state.average = self.average.n_steps, self.average.theta.copy()
        if monitor.best is not None or monitor.evaluated is not None:
            state.theta, state.kept = theta.astype(self.theta.dtype), kept.copy()
        return state


def train_network(fit: NetworkFit, remedy: str) -> tuple[FittedNetwork, Outcome]:
    """Train one network; return it, and how training ended.

    Raises
    ------
    ValueError
        If no step of training was finite; the message contains ``remedy``. Or if early
        stopping ended training, although no validation score was a number.
    """
    try:
        outcome = fit.run()
    except NoFiniteStepError as error:
        raise ValueError(
            "Solver produced non-finite parameter weights. No step of training was "
            f"finite: {remedy}."
        ) from error
    if outcome.reason not in (StopReason.DIVERGED, StopReason.INTERRUPTED):
        outcome = _judged(fit, outcome)
    fitted = fit.fitted(outcome)
    if fit.table:
        fit.table.print_end(outcome, fitted.attributes["best_epoch_"])
    return fitted, outcome


def _judged(fit: NetworkFit, outcome: Outcome) -> Outcome:
    """The outcome, with the reason why no validation score is a number, if none is."""
    reason = fit.no_score()
    if reason and fit.monitor.early_stopping and fit.monitor.patience.ran_out:
        if not fit.plan.incremental:
            raise ValueError(reason)
        outcome = replace(outcome, reason=StopReason.MAX_ITER)  # the epoch is made
    return replace(outcome, no_score=reason)
