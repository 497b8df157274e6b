"""Comparison of models over data sets: ratios to a reference, and their intervals.

A result is a dict with the keys ``table``, ``split``, ``model`` and what was measured
there: ``error``, ``log_loss`` and ``auc`` (classification), ``cpu`` and ``seconds``.
Ratios are paired: they are formed from the splits that both models were fitted to.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

SHIFT = 0.01  # ratios of errors near 0 would dominate a geometric mean otherwise
_LEAST_CPU = 0.001  # seconds, the resolution
_TASKS = ("classification", "regression")
ORDER = [
    *(f"{task}, {size}" for task in _TASKS for size in ("small", "mid")),
    *_TASKS,
    "small",
    "mid",
    "all",
]


def by_table(rows):
    """Return the results as ``{table: {model: {split: row}}}``."""
    found: dict = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        found[row["table"]][row["model"]][row["split"]] = row
    return found


def value(row, what):
    """Return a measured value, with the shift that belongs to it; None if it has none.

    "auc" stands for one minus the area, so that smaller is better everywhere.
    """
    if row.get(what) is None:
        return None
    if what == "auc":
        return 1 - row["auc"] + SHIFT
    if what in ("cpu", "seconds"):
        return max(row[what], _LEAST_CPU)
    return row[what] + SHIFT


def paired(models, names, what):
    """Return each named model's mean over the splits that all of them were fitted to.

    Parameters
    ----------
    models : dict
        ``{model: {split: row}}`` of one table.
    names : list of str
    what : str

    Returns
    -------
    list of float or None
        None if there is no such split, or nothing of that kind was measured.
    """
    splits = set.intersection(*(set(models.get(name, ())) for name in names))
    if not splits:
        return None
    values = [[value(models[name][s], what) for s in sorted(splits)] for name in names]
    if any(v is None for row in values for v in row):
        return None
    return [float(np.mean(row)) for row in values]


def ratios(tables, model, reference, what="error"):
    """Return ``{table: ratio of the model to the reference}``."""
    found = {}
    for table, models in tables.items():
        pair = paired(models, [model, reference], what)
        if pair is not None:
            found[table] = pair[0] / pair[1]
    return found


def geometric_mean(values):
    """Return the geometric mean, NaN of nothing."""
    values = np.asarray(list(values), dtype=float)
    return float(np.exp(np.mean(np.log(values)))) if values.size else float("nan")


def interval(values, level=0.95, n_draws=4000, seed=0):
    """Return the bootstrap interval of a geometric mean, by resampling the tables."""
    logs = np.log(np.asarray(list(values), dtype=float))
    if logs.size < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    drawn = rng.integers(logs.size, size=(n_draws, logs.size))
    means = logs[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(np.exp(low)), float(np.exp(high))


def against_better(tables, model, references):
    """Return ``{table: (ratio, least, largest)}`` to the best of the references.

    The best is that with the smallest mean error on the table; the least and largest
    ratio are those of the splits, which show what is noise.
    """
    found = {}
    for table, models in tables.items():
        present = [name for name in references if name in models]
        if model in references or not present or model not in models:
            continue
        values = paired(models, [model, *present], "error")
        if values is None:
            continue
        best = present[int(np.argmin(values[1:]))]
        pairs = (models[model], models[best])
        splits = set(pairs[0]) & set(pairs[1])
        each = [
            value(pairs[0][s], "error") / value(pairs[1][s], "error") for s in splits
        ]
        found[table] = values[0] / min(values[1:]), min(each), max(each)
    return found


def groups(facts, names):
    """Return ``{group: tables}``, the tasks by size and whole, and all.

    Parameters
    ----------
    facts : dict
        ``{table: {"task": ..., "size": ..., "design": ...}}``.
    names : iterable of str
        The tables.
    """
    found: dict = defaultdict(list)
    for name in names:
        task, size = facts[name]["task"], facts[name]["size"]
        for group in (f"{task}, {size}", task, size, "all"):
            found[group].append(name)
    return {group: found[group] for group in ORDER if found[group]}
