"""Training anew on all samples, for the number of epochs that early stopping found.

The second training is a fit without early stopping: it learns the scaling, the encoder
and the units from all samples. What "auto" stands for in the parameters that follow the
table remains that of the first training, whose number of epochs would not suit another
network or another schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from math import inf, nan
from typing import Any

from sklearn_bpnet._data import reading
from sklearn_bpnet._data.samples import Data
from sklearn_bpnet._fit.best_epoch import joint_best_epoch
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.columns import encode
from sklearn_bpnet._fit.ensemble import train
from sklearn_bpnet._fit.fitted import Fitted, Trained
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.pose import BuildNetwork, LearnTask, pose
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.state import Refit, TrainingState
from sklearn_bpnet.training.monitor.history import Outcome, StopReason
from sklearn_bpnet.training.optimizers import Optimizer

# What the refitted network keeps of the first training
_OF_VALIDATION = (
    "validation_loss_curve_",
    "validation_scores_",
    "best_validation_score_",
)
_INCOMPLETE = (StopReason.INTERRUPTED, StopReason.STOPPED)

# From a draft to a function from what is trained to fitted attributes
Show = Callable[[Fitted], Callable[[Any], Any]]


@dataclass(frozen=True)
class AllSamples:
    """All samples of a call, and how to pose their problem.

    Parameters
    ----------
    data : Data
        The samples, not encoded.
    names : sequence of str or None
        Names of the columns.
    learn_task : callable
        Maps settings, y, the previous task and all classes to the task and its encoded
        targets.
    build_network : callable
        As for `pose`.
    """

    data: Data
    names: Sequence[str] | None
    learn_task: LearnTask
    build_network: BuildNetwork

    def posed(self, call: Call, refit: Refit) -> tuple[Call, Problem, Fitted]:
        """The call as if it were without early stopping; its problem and draft."""
        before, data = call.state, self.data
        state = TrainingState(
            dict(refit.rng), before.validation_seed, before.weight_unit, refit=refit
        )
        call = replace(call, previous=None, state=state)
        task, _ = self.learn_task(call.settings, data.training.y, None, None)
        reading.leave_out_weight_0(data.training)
        encode(call, data, self.names)
        return (call, *pose(call, data, task, self.build_network))


def n_later(call: Call, problem: Problem) -> int:
    """The largest number of epochs, or members, of a refit; 0 if none follows."""
    if call.state.refit is None or call.state.is_refit:
        return 0
    n_members = call.settings.n_members
    return problem.plan.max_iter if n_members == 1 else n_members


def refitted(
    call: Call,
    problem: Problem,
    trained: Trained,
    fitted: Fitted,
    samples: AllSamples,
    tasks: FitTasks,
    show: Show,
) -> tuple[Fitted, list[Outcome]]:
    """The result of a call, trained anew on all samples.

    After Ctrl-C, or if a callback stops training, it remains that of the first training
    unless the refitted network, or at least one member, is complete.

    Parameters
    ----------
    call : Call
        The call.
    problem : Problem
        The problem of the first training.
    trained : Trained
        What it has trained.
    fitted : Fitted
        Its result.
    samples : AllSamples
        All samples.
    tasks : FitTasks
        Calls the callbacks.
    show : callable
        Maps a draft to what computes the fitted attributes.

    Returns
    -------
    fitted : Fitted
        The result.
    outcomes : list of Outcome
        How the refit ended, unless as it should.

    Raises
    ------
    ValueError
        If no epoch has a finite validation score.
    """
    if trained.stopped or trained.unfinished or _is_incomplete(trained.outcomes):
        return _not_refitted(fitted, None), []
    if tasks.was_stopped:  # after what happened to be the last epoch
        return _not_refitted(fitted, StopReason.STOPPED), []
    refit = _found(call, problem, fitted)
    try:
        call, problem, draft = samples.posed(call, refit)
        tasks.attributes = show(draft)
        again, outcomes = train_anew(call, problem, draft, tasks)
    except KeyboardInterrupt:
        reason = StopReason.INTERRUPTED
        return _not_refitted(fitted, reason), [Outcome(reason, 0, nan)]
    ends = [end for end in outcomes if end.reason in _INCOMPLETE]
    first = again.networks[0].attributes["stop_reason_"]
    if ends and first in [reason.value for reason in _INCOMPLETE]:
        return _not_refitted(fitted, ends[0].reason), outcomes
    return again, outcomes


def train_anew(
    call: Call, problem: Problem, draft: Fitted, tasks: FitTasks
) -> tuple[Fitted, list[Outcome]]:
    """Train on all samples, for the number of epochs in the state of the call.

    Parameters
    ----------
    call : Call
        The call.
    problem : Problem
        The problem of all samples.
    draft : Fitted
        The result without trained networks.
    tasks : FitTasks
        Calls the callbacks.
    """
    refit = call.state.refit
    assert refit is not None
    assert refit.n_epochs is not None
    stopping = replace(problem.plan.stopping, n_iter_no_change=inf, n_iter_fitted=inf)
    plan = replace(problem.plan, max_iter=refit.n_epochs, stopping=stopping)
    problem = replace(problem, plan=plan)
    if plan.verbose and not draft.is_ensemble:
        word = "epoch" if isinstance(plan.solver, Optimizer) else "iteration"
        plural = "s" if refit.n_epochs > 1 else ""
        n = problem.data.training.n
        print(f"Refit on all {n} samples: {refit.n_epochs} {word}{plural}.")
    trained = train(call, problem, tasks)
    # a call that resumes another may have more members
    pairs = zip(trained.networks, chain(refit.curves, repeat({})), strict=False)
    networks = [_with_validation(network, curves) for network, curves in pairs]
    if not trained.unfinished:
        call.state.refit = None
    # all of these epochs were requested
    ends = [end for end in trained.outcomes if end.reason is not StopReason.MAX_ITER]
    return draft.with_trained(replace(trained, networks=networks)), ends


def _found(call: Call, problem: Problem, fitted: Fitted) -> Refit:
    """What the first training has found for the refit."""
    networks, refit = fitted.networks, call.state.refit
    assert refit is not None
    # also for a single network, as it raises an error if there is no score
    n_epochs = joint_best_epoch(networks, problem.plan.stopping, "early_stopping")
    if not fitted.is_ensemble:
        n_epochs = networks[0].attributes["best_epoch_"]
    curves = [
        {
            name: net.attributes[name]
            for name in _OF_VALIDATION
            if name in net.attributes
        }
        for net in networks
    ]
    return replace(
        refit, n_epochs=n_epochs, curves=curves, temperature=fitted.temperature
    )


def _is_incomplete(outcomes: list[Outcome]) -> bool:
    """Whether Ctrl-C or a callback has ended a training."""
    return any(outcome.reason in _INCOMPLETE for outcome in outcomes)


def _not_refitted(fitted: Fitted, reason: StopReason | None) -> Fitted:
    """The result of the first training, if the refit was not made.

    The members of an ensemble can be trained anew after `load_checkpoint`.
    """
    if fitted.is_ensemble:
        return replace(fitted, unfinished=True)
    [network] = fitted.networks
    if reason is not None:
        network.attributes["stop_reason_"] = reason.value
    return fitted


def _with_validation(network: FittedNetwork, curves: dict[str, Any]) -> FittedNetwork:
    """A refitted network with the curves of its validation in the first training."""
    attributes = network.attributes | curves
    attributes.pop("best_loss_", None)  # as with early stopping
    return replace(network, attributes=attributes)
