"""All warnings: parameters without effect, and how training ended."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from math import inf, isinf
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from sklearn_bpnet._settings import solver as solvers
from sklearn_bpnet._settings.plan import TrainingPlan, anneals, patience
from sklearn_bpnet._settings.rate_factors import kinds_without_effect
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.initializers import Initialization, Zeros
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.monitor.history import Outcome, StopReason
from sklearn_bpnet.training.optimizers import AdamW
from sklearn_bpnet.training.optimizers.step import StepOptions

_INSIDE = ("sklearn_bpnet", "sklearn", "contextlib")


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the first line on the stack outside this package and scikit-learn."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and (
        frame.f_globals.get("__name__", "").split(".")[0] in _INSIDE
    ):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def warn_of_unused(
    settings: Settings, defaults: Mapping[str, Any], *, open_ended: bool
) -> None:
    """Warn of parameters that were set but have no effect with the other ones.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    defaults : mapping of str to object
        Default values of the parameters.
    open_ended : bool
        Whether more calls may follow.
    """
    used = _used(settings, open_ended=open_ended)
    names = [name for name, is_used in used.items() if not is_used]
    changed = settings.changed(names, Settings.of(defaults))
    unused = [name for name in changed if not settings.is_of_recipe(name)]
    if not unused:
        return
    related = ["solver"]
    if np.size(settings.hidden_layer_sizes) == 0:
        related.append("hidden_layer_sizes")
    related += [
        name.removesuffix("__schedule")
        for name in unused
        if name.endswith("__schedule")
    ]
    related += ["n_iter_no_change"] if "tol" in unused else []
    related += ["learning_rate", "early_stopping"]
    related += ["n_members"] if "n_jobs" in unused else []
    warn(
        f"{settings.described(unused)} has no effect with "
        f"{settings.described(dict.fromkeys(related))}. Leave it at its default."
    )


def _used(settings: Settings, *, open_ended: bool) -> dict[str, bool]:
    """Whether a parameter has an effect, for all parameters that may have none."""
    stochastic, solver = solvers.is_stochastic(settings), settings.solver
    mini_batches = solvers.uses_mini_batches(settings)
    has_hidden_layers = np.size(settings.hidden_layer_sizes) > 0
    dropout = settings.option("dropout")
    weight_decay = settings.option("weight_decay")
    drops_units = dropout.input_rate or (has_hidden_layers and any(dropout.rates))
    schedules = [settings.learning_rate, dropout.schedule, weight_decay.schedule]
    decay = StepOptions(weight_decay.rate)
    by_name = isinstance(solver, str)
    taken = solvers.solver_of(settings).from_estimator if by_name else {}
    return {
        "batch_size": mini_batches,
        "learning_rate": stochastic,
        "learning_rate_init": stochastic,
        "shuffle": mini_batches,
        "n_iter_no_change": stochastic or bool(settings.early_stopping),
        # a tolerance of 0 requests all epochs, as an infinite patience does
        "tol": settings.tol == 0
        or not isinstance(settings.n_iter_no_change, str)
        or patience(settings, open_ended=open_ended) < inf,
        "power_t": stochastic and "invscaling" in schedules,
        **{name: name in taken for name in solvers.TAKEN_BY_SOLVERS},
        "dropout__rate": stochastic and has_hidden_layers,
        "dropout__input_rate": stochastic,
        "dropout__schedule": stochastic and bool(drops_units),
        "input_noise": stochastic,
        "weight_decay__rate": stochastic and not isinstance(solver, AdamW),
        "weight_decay__schedule": stochastic
        and bool(decay.decay_of(solvers.optimizer_of(settings))),
        "clip_norm": stochastic,
        "learning_rate_factors": stochastic,
        "validation_fraction": bool(settings.early_stopping),
        "ema_decay": stochastic,
        "n_jobs": settings.n_members > 1,
    }


def warn_of_embedding(settings: Settings, embedded: NDArray[np.intp] | None) -> None:
    """Warn if an embedding is requested but no feature can be embedded."""
    if settings.is_of_recipe("numeric_embedding"):
        return
    if embedded is not None and not embedded.size:
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
            "going to be clipped."
        )
    if settings.is_of_recipe("learning_rate_factors"):
        return
    for kind, meaning in kinds_without_effect(settings.learning_rate_factors, network):
        warn(
            f"learning_rate_factors[{kind!r}] has no effect: the network has no "
            f"{meaning}. Leave it out."
        )


def warn_of_ends(
    settings: Settings, outcomes: list[Outcome], *, incremental: bool = False
) -> None:
    """Warn if training ended early or without convergence.

    Parameters
    ----------
    settings : Settings
        The constructor's parameters.
    outcomes : list of Outcome
        How training ended, for every network.
    incremental : bool, default=False
        Whether the call is `partial_fit`, for which one epoch is the normal end.
    """
    if incremental:
        outcomes = [end for end in outcomes if end.reason is not StopReason.MAX_ITER]
    if any(outcome.reason is StopReason.INTERRUPTED for outcome in outcomes):
        warn("Training interrupted by user.")
        return
    by_reason: dict[StopReason, list[Outcome]] = {}
    for outcome in outcomes:
        by_reason.setdefault(outcome.reason, []).append(outcome)
    for group in by_reason.values():
        if message := _message(settings, group[0]):
            if len(outcomes) > 1:
                message = f"{len(group)} of {len(outcomes)} members: {message}"
            warn(message, ConvergenceWarning)


def _message(settings: Settings, outcome: Outcome) -> str | None:
    """The warning about an end of training; None if it was the requested one."""
    solver, max_iter = solvers.solver_name(settings), settings.max_iter
    full_batch = not solvers.is_stochastic(settings)
    if outcome.reason is StopReason.MAX_ITER and full_batch:
        return (
            f"{solver} failed to converge after {outcome.n_iter} iterations. "
            f"Increase max_iter={max_iter}, or scale the data."
        )
    if outcome.reason is StopReason.MAX_ITER:
        open_ended = settings.warm_start
        max_wait = patience(settings, open_ended=open_ended)
        if isinf(max_wait) or anneals(settings, open_ended=open_ended):
            return None  # all epochs were requested
        return (
            f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached "
            "and the optimization hasn't converged yet."
        )
    if outcome.reason is StopReason.DIVERGED:
        return (
            f"Training diverged after {outcome.n_iter} iterations: the loss was no "
            "longer finite, or far above that at the start. The best finite weights "
            f"are kept; {remedy_for_divergence(settings)}."
        )
    if outcome.reason is StopReason.FAILED:
        return (
            f"{solver} failed to converge after {outcome.n_iter} iterations: "
            f"{outcome.message}. Scale the data, or raise max_fun or tol."
        )
    return None


def remedy_for_divergence(settings: Settings, rate: float | None = None) -> str:
    """What to change if training did not stay finite."""
    remedies = [f"raise alpha={settings.alpha}"]
    if solvers.is_stochastic(settings):
        in_force = settings.learning_rate_init if rate is None else rate
        remedies.insert(0, f"lower learning_rate_init={in_force}")
    return ", ".join(remedies) + ", or scale the data"
