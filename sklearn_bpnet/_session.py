"""One call of fit or partial_fit: from an estimator and its data to a trained theta."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from math import isnan

import numpy as np

from sklearn_bpnet import _fitted
from sklearn_bpnet import _parameters as parameters
from sklearn_bpnet._callback_tasks import FitTasks
from sklearn_bpnet._fingerprint import fingerprint
from sklearn_bpnet._validation import Validator
from sklearn_bpnet.training.batches import Batches, RowReader
from sklearn_bpnet.training.blas_threads import (
    OneBlasThread,
    blas_threads_for,
)
from sklearn_bpnet.training.evaluation import chunk_size
from sklearn_bpnet.training.monitor.averaging import WeightAverage
from sklearn_bpnet.training.monitor.history import (
    History,
    NoFiniteStepError,
    Outcome,
    StopReason,
)
from sklearn_bpnet.training.monitor.monitor import Best, Monitor
from sklearn_bpnet.training.monitor.patience import Patience
from sklearn_bpnet.training.monitor.recording import MAX_SAMPLES, Recorder
from sklearn_bpnet.training.stochastic.choice import is_compiled
from sklearn_bpnet.training.stochastic.epoch import Progress
from sklearn_bpnet.training.stochastic.thread_pool import SharedBatches
from sklearn_bpnet.training.stochastic.training import StochasticTraining

# What only a training that may go on leaves in its state
_MEMORY = ("patience", "watched", "best", "average", "theta", "shown", "rows")


@dataclass(frozen=True)
class Call:
    """What a call of fit or partial_fit asks for.

    Parameters
    ----------
    going_on : bool, default=False
        Whether training goes on from calls before.
    resuming : bool, default=False
        Whether the call before was cut short and this one is its rest.
    incremental : bool, default=False
        Whether it is `partial_fit`: one epoch.
    init : tuple of two, default=(None, None)
        Weights and biases to start from, as the user gave them.
    """

    going_on: bool = False
    resuming: bool = False
    incremental: bool = False
    init: tuple = (None, None)


class Training:
    """One call's training of one network.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        What to do; its fitted attributes are what the calls before left.
    risk : EmpiricalRisk
        What to minimise.
    data : Data
        The rows.
    theta : ndarray of shape (n_parameters,)
        Where to start; changed in place.
    state : dict
        What the calls before left, see ``new_state``; changed.
    call : Call
        Which call.
    stop_sign : StopSign or None, default=None
        Ends the training of a member of an ensemble, which announces nothing to
        callbacks and has one thread.
    """

    def __init__(self, estimator, risk, data, theta, state, call, stop_sign=None):
        going_on, resuming = call.going_on, call.resuming
        self.keeps_state = call.incremental or estimator.warm_start
        self.stop_sign = stop_sign
        self.estimator = estimator
        self.risk = risk
        self.data = data
        self.theta = theta
        self.state = state
        self.max_iter = 1 if call.incremental else estimator.max_iter
        self.n_iter_before = state["n_iter"] if resuming else 0
        self.max_iter -= self.n_iter_before
        self.rng = np.random.default_rng()
        self.rng.bit_generator.state = state["rng"]
        self.progress = Progress(**state["progress"])
        self.planned = self.progress.n_epochs + self.max_iter
        if call.incremental:  # the schedule counts down over many calls
            self.planned = estimator.max_iter
        self.history = History(estimator.history_ if going_on else {})
        self.n_epochs_before = len(self.history)
        self.t_before = estimator.t_ if going_on else 0
        self.reader = RowReader(data.X, theta.dtype, estimator._input_standardization())
        Y = risk.loss.encode_targets(estimator._to_network_units(data.Y))
        self.Y = np.ascontiguousarray(Y, theta.dtype)
        self.s = _mean_one(data, state["weight_unit"], theta.dtype)
        self.watch = self._watch(going_on, resuming)

    # What happens between epochs

    def _watch(self, going_on, resuming):
        est, data, state = self.estimator, self.data, self.state
        validate = None
        if data.held_out is not None:
            validate = Validator(est, self.risk, data.held_out, self.theta.dtype)
        watches_score = est.early_stopping and validate and not validate.only_loss
        watch = Monitor(
            history=self.history,
            patience=Patience(
                est.tol,
                parameters.n_iter_no_change_of(est, goes_on=self.keeps_state),
                bool(watches_score),
                est.ties,
            ),
            validate=validate,
            early_stopping=est.early_stopping,
            average=self._average(),
            record=self._recorder() if parameters.record_of(est) else None,
        )
        self.watched = self._fingerprint(watch)
        if resuming and self.watched != state["watched"]:
            raise ValueError(
                "The checkpoint was written by a fit with another validation: its "
                "rows, scoring or ties differ. Give the same."
            )
        if going_on and (resuming or self.watched == state["watched"]):
            watch.patience.state = state["patience"]
            watch.best = None if state["best"] is None else Best(**state["best"])
            if not resuming and watch.patience.ran_out:
                watch.patience.count = 0  # called again, it shall train
        elif going_on:
            watch.start_from(self.theta)  # never end with worse weights
        return watch

    def _fingerprint(self, watch):
        """What patience looks at: its count makes sense while that is the same."""
        data, est = self.data, self.estimator
        if not watch.early_stopping:
            return f"training loss {data.fingerprint}"
        held_out = data.held_out
        arrays = (held_out.X, held_out.Y, held_out.weights, held_out.rows)
        name = getattr(est.scoring, "__name__", str(est.scoring))
        return f"{name} {est.ties} {fingerprint(*arrays)}"

    def _average(self):
        decay, known = self.estimator.ema_decay, self.state["average"]
        if decay is None or not parameters.is_stochastic(self.estimator):
            return None
        if known is None:
            return WeightAverage(decay, self.theta)
        theta = known["theta"].astype(self.theta.dtype)
        return WeightAverage(decay, theta, known["n_steps"])

    def _recorder(self):
        """A Recorder of a bounded number of training rows, in memory of their own."""
        rows = np.arange(len(self.Y)) if self.data.rows is None else self.data.rows
        n = min(len(rows), MAX_SAMPLES)
        rows = rows[np.linspace(0, len(rows) - 1, n).astype(np.intp)]
        scaling = self.estimator._input_standardization()
        reader = RowReader(self.reader.X, self.theta.dtype, scaling)
        batch = next(Batches(reader, self.Y, self.s, rows, n).runs())
        return Recorder(
            parameters.record_of(self.estimator), self.risk, batch, self.theta.dtype
        )

    # Training

    def run(self):
        """Train; return why it ended.

        Raises
        ------
        ValueError
            If not one step of training was finite.
        """
        est, watch = self.estimator, self.watch
        self.tasks = self.stop_sign or FitTasks(est, self.data, self.max_iter)
        if est._is_trivial():
            return Outcome(StopReason.CONVERGED, n_iter=0, loss=0.0)
        if est.verbose or self.tasks.active:
            watch.on_epoch_end = self._after_epoch
        if self.tasks.active:
            watch.on_epoch_begin = self.tasks.begin_subtask
        run = (
            self._run_stochastic
            if parameters.is_stochastic(est)
            else self._run_full_batch
        )
        try:
            # an overflow ends training, and is reported, as divergence
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                if self.stop_sign is None:
                    return run()
                limit = OneBlasThread()
                with limit, limit:  # twice, in case of an interrupt in an exit
                    return run()
        except NoFiniteStepError as error:
            raise ValueError(
                "Solver produced non-finite parameter weights. The input data may "
                "contain large values and need to be preprocessed. Not one step of "
                f"training was finite: {parameters.remedy_for_divergence(est)}."
            ) from error
        finally:
            # without this cycle of references the rows are let go of at once: joblib
            # waits a second for processes that still hold a memory map of them
            watch.on_epoch_end = watch.on_epoch_begin = None

    def _run_stochastic(self):
        est = self.estimator
        training = StochasticTraining(
            risk=self.risk,
            optimizer=parameters.solver_of(est),
            schedule=parameters.schedule_of(est, goes_on=self.keeps_state),
            weight_decay_schedule=parameters.schedule_of(est, "weight_decay_schedule"),
            dropout_schedule=parameters.schedule_of(est, "dropout_schedule"),
            learning_rate_init=parameters.learning_rate_init_of(est),
            rng=self.rng if est.shuffle and parameters.uses_mini_batches(est) else None,
            step_options=parameters.step_options(est, self.risk.network),
            noise_rng=self.rng,
            n_epochs=self.planned,
        )
        size = parameters.batch_size_of(est, self.data.n_rows)
        batches = self._batches(self.data.rows, size)
        can_share = self.stop_sign is None and trains_compiled(
            est, self.risk, self.data
        )
        shared = SharedBatches(self.risk.network, size, can_share)
        with shared, shared as training.pool:  # twice, as above
            return training.run(
                self.theta, batches, self.max_iter, self.progress, self.watch
            )

    def _run_full_batch(self):
        est = self.estimator
        batches = self._batches(self.data.rows, chunk_size(self.risk.network))
        limit = blas_threads_for(self.risk.network, batches.batch_size)
        with limit, limit:  # twice, as above
            return parameters.solver_of(est).run(
                self.risk,
                self.theta,
                batches,
                tol=est.tol,
                max_iter=self.max_iter,
                monitor=self.watch,
            )

    def _batches(self, rows, batch_size):
        return Batches(self.reader, self.Y, self.s, rows, batch_size)

    # What it leaves

    def _after_epoch(self, theta):
        n_iter = len(self.history) - self.n_epochs_before
        if self.estimator.verbose:
            _print_epoch(self.history, n_iter, self.max_iter)
        if not self.tasks.active:
            return False
        if theta is None:
            return self.tasks.end_subtask(None)
        loss = self.history.last("loss")
        now = Outcome(StopReason.UNFINISHED, n_iter, loss)
        return self.tasks.end_subtask(partial(self.attributes, theta, now))

    def attributes(self, theta, outcome):
        """The estimator's fitted attributes if training ends at ``theta``."""
        kept, best_epoch = self.watch.result(theta)
        kept = kept.astype(self.theta.dtype)  # a copy
        goes_on = self.keeps_state or outcome.reason is StopReason.UNFINISHED
        t = self.t_before + outcome.n_iter * self.data.n_rows
        outcome = replace(outcome, n_iter=self.n_iter_before + outcome.n_iter)
        state = self.state | dict.fromkeys(_MEMORY)
        state |= {
            "rng": self.rng.bit_generator.state,
            "data": self.data.fingerprint,
            "n_iter": outcome.n_iter,
            "progress": {**vars(self.progress), "optimizer_state": {}},
        }
        if goes_on:
            state |= deepcopy(self._memory(theta, kept))
        return _fitted.attributes(
            self.risk.network, kept, state, self.history, outcome, best_epoch
        ) | {"t_": t}

    def _memory(self, theta, kept):
        """What only a training that may go on needs to keep."""
        watch = self.watch
        memory = {
            "progress": vars(self.progress),
            "patience": watch.patience.state,
            "watched": self.watched,
            "rows": self.data.split,
        }
        if watch.best is not None:
            memory["best"] = vars(watch.best)
        if watch.average is not None:
            average = watch.average
            memory["average"] = {"n_steps": average.n_steps, "theta": average.theta}
        if watch.best is not None or watch.average is not None:
            memory |= {"theta": theta.astype(self.theta.dtype), "shown": kept}
        return memory


def trains_compiled(estimator, risk, data):
    """Whether the estimator's training on these rows runs in compiled code."""
    return parameters.is_stochastic(estimator) and is_compiled(
        risk,
        parameters.solver_of(estimator),
        parameters.step_options(estimator, risk.network),
        data.X,
        data.n_rows,
        parameters.batch_size_of(estimator, data.n_rows),
    )


def new_state(random_state):
    """What going on later needs besides the weights: plain values and arrays.

    "theta" is where training stands, where that is not what it shows as the result,
    "shown"; "rows" are the training and validation rows that a splitter chose.
    """
    if isinstance(random_state, np.random.RandomState):
        random_state = random_state.randint(np.iinfo(np.int32).max, size=4)
    rng = np.random.default_rng(random_state)  # None: fresh entropy, no global state
    validation_seed = int(rng.integers(np.iinfo(np.int32).max))
    return {
        "rng": rng.bit_generator.state,
        "validation_seed": validation_seed,  # the same split at a warm start
        "weight_unit": None,  # until there are rows
        "data": None,
        "n_iter": 0,
        "progress": vars(Progress()),
        **dict.fromkeys(_MEMORY),
    }


def _mean_one(data, unit, dtype):
    """The weights in units of their mean; None where all are 1."""
    weights = np.ones(len(data.Y)) if data.weights is None else data.weights
    s = weights / unit
    training = s if data.rows is None else s[data.rows]
    return None if (training == 1).all() else s.astype(dtype)


def _print_epoch(history, n_iter, max_iter):
    """The facts of an epoch, in the words of scikit-learn's MLP."""
    facts = [f"Iteration {n_iter}/{max_iter}", f"loss = {history.last('loss'):.8f}"]
    for name in ("validation_loss", "validation_score", "learning_rate"):
        if not isnan(value := history.last(name)):
            facts.append(f"{name.replace('_', ' ')} = {value:.6g}")
    print(", ".join([*facts, f"{history.last('seconds'):.3f} s"]))
