"""Draw what the benchmarks saved: ``python -m benchmarks.figures``.

One figure for each benchmark goes to ``docs/guide/figures``, beside a file of the same
name that the guide includes: the figure, what it was measured with, and a table of the
ratios. With ``--measure`` all of them run first and save what they find, which takes
some twenty minutes on an idle machine with Numba, PyTorch and JAX.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from benchmarks import results
from benchmarks.tabular import SHIFT

FOLDER = Path(__file__).parents[1] / "docs" / "guide" / "figures"
RUNS = [
    ["speed", "--save"],
    ["predict", "--save"],
    ["scaling", "--save"],
    ["grid", "--save"],
    ["busy", "--save"],
    ["memory", "--save"],
]
STYLES = {
    "bpnet": ("C0", "o", "sklearn_bpnet with Numba"),
    "NumPy alone": ("C9", "o", "sklearn_bpnet, NumPy alone"),
    "scikit-learn": ("C1", "s", "scikit-learn"),
    "PyTorch": ("C3", "^", "PyTorch, eager"),
    "JAX": ("C4", "v", "JAX, compiled epoch"),
    "products alone": ("0.3", "|", "the matrix products alone"),
}
PACKAGES = {
    "numpy": "NumPy",
    "scipy": "SciPy",
    "scikit-learn": "scikit-learn",
    "numba": "Numba",
    "torch": "PyTorch",
    "jax": "JAX",
}


def _measured_with(found):
    """A sentence."""
    found = found["with"]
    names = [
        f"{PACKAGES[k]} {v.split('+')[0]}" for k, v in found.items() if k in PACKAGES
    ]
    return (
        f"Measured on a machine of {found['processors']} processors "
        f"({found['machine']}) with Python {found['python']}, {', '.join(names)}."
    )


def _table(title, header, rows):
    """A table in reStructuredText; numbers with two digits after the point."""
    lines = [f".. list-table:: {title}", "   :header-rows: 1", ""]
    for row in [header, *rows]:
        cells = [f"{c:.2f}" if isinstance(c, float) else str(c) for c in row]
        lines += [f"   {'* -' if i == 0 else '  -'} {c}" for i, c in enumerate(cells)]
    return "\n".join([*lines, ""])


def _names(contenders):
    """As the guide calls them."""
    return [name.replace("bpnet", "sklearn_bpnet") for name in contenders]


def _dots(ax, table, names):
    """One line a row of the table, one marker a contender, seconds on a log axis."""
    for i, row in enumerate(table.values()):
        ax.axhline(i, color="0.9", lw=1, zorder=0)
        for name in names:
            if name in row:
                color, marker, label = STYLES[name]
                label = label if i == 0 else None
                ax.plot(row[name], i, marker, color=color, label=label, ms=8, mew=2)
    ax.set_yticks(range(len(table)), table)
    ax.set_ylim(len(table) - 0.5, -0.5)
    ax.set_xscale("log")
    ax.spines[["top", "right"]].set_visible(False)


def speed(found):
    """Seconds an epoch: with Numba, and in NumPy alone."""
    table = found["seconds"]
    fig, ax = plt.subplots(figsize=(8, 5))
    _dots(ax, table, STYLES)
    ax.set(xlabel="seconds an epoch", ylabel="rows x features, hidden units, batch")
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=3, frameon=False)
    tables = []
    for ours, title in (("bpnet", "with Numba"), ("NumPy alone", "in NumPy alone")):
        columns = {
            name.split(" / ")[1].replace(", float64 X", ", float64"): values
            for name, values in found["ratios"].items()
            if name.startswith(ours)
        }
        if columns:
            rows = [
                [shape, *(column["ratios"][i] for column in columns.values())]
                for i, shape in enumerate(table)
            ]
            rows.append(["geometric mean", *(c["mean"] for c in columns.values())])
            title = (
                f"Seconds an epoch of sklearn_bpnet {title} over those of the others"
            )
            header = ["rows x features, hidden units, batch", *columns]
            tables.append(_table(title, header, rows))
    return fig, *tables


def predict(found):
    """Seconds to predict one row and a million."""
    fig, axes = plt.subplots(1, 2, figsize=(8, 2.4), layout="constrained")
    for ax, (case, row) in zip(axes, found["seconds"].items(), strict=True):
        colors = [STYLES[name][0] for name in row]
        unit, factor = ("microseconds", 1e6) if case == "one row" else ("seconds", 1)
        bars = ax.barh(_names(row), [t * factor for t in row.values()], color=colors)
        ax.bar_label(bars, fmt="%.3g", padding=3)
        ax.set(title=f"Prediction of {case}", xlabel=unit)
        ax.margins(x=0.15)
        ax.invert_yaxis()
        ax.spines[["top", "right"]].set_visible(False)
    others = list(next(iter(found["seconds"].values())))[1:]
    rows = [
        [case, *(row["bpnet"] / row[name] for name in others)]
        for case, row in found["seconds"].items()
    ]
    title = "Seconds to predict of sklearn_bpnet over those of the others"
    return fig, _table(title, ["prediction of", *others], rows)


def scaling(found):
    """Seconds an epoch against rows and parameters."""
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    for ax, name in zip(axes, ("rows", "parameters"), strict=True):
        x, y = np.array(found[name]["sizes"]), np.array(found[name]["seconds"])
        slope, k = found[name]["slope"], found[name]["n_small"]
        middle = np.exp(np.mean(np.log(y[k:])) - slope * np.mean(np.log(x[k:])))
        ax.loglog(
            x[k:], middle * x[k:] ** slope, color="0.6", label=f"slope {slope:.2f}"
        )
        ax.loglog(x, y, "o", color="C0")
        ax.set(xlabel=name, ylabel="seconds an epoch")
        ax.legend(frameon=False)
        ax.spines[["top", "right"]].set_visible(False)
    return (fig,)


def grid(found):
    """Seconds of a grid search."""
    row = found["seconds"]
    fig, ax = plt.subplots(figsize=(6, 1.8), layout="constrained")
    bars = ax.barh(_names(row), list(row.values()), color=[STYLES[n][0] for n in row])
    labels = [
        f"{seconds:.1f} s, best score {found['best_scores'][name]:.3f}"
        for name, seconds in row.items()
    ]
    ax.bar_label(bars, labels, padding=3)
    ax.set(xlabel="seconds", title="GridSearchCV on digits: 12 candidates, 3 folds")
    ax.margins(x=0.45)
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    return (fig,)


def busy(found):
    """How many times longer than alone a fit takes."""
    table = found["seconds"]
    ways = [way for way in next(iter(table.values())) if way != "alone"]
    fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
    height = 0.8 / len(ways)
    for i, way in enumerate(ways):
        times = [row[way] / row["alone"] for row in table.values()]
        places = np.arange(len(table)) + (i - (len(ways) - 1) / 2) * height
        bars = ax.barh(places, times, height, color=f"C{i}", label=way)
        ax.bar_label(bars, fmt="%.1f", padding=2)
    ax.set_yticks(range(len(table)), _names(table))
    ax.invert_yaxis()
    ax.axvline(1, color="0.5", lw=1)
    ax.set_xlabel("time of a fit, in times of a fit alone")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1))
    ax.spines[["top", "right"]].set_visible(False)
    return (fig,)


def memory(found):
    """How far the peak of memory rises."""
    row = found["megabytes"]
    fig, ax = plt.subplots(figsize=(8, 2.4), layout="constrained")
    names = [name.rstrip(".") for name in row]
    bars = ax.barh(names, list(row.values()), color="C0")
    ax.bar_label(bars, fmt="%.0f", padding=3)
    ax.set_xlabel("rise of the peak of memory, megabytes")
    ax.margins(x=0.1)
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    return (fig,)


def defaults(found):
    """Other values of one parameter at a time, as ratios to the defaults."""
    classes, numbers = (
        found["means"][task] for task in ("classification", "regression")
    )
    rows = []
    for name, of_classes in classes.items():
        of_numbers = numbers[name]
        ratios = [
            of_classes["error"] / classes["bpnet"]["error"],
            of_classes["log_loss"] / classes["bpnet"]["log_loss"],
            of_numbers["error"] / numbers["bpnet"]["error"],
            (of_classes["cpu"] + of_numbers["cpu"])
            / (classes["bpnet"]["cpu"] + numbers["bpnet"]["cpu"]),
        ]
        label = "scikit-learn's MLP, everything scaled"
        rows.append([label if name == "mlp, scaled" else f"``{name}``", *ratios])
    header = ["", "error rate", "log loss", "error of regression", "time"]
    n_tables = sum(len(tables) for tables in found["tables"].values())
    title = f"Means over {n_tables} tables, over those of the defaults"
    return None, _table(title, header, rows[1:])


def recipes(found):
    """RealMLP-TD-S here and there, table by table."""
    names = "realmlp-td-s", "RealMLP-TD-S"
    rows, tables = [], [t for of_task in found["tables"].values() for t in of_task]
    measured = {
        k: v for of_task in found["tables"].values() for k, v in of_task.items()
    }
    for table in tables:
        ours, theirs = (measured[table][name] for name in names)
        errors = [f"{model['error']:.4f}" for model in (ours, theirs)]
        seconds = [f"{model['cpu']:.0f}" for model in (ours, theirs)]
        boosting = f"{measured[table]['boosting']['error']:.4f}"
        rows.append([table, *errors, boosting, *seconds])
    ratios = []
    for what in ("error", "cpu"):
        pairs = [[measured[t][name][what] for name in names] for t in tables]
        shift = SHIFT if what == "error" else 0
        logs = [np.log((ours + shift) / (theirs + shift)) for ours, theirs in pairs]
        ratios.append(float(np.exp(np.mean(logs))))
    rows.append(["mean of the ratios", ratios[0], "", "", ratios[1], ""])
    header = ["", "error here", "error there", "boosting", "CPU s here", "CPU s there"]
    title = "``realmlp-td-s`` and pytabkit's RealMLP_TD_S"
    return None, _table(title, header, rows)


def ensemble(found):
    """Eight networks with default parameters, beside what one does on the average."""
    columns = ["error, one", "error, all", "log loss, one", "log loss, all"]
    rows = [
        [table, *(f"{means[c]:.3f}" if c in means else "" for c in columns)]
        for table, means in found["errors"].items()
    ]
    title = "Error rate, or root mean squared error over the deviation of the target"
    header = ["table", *(c.replace("all", "eight") for c in columns)]
    quality = _table(title, header, rows)
    _, *ways = next(iter(found["seconds"].values()))
    rows = [
        [case, *(seconds[way] / seconds["eight fits"] for way in ways)]
        for case, seconds in found["seconds"].items()
    ]
    header = ["rows x features, hidden units", *ways]
    title = "Time of eight members over that of eight fits, one after the other"
    return None, quality, _table(title, header, rows)


def main():
    """Measure if asked to, and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true", help="run them all first")
    if parser.parse_args().measure:
        for name, *arguments in RUNS:
            print(f"\n== {name} {' '.join(arguments)}", flush=True)
            command = [sys.executable, "-m", f"benchmarks.{name}", *arguments]
            subprocess.run(command, check=True)
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "sklearn_bpnet"  # the same file from the same data
    FOLDER.mkdir(exist_ok=True)
    for draw in (
        speed,
        predict,
        scaling,
        grid,
        busy,
        memory,
        defaults,
        recipes,
        ensemble,
    ):
        name = draw.__name__
        if (found := results.load(name)) is not None:
            fig, *tables = draw(found)
            path = FOLDER / f"{name}.inc"
            caption = f"{draw.__doc__} {_measured_with(found)}\n"
            if fig is not None:
                picture = path.with_suffix(".svg")
                fig.savefig(picture, bbox_inches="tight", metadata={"Date": None})
                figure = (
                    f".. figure:: figures/{picture.name}\n   :alt: {draw.__doc__}\n"
                )
                caption = f"{figure}\n   {caption}"
            path.write_text("\n".join([caption, *tables]))
            print(path)


if __name__ == "__main__":
    main()
