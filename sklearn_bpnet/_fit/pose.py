"""From the arguments of a call to the empirical risk and the plan to minimise it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from numpy.typing import NDArray

from sklearn_bpnet._data import reading
from sklearn_bpnet._data.embedded import embedded_features
from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.features import check_range
from sklearn_bpnet._data.folds import described
from sklearn_bpnet._data.noise import follows_noise, noise_share
from sklearn_bpnet._data.samples import Data, Samples
from sklearn_bpnet._data.statistics import (
    input_standardization,
    next_input_standardization,
)
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._data.undecided import Undecided
from sklearn_bpnet._fit import advice
from sklearn_bpnet._fit.budget import check_time_budget
from sklearn_bpnet._fit.calibration import check_calibration
from sklearn_bpnet._fit.call import Call
from sklearn_bpnet._fit.columns import encode
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.fitted_network import FittedNetwork
from sklearn_bpnet._fit.follow import followed, with_input_scaling
from sklearn_bpnet._fit.issuing import warn
from sklearn_bpnet._fit.member_folds import (
    check_member_folds,
    check_n_members,
    check_same_folds,
)
from sklearn_bpnet._fit.problem import Problem, Scorer
from sklearn_bpnet._fit.refit import check_refit, has_refit, samples_of_refit
from sklearn_bpnet._fit.same_samples import check_same_samples
from sklearn_bpnet._fit.start import check_same_embedding, check_same_network
from sklearn_bpnet._settings.plan import TrainingPlan, initialization, resolve
from sklearn_bpnet._settings.risk import build_risk
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import Header
from sklearn_bpnet.net.blocks.embeddings import EmbeddedFeatures
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.standardization import Standardization

LearnTask = Callable[[Settings, Any, Any, Any], tuple[Task, NDArray[Any]]]
BuildNetwork = Callable[[Settings, Task, ColumnEncoder, int, Any], Network]
MakeScorer = Callable[[Any, Fitted, Samples], Scorer | None]


def read(
    call: Call, header: Header, learn_task: LearnTask, *, numeric: bool
) -> tuple[Data, Task, Data | None]:
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
    whole : Data or None
        All samples, not encoded, if a refit on them follows.

    Raises
    ------
    ValueError
        If samples or weights are not valid.
    """
    arguments, previous, settings = call.arguments, call.previous, call.settings
    check_member_folds(call)
    check_refit(call)
    check_time_budget(call)
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
        learns_levels=has_refit(call),
    )
    call.state.weight_unit = data.weight_unit
    data.class_weight = repr(getattr(settings, "class_weight", None))
    names = header.feature_names
    whole = None if task.is_certain else samples_of_refit(call, data)
    if previous is not None:
        encode(call, data, names)
        if previous.resumes:
            early_stopping = bool(settings.early_stopping)
            before = previous.state.samples
            check_same_samples(before, data, early_stopping=early_stopping)
    if not task.is_certain:
        _set_aside(call, data, task)
    if previous is None:
        encode(with_input_scaling(call, data, numeric=numeric), data, names)
    return data, task, whole


def _set_aside(call: Call, data: Data, task: Task) -> None:
    """Choose training and validation samples, and check that they suffice."""
    arguments, settings, state = call.arguments, call.settings, call.state
    if state.is_refit:
        return reading.leave_out_weight_0(data.training)
    option, seed = settings.option("member_folds"), state.validation_seed
    if option is not None:
        message = reading.set_folds(
            data,
            task,
            option.folds,
            arguments.groups,
            seed=seed,
            known=state.folds if call.resumes else None,
        )
        n_folds = len(data.folds)
        check_n_members(settings.n_members, n_folds, described(option.folds))
        check_same_folds(call, data)
    else:
        message = reading.set_aside(
            data,
            task,
            settings,
            arguments.groups,
            seed=seed,
            known=state.split if call.resumes else None,
            incremental=arguments.incremental,
        )
    if message is not None:
        warn(message)
    if settings.calibrates:
        has_validation = bool(data.validation or data.folds or arguments.incremental)
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
    settings, samples = call.settings, data.training
    inputs = _inputs(call, data, task)
    n_outputs = task.loss.n_outputs(samples.Y.shape[1])
    network = build_network(settings, task, inputs.encoder, n_outputs, inputs.embedded)
    noise = _noise(call, data.training, task)
    risk = _risk(call, data, network, task, noise)
    inputs, task = _in_units(call, samples, network, inputs, task)
    if call.state.mean_weight is None:
        call.state.mean_weight = samples.mean_weight
    plan = _plan(call, risk, data, inputs)
    _check_ranges(data, task, inputs, plan)
    if not (task.is_certain or call.state.is_refit):
        advice.warn_of_misfits(settings, plan, network, samples.n)
    draft = Fitted(
        task,
        inputs.scaling,
        inputs.embedded,
        inputs.encoder,
        [FittedNetwork(network, {}, call.state)],
        call.state,
        settings.n_members > 1,
        temperature=None if call.state.refit is None else call.state.refit.temperature,
        undecided=inputs.undecided,
        choices=call.choices,
        plan=followed(call, plan, risk),
    )
    scheme, init = initialization(settings), call.arguments.init
    is_first = call.previous is None and not call.state.is_refit
    if is_first and init[0] is None and not task.is_certain:
        advice.warn_of_equal_units(settings, network, scheme)
    problem = Problem(
        risk, data, task, inputs.scaling, plan, scheme, init, None, call.resumes
    )
    if make_scorer and settings.scoring not in (None, "loss"):
        problem = _with_scorers(problem, draft, settings.scoring, make_scorer)
    return _with_refit(call, problem, inputs, noise), draft


@dataclass(frozen=True)
class _Inputs:
    """What the features are encoded, scaled and embedded with.

    Parameters
    ----------
    encoder : ColumnEncoder
        From columns to numbers.
    scaling : Standardization or None
        Of the numbers.
    undecided : Undecided or None
        The columns whose scaling is not decided yet.
    embedded : EmbeddedFeatures or None
        The features that are embedded.
    """

    encoder: ColumnEncoder
    scaling: Standardization | None
    undecided: Undecided | None
    embedded: EmbeddedFeatures | None


def _inputs(call: Call, data: Data, task: Task) -> _Inputs:
    """Learn how the features are scaled and embedded, or continue as before."""
    settings, previous, encoder = call.settings, call.previous, data.encoder
    if previous is not None:
        check_same_embedding(settings, previous.embedded)
        return _Inputs(
            encoder, previous.standardization, previous.undecided, previous.embedded
        )
    scaling, undecided = input_standardization(settings, data.training)
    embedded = embedded_features(settings, data.training, scaling, task)
    if not call.state.is_refit:
        advice.warn_of_embedding(settings, embedded)
    return _Inputs(encoder, scaling, undecided, embedded)


def _in_units(
    call: Call, samples: Samples, network: Network, inputs: _Inputs, task: Task
) -> tuple[_Inputs, Task]:
    """Inputs and task once the units of the samples are known, of further ones too."""
    previous, scaling = call.previous, inputs.scaling
    if previous is None:
        if scaling is not None:
            encoder = inputs.encoder.with_centre(scaling.mean)
            inputs = replace(inputs, encoder=encoder)
        task = task.with_units(call.settings, samples)
    else:
        check_same_network(call.settings, network, previous.networks[0].network)
        if call.open_ended and samples.fingerprint != previous.state.fingerprint:
            scaling, undecided = next_input_standardization(
                scaling, inputs.undecided, samples
            )
            inputs = replace(inputs, scaling=scaling, undecided=undecided)
            task = task.with_more_samples(samples)
    return inputs, task.with_range(samples)


def _check_ranges(data: Data, task: Task, inputs: _Inputs, plan: TrainingPlan) -> None:
    """Raise ValueError if samples exceed what the dtype of training can hold."""
    for table, name in ((data.training, "X"), (data.validation, "X_val")):
        if table is not None:
            check_range(
                table.X,
                table.largest,
                inputs.scaling,
                plan.dtype,
                indices=table.indices,
                name=name,
                column_of=inputs.encoder.column_of,
            )
            task.with_range(table).check_range(plan.dtype, name.replace("X", "y"))


def _with_scorers(
    problem: Problem, draft: Fitted, scoring: Any, make_scorer: MakeScorer
) -> Problem:
    """The problem with a scorer of the validation samples, or one for every fold."""
    data = problem.data
    if data.validation is not None:
        scorer = make_scorer(scoring, draft, data.validation)
        return replace(problem, scorer=scorer)
    validations = [data.of_fold(k).validation for k in range(len(data.folds))]
    made = (make_scorer(scoring, draft, samples) for samples in validations if samples)
    return replace(problem, scorers=tuple(scorer for scorer in made if scorer))


def _with_refit(
    call: Call, problem: Problem, inputs: _Inputs, noise: float | None
) -> Problem:
    """The problem with that of all samples, if members are trained anew on them.

    It is trained for a given number of epochs, without patience.
    """
    option, data = call.settings.option("member_folds"), problem.data
    if option is None or not option.refit or not data.folds:
        return problem
    data = replace(data, folds=[])
    risk = _risk(call, data, problem.risk.network, problem.task, noise)
    plan = _plan(call, risk, data, inputs)
    stopping = replace(plan.stopping, n_iter_no_change=inf, n_iter_fitted=inf)
    plan = replace(plan, stopping=stopping)
    refit = replace(problem, risk=risk, data=data, plan=plan, scorers=())
    return replace(problem, refit=refit)


def _noise(call: Call, samples: Samples, task: Task) -> float | None:
    """The share of the targets' variance that is noise, if the penalty follows it."""
    is_all = not call.arguments.incremental
    follows = is_all and follows_noise(call.settings, task, samples)
    return noise_share(samples) if follows else None


def _risk(
    call: Call, data: Data, network: Network, task: Task, noise: float | None
) -> EmpiricalRisk:
    """The empirical risk, of the largest fold if members hold out different samples."""
    samples = data.training
    n = data.n_trained if data.folds else samples.n_positive_weight
    return build_risk(
        call.settings,
        network,
        task.loss,
        n_samples=n,
        n_choices=task.n_choices,
        is_sparse=samples.is_sparse,
        incremental=call.arguments.incremental,
        noise=noise,
    )


def _plan(call: Call, risk: EmpiricalRisk, data: Data, inputs: _Inputs) -> TrainingPlan:
    """The plan of a call to minimise a risk."""
    previous, samples = call.previous, data.training
    return resolve(
        call.settings,
        risk.network,
        risk.loss,
        n_samples=data.n_trained,
        n_features=inputs.encoder.n_inputs,
        input_dtype=samples.X.dtype,
        incremental=call.arguments.incremental,
        fitted_dtype=None if previous is None else previous.networks[0].dtype,
        largest_offset=samples.largest_offset(inputs.scaling),
    )
