"""Training of an ensemble whose members hold out different samples.

Member m holds out fold m modulo the number of folds: these samples are its validation
samples, and those for which the ensemble has an honest prediction.
"""

from __future__ import annotations

from dataclasses import replace
from math import nan

from sklearn_bpnet._fit.advice import remedy_for_divergence
from sklearn_bpnet._fit.best_epoch import joint_best_epoch
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.ensemble import n_to_train, train_ensemble
from sklearn_bpnet._fit.fitted import Fitted, Trained
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.fold_predictions import predict_out_of_fold
from sklearn_bpnet._fit.out_of_fold import OutOfFold
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet.training.monitor.history import Outcome, StopReason


def train_on_folds(
    call: Call, problem: Problem, draft: Fitted, tasks: FitTasks
) -> Trained:
    """Train the members of an ensemble on different folds, and perhaps anew on all.

    Parameters
    ----------
    call : Call
        The call, with its settings and its initial state.
    problem : Problem
        The empirical risk, and the plan to minimise it.
    draft : Fitted
        The result without trained networks.
    tasks : FitTasks
        Calls the callbacks.

    Raises
    ------
    ValueError
        If training failed, or no epoch has a score for a refit.
    """
    previous, state = call.previous, call.state
    networks = [] if previous is None else previous.networks
    n_members, has_refit = call.settings.n_members, problem.refit is not None
    n_left = n_to_train(n_members, networks, resumes=call.resumes)
    before = previous.out_of_fold if previous is not None and call.resumes else None
    if before is not None and before.n_epochs is not None:  # it resumes a refit
        tasks.begin(n_left)
        return _refitted(call, problem, networks, before, tasks)
    state.folds = problem.data.folds
    tasks.begin(n_left + n_members * has_refit)
    trained = _trained(call, problem, networks, tasks)
    members, data = draft.with_trained(trained), problem.data
    found = predict_out_of_fold(members, data, calibrates=call.settings.calibrates)
    trained = replace(trained, out_of_fold=found)
    if has_refit:
        if trained.unfinished or trained.stopped:
            return replace(trained, unfinished=True)
        return _refitted_if_possible(call, problem, trained, found, tasks)
    if not trained.unfinished:
        state.folds = []
    return trained


def _refitted_if_possible(
    call: Call, problem: Problem, trained: Trained, found: OutOfFold, tasks: FitTasks
) -> Trained:
    """The members trained anew; those of the folds, if Ctrl-C leaves none of these."""
    n_epochs = joint_best_epoch(trained.networks, problem.plan.stopping, "member_folds")
    found = replace(found, n_epochs=n_epochs)
    interrupted = Outcome(StopReason.INTERRUPTED, 0, nan)
    ends = [*trained.outcomes, interrupted]
    try:
        refitted = _refitted(call, problem, [], found, tasks)
    except KeyboardInterrupt:
        return replace(trained, outcomes=ends, unfinished=True)
    is_interrupted = StopReason.INTERRUPTED in [end.reason for end in refitted.outcomes]
    if is_interrupted and len(refitted.networks) == 1:
        first = refitted.networks[0].attributes["stop_reason_"]
        if first == StopReason.INTERRUPTED.value:
            return replace(trained, outcomes=ends, unfinished=True)
    return replace(refitted, outcomes=trained.outcomes + refitted.outcomes)


def _trained(
    call: Call,
    problem: Problem,
    networks: list[FittedNetwork],
    tasks: FitTasks,
    out_of_fold: OutOfFold | None = None,
) -> Trained:
    """Train all members, or those that are missing."""
    settings = call.settings
    return train_ensemble(
        problem,
        call.state,
        networks,
        tasks,
        remedy_for_divergence(settings, problem),
        n_members=settings.n_members,
        n_jobs=settings.n_jobs,
        verbose=bool(settings.verbose),
        out_of_fold=out_of_fold,
    )


def _refitted(
    call: Call,
    problem: Problem,
    networks: list[FittedNetwork],
    found: OutOfFold,
    tasks: FitTasks,
) -> Trained:
    """Train the members anew, on all samples, for the epochs that were best."""
    assert problem.refit is not None
    assert found.n_epochs is not None
    plan = replace(problem.refit.plan, max_iter=found.n_epochs)
    problem = replace(problem.refit, plan=plan)
    trained = _trained(call, problem, networks, tasks, found)
    if not trained.unfinished:
        call.state.folds = []
    # all of these epochs were requested
    ends = [end for end in trained.outcomes if end.reason is not StopReason.MAX_ITER]
    return replace(trained, outcomes=ends)
