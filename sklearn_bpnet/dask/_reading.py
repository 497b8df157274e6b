"""From Dask collections to encoded partitions, and what is known of the samples."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sklearn_bpnet._data.noise import follows_noise
from sklearn_bpnet._data.reading import NO_TABLE, Table
from sklearn_bpnet._data.samples import Data, Samples
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._fit import advice
from sklearn_bpnet._fit.calibration import check_calibration
from sklearn_bpnet._fit.call import Arguments, Call
from sklearn_bpnet._fit.fitted import Fitted
from sklearn_bpnet._fit.state import TrainingState
from sklearn_bpnet._settings.choices import Facts, choose
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.dask import _parts as parts
from sklearn_bpnet.dask import _validation as validation
from sklearn_bpnet.dask._clients import libraries
from sklearn_bpnet.dask._collections import (
    aligned,
    check_cluster,
    neighbours,
    partitions,
)
from sklearn_bpnet.dask._learning import (
    learn_columns,
    learn_embedded,
    learn_exceptions,
    learn_numbers,
    learn_scaling,
    learn_targets,
)
from sklearn_bpnet.dask._outline import Outline, OutlinedData, outline
from sklearn_bpnet.dask._parts import Columns, Survey, Targets
from sklearn_bpnet.dask._rounds import Rounds
from sklearn_bpnet.dask._sampling import drawn, noise_on_cluster
from sklearn_bpnet.dask._statistics import Moments, Numbers, total


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
    validation: Table
    init: tuple[Any, Any]


@dataclass
class Counted:
    """What is counted in one pass over all partitions.

    Parameters
    ----------
    surveys : list of Survey
        Of the partitions that have samples.
    targets : Targets
        How targets and weights are read.
    futures, aside : list of Future
        The partitions to train on, and, if early stopping sets samples aside, these.
    of_parts : list of Columns or None
        What is known of the former.
    """

    surveys: list[Survey]
    targets: Targets
    futures: list[Any]
    aside: list[Any]
    of_parts: list[Columns | None]

    @property
    def found(self) -> list[Columns]:
        """What is known of the partitions that have samples."""
        return [one for one in self.of_parts if one is not None]

    @property
    def header(self) -> dict[str, Any]:
        """The number of features and their names."""
        return self.surveys[0].header

    @property
    def is_sparse(self) -> bool:
        """Whether the features are sparse."""
        return self.surveys[0].is_sparse

    @property
    def dtype(self) -> Any:
        """That of the features."""
        return np.result_type(*(one.dtype for one in self.surveys))

    @property
    def n(self) -> int:
        """The number of samples to train on."""
        return sum(one.n for one in self.found)


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
    encoded, sizes : list
        Of every partition, the future and the number of samples.
    mean_weight : float
        The mean weight of the samples.
    noise : float or None
        The share of the targets' variance that is noise, if the penalty follows it.
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
    noise: float | None


def learn(
    estimator: Any, rounds: Rounds, tables: Tables, previous: Fitted | None
) -> Learned:
    """Read, count and encode all partitions."""
    settings, numeric = estimator._settings, estimator._kind == "regression"
    call = _call(settings, tables, previous)
    counted = _count(estimator, rounds, tables, call.state.validation_seed)
    numbers, found = learn_numbers(counted.found), counted.found
    facts = _facts(call, counted, numbers, numeric=numeric)
    choices = choose(settings, facts) if previous is None else previous.choices
    chosen = settings.chosen({"input_scaling": choices["input_scaling"]})
    names = counted.header.get("feature_names_in_")
    is_sparse, futures = counted.is_sparse, counted.futures
    probe, sample = drawn(rounds, futures, counted.of_parts, chosen, is_sparse)
    encoder = learn_columns(chosen, found, numbers, sample, names)
    encoded = rounds.each("encode", parts.encode, futures, encoder, names)
    facts = replace(facts, n_inputs=encoder.n_inputs)
    call = call.with_choices(choose(settings, facts) if previous is None else choices)
    samples = outline(encoder, found, numbers, counted.dtype, is_sparse, numeric)
    rare = None
    if probe is not None:
        is_weighted = any(one.is_weighted for one in found)
        rare = learn_exceptions(rounds, futures, encoder, numbers, probe.X, is_weighted)
    of_inputs = learn_scaling(call.settings, encoder, numbers, samples, sample, rare)
    task, settings = counted.targets.task, call.settings
    embedded = learn_embedded(settings, encoder, samples, sample, of_inputs, task)
    advice.warn_of_embedding(settings, embedded)
    if of_inputs is not None:
        encoder = encoder.with_centre(of_inputs.mean)
    task = _with_units(task, settings, samples, total(one.targets for one in found))
    data = OutlinedData(samples, encoder=encoder, n_numeric=facts.n_numeric)
    data.class_weight = repr(getattr(settings, "class_weight", None))
    data.validation = _validation(estimator, rounds, tables, counted, task, data)
    sizes = [0 if one is None else one.n for one in counted.of_parts]
    mean_weight = sum(one.weight for one in found) / counted.n
    noise = None
    if follows_noise(settings, task, samples):
        noise = noise_on_cluster(rounds, encoded, counted.of_parts, samples.n_codes)
    return Learned(
        counted.header, data, task, call, of_inputs, embedded, encoded, sizes,
        mean_weight, noise,
    )  # fmt: skip


def _call(settings: Settings, tables: Tables, previous: Fitted | None) -> Call:
    """The call, with the state that it starts from."""
    arguments = Arguments(NO_TABLE, init=tables.init)
    if previous is None:
        state = TrainingState.new(settings.random_state)
    else:
        state = deepcopy(previous.state)
    state.weight_unit, state.mean_weight = 1.0, 1.0
    return Call(arguments, settings, previous, state)


def _count(estimator: Any, rounds: Rounds, tables: Tables, seed: int) -> Counted:
    """Read the partitions: first the targets and weights, then the features."""
    settings, numeric = estimator._settings, estimator._kind == "regression"
    raw = _read(estimator, rounds, tables)
    surveys = rounds.summaries("survey", parts.survey, raw, numeric)
    header = _header(surveys)
    targets = learn_targets(estimator, settings, surveys)
    weighed = rounds.each("weigh", parts.weigh, raw, targets)
    aside: list[Any] = []
    holds_out = settings.early_stopping and not tables.validation.is_given
    if holds_out and not targets.task.is_certain:
        n_features = header["n_features_in_"]
        weighed, aside = validation.set_aside(
            rounds, weighed, targets.task, settings, n_features, seed
        )
    of_parts = rounds.results(rounds.each("columns", parts.columns, weighed))
    if not any(of_parts):
        raise ValueError(
            "sample_weight must be positive for at least one sample; all are 0."
        )
    return Counted(surveys, targets, weighed, aside, of_parts)


def _header(surveys: list[Survey]) -> dict[str, Any]:
    """The number of features and their names, which all partitions share."""
    if not surveys:
        raise ValueError("Found array with 0 sample(s): all partitions are empty.")
    header = surveys[0].header
    for one in surveys:
        if one.header.keys() != header.keys() or any(
            not np.array_equal(one.header[name], header[name]) for name in header
        ):
            raise ValueError("The partitions of X have different columns.")
    return header


def _read(estimator: Any, rounds: Rounds, tables: Tables) -> list[Any]:
    """The futures of the checked samples of every partition.

    What they are made of is not kept, unless the caller does.
    """
    dask, _ = libraries()
    X = partitions(tables.X, "X")
    y = aligned(tables.y, "y", tables.X, X)
    weights: list[Any] = [None] * len(X)
    if tables.sample_weight is not None:
        weights = aligned(tables.sample_weight, "sample_weight", tables.X, X)
    for name, table in zip(
        ("X", "y", "sample_weight"), (tables.X, tables.y, tables.sample_weight),
        strict=True,
    ):  # fmt: skip
        check_cluster(table, name, rounds.client)
    read = dask.delayed(parts.read_part, pure=False)
    tasks = [
        read(estimator, *row, i, dask_key_name=f"bpnet-read-{rounds.token}-{i}")
        for i, row in enumerate(zip(X, y, weights, strict=True))
    ]
    futures = []
    for begin, end, where in neighbours(rounds.client, tables.X, len(tasks)):
        with rounds.named():
            futures += rounds.kept(
                rounds.client.compute(tasks[begin:end], optimize_graph=True, **where)
            )
    return futures


def _facts(call: Call, counted: Counted, numbers: Numbers, *, numeric: bool) -> Facts:
    """What is known of the table; its scaling is chosen before it is encoded."""
    return Facts(
        "regression" if numeric else "classification",
        counted.n,
        counted.header["n_features_in_"],
        int(np.count_nonzero(numbers.values.is_many)),
        is_sparse=counted.is_sparse,
        is_given=any(given is not None for given in call.arguments.init),
    )


def _with_units(
    task: Any, settings: Settings, samples: Outline, moments: Moments
) -> Task:
    """The task with units and range of the targets of all partitions."""
    scaled = task.with_units(settings, samples)
    given = isinstance(getattr(settings, "target_scaling", None), (tuple, list))
    if getattr(scaled, "mean", None) is not None and not given:
        units = moments.standardization
        if not np.isfinite(units.scale).all():
            raise ValueError(
                "The squares of y exceed the largest number, so that they do not add "
                f"up over partitions with {settings.described(['target_scaling'])}. "
                "Rescale y, or use target_scaling=None."
            )
        scaled = replace(scaled, mean=units.mean, scale=units.scale, undecided=None)
    known: Task = scaled.with_range(samples)
    return known


def _validation(
    estimator: Any,
    rounds: Rounds,
    tables: Tables,
    counted: Counted,
    task: Task,
    data: Data,
) -> Samples | None:
    """The validation samples, in this process; None without."""
    has_any = bool(counted.aside) or tables.validation.is_given
    if estimator._settings.calibrates and not task.is_certain:
        check_calibration(task, has_validation=has_any)
    if counted.aside:
        names = counted.header.get("feature_names_in_")
        return validation.gathered(rounds, counted.aside, data.encoder, names)
    if not has_any:
        return None
    known = type(estimator)(**estimator.get_params(deep=False))
    vars(known).update(counted.header)
    return validation.given(
        rounds, known, tables.validation, task, data.encoder,
        data.training.Y.shape[1], numeric=estimator._kind == "regression",
    )  # fmt: skip


__all__ = ["Learned", "Tables", "learn"]
