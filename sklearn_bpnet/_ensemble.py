"""Networks that are trained side by side, and the average of what they say."""

from __future__ import annotations

import warnings
from contextlib import closing
from copy import copy, deepcopy
from dataclasses import replace
from functools import partial
from math import nan

import numpy as np
from sklearn.utils.parallel import Parallel, delayed

from sklearn_bpnet import _fitted
from sklearn_bpnet._callback_tasks import FitTasks
from sklearn_bpnet._session import new_state, trains_compiled
from sklearn_bpnet.training.batches import in_row_order
from sklearn_bpnet.training.blas_threads import OneBlasThread
from sklearn_bpnet.training.monitor.history import Outcome, StopReason
from sklearn_bpnet.training.stochastic.config import config_context, get_config

# The ensemble's business, not that of its members. Calibrated members would make an
# average that is too cautious, so the average is calibrated instead.
_NOT_OF_MEMBERS = {
    "n_members": 1,
    "n_jobs": None,
    "verbose": False,
    "calibration": None,
}


class StopSign:
    """What a member in training looks at after every epoch, in place of callbacks."""

    active = True

    def __init__(self):
        self.raised = False

    def begin_subtask(self):
        """Take note that an epoch begins."""

    def end_subtask(self, attributes):
        """Take note that an epoch ended; return whether to stop."""
        return self.raised

    def end(self):
        """Take note that training ended."""


def train(estimator, data, state, call):
    """Train the members on the same rows; return how it ended for each.

    Ctrl-C, and a callback that asks to stop, leave an ensemble of the members that are
    ready; if Ctrl-C comes before one is, of the one that was interrupted.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        With ``n_members`` above 1; it has learned the scaling. Gets its fitted
        attributes.
    data : Data
        The rows, of which the same are set aside for all members.
    state : dict
        The estimator's, see ``new_state``; changed.
    call : Call
        Which call. One that resumes trains the members that are missing.

    Returns
    -------
    list of Outcome

    Raises
    ------
    ValueError
        If not one step of a member's training was finite.
    KeyboardInterrupt
        On Ctrl-C while other threads or processes train the first members.
    """
    before = estimator.estimators_ if call.going_on else []
    ready = list(before) if call.resuming else []
    rest = [] if call.resuming else list(before)
    call = replace(call, going_on=bool(rest), resuming=False)
    if rest:
        members = [copy(member) for member in rest]
        for member in members:
            vars(member).update(parameters(estimator, member.random_state))
    else:
        seeds = _seeds(state, estimator.n_members)[len(ready) :]
        members = [type(estimator)(**parameters(estimator, seed)) for seed in seeds]
    for member in members:
        _inform(member, estimator)
    tasks = FitTasks(estimator, data, len(members), "member")
    state["data"] = data.fingerprint
    state["rows"] = data.split
    outcomes = []
    try:
        tasks.begin_subtask()
        with closing(_side_by_side(estimator, members, data, state, call)) as results:
            for member, outcome in results:
                outcomes.append(outcome)
                interrupted = outcome.reason is StopReason.INTERRUPTED
                if ready and interrupted:
                    break
                _inform(member, estimator)  # a process returns copies of what it had
                ready.append(member)
                _print_member(estimator, len(ready), member)
                ensemble = partial(_attributes, ready, rest, state, unfinished=True)
                if tasks.end_subtask(ensemble) or interrupted:
                    break
                tasks.begin_subtask()
    except KeyboardInterrupt:
        if not ready:
            raise
        outcomes.append(Outcome(StopReason.INTERRUPTED, 0, nan))
    unfinished = len(ready) + len(rest[len(ready) :]) < estimator.n_members
    estimator._take(_attributes(ready, rest, state, unfinished))
    estimator._calibrate(data)
    tasks.end()
    return outcomes


def parameters(estimator, random_state):
    """The parameters of an ensemble's member."""
    params = estimator.get_params(deep=False)
    own = _NOT_OF_MEMBERS | {"random_state": random_state}
    return params | {name: value for name, value in own.items() if name in params}


def _seeds(state, n_members):
    """The ``random_state`` of every member, the same whatever their number."""
    rng = np.random.default_rng()
    rng.bit_generator.state = state["rng"]
    streams = np.random.SeedSequence(int(rng.integers(2**63))).spawn(n_members)
    return [int(stream.generate_state(1)[0]) for stream in streams]


def _inform(member, estimator):
    """Give a member what the ensemble learned from the rows."""
    own = {*_fitted.OF_ONE_NETWORK, *_fitted.OF_AN_ENSEMBLE, *_fitted.ALIKE}
    for name, value in _fitted.learned(estimator).items():
        if name not in own:
            setattr(member, name, value)


def _side_by_side(estimator, members, data, state, call):
    """Train the members, and yield each with the outcome, in their order."""
    # callbacks have the rows as the user gave them, members need none of that
    data = replace(data, X=in_row_order(data.X), given={})
    if data.held_out is not None:
        X = data.X if data.split is not None else in_row_order(data.held_out.X)
        data.held_out = replace(data.held_out, X=X)
    sign = StopSign()
    # compiled code leaves Python to others, and threads need not be started first
    risk = estimator._build_risk(data, of_a_stream=call.incremental)
    prefer = "threads" if trains_compiled(estimator, risk, data) else "processes"
    parallel = Parallel(estimator.n_jobs, return_as="generator", prefer=prefer)
    limit = OneBlasThread()
    with limit, limit:  # twice, in case of an interrupt in an exit
        arguments = (data, state, call, sign, get_config())
        jobs = (delayed(_train)(member, *arguments) for member in members)
        results = parallel(jobs)
        try:
            for result in results:  # noqa: UP028  (`yield from` closes them first)
                yield result
        finally:
            sign.raised = True  # for threads, which nobody can end
            with warnings.catch_warnings():
                # of joblib, that tasks are cancelled
                warnings.simplefilter("ignore", UserWarning)
                results.close()


def _train(member, data, state, call, sign, config):
    """Train one member; return it and the outcome."""
    if call.going_on:
        own = deepcopy(member._state)
    else:
        own = new_state(member.random_state)
        own |= {name: state[name] for name in ("validation_seed", "weight_unit")}
    risk = member._build_risk(data, of_a_stream=call.incremental)
    with config_context(**config):
        outcome = member._train(risk, data, own, call, sign)
    return member, outcome


def _attributes(ready, rest, state, unfinished):
    """The fitted attributes of the ensemble of these members, by name."""
    state = state | {"unfinished": unfinished}
    if not unfinished:
        state["rows"] = None
    members = ready + rest[len(ready) :]
    alike = _fitted.ALIKE
    return {
        "estimators_": members,
        "_state": state,
        **{name: value for name, value in vars(members[0]).items() if name in alike},
        "n_iter_": max(member.n_iter_ for member in members),
        "loss_": float(np.mean([member.loss_ for member in members])),
    }


def _print_member(estimator, number, member):
    """The facts of a member that is ready, in the words of an epoch's."""
    if not estimator.verbose:
        return
    facts = [f"Member {number}/{estimator.n_members}", f"{member.n_iter_} iterations"]
    facts.append(f"loss = {member.loss_:.8f}")
    if member.best_validation_score_ is not None:
        facts.append(f"best validation score = {member.best_validation_score_:.6g}")
    print(", ".join([*facts, f"{member.history_['seconds'].sum():.3f} s"]))


def mean_and_deviation(arrays):
    """Mean and standard deviation over arrays of one shape, one in memory at a time.

    Parameters
    ----------
    arrays : iterable of ndarray
        At least one.

    Returns
    -------
    mean, deviation : ndarray
        float64; the deviation is that of ``numpy.std``.

    References
    ----------
    Welford, "Note on a method for calculating corrected sums of squares and products",
    Technometrics 4, 1962.
    """
    mean = squares = np.float64(0)
    n = 0
    for n, array in enumerate(arrays, start=1):
        change = array - mean
        mean = mean + change / n
        squares = squares + change * (array - mean)
    return mean, np.sqrt(squares / n)


def log_mean(logs):
    """The logarithm of the mean of exp(L) over arrays L, one in memory at a time."""
    total, n = None, 0
    for L in logs:
        n += 1
        total = L if total is None else np.logaddexp(total, L, out=total)
    return total - np.log(n)
