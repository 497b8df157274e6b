"""A fit on a cluster: the order of its steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sklearn_bpnet._fit import advice
from sklearn_bpnet._fit.advice import remedy_for_divergence
from sklearn_bpnet._fit.calibration import calibrated
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.fitted import Fitted, Trained
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.follow import followed
from sklearn_bpnet._fit.network_fit import train_network
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._settings.choices import USUAL
from sklearn_bpnet._settings.plan import initialization, resolve
from sklearn_bpnet._settings.risk import build_risk
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.dask import _shares as shares
from sklearn_bpnet.dask._reading import Learned, Tables, learn
from sklearn_bpnet.dask._rounds import Rounds
from sklearn_bpnet.dask._shares import Posed
from sklearn_bpnet.dask._supported import check_supported
from sklearn_bpnet.dask._training import DistributedFit, Spread
from sklearn_bpnet.net.network import Network


def fit_on_cluster(estimator: Any, client: Any, tables: Tables) -> dict[str, Any]:
    """Fit on the partitions of Dask collections; return the fitted attributes.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        The parameters.
    client : distributed.Client
        The cluster.
    tables : Tables
        The samples.
    """
    settings = estimator._settings
    check_supported(settings)
    defaults = Settings.of(estimator._defaults()).chosen(USUAL)
    advice.warn_of_unused(settings.chosen(USUAL), defaults, open_ended=False)
    advice.warn_of_schedule(settings.chosen(USUAL), open_ended=False)
    rounds = Rounds(client)
    learned = learn(estimator, rounds, tables)
    problem, draft = _pose(estimator, learned)
    futures = rounds.each(
        "share", shares.prepare, learned.encoded,
        Posed(
            problem.risk, problem.task, problem.standardization, problem.plan.dtype,
            learned.mean_weight, draft.encoder.column_of,
        ),
        list(range(len(learned.encoded))),
    )  # fmt: skip
    learned.encoded = []  # what the shares are made of, which is kept if needed
    spread = Spread(rounds, futures, learned.sizes, problem.data.training.n)
    trained = _train(learned.call, problem, spread)
    fitted = calibrated(learned.call, draft.with_trained(trained), problem.data)
    advice.warn_of_ends(learned.call.settings, problem, trained.outcomes)
    return dict(estimator._attributes(learned.header, fitted))


def _pose(estimator: Any, learned: Learned) -> tuple[Problem, Fitted]:
    """The empirical risk and the plan, and the result before training."""
    call, data, task = learned.call, learned.data, learned.task
    settings, samples, encoder = call.settings, data.training, data.encoder
    n_outputs = task.loss.n_outputs(samples.Y.shape[1])
    network: Network = estimator._build_network(
        settings, task, encoder, n_outputs, learned.embedded
    )
    risk = build_risk(
        settings, network, task.loss, n_samples=samples.n, n_choices=task.n_choices,
        is_sparse=samples.is_sparse,
    )  # fmt: skip
    plan = resolve(
        settings, network, risk.loss, n_samples=samples.n,
        n_features=encoder.n_inputs, input_dtype=samples.X.dtype,
        largest_offset=samples.largest_offset(learned.scaling),
    )  # fmt: skip
    task.check_range(plan.dtype)
    if not task.is_certain:
        advice.warn_of_misfits(settings, plan, network, samples.n)
    untrained = FittedNetwork(network, {}, call.state)
    draft = Fitted(
        task, learned.scaling, learned.embedded, encoder, [untrained], call.state,
        settings.n_members > 1, choices=call.choices, plan=followed(call, plan, risk),
    )  # fmt: skip
    scheme, init = initialization(settings), call.arguments.init
    if scheme.needs_samples:
        raise ValueError(
            f"{settings.described(['initializer'])} needs training samples in this "
            "process, which are on the cluster. Use another initializer."
        )
    if init[0] is None and not task.is_certain:
        advice.warn_of_equal_units(settings, network, scheme)
    problem = Problem(risk, data, task, learned.scaling, plan, scheme, init)
    if data.validation is not None and settings.scoring not in (None, "loss"):
        scorer = estimator._scorer(settings.scoring, draft, data.validation)
        problem = replace(problem, scorer=scorer)
    return problem, draft


def _train(call: Call, problem: Problem, spread: Spread) -> Trained:
    """Train one network, or the members one after the other."""
    settings, state = call.settings, call.state
    remedy = remedy_for_divergence(settings, problem)
    if settings.n_members == 1:
        network, outcome = train_network(DistributedFit(problem, state, spread), remedy)
        return Trained([network], [outcome])
    networks, outcomes = [], []
    problem = replace(problem, plan=replace(problem.plan, verbose=False))
    for i, seed in enumerate(state.member_seeds(settings.n_members)):
        of_member = TrainingState.new(seed)
        of_member.validation_seed = state.validation_seed
        of_member.weight_unit = of_member.mean_weight = 1.0
        fit = DistributedFit(problem, of_member, spread)
        network, outcome = train_network(fit, remedy)
        networks.append(replace(network, random_state=seed))
        outcomes.append(outcome)
        if settings.verbose:
            print(f"Member {i + 1}/{settings.n_members}, loss = {outcome.loss:.8f}")
    return Trained(networks, outcomes)


__all__ = ["Tables", "fit_on_cluster"]
