"""A fit on a cluster: the order of its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sklearn_bpnet._fit import advice
from sklearn_bpnet._fit.calibration import calibrated
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.follow import followed
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.same_samples import check_same_samples
from sklearn_bpnet._fit.start import check_same_network
from sklearn_bpnet._settings.choices import USUAL
from sklearn_bpnet._settings.plan import initialization, resolve
from sklearn_bpnet._settings.risk import build_risk
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import CallbackContexts
from sklearn_bpnet.dask import _shares as shares
from sklearn_bpnet.dask._ending import Ended
from sklearn_bpnet.dask._outline import OutlinedData
from sklearn_bpnet.dask._reading import Learned, Tables, learn
from sklearn_bpnet.dask._rounds import Rounds
from sklearn_bpnet.dask._shares import Posed
from sklearn_bpnet.dask._supported import check_supported
from sklearn_bpnet.dask._training import Spread, train_on
from sklearn_bpnet.net.network import Network


@dataclass(frozen=True)
class Cluster:
    """Where and how to fit.

    Parameters
    ----------
    client : distributed.Client
        The cluster.
    local_steps : int
        The steps that every partition makes before they are averaged.
    """

    client: Any
    local_steps: int


def fit_on_cluster(
    estimator: Any,
    cluster: Cluster,
    tables: Tables,
    previous: Fitted | None,
    contexts: CallbackContexts,
) -> tuple[dict[str, Any], Callable[[], None]]:
    """Fit on the partitions of Dask collections.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        The parameters.
    cluster : Cluster
        Where and how to fit.
    tables : Tables
        The samples.
    previous : Fitted or None
        The result of an interrupted call, which this one completes.
    contexts : CallbackContexts
        The callbacks.

    Returns
    -------
    attributes : dict
        The fitted attributes.
    end : callable
        To be called once they are set.
    """
    rounds = Rounds(cluster.client, f"{type(estimator).__name__}.fit")
    ended = Ended(rounds)
    with ended, ended:  # twice, in case of an interrupt in an exit
        steps = cluster.local_steps
        return _fit_in_order(estimator, rounds, steps, tables, previous, contexts)


def _fit_in_order(
    estimator: Any,
    rounds: Rounds,
    local_steps: int,
    tables: Tables,
    previous: Fitted | None,
    contexts: CallbackContexts,
) -> tuple[dict[str, Any], Callable[[], None]]:
    """Read the partitions, pose the problem, and train; see `fit_on_cluster`."""
    settings = estimator._settings
    check_supported(settings)
    defaults = Settings.of(estimator._defaults()).chosen(USUAL)
    advice.warn_of_unused(settings.chosen(USUAL), defaults, open_ended=False)
    advice.warn_of_schedule(settings.chosen(USUAL), open_ended=False)
    learned = learn(estimator, rounds, tables, previous)
    problem, draft = _pose(estimator, learned)
    futures = rounds.each(
        "share", shares.prepare, learned.encoded,
        Posed(
            problem.risk, problem.task, problem.standardization, problem.plan.dtype,
            learned.mean_weight, draft.encoder.column_of,
            problem.plan.solver, problem.plan.step_options,
        ),
        list(range(len(learned.encoded))),
    )  # fmt: skip
    learned.encoded = []  # what the shares are made of, which is kept if needed
    n = problem.data.training.n
    spread = Spread(rounds, futures, learned.sizes, n, local_steps)
    learned.data.digests_of_training = spread.digests
    call, header = learned.call, learned.header
    if previous is not None:
        _check_same(previous, call, learned.data)
    tasks = FitTasks(
        contexts, "member" if draft.is_ensemble else "epoch",
        lambda trained: estimator._attributes(header, draft.with_trained(trained)),
    )  # fmt: skip
    trained = train_on(spread, call, problem, tasks)
    fitted = calibrated(call, draft.with_trained(trained), problem.data)

    def end() -> None:
        tasks.end()
        advice.warn_of_ends(call.settings, problem, trained.outcomes)

    return dict(estimator._attributes(header, fitted)), end


def _check_same(previous: Fitted, call: Call, data: OutlinedData) -> None:
    """Raise ValueError unless the interrupted call had these samples and partitions."""
    before, now = previous.state.samples, data.identity
    name = "partitions"
    if before.get(name, now[name]) != now[name]:
        raise ValueError(
            "The checkpoint was written by a fit to other partitions: their sizes were "
            f"{before[name]}, and are {now[name]}. Use rechunk or repartition."
        )
    early_stopping = bool(call.settings.early_stopping)
    check_same_samples(before, data, early_stopping=early_stopping)


def _pose(estimator: Any, learned: Learned) -> tuple[Problem, Fitted]:
    """The empirical risk and the plan, and the result before training."""
    call, data, task = learned.call, learned.data, learned.task
    settings, samples, encoder = call.settings, data.training, data.encoder
    n_outputs = task.loss.n_outputs(samples.Y.shape[1])
    network: Network = estimator._build_network(
        settings, task, encoder, n_outputs, learned.embedded
    )
    if call.previous is not None:
        check_same_network(settings, network, call.previous.networks[0].network)
    risk = build_risk(
        settings, network, task.loss, n_samples=samples.n, n_choices=task.n_choices,
        is_sparse=samples.is_sparse, noise=learned.noise,
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
    if not call.continues and init[0] is None and not task.is_certain:
        advice.warn_of_equal_units(settings, network, scheme)
    problem = Problem(
        risk, data, task, learned.scaling, plan, scheme, init, None, call.resumes
    )
    if data.validation is not None and settings.scoring not in (None, "loss"):
        scorer = estimator._scorer(settings.scoring, draft, data.validation)
        problem = replace(problem, scorer=scorer)
    return problem, draft


__all__ = ["fit_on_cluster"]
