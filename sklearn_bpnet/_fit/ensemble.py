"""Training of the networks of one call: one, or the members of an ensemble."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from math import nan
from typing import Any

from sklearn_bpnet._data.samples import Data
from sklearn_bpnet._fit.advice import remedy_for_divergence
from sklearn_bpnet._fit.budget import Deadline
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.fitted import Trained
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.network_fit import NetworkFit, train_network
from sklearn_bpnet._fit.out_of_fold import OutOfFold
from sklearn_bpnet._fit.parallel import Cancellation, ParallelCalls
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet.training.batches import in_row_order
from sklearn_bpnet.training.blas_threads import OneBlasThread
from sklearn_bpnet.training.monitor.history import Outcome, StopReason
from sklearn_bpnet.training.stochastic.compiler import (
    CancelledCompilationError,
    cancelled_by,
)
from sklearn_bpnet.training.stochastic.config import config_context, get_config
from sklearn_bpnet.training.stochastic.thread_pool import CancelledError

# Problem, state, seeds or earlier members, n_jobs, remedy, number of the first one ->
# each member, with its outcome, in their order
TrainMembers = Callable[..., Generator[tuple[FittedNetwork, Outcome], None, None]]


def train(
    call: Call,
    problem: Problem,
    tasks: FitTasks,
    deadline: Deadline | None = None,
    *,
    fit_class: Callable[..., NetworkFit] = NetworkFit,
    train_members: TrainMembers | None = None,
) -> Trained:
    """Train the networks of a call: one, or the members of an ensemble.

    Parameters
    ----------
    call : Call
        The call, with its settings and its initial state.
    problem : Problem
        The empirical risk, and the plan to minimise it.
    tasks : FitTasks
        Calls the callbacks.
    deadline : Deadline or None, default=None
        When the fit has to end, in time for which members are trained.
    fit_class : callable, default=NetworkFit
        Makes the training of a single network.
    train_members : callable or None, default=None
        Trains the members of an ensemble; None does in this process and its children.
    """
    settings, state = call.settings, call.state
    previous = [] if call.previous is None else call.previous.networks
    remedy = remedy_for_divergence(settings, problem)
    if settings.n_members == 1:
        return train_one(problem, state, previous, tasks, remedy, fit_class)
    tasks.begin(n_to_train(settings.n_members, previous, resumes=problem.resumes))
    trained = train_ensemble(
        problem,
        state,
        previous,
        tasks,
        remedy,
        n_members=settings.n_members,
        n_jobs=settings.n_jobs,
        verbose=bool(settings.verbose),
        deadline=deadline,
        train_members=train_members,
    )
    if not trained.unfinished:
        state.split = None
    return trained


def train_one(
    problem: Problem,
    state: TrainingState,
    previous: list[FittedNetwork],
    tasks: FitTasks,
    remedy: str,
    fit_class: Callable[..., NetworkFit] = NetworkFit,
) -> Trained:
    """Train a single network, an epoch per task.

    Parameters
    ----------
    problem : Problem
        The empirical risk, and the plan to minimise it.
    state : TrainingState
        State of the training.
    previous : list of FittedNetwork
        The network that training continues from; empty for a new one.
    tasks : FitTasks
        Calls the callbacks.
    remedy : str
        Advice in the error message if no step was finite.
    fit_class : callable, default=NetworkFit
        Makes the training.
    """

    def on_epoch_end(network: Callable[[], FittedNetwork] | None) -> bool:
        if network is None:
            return tasks.end_subtask(None)
        return tasks.end_subtask(lambda: Trained([network()]))

    fit = fit_class(
        problem,
        state,
        previous[0] if previous else None,
        on_epoch_begin=tasks.begin_subtask if tasks.active else None,
        on_epoch_end=on_epoch_end if tasks.active else None,
    )
    tasks.begin(fit.max_iter)
    network, outcome = train_network(fit, remedy)
    return Trained([network], [outcome])


def n_to_train(n_members: int, previous: list[FittedNetwork], *, resumes: bool) -> int:
    """Number of members that a call trains: those missing, if it resumes another."""
    return n_members - len(previous) if resumes else n_members


def train_ensemble(
    problem: Problem,
    state: TrainingState,
    previous: list[FittedNetwork],
    tasks: FitTasks,
    remedy: str,
    *,
    n_members: int,
    n_jobs: int | None,
    verbose: bool,
    out_of_fold: OutOfFold | None = None,
    deadline: Deadline | None = None,
    train_members: TrainMembers | None = None,
) -> Trained:
    """Train the members, a member per task, whose number has been announced.

    They train on the same samples, or each on those of its fold. After Ctrl-C, or if a
    callback stops training, the ensemble consists of the finished members; if Ctrl-C
    interrupts the first member, of that one. The parameters are those of `train_one`
    and the following.

    Parameters
    ----------
    n_members : int
        Number of members.
    n_jobs : int or None
        Number of members that are trained in parallel.
    verbose : bool
        Whether to print the loss and other facts of every member.
    out_of_fold : OutOfFold or None, default=None
        What earlier members predict for samples that they held out, if these are
        trained anew on all samples.
    deadline : Deadline or None, default=None
        When the fit has to end. No member is begun that would end later, apart from
        the first one.
    train_members : callable or None, default=None
        Trains them; None does in this process and its children.

    Raises
    ------
    ValueError
        If no step of a member's training was finite.
    KeyboardInterrupt
        On Ctrl-C while the first members are trained in other threads or processes.
    """
    finished = list(previous) if problem.resumes else []
    remaining = [] if problem.resumes else list(previous)
    seeds = state.member_seeds(n_members)[len(finished) :]
    jobs = remaining or seeds
    problem = _of_members(problem, state)
    outcomes: list[Outcome] = []

    def trained(stopped: bool = False) -> Trained:
        networks = finished + remaining[len(finished) :]
        unfinished = len(networks) < n_members
        return Trained(networks, outcomes, unfinished, stopped, out_of_fold)

    stopped = False
    if deadline is not None:
        deadline.begin_training()
    is_refit = out_of_fold is not None or state.is_refit
    member = "Refitted member" if is_refit else "Member"
    first, begin = len(finished), train_members or _train_in_parallel
    try:
        tasks.begin_subtask()
        with closing(begin(problem, state, jobs, n_jobs, remedy, first)) as results:
            for network, outcome in results:
                outcomes.append(outcome)
                stopped = outcome.reason is StopReason.INTERRUPTED
                if finished and stopped:
                    break
                finished.append(network)
                if verbose:
                    _print_member(f"{member} {len(finished)}/{n_members}", network)
                asks = tasks.end_subtask(lambda: replace(trained(), unfinished=True))
                stopped = stopped or asks
                if stopped:
                    break
                if deadline and not deadline.leaves_time(len(outcomes)):
                    n_members = len(finished)  # that is all of them
                    break
                tasks.begin_subtask()
    except KeyboardInterrupt:
        if not finished:
            raise
        outcomes.append(Outcome(StopReason.INTERRUPTED, 0, nan))
        stopped = True
    return trained(stopped)


def _of_members(problem: Problem, state: TrainingState) -> Problem:
    """The problem of the members; their state knows its samples."""
    state.samples = problem.data.identity
    state.split = problem.data.split
    plan = replace(problem.plan, verbose=0)  # one line per member instead
    return replace(problem, plan=plan, resumes=False)


def _train_in_parallel(
    problem: Problem,
    state: TrainingState,
    jobs: list[FittedNetwork] | list[int],
    n_jobs: int | None,
    remedy: str,
    first: int,
) -> Generator[tuple[FittedNetwork, Outcome], None, None]:
    """Train the members in parallel; yield each with its outcome, in their order.

    ``first`` is the number of the first one, which determines its fold.
    """
    problems = replace(problem, data=_in_row_order(problem)).by_fold
    state = replace(state, folds=[])  # which no process needs
    # compiled code releases the interpreter lock, and threads start faster
    calls = ParallelCalls(n_jobs, "threads" if problem.is_compiled else "processes")
    limit = OneBlasThread()
    with limit, limit, calls, calls:  # twice, in case of an interrupt in an exit
        shared = (calls.cancellation, remedy, get_config())
        arguments = [
            (problems[(first + i) % len(problems)], state, job, *shared)
            for i, job in enumerate(jobs)
        ]
        for network, outcome in calls.run(_train_member, arguments):
            # a process returns copies of user-defined functions, which no longer
            # are those of the module that a pickle refers to
            yield replace(network, network=problem.risk.network), outcome


def _in_row_order(problem: Problem) -> Data:
    """The data in C order or CSR, copied once for all members."""
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
    cancellation: Cancellation,
    remedy: str,
    config: dict[str, Any],
) -> tuple[FittedNetwork, Outcome]:
    """Train one member: from its seed, or from its state after the previous call."""
    if isinstance(job, FittedNetwork):
        previous, seed, state = job, job.random_state, deepcopy(job.state)
    else:
        previous, seed, state = None, job, shared.of_member(job)
        if problem.data.is_fold:
            state.mean_weight = problem.data.training.mean_weight
    settings = config_context(**config)
    try:
        # twice, in case of an interrupt in an exit
        with settings, settings, cancelled_by(lambda: cancellation.is_set):
            fit = NetworkFit(
                problem,
                state,
                previous,
                on_epoch_end=cancellation.is_requested,
                shares_batches=False,
            )
            network, outcome = train_network(fit, remedy)
    except CancelledCompilationError as error:
        raise CancelledError from error
    return replace(network, random_state=seed), outcome


def _print_member(name: str, network: FittedNetwork) -> None:
    """Print the facts of a finished member, in the format of those of an epoch."""
    attributes = network.attributes
    facts = [name, f"{attributes['n_iter_']} iterations"]
    facts.append(f"loss = {attributes['loss_']:.8f}")
    if "best_validation_score_" in attributes:
        score = attributes["best_validation_score_"]
        facts.append(f"best validation score = {score:.6g}")
    if "seconds" in attributes["history_"]:  # not for a single class
        facts.append(f"{attributes['history_']['seconds'].sum():.3f} s")
    print(", ".join(facts))
