"""What all networks of one call are trained on, and how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sklearn_bpnet._data.samples import Data
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._settings.plan import TrainingPlan
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.standardization import Standardization
from sklearn_bpnet.training.stochastic.choice import is_compiled

# from the attributes that show a network to its score on the validation samples
Scorer = Callable[[Mapping[str, Any]], float]


@dataclass(frozen=True)
class Problem:
    """The empirical risk of one call, and the plan to minimise it.

    Parameters
    ----------
    risk : EmpiricalRisk
        What to minimise.
    data : Data
        Training and validation samples.
    task : Task
        What the targets are.
    standardization : Standardization or None
        How features are scaled.
    plan : TrainingPlan
        How to minimise.
    initialization : Initialization
        The distributions of the initial weights and biases.
    given_init : tuple of two, default=(None, None)
        Weights and biases to start from, as the user gave them.
    scorer : callable or None, default=None
        From the attributes that show a network to its score on the validation
        samples; None for the task's own score.
    resumes : bool, default=False
        Whether the call before was cut short and this one is its rest.
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

    @property
    def is_compiled(self) -> bool:
        """Whether its epochs run in compiled code."""
        plan, samples = self.plan, self.data.training
        return isinstance(plan.solver, Optimizer) and is_compiled(
            self.risk,
            plan.solver,
            plan.step_options,
            samples.X,
            samples.n,
            plan.batch_size,
        )
