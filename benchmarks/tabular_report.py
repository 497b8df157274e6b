"""The report of :mod:`benchmarks.tabular`: means of ratios, and the worst tables."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from benchmarks import comparison, contenders, results
from benchmarks.comparison import SHIFT

GROUPS = {
    "size": ("small", "mid"),
    "design": ("tuning", "held-back"),
    "task": ("classification", "regression"),
}
MEASURED = ("error", "log_loss", "auc", "cpu")


def summary(rows, facts, names, reference):
    """Return the geometric means of the ratios with their intervals.

    Returns
    -------
    dict
        ``{design: {what: {model: {group: [mean, low, high, number of tables]}}}}``, the
        design "all" if the tables are of one kind only.
    """
    designs = {
        d: [t for t in facts if facts[t]["design"] == d] for d in GROUPS["design"]
    }
    designs = {d: tables for d, tables in designs.items() if tables}
    found: dict = {}
    tables = comparison.by_table(rows)
    for design, of_design in designs.items():
        found[design] = {}
        for what in MEASURED:
            of_models: dict = {}
            for name in names:
                ratios = comparison.ratios(
                    {t: tables[t] for t in of_design if t in tables},
                    name,
                    reference,
                    what,
                )
                of_models[name] = {}
                for group, members in comparison.groups(facts, ratios).items():
                    values = [ratios[t] for t in members]
                    mean = comparison.geometric_mean(values)
                    low, high = comparison.interval(values)
                    of_models[name][group] = [mean, low, high, len(values)]
            found[design][what] = of_models
    return found


_SHORT = {
    "classification, small": "class. small",
    "classification, mid": "class. mid",
    "regression, small": "regr. small",
    "regression, mid": "regr. mid",
    "classification": "class.",
    "regression": "regr.",
}


def show(found, reference):
    """Print the means: a table per design and measure, models by groups."""
    for design, measures in found.items():
        for what, models in measures.items():
            groups: dict = {}
            for of_model in models.values():
                groups |= {group: of_model[group][3] for group in of_model}
            if not groups:
                continue
            label = "1 - auc" if what == "auc" else what
            print(f"\n{design} tables: {label} / {reference}")
            order = comparison.ORDER
            groups = {g: groups[g] for g in order if g in groups}
            heads = [f"{_SHORT.get(g, g)} ({n})" for g, n in groups.items()]
            print(" " * 25 + "".join(f"{head:>21s}" for head in heads))
            for name, of_model in models.items():
                cells = [_cell(of_model.get(group)) for group in groups]
                print(f"{name[:24]:25s}" + "".join(f"{cell:>21s}" for cell in cells))


def _cell(entry):
    if entry is None:
        return ""
    mean, low, high, n = entry
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]" if n > 1 else f"{mean:.3f}"


def show_worst(rows, names, n_shown=8):
    """Print each model's worst tables against the better of the simple models."""
    tables = comparison.by_table(rows)
    for name in names:
        found = comparison.against_better(tables, name, contenders.SIMPLE)
        if not found:
            continue
        ratios = [ratio for ratio, *_ in found.values()]
        counts = ", ".join(
            f"{sum(r > b for r in ratios)} above {b}" for b in (1.05, 1.15)
        )
        print(f"\n{name}: error / better of {' and '.join(contenders.SIMPLE)}")
        print(f"  {len(ratios)} tables, {counts}; the worst, with those of the splits:")
        for table in sorted(found, key=found.get, reverse=True)[:n_shown]:
            ratio, low, high = found[table]
            print(f"  {table:20s} {ratio:.3f}  ({low:.3f} to {high:.3f})")


def show_each(rows, names, what):
    """Print a line per table with the means of every model over its splits."""
    print(f"\n{what}\n" + " " * 20 + "".join(f"{name[:13]:>15s}" for name in names))
    for table, models in comparison.by_table(rows).items():
        cells = []
        for name in names:
            values = [row.get(what) for row in models.get(name, {}).values()]
            known = [v for v in values if v is not None]
            cells.append(f"{np.mean(known):.4f}" if known else "")
        if any(cells):
            print(f"{table:20s}" + "".join(f"{cell:>15s}" for cell in cells))


def save_figure(name, rows, facts, found, reference):
    """Save the summary, and the means per table, for the figures."""
    by_task: dict = defaultdict(dict)
    for table, models in comparison.by_table(rows).items():
        by_task[facts[table]["task"]][table] = {
            model: {
                what: float(np.mean([row[what] for row in splits.values()]))
                for what in (*MEASURED, "seconds")
                if what in next(iter(splits.values()))
            }
            for model, splits in models.items()
        }
    means = {task: means_over(list(of.values())) for task, of in by_task.items()}
    results.save(
        name,
        {
            "reference": reference,
            "summary": found,
            "means": means,
            "tables": by_task,
        },
    )


def means_over(tables):
    """Return shifted geometric means over the tables, and total seconds, by model.

    Parameters
    ----------
    tables : list of dict
        The results per table, by the name of the model.
    """
    means: dict = defaultdict(dict)
    for name in tables[0]:
        complete = [models[name] for models in tables if name in models]
        for what in ("error", "log_loss"):
            values = [models[what] + SHIFT for models in complete if what in models]
            if values:
                means[name][what] = comparison.geometric_mean(values) - SHIFT
        for what in ("seconds", "cpu"):
            means[name][what] = math.fsum(models[what] for models in complete)
    return means
