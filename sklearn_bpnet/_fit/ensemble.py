"""The networks of one call: a single one, or the members of an ensemble."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from math import nan
from typing import Any

from sklearn.utils.parallel import Parallel, delayed

from sklearn_bpnet._data.samples import Data
from sklearn_bpnet._fit.advice import remedy_for_divergence
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.fitted import FittedNetwork, Trained
from sklearn_bpnet._fit.network_fit import NetworkFit, train_network
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet.training.batches import in_row_order
from sklearn_bpnet.training.blas_threads import OneBlasThread
from sklearn_bpnet.training.monitor.history import Outcome, StopReason
from sklearn_bpnet.training.stochastic.config import config_context, get_config


def train(call: Call, problem: Problem, tasks: FitTasks) -> Trained:
    """Train what a call asks for: one network, or the members of an ensemble.

    Parameters
    ----------
    call : Call
        Its settings, and what it continues from.
    problem : Problem
        What to minimise, and how.
    tasks : FitTasks
        What callbacks see.
    """
    settings, state = call.settings, call.state
    before = [] if call.before is None else call.before.networks
    n_features = problem.data.training.X.shape[1]
    remedy = remedy_for_divergence(settings, n_features)
    if settings.n_members == 1:
        return train_one(problem, state, before, tasks, remedy)
    return train_ensemble(
        problem,
        state,
        before,
        tasks,
        remedy,
        n_members=settings.n_members,
        n_jobs=settings.n_jobs,
        verbose=bool(settings.verbose),
    )


def train_one(
    problem: Problem,
    state: TrainingState,
    before: list[FittedNetwork],
    tasks: FitTasks,
    remedy: str,
) -> Trained:
    """Train a single network, an epoch per task.

    Parameters
    ----------
    problem : Problem
        What to minimise, and how.
    state : TrainingState
        Of the training.
    before : list of FittedNetwork
        The network that training continues from, or nothing.
    tasks : FitTasks
        What callbacks see.
    remedy : str
        What may help where not one step was finite.
    """

    def on_epoch_end(network: Callable[[], FittedNetwork] | None) -> bool:
        if network is None:
            return tasks.end_subtask(None)
        return tasks.end_subtask(lambda: Trained([network()]))

    fit = NetworkFit(
        problem,
        state,
        before[0] if before else None,
        on_epoch_begin=tasks.begin_subtask if tasks.active else None,
        on_epoch_end=on_epoch_end if tasks.active else None,
    )
    tasks.begin(fit.max_iter)
    network, outcome = train_network(fit, remedy)
    return Trained([network], [outcome])


def train_ensemble(
    problem: Problem,
    state: TrainingState,
    before: list[FittedNetwork],
    tasks: FitTasks,
    remedy: str,
    *,
    n_members: int,
    n_jobs: int | None,
    verbose: bool,
) -> Trained:
    """Train the members on the same samples, a member per task.

    Ctrl-C, and a callback that asks to stop, leave an ensemble of the members that are
    ready; if Ctrl-C comes before one is, of the one that was interrupted. Parameters
    are those of `train_one`, and:

    Parameters
    ----------
    n_members : int
        How many.
    n_jobs : int or None
        How many are trained at the same time.
    verbose : bool
        Whether to print the facts of every member.

    Raises
    ------
    ValueError
        If not one step of a member's training was finite.
    KeyboardInterrupt
        On Ctrl-C while other threads or processes train the first members.
    """
    ready = list(before) if problem.resumes else []
    rest = [] if problem.resumes else list(before)
    seeds = state.member_seeds(n_members)[len(ready) :]
    jobs = rest or seeds
    plan = replace(problem.plan, verbose=False)  # members print a line each
    problem = replace(problem, plan=plan, resumes=False)
    state.fingerprint = problem.data.training.fingerprint
    state.split = problem.data.split
    tasks.begin(len(jobs))
    outcomes: list[Outcome] = []

    def trained() -> Trained:
        networks = ready + rest[len(ready) :]
        return Trained(networks, outcomes, unfinished=len(networks) < n_members)

    try:
        tasks.begin_subtask()
        with closing(_side_by_side(problem, state, jobs, n_jobs, remedy)) as results:
            for network, outcome in results:
                outcomes.append(outcome)
                interrupted = outcome.reason is StopReason.INTERRUPTED
                if ready and interrupted:
                    break
                ready.append(network)
                if verbose:
                    _print_member(len(ready), n_members, network)
                if tasks.end_subtask(lambda: replace(trained(), unfinished=True)):
                    break
                if interrupted:
                    break
                tasks.begin_subtask()
    except KeyboardInterrupt:
        if not ready:
            raise
        outcomes.append(Outcome(StopReason.INTERRUPTED, 0, nan))
    found = trained()
    if not found.unfinished:
        state.split = None
    return found


class _Cancellation:
    """Whether the trainings of members shall end after their epochs."""

    def __init__(self) -> None:
        self.is_set = False

    def asked(self, network: object) -> bool:
        return self.is_set


def _side_by_side(
    problem: Problem,
    state: TrainingState,
    jobs: list[FittedNetwork] | list[int],
    n_jobs: int | None,
    remedy: str,
) -> Generator[tuple[FittedNetwork, Outcome], None, None]:
    """Train the members, and yield each with the outcome, in their order."""
    problem = replace(problem, data=_in_row_order(problem))
    cancellation = _Cancellation()
    # compiled code leaves Python to others, and threads need not be started first
    prefer = "threads" if problem.is_compiled else "processes"
    parallel = Parallel(n_jobs, return_as="generator", prefer=prefer)
    limit = OneBlasThread()
    with limit, limit:  # twice, in case of an interrupt in an exit
        shared = (cancellation, remedy, get_config())
        results = parallel(
            delayed(_train_member)(problem, state, job, *shared) for job in jobs
        )
        try:
            for result in results:  # noqa: UP028  (`yield from` closes them first)
                yield result
        finally:
            cancellation.is_set = True  # for threads, which cannot be ended
            with warnings.catch_warnings():
                # of joblib, that tasks are cancelled
                warnings.simplefilter("ignore", UserWarning)
                results.close()


def _in_row_order(problem: Problem) -> Data:
    """The data with samples that are quick to gather, once for all members."""
    data = problem.data
    training = replace(data.training, X=in_row_order(data.training.X))
    validation = data.validation
    if validation is not None:
        is_same = data.split is not None
        X = training.X if is_same else in_row_order(validation.X)
        validation = replace(validation, X=X)
    return replace(data, training=training, validation=validation)


def _train_member(
    problem: Problem,
    shared: TrainingState,
    job: FittedNetwork | int,
    cancellation: _Cancellation,
    remedy: str,
    config: dict[str, Any],
) -> tuple[FittedNetwork, Outcome]:
    """Train one member: from its seed, or from where the call before left it."""
    if isinstance(job, FittedNetwork):
        before, seed, state = job, job.random_state, deepcopy(job.state)
    else:
        before, seed, state = None, job, TrainingState.new(job)
        state.validation_seed = shared.validation_seed
        state.weight_unit = shared.weight_unit
    with config_context(**config):
        fit = NetworkFit(
            problem,
            state,
            before,
            on_epoch_end=cancellation.asked,
            shares_batches=False,
        )
        network, outcome = train_network(fit, remedy)
    return replace(network, random_state=seed), outcome


def _print_member(number: int, n_members: int, network: FittedNetwork) -> None:
    """The facts of a member that is ready, in the words of an epoch's."""
    shown = network.shown
    facts = [f"Member {number}/{n_members}", f"{shown['n_iter_']} iterations"]
    facts.append(f"loss = {shown['loss_']:.8f}")
    if "best_validation_score_" in shown:
        score = shown["best_validation_score_"]
        facts.append(f"best validation score = {score:.6g}")
    print(", ".join([*facts, f"{shown['history_']['seconds'].sum():.3f} s"]))
