"""The texts of all warnings: parameters without effect, and how training ended."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, isinf
from typing import Any

from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning

from sklearn_bpnet._fit.issuing import warn
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._settings import solver as solvers
from sklearn_bpnet._settings.architecture import hidden_sizes
from sklearn_bpnet._settings.plan import (
    TrainingPlan,
    anneals,
    last_factor,
    patience,
)
from sklearn_bpnet._settings.rate_factors import kinds_without_effect
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.exceptions import DivergenceWarning, TrainingInterruptedWarning
from sklearn_bpnet.net.blocks.embeddings import EmbeddedFeatures
from sklearn_bpnet.net.initializers import Initialization, Zeros
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.monitor.history import Outcome, StopReason
from sklearn_bpnet.training.optimizers import AdamW
from sklearn_bpnet.training.optimizers.step import StepOptions
from sklearn_bpnet.training.stochastic import compiler

# parameters of the steps along gradients
_OF_STEPS = (
    "learning_rate",
    "learning_rate_init",
    "power_t",
    "dropout__rate",
    "dropout__input_rate",
    "dropout__schedule",
    "dropout__input_noise",
    "weight_decay__rate",
    "weight_decay__schedule",
    "clip_norm",
    "learning_rate_factors",
    "ema_decay",
)


def warn_of_unused(settings: Settings, defaults: Settings, *, open_ended: bool) -> None:
    """Warn of parameters that were set but have no effect with the other ones.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    defaults : Settings
        Default values of the parameters.
    open_ended : bool
        Whether more calls may follow.
    """
    causes = _unused(settings, open_ended=open_ended)
    by_causes: dict[tuple[str, ...], list[str]] = {}
    for name in settings.changed(causes, defaults):
        if not settings.is_of_recipe(name):
            by_causes.setdefault(causes[name], []).append(name)
    if by_causes:
        sentences = (
            f"{settings.described(names)} has no effect with {settings.described(by)}"
            for by, names in by_causes.items()
        )
        warn(f"{'; '.join(sentences)}. Leave it at its default.")


def _unused(settings: Settings, *, open_ended: bool) -> dict[str, tuple[str, ...]]:
    """The parameters without effect, with those that leave no use for them."""
    stochastic, solver = solvers.is_stochastic(settings), settings.solver
    by_name = isinstance(solver, str)
    taken = solvers.solver_of(settings).from_estimator if by_name else {}
    causes: dict[str, tuple[str, ...]] = {}

    def no_effect(names: Iterable[str], unless: bool, *by: str) -> None:
        causes.update({} if unless else dict.fromkeys(names, by))

    mini_batches = solvers.uses_mini_batches(settings)
    no_effect(["batch_size", "shuffle"], mini_batches, "solver")
    no_effect(_OF_STEPS, stochastic, "solver")
    no_effect(solvers.TAKEN_BY_SOLVERS, False, "solver")
    causes = {name: by for name, by in causes.items() if name not in taken}
    validates = bool(settings.early_stopping)
    if settings.member_folds is None:
        no_effect(["validation_fraction"], validates, "early_stopping")
    else:
        no_effect(["validation_fraction"], False, "member_folds")
    has_patience = stochastic or validates
    no_effect(["n_iter_no_change"], has_patience, "solver", "early_stopping")
    # a tolerance of 0 requests all epochs, as an infinite patience does
    has_tolerance = (
        settings.tol == 0
        or not isinstance(settings.n_iter_no_change, str)
        or patience(settings, open_ended=open_ended) < inf
    )
    by = ("n_iter_no_change", "learning_rate", "early_stopping")
    no_effect(["tol"], has_tolerance, *by)
    no_effect(["n_jobs"], settings.n_members > 1, "n_members")
    if not stochastic:
        return causes
    has_hidden_layers = bool(hidden_sizes(settings.hidden_layer_sizes))
    dropout, decay = settings.option("dropout"), settings.option("weight_decay")
    schedules = [settings.learning_rate, dropout.schedule, decay.schedule]
    no_effect(["power_t"], "invscaling" in schedules, "learning_rate")
    no_effect(["dropout__rate"], has_hidden_layers, "hidden_layer_sizes")
    drops_units = dropout.input_rate or (has_hidden_layers and any(dropout.rates))
    no_effect(["dropout__schedule"], bool(drops_units), "dropout")
    no_effect(["ema_decay"], solvers.may_average(settings), "solver")
    no_effect(["weight_decay__rate"], not isinstance(solver, AdamW), "solver")
    decays = StepOptions(decay.rate).decay_of(solvers.optimizer_of(settings))
    no_effect(["weight_decay__schedule"], bool(decays), "weight_decay")
    return causes


def warn_of_schedule(settings: Settings, *, open_ended: bool) -> None:
    """Warn of a learning rate that falls with a solver that takes a constant one."""
    if not solvers.is_stochastic(settings):
        return
    if not solvers.optimizer_of(settings).constant_rate:
        return
    if settings.is_of_recipe("learning_rate") and settings.is_of_recipe("solver"):
        return
    if last_factor(settings, open_ended=open_ended) < 1:
        warn(
            f"{settings.described(['learning_rate'])} lowers the learning rate, which "
            f"{settings.described(['solver'])} replaces by an average of the weights. "
            'Use learning_rate="auto", "constant" or "warmup", or another solver.'
        )


def warn_of_embedding(settings: Settings, embedded: EmbeddedFeatures | None) -> None:
    """Warn if an embedding is requested but no feature can be embedded."""
    if settings.is_of_recipe("numeric_embedding"):
        return
    if embedded is not None and not embedded.features.size:
        warn(
            f"numeric_embedding={settings.numeric_embedding!r} has no effect: no "
            "feature has more than two values. Leave it at its default."
        )


def warn_of_equal_units(
    settings: Settings, network: Network, scheme: Initialization
) -> None:
    """Warn of hidden layers whose units start, and therefore remain, equal.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    network : Network
        The network to be trained.
    scheme : Initialization
        The distributions of its initial weights.
    """
    if len(network.layers) > 1 and isinstance(scheme.weights, Zeros):
        warn(
            f"{settings.described(['initializer'])} makes all units of a hidden layer "
            "equal, and they remain so. Use another initializer, or no hidden layers."
        )


def warn_of_misfits(
    settings: Settings, plan: TrainingPlan, network: Network, n_samples: int
) -> None:
    """Warn of parameters that do not fit the network or the number of samples."""
    if not solvers.is_stochastic(settings):
        return
    batch_size, n_samples = settings.batch_size, plan.batch_size
    is_too_large = not isinstance(batch_size, str) and batch_size > n_samples
    if is_too_large and not settings.is_of_recipe("batch_size"):
        warn(
            f"batch_size={batch_size} is larger than the {n_samples} samples. It is "
            "going to be clipped; 'full' stands for all of them."
        )
    if settings.is_of_recipe("learning_rate_factors"):
        return
    for kind, meaning in kinds_without_effect(settings.learning_rate_factors, network):
        warn(
            f"learning_rate_factors[{kind!r}] has no effect: the network has no "
            f"{meaning}. Leave it out."
        )


def warn_of_compiler(problem: Problem) -> None:
    """Warn of what keeps compiled code from a problem that it suits, once in a process.

    After training, of what has kept it from the disk.
    """
    _ = problem.is_compiled  # what keeps it from being so is among the news then
    for message in compiler.news():
        warn(message)


def warn_of_ends(settings: Settings, problem: Problem, outcomes: list[Outcome]) -> None:
    """Warn if training ended early or without convergence, or without a score.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    problem : Problem
        The problem that was solved.
    outcomes : list of Outcome
        How training ended, for every network.
    """
    _warn_of_scores([outcome.no_score for outcome in outcomes])
    if problem.plan.incremental:  # one epoch is the normal end
        outcomes = [end for end in outcomes if end.reason is not StopReason.MAX_ITER]
    if any(outcome.reason is StopReason.INTERRUPTED for outcome in outcomes):
        warn("Training interrupted by user.", TrainingInterruptedWarning)
        return
    by_reason: dict[StopReason, list[Outcome]] = {}
    for outcome in outcomes:
        by_reason.setdefault(outcome.reason, []).append(outcome)
    for group in by_reason.values():
        if message := _message(settings, problem, group[0]):
            if len(outcomes) > 1:
                message = f"{len(group)} of {len(outcomes)} members: {message}"
            is_diverged = group[0].reason is StopReason.DIVERGED
            warn(message, DivergenceWarning if is_diverged else ConvergenceWarning)


def _warn_of_scores(reasons: list[str]) -> None:
    """Warn if no validation score was a number; where one was, the reason is empty."""
    messages = [reason for reason in reasons if reason]
    if messages:
        of = f"{len(messages)} of {len(reasons)} members: " if len(reasons) > 1 else ""
        warn(of + messages[0], UndefinedMetricWarning)


def _message(settings: Settings, problem: Problem, outcome: Outcome) -> str | None:
    """The warning about an end of training; None if it was the requested one."""
    solver, max_iter = solvers.solver_name(settings), settings.max_iter
    full_batch = not solvers.is_stochastic(settings)
    if outcome.reason is StopReason.MAX_ITER and full_batch:
        return (
            f"{solver} failed to converge after {outcome.n_iter} iterations. "
            f"{_one_of([f'Increase max_iter={max_iter}', *_tolerance(settings)])}."
        )
    if outcome.reason is StopReason.MAX_ITER:
        open_ended = settings.warm_start
        max_wait = patience(settings, open_ended=open_ended)
        if isinf(max_wait) or anneals(settings, open_ended=open_ended):
            return None  # all epochs were requested
        return (
            f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached "
            "and the optimization hasn't converged yet. "
            f"{_one_of([f'Increase max_iter={max_iter}', *_tolerance(settings)])}."
        )
    if outcome.reason is StopReason.DIVERGED:
        return (
            f"Training diverged after {outcome.n_iter} iterations: the loss was no "
            "longer finite, or far above that at the start. The best finite weights "
            f"are kept; {remedy_for_divergence(settings, problem)}."
        )
    if outcome.reason is StopReason.FAILED:
        return (
            f"{solver} failed to converge after {outcome.n_iter} iterations: "
            f"{outcome.message}. {_one_of(_after_failure(settings))}."
        )
    return None


def remedy_for_divergence(settings: Settings, problem: Problem) -> str:
    """What to change if training did not stay finite; no more than is open."""
    alpha = _in_force(settings, "alpha", problem.risk.alpha)
    remedies = [f"raise {alpha}", *_scaling(settings)]
    if solvers.is_stochastic(settings):
        rate = _in_force(settings, "learning_rate_init", problem.plan.learning_rate)
        remedies.insert(0, f"lower {rate}")
    return _one_of(remedies)


def _in_force(settings: Settings, name: str, value: Any) -> str:
    """A parameter and its value; if it is "auto", what that is in this fit."""
    spec = getattr(settings, name)
    if not isinstance(spec, str):
        return f"{name}={spec}"
    values = value if isinstance(value, tuple) else (value,)
    shown = ", ".join(f"{number:.2g}" for number in values)
    return f"{name} ({name}={spec!r} is {shown} here)"


def _tolerance(settings: Settings) -> list[str]:
    return [f"raise tol={settings.tol}", *_scaling(settings)]


def _after_failure(settings: Settings) -> list[str]:
    """What to change if a full-batch solver failed."""
    fields = solvers.solver_of(settings).get_params()
    limit = [f"raise max_fun={fields['max_fun']}"] if "max_fun" in fields else []
    first, *others = [*limit, *_tolerance(settings)]
    return [first[0].upper() + first[1:], *others]


def _scaling(settings: Settings) -> list[str]:
    """Scale what the estimator does not scale."""
    parameters = ("input_scaling", "target_scaling")
    unscaled = [
        n for n in parameters if getattr(settings, n, "not a parameter") is None
    ]
    return [f"scale the data (instead of {settings.described(unscaled)})"] * bool(
        unscaled
    )


def _one_of(remedies: list[str]) -> str:
    """The remedies, joined by "or"."""
    *others, last = remedies
    return f"{', '.join(others)} or {last}" if others else last
