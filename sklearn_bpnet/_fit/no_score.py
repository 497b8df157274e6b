"""Why validation samples have no score, in the words of errors and warnings."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

import numpy as np

from sklearn_bpnet._data.class_columns import ClassColumns
from sklearn_bpnet._data.classification import Classification
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.task import Task

_SHOWN = 5  # labels or columns named in a message


def no_number(
    scoring: str,
    scores: Iterable[float],
    task: Task,
    samples: Samples,
    *,
    outputs_were_finite: bool,
    early_stopping: bool,
) -> str:
    """The message for scores of which none is a finite number.

    Parameters
    ----------
    scoring : str
        The parameter, as in ``described_scoring``.
    scores : iterable of float
        The scores.
    task : Task
        Task of the targets.
    samples : Samples
        The validation samples.
    outputs_were_finite : bool
        Whether the network's outputs for the samples were finite in any epoch.
    early_stopping : bool
        Whether the scores were to determine the end of training.
    """
    effect = ", so early stopping has nothing to monitor" if early_stopping else ""
    values = " or ".join(sorted({str(score) for score in scores}))
    if not outputs_were_finite:
        cause = ", as the outputs for the validation samples are not finite. "
        remedies = ["validation samples in the range of the training samples"]
    else:
        cause = f". {peculiarities(task, samples)}"
        remedies = ["other validation samples"]
        if scoring != "scoring='loss'":
            remedies.append("another scoring such as 'loss'")
    if early_stopping:
        remedies.append("early_stopping=False")
    *others, last = remedies
    remedy = f"{', '.join(others)} or {last}" if others else last
    return (
        f"No validation score is a finite number{effect}: with {scoring} all of them "
        f"are {values}{cause}Use {remedy}."
    )


def failed(scoring: str, error: Exception, task: Task, samples: Samples) -> str:
    """The message for a scorer that raised an error."""
    reason = str(error).rstrip(". \n") or type(error).__name__
    return (
        f"{scoring} cannot score the validation samples: {reason}. "
        f"{peculiarities(task, samples)}Use another scoring such as 'loss', or other "
        "validation samples."
    )


def peculiarities(task: Task, samples: Samples) -> str:
    """Sentences on what many scores do not allow, each with a space after it."""
    Y, weights = samples.take(samples.Y), samples.take(samples.weights)
    if weights is not None:
        Y = Y[weights > 0]
    sentences = []
    if len(Y) == 1:
        sentences.append("There is a single validation sample.")
    strata = task.strata(Y)
    if isinstance(task, Classification) and strata is not None:
        lacking = np.delete(task.classes, np.unique(strata))
        if len(lacking):
            sentences.append(f"The validation samples lack {_named('class', lacking)}.")
    elif isinstance(task, ClassColumns):
        pairs = zip(task.columns, task.codes(Y), strict=True)
        for j, (column, codes) in enumerate(pairs):
            lacking = np.delete(column.classes, np.unique(codes))
            if len(lacking):
                names = _named("class", lacking)
                sentences.append(f"The validation samples lack {names} in column {j}.")
    elif len(Y) > 1:
        constant = np.flatnonzero((Y == Y[:1]).all(axis=0))
        if len(constant) and Y.shape[1] == 1:
            sentences.append("All targets of the validation samples are equal.")
        elif len(constant):
            columns = _named("column", constant)
            sentences.append(f"In y of the validation samples, {columns} is constant.")
    n_levels = task.loss.n_outputs(1)
    if n_levels > 1:
        sentences.append(
            f"predict returns {n_levels} quantiles per target, which the scorers of "
            "scikit-learn do not take; scoring=None is R2 of the level nearest to 1/2."
        )
    return "".join(f"{sentence} " for sentence in sentences)


def _named(kind: str, items: np.ndarray) -> str:
    """A label or column by its name, or the first few of several."""
    shown = ", ".join(repr(item) for item in items[:_SHOWN].tolist())
    return f"{kind} {shown}" + (", ..." if len(items) > _SHOWN else "")


def any_finite(values: Iterable[float]) -> bool:
    """Whether any of the values is a finite number."""
    return any(map(isfinite, values))
