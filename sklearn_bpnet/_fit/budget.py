"""A time budget: as many members, and as many epochs, as fit into some seconds.

Only here does training depend on a clock. Its result is that of a fit without a budget
whose ``max_iter`` and ``n_members`` are the numbers found, which a test checks.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from statistics import median
from time import perf_counter

import numpy as np

from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.network_fit import NetworkFit
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._settings import solver as solvers
from sklearn_bpnet.training.monitor.history import NoFiniteStepError
from sklearn_bpnet.training.stochastic.config import config_context

# A trial measures the time of an epoch on the samples of so many batches. It takes so
# many epochs, of which the first may compile, and ends after this share of the budget.
_TRIAL_BATCHES = 50
_FEWEST_EPOCHS, _MOST_EPOCHS = 3, 20
_SHARE_OF_TRIAL = 0.03
# The share of the remaining time that a single network plans with
_PLANNED = 0.9


class Deadline:
    """When a fit has to end, which began when this was made.

    Parameters
    ----------
    seconds : float
        How long it may take.
    """

    def __init__(self, seconds: float) -> None:
        self._began_training = self._end = perf_counter()
        self._end += seconds

    @property
    def left(self) -> float:
        """The remaining seconds."""
        return self._end - perf_counter()

    def begin_training(self) -> None:
        """Note that the first of several networks is trained from now on."""
        self._began_training = perf_counter()

    def leaves_time(self, n_trained: int) -> bool:
        """Whether there is time for another network, if ``n_trained`` are trained."""
        seconds = (perf_counter() - self._began_training) / n_trained
        return seconds <= self.left


def check_time_budget(call: Call) -> None:
    """Raise ValueError if ``time_budget`` does not go with the other parameters."""
    settings = call.settings
    if settings.time_budget is None:
        return
    name = settings.described(["time_budget"])
    if call.arguments.incremental:
        raise ValueError(
            f"{name} chooses the number of epochs, but partial_fit trains one. Use "
            "fit, or time_budget=None."
        )
    for parameter, off in (("warm_start", False), ("member_folds", None)):
        if getattr(settings, parameter):
            raise ValueError(
                f"{name} trains as many epochs and members as there is time for, which "
                f"does not go with {settings.described([parameter])}. Use "
                f"time_budget=None or {parameter}={off}."
            )
    if not solvers.is_stochastic(settings):
        raise ValueError(
            f"{name} measures the time of an epoch, but the iterations of "
            f"{settings.described(['solver'])} differ. Use another solver, such as "
            "'adam', or time_budget=None."
        )


def within_budget(
    call: Call, problem: Problem, draft: Fitted, deadline: Deadline | None
) -> tuple[Problem, Fitted]:
    """Fewer epochs, if a network would not be trained in time.

    Parameters
    ----------
    call : Call
        The call. One that resumes another has the epochs of that.
    problem : Problem
        The problem of the call.
    draft : Fitted
        Its result without trained networks.
    deadline : Deadline or None
        When the fit has to end; None if it may take any time.

    Returns
    -------
    problem : Problem
        The problem with the number of epochs that there is time for.
    draft : Fitted
        The draft, which shows that number.
    """
    plan = problem.plan
    if deadline is None or problem.task.is_certain:
        return problem, draft
    if call.previous is not None:
        n_epochs = int(call.previous.plan["max_iter"])
    else:
        seconds = _seconds_per_epoch(call, problem)
        possible = _PLANNED * deadline.left / seconds if seconds else np.inf
        n_epochs = int(max(min(possible, plan.max_iter), 1))
    plan = replace(plan, max_iter=n_epochs, horizon=n_epochs)
    shown = draft.plan | {"max_iter": n_epochs}
    return replace(problem, plan=plan), replace(draft, plan=shown)


def _seconds_per_epoch(call: Call, problem: Problem) -> float:
    """How long an epoch takes; 0 if training diverges at once."""
    plan, samples = problem.plan, problem.data.training
    n = min(samples.n, plan.batch_size * _TRIAL_BATCHES)
    chosen = np.random.default_rng(0).choice(samples.n, n, replace=False)
    few = replace(samples, indices=np.sort(samples.explicit_indices[chosen]))
    trial = replace(
        problem,
        data=replace(problem.data, training=few, validation=None, split=None),
        plan=replace(plan, max_iter=_MOST_EPOCHS, verbose=0, record=()),
        scorer=None,
    )
    most = _SHARE_OF_TRIAL * call.settings.time_budget

    def is_enough(network: object) -> bool:
        return len(fit.history) >= _FEWEST_EPOCHS and sum(seconds()) >= most

    def seconds() -> list[float]:
        return (fit.history.column("seconds") or [])[1:]

    is_alone = call.settings.n_members == 1
    fit = NetworkFit(
        trial,
        deepcopy(call.state),
        None,
        on_epoch_end=is_enough,
        shares_batches=is_alone,
    )
    try:
        with config_context(compiled=problem.is_compiled):  # as all samples are
            fit.run()
    except NoFiniteStepError:
        return 0.0  # training raises the error that helps
    return median(seconds() or [0.0]) * samples.n / n
