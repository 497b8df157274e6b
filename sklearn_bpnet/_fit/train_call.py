"""All the training of one call: on folds or not, calibrated, and perhaps anew."""

from __future__ import annotations

from sklearn_bpnet._fit.budget import Deadline
from sklearn_bpnet._fit.calibration import calibrated
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.ensemble import train
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.folds import train_on_folds
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.train_anew import AllSamples, Show, refitted, train_anew
from sklearn_bpnet.training.monitor.history import Outcome


def train_call(
    call: Call,
    problem: Problem,
    draft: Fitted,
    samples: AllSamples | None,
    tasks: FitTasks,
    deadline: Deadline | None,
    show: Show,
) -> tuple[Fitted, list[list[Outcome]]]:
    """Train and calibrate.

    Parameters
    ----------
    call : Call
        The call, with its settings and its initial state.
    problem : Problem
        The empirical risk, and the plan to minimise it.
    draft : Fitted
        The result without trained networks.
    samples : AllSamples or None
        All samples, if a refit on them follows.
    tasks : FitTasks
        Calls the callbacks.
    deadline : Deadline or None
        When the fit has to end, in time for which members are trained.
    show : callable
        Maps a draft to what computes the fitted attributes.

    Returns
    -------
    fitted : Fitted
        The result.
    outcomes : list of list of Outcome
        How every training ended, for every network.

    Raises
    ------
    ValueError
        If training failed, or no epoch has a score for a refit.
    """
    if call.state.is_refit:  # that of a call that this one resumes
        fitted, ends = train_anew(call, problem, draft, tasks)
        return fitted, [ends]
    if problem.data.folds:
        trained = train_on_folds(call, problem, draft, tasks)
    else:
        trained = train(call, problem, tasks, deadline)
    fitted = calibrated(call, draft.with_trained(trained), problem.data)
    if samples is None:
        return fitted, [trained.outcomes]
    fitted, ends = refitted(call, problem, trained, fitted, samples, tasks, show)
    return fitted, [trained.outcomes, ends]
