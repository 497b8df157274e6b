"""From what a call was given to the empirical risk that it minimises, and a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from sklearn_bpnet._data import reading
from sklearn_bpnet._data.samples import Data, Samples
from sklearn_bpnet._data.statistics import embedded_features, input_standardization
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._fit import advice
from sklearn_bpnet._fit.calibration import check_calibration
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.fitted import Fitted, FittedNetwork
from sklearn_bpnet._fit.problem import Problem, Scorer
from sklearn_bpnet._fit.start import check_same_network
from sklearn_bpnet._settings.plan import TrainingPlan, initialization, resolve
from sklearn_bpnet._settings.risk import build_risk
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import Header
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.training.batches import Standardization

LearnTask = Callable[[Settings, Any, Any, Any], tuple[Task, NDArray[Any]]]
BuildNetwork = Callable[[Settings, Task, int, int, Any], Network]
MakeScorer = Callable[[Any, Fitted, Samples], Scorer]


def read(
    call: Call, header: Header, learn_task: LearnTask, *, numeric: bool
) -> tuple[Data, Task]:
    """The samples, checked and encoded, some of them set aside; and their task.

    Parameters
    ----------
    call : Call
        What was given.
    header : Header
        Checks the names of features and classes.
    learn_task : callable
        From settings, y, the task before and all classes to the task and its targets.
    numeric : bool
        Whether targets are numbers.

    Raises
    ------
    ValueError
        If samples or weights are not valid.
    """
    given, before, settings = call.given, call.before, call.settings
    classes = given.classes
    if given.incremental and not numeric:
        classes = header.all_classes(classes)
    known = None if before is None else before.task
    data, task = reading.read(
        header,
        given.table,
        given.validation,
        lambda y: learn_task(settings, y, known, classes),
        continues=call.continues,
        numeric=numeric,
    )
    if task.is_certain:
        return data, task
    message = reading.set_aside(
        data,
        task,
        settings,
        given.groups,
        seed=call.state.validation_seed,
        known=call.state.split if call.resumes else None,
        incremental=given.incremental,
    )
    if message is not None:
        advice.warn(message)
    if settings.calibrates:
        is_there = data.validation is not None
        check_calibration(task, has_validation=is_there or given.incremental)
    return data, task


def pose(
    call: Call,
    data: Data,
    task: Task,
    build_network: BuildNetwork,
    make_scorer: MakeScorer | None = None,
) -> tuple[Problem, Fitted]:
    """The problem of a call, and what is known of its result before training.

    Parameters
    ----------
    call : Call
        What was given; a first call learns the scaling, and the unit of the weights.
    data : Data
        The samples.
    task : Task
        What their targets are.
    build_network : callable
        From settings, task, numbers of features and outputs, and the embedded features
        to the network.
    make_scorer : callable or None, default=None
        From ``scoring``, what is known and validation samples to a scorer.

    Raises
    ------
    ValueError
        If parameters do not fit each other, the data or the calls before.
    """
    settings, before, samples = call.settings, call.before, data.training
    if before is None:
        embedded = embedded_features(settings, samples)
        advice.warn_of_embedding(settings, embedded)
    else:
        embedded = before.embedded
    n_features, n_targets = samples.X.shape[1], samples.Y.shape[1]
    n_outputs = task.loss.n_outputs(n_targets)
    network = build_network(settings, task, n_features, n_outputs, embedded)
    risk = build_risk(
        settings,
        network,
        task.loss,
        n_samples=samples.n_positive_weight,
        n_choices=task.n_choices,
        is_sparse=samples.is_sparse,
        incremental=call.given.incremental,
    )
    if before is None:
        scaling = input_standardization(settings, samples)
        task = task.with_units(settings, samples)
    else:
        if before.resumes:
            before.check_same_samples(samples)
        check_same_network(settings, network, before.networks[0].network, embedded)
        scaling = before.standardization
    task = task.with_range(samples)
    if call.state.weight_unit is None:
        call.state.weight_unit = samples.mean_weight
    plan = _plan(call, network, samples, scaling)
    if not task.is_certain:
        advice.warn_of_misfits(settings, plan, network, samples.n)
    untrained = FittedNetwork(network, {}, call.state)
    is_ensemble = settings.n_members > 1
    draft = Fitted(task, scaling, embedded, [untrained], call.state, is_ensemble)
    scorer, scoring = None, settings.scoring
    if make_scorer and data.validation and scoring not in (None, "loss"):
        scorer = make_scorer(scoring, draft, data.validation)
    scheme, init = initialization(settings), call.given.init
    problem = Problem(
        risk, data, task, scaling, plan, scheme, init, scorer, call.resumes
    )
    return problem, draft


def _plan(
    call: Call, network: Network, samples: Samples, scaling: Standardization | None
) -> TrainingPlan:
    before = call.before
    return resolve(
        call.settings,
        network,
        n_samples=samples.n,
        n_features=samples.X.shape[1],
        incremental=call.given.incremental,
        fitted_dtype=None if before is None else before.networks[0].dtype,
        largest_offset=samples.largest_offset(scaling),
    )
