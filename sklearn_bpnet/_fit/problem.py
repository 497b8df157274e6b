"""The problem that all networks of one call solve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sklearn_bpnet._data.samples import Data
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._settings.plan import TrainingPlan
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.standardization import Standardization
from sklearn_bpnet.training.stochastic.choice import is_compiled

# maps the fitted attributes of a network to its score on the validation samples
Scorer = Callable[[Mapping[str, Any]], float]


@dataclass(frozen=True)
class Problem:
    """The empirical risk of one call, and the plan to minimise it.

    Parameters
    ----------
    risk : EmpiricalRisk
        The function to minimise.
    data : Data
        Training and validation samples.
    task : Task
        Task of the targets.
    standardization : Standardization or None
        How features are scaled.
    plan : TrainingPlan
        How to minimise it.
    initialization : Initialization
        Initialisation schemes of the weights and biases.
    given_init : tuple of two, default=(None, None)
        Initial weights and biases, as passed to `fit`.
    scorer : callable or None, default=None
        Maps the fitted attributes of a network to its score on the validation samples;
        None for the default score of the task.
    resumes : bool, default=False
        Whether this call completes an interrupted one.
    scorers : tuple of callable, default=()
        If members hold out different samples, the scorer of every fold in place of
        ``scorer``.
    refit : Problem or None, default=None
        The problem of all samples, if members are trained anew on them.
    """

    risk: EmpiricalRisk
    data: Data
    task: Task
    standardization: Standardization | None
    plan: TrainingPlan
    initialization: Initialization
    given_init: tuple[Any, Any] = (None, None)
    scorer: Scorer | None = None
    resumes: bool = False
    scorers: tuple[Scorer, ...] = ()
    refit: Problem | None = None

    @property
    def by_fold(self) -> list[Problem]:
        """The problem of every fold; this one, if there are no folds."""
        return [
            replace(
                self,
                data=self.data.of_fold(k),
                scorer=self.scorers[k] if self.scorers else None,
                scorers=(),
                refit=None,
            )
            for k in range(len(self.data.folds))
        ] or [self]

    @property
    def is_compiled(self) -> bool:
        """Whether epochs run in compiled code."""
        plan, samples = self.plan, self.data.training
        return isinstance(plan.solver, Optimizer) and is_compiled(
            self.risk,
            plan.solver,
            samples.X,
            self.data.n_trained,
            plan.batch_size,
        )
