"""From the arguments of a call to the empirical risk and the plan to minimise it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from sklearn_bpnet._data import reading
from sklearn_bpnet._data.embedded import embedded_features
from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.features import check_range
from sklearn_bpnet._data.samples import Data, Samples
from sklearn_bpnet._data.statistics import (
    input_standardization,
    next_input_standardization,
)
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._fit import advice
from sklearn_bpnet._fit.calibration import check_calibration
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.columns import encode
from sklearn_bpnet._fit.fitted import Fitted, FittedNetwork
from sklearn_bpnet._fit.issuing import warn
from sklearn_bpnet._fit.problem import Problem, Scorer
from sklearn_bpnet._fit.start import check_same_embedding, check_same_network
from sklearn_bpnet._settings.plan import TrainingPlan, initialization, resolve
from sklearn_bpnet._settings.risk import build_risk
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import Header
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.standardization import Standardization

LearnTask = Callable[[Settings, Any, Any, Any], tuple[Task, NDArray[Any]]]
BuildNetwork = Callable[[Settings, Task, ColumnEncoder, int, Any], Network]
MakeScorer = Callable[[Any, Fitted, Samples], Scorer | None]


def read(
    call: Call, header: Header, learn_task: LearnTask, *, numeric: bool
) -> tuple[Data, Task]:
    """Validate, encode and split the samples of a call.

    Parameters
    ----------
    call : Call
        The call.
    header : Header
        Checks, or learns, the names of features and the classes.
    learn_task : callable
        Maps settings, y, the previous task and all classes to the task and its encoded
        targets.
    numeric : bool
        Whether the targets are numeric.

    Returns
    -------
    data : Data
        Training and validation samples.
    task : Task
        The task of their targets.

    Raises
    ------
    ValueError
        If samples or weights are not valid.
    """
    arguments, previous, settings = call.arguments, call.previous, call.settings
    classes = arguments.classes
    if arguments.incremental and not numeric:
        classes = header.all_classes(classes)
    known = None if previous is None else previous.task
    data, task = reading.read(
        header,
        arguments.table,
        arguments.validation,
        lambda y: learn_task(settings, y, known, classes),
        continues=call.continues,
        numeric=numeric,
        weight_unit=call.state.weight_unit,
        categorical=settings.categorical_features
        if previous is None
        else previous.encoder.is_categorical,
    )
    call.state.weight_unit = data.weight_unit
    data.class_weight = repr(getattr(settings, "class_weight", None))
    names = header.feature_names
    if previous is not None:
        encode(call, data, names)
        if previous.resumes:
            early_stopping = bool(settings.early_stopping)
            previous.check_same_samples(data, early_stopping=early_stopping)
    if not task.is_certain:
        _set_aside(call, data, task)
    if previous is None:
        encode(call, data, names)
    return data, task


def _set_aside(call: Call, data: Data, task: Task) -> None:
    """Choose training and validation samples, and check that they suffice."""
    arguments, settings = call.arguments, call.settings
    message = reading.set_aside(
        data,
        task,
        settings,
        arguments.groups,
        seed=call.state.validation_seed,
        known=call.state.split if call.resumes else None,
        incremental=arguments.incremental,
    )
    if message is not None:
        warn(message)
    if settings.calibrates:
        has_validation = data.validation is not None or arguments.incremental
        check_calibration(task, has_validation=has_validation)


def pose(
    call: Call,
    data: Data,
    task: Task,
    build_network: BuildNetwork,
    make_scorer: MakeScorer | None = None,
) -> tuple[Problem, Fitted]:
    """Pose the problem of a call; draft its result before training.

    Parameters
    ----------
    call : Call
        The call; a first one learns the scaling and the unit of the sample weights.
    data : Data
        Training and validation samples.
    task : Task
        The task of their targets.
    build_network : callable
        Maps settings, task, encoder, number of outputs, and the embedded features to
        the network.
    make_scorer : callable or None, default=None
        Maps ``scoring``, the draft and validation samples to a scorer; None for the
        default score.

    Returns
    -------
    problem : Problem
        The empirical risk, and the plan to minimise it.
    draft : Fitted
        The result without trained networks.

    Raises
    ------
    ValueError
        If parameters are not compatible with each other, the data or previous calls.
    """
    settings, previous, samples = call.settings, call.previous, data.training
    if previous is None:
        scaling, undecided = input_standardization(settings, samples)
        embedded = embedded_features(settings, samples, scaling, task)
        advice.warn_of_embedding(settings, embedded)
    else:
        scaling, undecided = previous.standardization, previous.undecided
        embedded = previous.embedded
        check_same_embedding(settings, embedded)
    encoder, n_outputs = data.encoder, task.loss.n_outputs(samples.Y.shape[1])
    network = build_network(settings, task, encoder, n_outputs, embedded)
    risk = build_risk(
        settings,
        network,
        task.loss,
        n_samples=samples.n_positive_weight,
        n_choices=task.n_choices,
        is_sparse=samples.is_sparse,
        incremental=call.arguments.incremental,
    )
    if previous is None:
        if scaling is not None:
            encoder = encoder.with_centre(scaling.mean)
        task = task.with_units(settings, samples)
    else:
        check_same_network(settings, network, previous.networks[0].network)
        if call.open_ended and samples.fingerprint != previous.state.fingerprint:
            scaling, undecided = next_input_standardization(scaling, undecided, samples)
            task = task.with_more_samples(samples)
    task = task.with_range(samples)
    if call.state.mean_weight is None:
        call.state.mean_weight = samples.mean_weight
    plan = _plan(call, risk, samples, encoder, scaling)
    for table, name in ((samples, "X"), (data.validation, "X_val")):
        if table is not None:
            check_range(
                table.X,
                table.largest,
                scaling,
                plan.dtype,
                indices=table.indices,
                name=name,
                column_of=encoder.column_of,
            )
            task.with_range(table).check_range(plan.dtype, name.replace("X", "y"))
    if not task.is_certain:
        advice.warn_of_misfits(settings, plan, network, samples.n)
    untrained = FittedNetwork(network, {}, call.state)
    is_ensemble = settings.n_members > 1
    draft = Fitted(
        task,
        scaling,
        embedded,
        encoder,
        [untrained],
        call.state,
        is_ensemble,
        undecided=undecided,
    )
    scorer, scoring = None, settings.scoring
    if make_scorer and data.validation and scoring not in (None, "loss"):
        scorer = make_scorer(scoring, draft, data.validation)
    scheme, init = initialization(settings), call.arguments.init
    if previous is None and init[0] is None and not task.is_certain:
        advice.warn_of_equal_units(settings, network, scheme)
    problem = Problem(
        risk, data, task, scaling, plan, scheme, init, scorer, call.resumes
    )
    return problem, draft


def _plan(
    call: Call,
    risk: EmpiricalRisk,
    samples: Samples,
    encoder: ColumnEncoder,
    scaling: Standardization | None,
) -> TrainingPlan:
    """The plan of a call to minimise a risk."""
    previous = call.previous
    return resolve(
        call.settings,
        risk.network,
        risk.loss,
        n_samples=samples.n,
        n_features=encoder.n_inputs,
        input_dtype=samples.X.dtype,
        incremental=call.arguments.incremental,
        fitted_dtype=None if previous is None else previous.networks[0].dtype,
        largest_offset=samples.largest_offset(scaling),
    )
