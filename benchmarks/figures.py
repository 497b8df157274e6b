"""Plot the saved results of the benchmarks: ``python -m benchmarks.figures``.

There is one figure per benchmark in ``docs/guide/figures``, with a file of the same
name that the guide includes: the figure, the environment of the measurement, and a
table of the ratios. With ``--measure`` all benchmarks run first, which takes some
twenty minutes on an idle machine with Numba, PyTorch and JAX.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np

from benchmarks import results
from benchmarks.comparison import SHIFT
from benchmarks.dask_model import (
    WORKERS,
    Cost,
    Step,
    formula,
    pays_until,
    simulate,
)

FOLDER = Path(__file__).parents[1] / "docs" / "guide" / "figures"
RUNS = [
    ["speed", "--save"],
    ["predict", "--save"],
    ["scaling", "--save"],
    ["grid", "--save"],
    ["busy", "--save"],
    ["memory", "--save"],
    ["wide", "--save"],
    ["onnx_latency", "--save"],
    ["out_of_core", "--save"],
    ["dask", "--save"],
]
STYLES = {
    "bpnet": ("C0", "o", "sklearn_bpnet with Numba"),
    "NumPy alone": ("C9", "o", "sklearn_bpnet, NumPy alone"),
    "scikit-learn": ("C1", "s", "scikit-learn"),
    "PyTorch": ("C3", "^", "PyTorch, eager"),
    "JAX": ("C4", "v", "JAX, compiled epoch"),
    "products alone": ("0.3", "|", "matrix multiplications alone"),
}
PACKAGES = {
    "numpy": "NumPy",
    "scipy": "SciPy",
    "scikit-learn": "scikit-learn",
    "numba": "Numba",
    "torch": "PyTorch",
    "jax": "JAX",
    "onnxruntime": "onnxruntime",
    "dask": "Dask",
}


def _measured_with(found):
    """Return a sentence on the environment."""
    found = found["with"]
    names = [
        f"{PACKAGES[k]} {v.split('+')[0]}" for k, v in found.items() if k in PACKAGES
    ]
    return (
        f"Measured on a machine of {found['processors']} processors "
        f"({found['machine']}) with Python {found['python']}, {', '.join(names)}."
    )


def _table(title, header, rows):
    """Return a table in reStructuredText, numbers with two decimals."""
    lines = [f".. list-table:: {title}", "   :header-rows: 1", ""]
    for row in [header, *rows]:
        cells = [f"{c:.2f}" if isinstance(c, float) else str(c) for c in row]
        lines += [f"   {'* -' if i == 0 else '  -'} {c}" for i, c in enumerate(cells)]
    return "\n".join([*lines, ""])


def _in_samples(name):
    """Return a saved name with samples in place of rows."""
    return name.replace("row", "sample")


def _names(contenders):
    """Return the names that the guide uses."""
    return [name.replace("bpnet", "sklearn_bpnet") for name in contenders]


def _column(ratio):
    """Return the header of a column of ratios."""
    name = ratio.split(" / ")[1].replace(", float64 X", ", float64")
    return name.replace("products alone", "matrix multiplications")


def _dots(ax, table, names):
    """Plot a line per row of the table, a marker per package, seconds on a log axis."""
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
    """Seconds per epoch: with Numba, and in NumPy alone."""
    table = found["seconds"]
    fig, ax = plt.subplots(figsize=(8, 5))
    _dots(ax, table, STYLES)
    ax.set(xlabel="seconds per epoch", ylabel="samples x features, hidden units, batch")
    ax.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=3, frameon=False)
    tables = []
    for ours, title in (("bpnet", "with Numba"), ("NumPy alone", "in NumPy alone")):
        columns = {
            _column(name): values
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
                f"Seconds per epoch of sklearn_bpnet {title}, relative to the others"
            )
            header = ["samples x features, hidden units, batch", *columns]
            tables.append(_table(title, header, rows))
    return fig, *tables


def predict(found):
    """Seconds to predict one sample and a million."""
    fig, axes = plt.subplots(1, 2, figsize=(8, 2.4), layout="constrained")
    for ax, (case, row) in zip(axes, found["seconds"].items(), strict=True):
        colors = [STYLES[name][0] for name in row]
        unit, factor = ("microseconds", 1e6) if case == "one row" else ("seconds", 1)
        bars = ax.barh(_names(row), [t * factor for t in row.values()], color=colors)
        ax.bar_label(bars, fmt="%.3g", padding=3)
        ax.set(title=f"Prediction of {_in_samples(case)}", xlabel=unit)
        ax.margins(x=0.15)
        ax.invert_yaxis()
        ax.spines[["top", "right"]].set_visible(False)
    others = list(next(iter(found["seconds"].values())))[1:]
    rows = [
        [_in_samples(case), *(row["bpnet"] / row[name] for name in others)]
        for case, row in found["seconds"].items()
    ]
    title = "Prediction time of sklearn_bpnet, relative to the others"
    return fig, _table(title, ["prediction of", *others], rows)


def onnx_latency(found):
    """Time to predict the probabilities of one sample."""
    rows = [
        [case, *(f"{t * 1e6:.0f} µs" for t in row.values()), f"{_speedup(row):.1f}"]
        for case, row in found["seconds"].items()
    ]
    header = ["sample, classifier", "``predict_proba``", "onnxruntime", "ratio"]
    return None, _table("Medians per call, and their ratio", header, rows)


def _speedup(row):
    """Return how many times as fast onnxruntime is."""
    return row["bpnet"] / row["onnxruntime"]


def scaling(found):
    """Seconds per epoch against the numbers of samples and parameters."""
    fig, axes = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    for ax, name in zip(axes, ("rows", "parameters"), strict=True):
        x, y = np.array(found[name]["sizes"]), np.array(found[name]["seconds"])
        slope, k = found[name]["slope"], found[name]["n_small"]
        middle = np.exp(np.mean(np.log(y[k:])) - slope * np.mean(np.log(x[k:])))
        ax.loglog(
            x[k:], middle * x[k:] ** slope, color="0.6", label=f"slope {slope:.2f}"
        )
        ax.loglog(x, y, "o", color="C0")
        ax.set(xlabel=_in_samples(name), ylabel="seconds per epoch")
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


def wide(found):
    """CPU seconds of fits to wide and to one-hot encoded tables."""
    rows = [
        [name, *(f"{s:.2f}" for s in row.values()), row["bpnet"] / row["scikit-learn"]]
        for name, row in found["wide"].items()
    ]
    header = ["samples x features, solver, estimator", "sklearn_bpnet", "scikit-learn"]
    title = "CPU seconds of a fit with default parameters"
    tables = [_table(title, [*header, "ratio"], rows)]
    row = found["one-hot"]
    title = "CPU seconds of ten epochs on one-hot encoded features, 20,000 x 88"
    cells = [f"{seconds:.2f}" for seconds in row.values()]
    return None, *tables, _table(title, _names(row), [cells])


def busy(found):
    """Time of a fit relative to a single fit on an idle machine."""
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
    ax.set_xlabel("time relative to a single fit")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1))
    ax.spines[["top", "right"]].set_visible(False)
    return (fig,)


def memory(found):
    """Increase of peak memory."""
    row = found["megabytes"]
    fig, ax = plt.subplots(figsize=(8, 2.4), layout="constrained")
    names = [name.rstrip(".").replace("once a", "once per") for name in row]
    bars = ax.barh(names, list(row.values()), color="C0")
    ax.bar_label(bars, fmt="%.0f", padding=3)
    ax.set_xlabel("increase of peak memory, megabytes")
    ax.margins(x=0.1)
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    return (fig,)


def out_of_core(found):
    """Three epochs on a memory map of 4 GB, and on an array."""
    rows = [
        [
            network,
            *(f"{of[kind]['rate']:,.0f}" for kind in ("file", "array")),
            of["file"]["rate"] / of["array"]["rate"],
            f"{of['file']['megabytes']:.0f}",
        ]
        for network, of in found["networks"].items()
    ]
    header = ["hidden units", "samples per second, map", "array", "ratio"]
    title = "Samples per second of ``fit``, and megabytes that the map adds to the peak"
    return None, _table(title, [*header, "megabytes"], rows)


HOW = {formula: "formula", simulate: "simulated"}


def dask(found):
    """Steps on a cluster of Dask."""
    cost = Cost(**found["cost"])
    here = replace(cost, bandwidth=5e9)  # of this machine's memory

    def ms(seconds):
        return f"{1000 * seconds:.1f}"

    checked, modelled = [], []
    for name, row in found["steps"].items():
        step, seconds, cpu = Step(**row["step"]), row["seconds"], row["cpu"]
        checked.append(
            [
                name,
                *(ms(seconds[n]) for n in "12"),
                *(ms(how(step, here, 2)) for how in (formula, simulate)),
                seconds["2"] / seconds["1"],
                cpu["2"] / cpu["1"],
            ]
        )
        for how in (formula, simulate):
            cells = [ms(how(step, cost, n)) for n in WORKERS]
            modelled.append([f"{name}, {HOW[how]}", *cells])
        modelled[-2].append(pays_until(step, cost))
        modelled[-1].append("")
    header = ["step", "1 worker", "2 workers", "formula, 2", "simulated, 2"]
    header += ["ratio", "ratio of CPU seconds"]
    title = (
        "Milliseconds per step, measured on one machine, and of two workers by the "
        "formula and simulated; the ratios of two workers to one, the last one of the "
        "busier worker's CPU seconds in the whole fit"
    )
    tables = [_table(title, header, checked)]
    header = ["step", *map(str, WORKERS), "shortest with"]
    title = (
        "Milliseconds per step with so many workers, at "
        f"{8e-9 * cost.bandwidth:.0f} Gbit/s"
    )
    tables.append(_table(title, header, modelled))
    if of := found.get("bytes"):
        rows = [[n, x] for n, x in of.items()]
        header = ["partitions", "bytes per round / (2 x bytes of theta x workers)"]
        tables.append(_table("Bytes with two workers", header, rows))
    if of := found.get("accuracy"):
        rows = [[name, *(f"{x:.3f}" for x in row.values())] for name, row in of.items()]
        header = ["data set", *next(iter(of.values()))]
        title = "Accuracy of mini-batches of 128 samples, in three partitions"
        tables.append(_table(title, header, rows))
    return None, *tables


def defaults(found):
    """Variants with one parameter changed, relative to the defaults."""
    classification, regression = (
        found["means"][task] for task in ("classification", "regression")
    )
    rows = []
    for name, classified in classification.items():
        regressed = regression[name]
        ratios = [
            classified["error"] / classification["bpnet"]["error"],
            classified["log_loss"] / classification["bpnet"]["log_loss"],
            regressed["error"] / regression["bpnet"]["error"],
            (classified["cpu"] + regressed["cpu"])
            / (classification["bpnet"]["cpu"] + regression["bpnet"]["cpu"]),
        ]
        label = "scikit-learn's MLP, with scaled data"
        rows.append([label if name == "mlp, scaled" else f"``{name}``", *ratios])
    header = ["", "error rate", "log loss", "regression error", "time"]
    n_tables = sum(len(tables) for tables in found["tables"].values())
    title = f"Means over {n_tables} data sets, relative to the defaults"
    return None, _table(title, header, rows[1:])


def tabular(found):
    """Error relative to HistGradientBoosting on the tables that tuning did not see.

    A point per model and group of tables; the bars are 95 % intervals over the tables.
    """
    of_design = found["summary"]["held-back"]
    names = [name for name in of_design["error"] if name != found["reference"]]
    groups = [
        f"{task}, {size}"
        for task in ("classification", "regression")
        for size in ("small", "mid")
    ]
    fig, ax = plt.subplots(figsize=(8, 1 + 0.9 * len(groups)), layout="constrained")
    ax.axvline(1, color="0.5", lw=1)
    for i, name in enumerate(names):
        cells = [of_design["error"][name][group] for group in groups]
        mean, low, high = np.array([cell[:3] for cell in cells]).T
        places = np.arange(len(groups)) + 0.6 * ((i + 0.5) / len(names) - 0.5)
        color, marker = f"C{i % 10}", "osD^v<>Pp*"[i % 10]
        bars = [mean - low, high - mean]
        label = _label(name)
        ax.errorbar(
            mean, places, xerr=bars, fmt=marker, color=color, label=label, capsize=2
        )
    ax.set_yticks(range(len(groups)), groups)
    ax.set_ylim(len(groups) - 0.5, -0.5)
    ax.set_xscale("log")
    ticks = [0.7, 0.8, 0.9, 1, 1.2, 1.5, 2, 3]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlabel("error relative to HistGradientBoosting")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.02, 1))
    return fig, _tabular_rows(of_design, names, groups)


def _tabular_rows(of_design, names, groups):
    """Return a table with the error by group, and log loss and time of all tables."""
    rows = []
    for name in names:
        cells = [
            *(of_design["error"][name][group] for group in groups),
            of_design["log_loss"][name]["classification"]
            if of_design["log_loss"][name]
            else None,
            of_design["cpu"][name]["all"],
        ]
        shown = [
            f"{c[0]:.2f} ({c[1]:.2f} to {c[2]:.2f})" if c else "" for c in cells[:-1]
        ]
        rows.append([_label(name), *shown, f"{cells[-1][0]:.2g}"])
    counts = [max(of_design["error"][n][group][3] for n in names) for group in groups]
    heads = [f"{group} ({n})" for group, n in zip(groups, counts, strict=True)]
    title = "Geometric means relative to HistGradientBoosting, with 95 % intervals"
    return _table(title, ["", *heads, "log loss", "CPU time"], rows)


def _label(name):
    """Return what the guide calls a model of the comparison on tables."""
    labels = {
        "bpnet": "the defaults",
        "best": "the recipe 'best'",
        "mlp, scaled": "scikit-learn's MLP, scaled",
        "linear": "LogisticRegression, RidgeCV",
        "boosting": "HistGradientBoosting",
    }
    return labels.get(name, name)


def recipes(found):
    """RealMLP-TD-S in this package and in pytabkit, per data set."""
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
    header = [
        "",
        "error",
        "error, pytabkit",
        "error, boosting",
        "CPU s",
        "CPU s, pytabkit",
    ]
    title = "``realmlp-td-s`` and pytabkit's RealMLP_TD_S"
    return None, _table(title, header, rows)


def ensemble(found):
    """Ensembles of eight networks with default parameters, and single networks."""
    columns = ["error, one", "error, all", "log loss, one", "log loss, all"]
    rows = [
        [table, *(f"{means[c]:.3f}" if c in means else "" for c in columns)]
        for table, means in found["errors"].items()
    ]
    title = "Error rate, or RMSE divided by the standard deviation of the target"
    header = ["data set", *(c.replace("all", "eight") for c in columns)]
    quality = _table(title, header, rows)
    _, *ways = next(iter(found["seconds"].values()))
    rows = [
        [case, *(seconds[way] / seconds["eight fits"] for way in ways)]
        for case, seconds in found["seconds"].items()
    ]
    header = ["samples x features, hidden units", *ways]
    title = "Time of eight members, relative to eight consecutive fits"
    return None, quality, _table(title, header, rows)


def main():
    """Measure if requested, and plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--measure", action="store_true", help="run all benchmarks first"
    )
    parser.add_argument("--only", help="the figure of one benchmark, by its name")
    arguments = parser.parse_args()
    if arguments.measure:
        for name, *options in RUNS:
            print(f"\n== {name} {' '.join(options)}", flush=True)
            command = [sys.executable, "-m", f"benchmarks.{name}", *options]
            subprocess.run(command, check=True)
    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "sklearn_bpnet"  # the same file from the same data
    FOLDER.mkdir(exist_ok=True)
    for draw in (
        speed,
        predict,
        onnx_latency,
        scaling,
        grid,
        wide,
        busy,
        memory,
        out_of_core,
        dask,
        tabular,
        defaults,
        recipes,
        ensemble,
    ):
        name = draw.__name__
        if arguments.only not in (None, name):
            continue
        if (found := results.load(name)) is not None:
            fig, *tables = draw(found)
            path = FOLDER / f"{name}.inc"
            about = " ".join(draw.__doc__.split())
            caption = f"{about} {_measured_with(found)}\n"
            if fig is not None:
                picture = path.with_suffix(".svg")
                fig.savefig(picture, bbox_inches="tight", metadata={"Date": None})
                figure = f".. figure:: figures/{picture.name}\n   :alt: {about}\n"
                caption = f"{figure}\n   {caption}"
            path.write_text("\n".join([caption, *tables]))
            print(path)


if __name__ == "__main__":
    main()
