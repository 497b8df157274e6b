"""From the arguments of a call to its samples: checked, encoded, weighted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, column_or_1d

from sklearn_bpnet._data.columns import check_validation_columns, readable_errors
from sklearn_bpnet._data.features import checked_features
from sklearn_bpnet._data.folds import draw_folds, known_folds
from sklearn_bpnet._data.frame_blocks import read_source
from sklearn_bpnet._data.frames import RawTable, categorical_columns, read_table
from sklearn_bpnet._data.label_values import as_labels
from sklearn_bpnet._data.labels import read_labels
from sklearn_bpnet._data.numbers import as_numbers
from sklearn_bpnet._data.samples import Data, Fold, Samples, dense_targets
from sklearn_bpnet._data.sources import Source, computed, opened
from sklearn_bpnet._data.split import hold_out
from sklearn_bpnet._data.task import Task
from sklearn_bpnet._data.weights import in_unit, unit_of
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet._sklearn_compat import Header, check_sample_weight
from sklearn_bpnet.training.block_table import BlockTable


@dataclass(frozen=True)
class Table:
    """X, y and sample weights as passed by the user.

    Parameters
    ----------
    X, y : object
        Inputs and targets; None if the table is not given.
    sample_weight : object, default=None
        Weights of the samples.
    """

    X: Any
    y: Any
    sample_weight: Any = None

    @property
    def is_given(self) -> bool:
        """Whether any of the three is given."""
        parts = self.X, self.y, self.sample_weight
        return any(part is not None for part in parts)

    def opened(self, name: str) -> Table:
        """The table with a source as X where that is larger than memory."""
        return Table(*opened(self.X, self.y, self.sample_weight, name))


NO_TABLE = Table(None, None)


def read(
    header: Header,
    table: Table,
    validation: Table,
    learn_task: Callable[[Any], tuple[Task, NDArray[Any]]],
    *,
    continues: bool,
    numeric: bool,
    weight_unit: float | None = None,
    categorical: Any = None,
    learns_levels: bool = False,
) -> tuple[Data, Task]:
    """The samples of a call, and its task; X is not encoded yet.

    Parameters
    ----------
    header : Header
        Checks the feature names, or learns them in a first call.
    table, validation : Table
        Training samples, and optional validation samples.
    learn_task : callable
        Maps y to the task and the encoded targets Y.
    continues : bool
        Whether training continues previous calls.
    numeric : bool
        Whether the targets are numeric.
    weight_unit : float or None, default=None
        Unit of the sample weights in previous calls; None for one near their mean.
    categorical : object, default=None
        The parameter `categorical_features`; in further calls the mask of the
        categorical columns.
    learns_levels : bool, default=False
        Whether levels are learned from the table, as a first call does, in a further
        one.

    Raises
    ------
    ValueError
        If a table is not valid.
    """
    table = table.opened("X")
    mask = categorical
    if not continues:
        first = table.X.first if isinstance(table.X, Source) else table.X
        mask = categorical_columns(first, categorical)
    training, unit = _checked(
        header,
        table,
        numeric,
        mask,
        reset=not continues,
        is_first=learns_levels or not continues,
        weight_unit=weight_unit,
    )
    task, training.Y = learn_task(training.y)
    given_weights = training.weights
    training.weights = task.sample_weights(training.Y, given_weights)
    data = Data(training, weight_unit=unit, given_weights=given_weights)
    if validation.is_given:
        n_outputs = training.Y.shape[1]
        data.validation = validation_samples(
            header, validation.opened("X_val"), task, numeric, mask, n_outputs
        )
    return data, task


def _checked(
    header: Header,
    table: Table,
    numeric: bool,
    is_categorical: NDArray[np.bool_] | None,
    *,
    reset: bool,
    is_first: bool = False,
    suffix: str = "",
    weight_unit: float | None = None,
) -> tuple[Samples, float]:
    """The samples of a table, with targets not yet encoded; the unit of the weights."""
    name, y = f"X{suffix}", table.y
    if not numeric:
        y = as_labels(y, f"y{suffix}")
    first = table.X.first if isinstance(table.X, Source) else table.X
    with readable_errors(first, table.y, suffix):
        if not reset and is_categorical is not None and is_categorical.any():
            _check_columns(header, first, suffix)  # before they are read
        if isinstance(table.X, Source):
            raw = read_source(table.X, name, is_categorical, is_first=is_first)
        else:
            raw = read_table(table.X, name, is_categorical, is_first=is_first)
        if suffix:
            check_validation_columns(first, header.attributes)
        if numeric:
            y = as_numbers(y, f"y{suffix}")
        X, y = _validated(header, raw, y, numeric, reset=reset)
        X = as_numbers(X, name)
        X, largest, has_gaps = checked_features(X, name, header.feature_names)
    weights = None
    if table.sample_weight is not None:
        of_weights = f"sample_weight{suffix}"
        weights = check_sample_weight(table.sample_weight, X, of_weights)
    with readable_errors(first, table.y, suffix):
        if numeric:
            y = dense_targets(y)
            y = y.astype(np.float64) if y.dtype.kind in "US" else y  # "1.5" is a number
        else:
            y = read_labels(y, f"y{suffix}")
    if weight_unit is None:
        weight_unit = 1.0 if weights is None else unit_of(weights)
    weights = in_unit(weights, X.shape[0], weight_unit)
    samples = Samples(X, y, y, weights, None, largest, raw.levels, has_gaps)
    return samples, weight_unit


def _validated(
    header: Header, raw: RawTable, y: Any, numeric: bool, *, reset: bool
) -> tuple[Any, Any]:
    """X and y after scikit-learn's checks; of a table in blocks, those of its shape."""
    X = raw.X
    if isinstance(X, BlockTable):
        X = np.broadcast_to(np.zeros((), np.float32), X.shape)  # a single number
    X, y = header.validated(X, y, raw.header, y_numeric=numeric, reset=reset)
    return raw.X if isinstance(raw.X, BlockTable) else X, y


def _check_columns(header: Header, X: Any, suffix: str) -> None:
    """Raise ValueError if the columns of X are not those of the training samples."""
    if suffix:
        check_validation_columns(X, header.attributes)
    else:
        header.check_columns(X)


def validation_samples(
    header: Header,
    table: Table,
    task: Task,
    numeric: bool,
    is_categorical: NDArray[np.bool_] | None,
    n_outputs: int,
) -> Samples:
    """The given validation samples, encoded and weighted."""
    if table.X is None or table.y is None:
        raise ValueError(
            "X_val and y_val must be given together, and sample_weight_val only with "
            "them."
        )
    samples, _ = _checked(
        header, table, numeric, is_categorical, reset=False, suffix="_val"
    )
    samples.Y = task.encode(samples.y)
    if samples.Y.shape[1] != n_outputs:
        raise ValueError(
            f"y_val has {samples.Y.shape[1]} outputs, but y has {n_outputs}. Both must "
            "have the same number."
        )
    samples.weights = task.sample_weights(samples.Y, samples.weights)
    return samples


def set_aside(
    data: Data,
    task: Task,
    settings: Settings,
    groups: Any,
    *,
    seed: int,
    known: Any = None,
    incremental: bool = False,
) -> str | None:
    """Choose training and validation samples, both of positive weight.

    Parameters
    ----------
    data : Data
        Changed in place.
    task : Task
        Its classes stratify the split.
    settings : Settings
        The constructor's parameters.
    groups : array-like of shape (n_samples,) or None
        Group of every sample; samples of a group stay together.
    seed : int
        Seed of the split.
    known : tuple of two ndarray of int or None, default=None
        The split of a fit that is resumed.
    incremental : bool, default=False
        Whether this is `partial_fit`, which sets no samples aside.

    Returns
    -------
    str or None
        A warning for the user.
    """
    samples = data.training
    holds_out = settings.early_stopping and data.validation is None and not incremental
    advice = None
    if groups is not None:
        groups = _checked_groups(samples, groups)
        if not settings.early_stopping or data.validation is not None:
            advice = (
                "groups has no effect: no sample is set aside, which only "
                "early_stopping=True without X_val does."
            )
    leave_out_weight_0(samples)
    if holds_out:
        strata = task.strata(samples.take(samples.Y))
        fraction = settings.validation_fraction
        hold_out(data, fraction, strata=strata, groups=groups, seed=seed, known=known)
    return advice


def set_folds(
    data: Data,
    task: Task,
    folds: Any,
    groups: Any,
    *,
    seed: int,
    known: list[Fold] | None = None,
) -> str | None:
    """Choose what the members of an ensemble train on and hold out.

    Parameters
    ----------
    data : Data
        Changed in place.
    task : Task
        Its classes stratify the folds.
    folds : int, splitter or sequence of pairs
        As for `draw_folds`.
    groups : array-like of shape (n_samples,) or None
        Group of every sample; samples of a group stay together.
    seed : int
        Seed of the folds.
    known : list of tuple of two ndarray of int or None, default=None
        The folds of a fit that is resumed.

    Returns
    -------
    str or None
        A warning for the user.
    """
    samples, advice = data.training, None
    if groups is not None:
        groups = _checked_groups(samples, groups)
        if isinstance(folds, Sequence):
            advice = (
                "groups has no effect, as member_folds lists the samples of every "
                "fold. Leave one of them out."
            )
    leave_out_weight_0(samples)
    if known:
        data.folds = known_folds(samples, known)
        return advice
    strata = task.strata(samples.take(samples.Y))
    data.folds = draw_folds(samples, folds, strata=strata, groups=groups, seed=seed)
    return advice


def _checked_groups(samples: Samples, groups: Any) -> NDArray[Any]:
    """The groups as an array with an entry per sample."""
    groups = column_or_1d(computed(groups))
    check_consistent_length(samples.X, groups)
    return groups


def leave_out_weight_0(samples: Samples) -> None:
    """Select the samples of positive weight, in place."""
    if samples.weights is not None and not samples.weights.all():
        samples.indices = samples.weights.nonzero()[0]
