"""Training of an ensemble whose members hold out different samples.

Member m holds out fold m modulo the number of folds: these samples are its validation
samples, and those for which the ensemble has an honest prediction.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._fit.advice import remedy_for_divergence
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.ensemble import n_to_train, train_ensemble
from sklearn_bpnet._fit.fitted import Fitted, Trained
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.fold_predictions import predict_out_of_fold
from sklearn_bpnet._fit.out_of_fold import OutOfFold
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._settings.plan import Stopping
from sklearn_bpnet.training.monitor.history import History, Outcome, StopReason
from sklearn_bpnet.training.monitor.patience import Patience


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
    n_epochs = joint_best_epoch(trained.networks, problem.plan.stopping)
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


def joint_best_epoch(networks: list[FittedNetwork], stopping: Stopping) -> int:
    """The epoch with the best mean validation score of members on different folds.

    Of the mean scores and losses it is what early stopping takes for the best of a
    single network. A member whose training has ended keeps its last score.

    Parameters
    ----------
    networks : list of FittedNetwork
        The members.
    stopping : Stopping
        What is monitored.

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
        raise ValueError(
            f"member_folds with refit=True needs a finite validation score, but with "
            f"{stopping.scoring} no epoch has one in all folds. Use another scoring "
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
