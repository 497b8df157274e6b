"""A fit on a cluster: the order of its steps."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_bpnet._data import reading
from sklearn_bpnet._data.encoder import encode_samples
from sklearn_bpnet._data.frames import categorical_columns
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._fit import advice
from sklearn_bpnet._fit.calibration import calibrated, check_calibration
from sklearn_bpnet._fit.call import Arguments, Call
from sklearn_bpnet._fit.callback_tasks import FitTasks
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.follow import followed
from sklearn_bpnet._fit.problem import Problem
from sklearn_bpnet._fit.same_samples import check_same_samples
from sklearn_bpnet._fit.start import check_same_network
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._settings.choices import USUAL, Facts, choose
from sklearn_bpnet._settings.plan import initialization, resolve
from sklearn_bpnet._settings.risk import build_risk
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import CallbackContexts, Header
from sklearn_bpnet.dask import _parts as parts
from sklearn_bpnet.dask import _shares as shares
from sklearn_bpnet.dask._collections import aligned, is_lazy, partitions
from sklearn_bpnet.dask._learning import (
    Outline,
    OutlinedData,
    learn_columns,
    learn_scaling,
    learn_targets,
    outline,
)
from sklearn_bpnet.dask._rounds import Rounds
from sklearn_bpnet.dask._shares import Posed
from sklearn_bpnet.dask._statistics import total
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


@dataclass
class Tables:
    """What was passed to fit.

    Parameters
    ----------
    X, y, sample_weight : Dask collection
        The training samples; the weights may be None.
    validation : Table
        Validation samples.
    init : tuple of two
        Initial weights and biases.
    """

    X: Any
    y: Any
    sample_weight: Any
    validation: reading.Table
    init: tuple[Any, Any]


@dataclass
class Learned:
    """What is known of the samples before training.

    Parameters
    ----------
    header : dict
        The number of features and their names.
    data : OutlinedData
        An outline of the training samples, and the validation samples.
    task : Task
        The task of their targets.
    call : Call
        The call, with what "auto" stands for.
    scaling, embedded
        Of the features.
    encoded, weights, sizes : list
        Of every partition, the future and the number of samples.
    mean_weight : float
        The mean weight of the samples.
    dtype : dtype
        Of X.
    """

    header: dict[str, Any]
    data: OutlinedData
    task: Task
    call: Call
    scaling: Any
    embedded: Any
    encoded: list[Any]
    sizes: list[int]
    mean_weight: float
    dtype: Any


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
    settings = estimator._settings
    check_supported(settings)
    defaults = Settings.of(estimator._defaults()).chosen(USUAL)
    advice.warn_of_unused(settings.chosen(USUAL), defaults, open_ended=False)
    advice.warn_of_schedule(settings.chosen(USUAL), open_ended=False)
    rounds = Rounds(cluster.client)
    learned = _learn(estimator, rounds, tables, previous)
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
    spread = Spread(rounds, futures, learned.sizes, n, cluster.local_steps)
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


def _learn(
    estimator: Any, rounds: Rounds, tables: Tables, previous: Fitted | None
) -> Learned:
    """Read, count and encode all partitions."""
    settings, numeric = estimator._settings, estimator._kind == "regression"
    raw = _read(estimator, rounds, tables)
    surveys = rounds.summaries("survey", parts.survey, raw, numeric)
    if not surveys:
        raise ValueError("Found array with 0 sample(s): all partitions are empty.")
    header = surveys[0].header
    for one in surveys:
        if one.header.keys() != header.keys() or any(
            not np.array_equal(one.header[name], header[name]) for name in header
        ):
            raise ValueError("The partitions of X have different columns.")
    targets = learn_targets(estimator, settings, surveys)
    weighed = rounds.each("weigh", parts.weigh, raw, targets)
    of_parts = rounds.results(rounds.each("columns", parts.columns, weighed))
    found = [one for one in of_parts if one is not None]
    if not found:
        raise ValueError(
            "sample_weight must be positive for at least one sample; all are 0."
        )
    sizes = [0 if one is None else one.n for one in of_parts]
    names = header.get("feature_names_in_")
    call = _call(settings, tables, previous)
    is_sparse, n = surveys[0].is_sparse, sum(sizes)
    early = _facts(settings, numeric, n, header["n_features_in_"], is_sparse, tables)
    choices = choose(settings, early) if previous is None else previous.choices
    chosen = settings.chosen({"input_scaling": choices["input_scaling"]})
    check_supported(chosen)
    encoder = learn_columns(chosen, found, names, is_sparse)
    encoded = rounds.each("encode", parts.encode, weighed, encoder, names)
    facts = _facts(settings, numeric, n, encoder.n_inputs, is_sparse, tables)
    call = call.with_choices(choose(settings, facts) if previous is None else choices)
    check_supported(call.settings)
    n_codes = len(encoder.categorical)
    scaling, embedded, probe = learn_scaling(call.settings, rounds, encoded, n_codes)
    if scaling is not None:
        encoder = encoder.with_centre(scaling.mean)
    moments = total(one.targets for one in found)
    samples = outline(probe, moments, n, n_codes, numeric=numeric)
    data = OutlinedData(samples, encoder=encoder)
    data.class_weight = repr(getattr(settings, "class_weight", None))
    task = _with_units(targets.task, call.settings, samples, moments)
    data.validation = _validation(estimator, header, tables, task, encoder, samples)
    weight = sum(one.weight for one in found) / n
    dtype = np.result_type(*(one.dtype for one in surveys))
    call.state.weight_unit, call.state.mean_weight = 1.0, 1.0
    return Learned(
        header, data, task, call, scaling, embedded, encoded, sizes, weight, dtype
    )


def _call(settings: Settings, tables: Tables, previous: Fitted | None) -> Call:
    """The call, with the state that it starts from."""
    arguments = Arguments(reading.Table(None, None), init=tables.init)
    if previous is None:
        state = TrainingState.new(settings.random_state)
    else:
        state = deepcopy(previous.state)
    return Call(arguments, settings, previous, state)


def _read(estimator: Any, rounds: Rounds, tables: Tables) -> list[Any]:
    """The futures of the checked samples of every partition."""
    X = partitions(tables.X, "X")
    y = aligned(tables.y, "y", tables.X, X)
    lists = [X, y]
    if tables.sample_weight is not None:
        lists.append(aligned(tables.sample_weight, "sample_weight", tables.X, X))
    flat = [part for column in lists for part in column]
    futures = rounds.client.compute(flat, optimize_graph=True)
    n = len(X)
    columns = [futures[i * n : (i + 1) * n] for i in range(len(lists))]
    weights = columns[2] if len(columns) == 3 else [None] * n
    return rounds.each(
        "read", parts.read_part, estimator, columns[0], columns[1], weights,
        list(range(n)),
    )  # fmt: skip


def _facts(
    settings: Settings,
    numeric: bool,
    n: int,
    n_inputs: int,
    is_sparse: bool,
    tables: Tables,
) -> Facts:
    """What is known of the table; no column is embedded unless that is asked for."""
    return Facts(
        "regression" if numeric else "classification",
        n,
        n_inputs,
        0,
        is_sparse=is_sparse,
        is_given=any(given is not None for given in tables.init),
    )


def _with_units(task: Any, settings: Settings, samples: Outline, moments: Any) -> Task:
    """The task with units and range of the targets of all partitions."""
    scaled = task.with_units(settings, samples)
    given = isinstance(getattr(settings, "target_scaling", None), (tuple, list))
    if getattr(scaled, "mean", None) is not None and not given:
        units = moments.standardization
        scaled = replace(scaled, mean=units.mean, scale=units.scale, undecided=None)
    known: Task = scaled.with_range(samples)
    return known


def _validation(
    estimator: Any,
    header: dict[str, Any],
    tables: Tables,
    task: Task,
    encoder: Any,
    samples: Outline,
) -> Samples | None:
    """The validation samples, in this process; None without."""
    table, settings = tables.validation, estimator._settings
    if not table.is_given:
        if settings.early_stopping:
            raise ValueError(
                f"{settings.described(['early_stopping'])} needs X_val and y_val on a "
                "cluster, where no sample is set aside. Pass them to fit, or use "
                "early_stopping=False."
            )
        if settings.calibrates:
            check_calibration(task, has_validation=False)
        return None
    known = type(estimator)(**estimator.get_params(deep=False))
    vars(known).update(header)
    local = [
        one.compute() if is_lazy(one) else one
        for one in (table.X, table.y, table.sample_weight)
    ]
    mask = categorical_columns(local[0], settings.categorical_features)
    found = reading._validation(
        Header(known), reading.Table(*local), task, estimator._kind == "regression",
        encoder.is_categorical if mask is not None else None, samples.Y.shape[1],
    )  # fmt: skip
    encode_samples(encoder, found, "X_val", header.get("feature_names_in_"))
    if settings.calibrates:
        check_calibration(task, has_validation=True)
    return found


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
    if not call.continues and init[0] is None and not task.is_certain:
        advice.warn_of_equal_units(settings, network, scheme)
    problem = Problem(
        risk, data, task, learned.scaling, plan, scheme, init, None, call.resumes
    )
    if data.validation is not None and settings.scoring not in (None, "loss"):
        scorer = estimator._scorer(settings.scoring, draft, data.validation)
        problem = replace(problem, scorer=scorer)
    return problem, draft


__all__ = ["Tables", "fit_on_cluster"]
