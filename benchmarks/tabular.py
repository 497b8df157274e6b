"""Quality on tables: ``python -m benchmarks.tabular``.

Models are fitted to two thirds of every table and tested on the rest, on the same
splits; :mod:`benchmarks.contenders` says with which data. Measured are the error rate,
or the root mean squared error divided by the standard deviation of the test targets;
log loss and AUC for classification; the CPU seconds of the fit, on one thread. The
output shows geometric means over the tables of the ratios of the error plus 0.01 to
that of a reference, with 95 % bootstrap intervals over the tables, and each model's
worst tables, compared with the better of boosting and a linear model.

``python -m benchmarks.public_tables`` brings most of the tables. Half of them are for
tuning, ``--group tuning``, and the others are held back for the report, ``--group
held-back``.

``--ours "name: a=1; b=2"`` adds a model with other parameters (``recipe=...`` among
them). With ``--save FILE`` every result becomes a line of the file, and a run continues
from it; ``--compare FILE`` adds saved results of other models without running them.
``--defaults`` compares the defaults with variants of one parameter at a time, and
``--figure NAME`` saves what :mod:`benchmarks.figures` shows.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import json
import os
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score
from threadpoolctl import threadpool_limits

from benchmarks import contenders
from benchmarks.tables import index, load
from benchmarks.tabular_report import (
    GROUPS,
    MEASURED,
    save_figure,
    show,
    show_each,
    show_worst,
    summary,
)

_THREADS = ("OPENBLAS", "OMP", "MKL", "NUMBA")

# The defaults, and alternatives
AROUND_THE_DEFAULTS = [
    "alpha=1e-5",
    "alpha=1e-3",
    "learning_rate='constant'",
    "learning_rate='constant'; learning_rate_init=0.001; max_iter=200",
    "learning_rate='flat_cosine'",
    "learning_rate_init=0.002",
    "learning_rate_init=0.02",
    "beta_2=0.95",
    "max_iter=50",
    "max_iter=200",
    "n_iter_no_change=10",
    "early_stopping=True",
    "batch_size=32",
    "batch_size=200",
    "input_scaling='squash'",
    "input_scaling=None",
    "initializer='glorot_uniform'",
    "initializer='he_normal'",
    "activation='gelu'",
    "dropout=0.1",
    "hidden_layer_sizes=(200,)",
    "hidden_layer_sizes=(100, 100)",
    "dtype='float64'",
    "n_members=4",
]


@functools.lru_cache(maxsize=2)
def _table(name, n_rows):
    """Return a table, reduced to that many samples."""
    return load(name, index()[name]).some(n_rows)


def measured(model, task, X_train, y_train, X_test, y_test):
    """Return error, log loss and AUC on the test samples; seconds of fit, also CPU."""
    start, start_cpu = time.perf_counter(), time.process_time()
    model.fit(X_train, y_train)
    result = {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - start_cpu,
    }
    if task == "regression":
        residual = model.predict(X_test) - y_test
        result["error"] = float(np.sqrt(np.mean(residual**2)) / np.std(y_test))
        return result
    result["error"] = float(np.mean(model.predict(X_test) != y_test))
    P = np.clip(model.predict_proba(X_test), 1e-15, 1)
    P /= P.sum(axis=1, keepdims=True)
    result["log_loss"] = float(log_loss(y_test, P, labels=model.classes_))
    binary = P[:, 1] if P.shape[1] == 2 else P
    result["auc"] = float(roc_auc_score(y_test, binary, multi_class="ovr"))
    return result


def run(job):
    """Return the row of results of a job: table, split, model and its settings."""
    warnings.simplefilter("ignore")
    table = _table(job["table"], job["rows"])
    X_train, y_train, X_test, y_test = table.split(job["split"])
    name, text = job["model"], job["settings"]
    settings = None if text is None else contenders.parsed(text)[1]
    X_train, X_test = contenders.prepared(
        "bpnet" if text is not None else name, X_train, X_test
    )
    model = contenders.build(name, table.task, job["split"], settings)
    with threadpool_limits(1):
        contenders.warmed_up(model, X_train, y_train)
        found = measured(model, table.task, X_train, y_train, X_test, y_test)
    return {**job, **found}


def code():
    """Return a digest of the package's source, which results are bound to."""
    folder = Path(contenders.options.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def jobs(facts, models, n_rows, n_splits):
    """Return what is to be measured, tables of few samples first.

    Parameters
    ----------
    facts : dict
        The tables.
    models : dict
        From the names to the texts of the settings, None for named models.
    n_rows : int or None
        Samples per table, at most.
    n_splits : dict
        By the size of the table.
    """
    version = code()
    return [
        {
            "table": table,
            "split": split,
            "model": name,
            "rows": n_rows,
            "settings": text,
            "code": version if text is not None or contenders.is_ours(name) else None,
        }
        for table, of_table in facts.items()
        for split in range(n_splits[of_table["size"]])
        for name, text in models.items()
    ]


def pending(wanted, done, any_version=False):
    """Return the jobs without a saved result, and the results of the others.

    Raises
    ------
    ValueError
        If a saved result of the same name has other settings or is of other code.
    """
    key = ("table", "split", "model", "rows")
    saved = {tuple(row[k] for k in key): row for row in done}
    missing, found = [], []
    for job in wanted:
        row = saved.get(tuple(job[k] for k in key))
        if row is None:
            missing.append(job)
            continue
        if row["settings"] != job["settings"]:
            raise ValueError(
                f"the saved results of {job['model']!r} are of {row['settings']!r}, "
                f"not of {job['settings']!r}: give the model another name"
            )
        if row["code"] != job["code"] and not any_version:
            raise ValueError(
                f"the saved results of {job['model']!r} are of another version of the "
                "package: save to another file, or continue with --any-version"
            )
        found.append(row)
    return missing, found


def read(path):
    """Return the rows of a file of results, without an incomplete last line."""
    if path is None or not Path(path).exists():
        return []
    rows = []
    for line in Path(path).read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def execute(missing, path, n_jobs):
    """Measure the jobs in processes of one thread each; print and save every result."""
    for library in _THREADS:
        os.environ[f"{library}_NUM_THREADS"] = "1"
    found, failed = [], 0
    pool = ProcessPoolExecutor(n_jobs, mp_context=get_context("spawn"))
    file = open(path, "a") if path else None
    try:
        started = {pool.submit(run, job): job for job in missing}
        for future in as_completed(started):
            job = started[future]
            start = f"{job['table']:18s} {job['split']}  {job['model']:24s} "
            try:
                row = future.result()
            except Exception as error:
                print(f"{start} failed: {type(error).__name__}: {error}", flush=True)
                failed += 1
                continue
            found.append(row)
            shown = (f"{k} {row[k]:.4f}" for k in MEASURED if k in row)
            print(start + "  ".join(shown), flush=True)
            if file:
                file.write(json.dumps(row) + "\n")
                file.flush()
    finally:
        pool.shutdown(cancel_futures=True)
        if file:
            file.close()
    if failed:
        print(f"\n{failed} of {len(missing)} fits failed; they are missing below")
    return found


def chosen(facts, names, groups):
    """Return the facts of the tables of these names, or all, in the named groups."""
    found = facts
    if names:
        if unknown := set(names) - set(facts):
            raise ValueError(f"no such tables: {', '.join(sorted(unknown))}")
        found = {name: facts[name] for name in facts if name in names}
    for kind, values in GROUPS.items():
        if wanted := set(values) & set(groups):
            found = {n: f for n, f in found.items() if f[kind] in wanted}
    return found


def _arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--tables", nargs="+", default=[], help="names, all otherwise")
    values = [value for kind in GROUPS.values() for value in kind]
    add("--group", nargs="+", default=[], choices=values, help="only such tables")
    add("--models", nargs="*", default=contenders.USUAL, help="or names of recipes")
    add("--ours", action="append", default=[], metavar="'NAME: A=1; B=2'")
    add("--defaults", action="store_true", help="and variants of one parameter")
    add("--rows", type=int, help="samples per table, at most")
    add("--splits", nargs="+", type=int, default=[2], help="or of small, of mid tables")
    add("--reference", default="boosting")
    add("--save", metavar="FILE", help="a line per result; a run continues from it")
    add("--compare", nargs="+", default=[], metavar="FILE", help="other saved results")
    add("--any-version", action="store_true", help="continue results of other code")
    add("--jobs", type=int, default=1, help="processes")
    add("--each", nargs="*", metavar="WHAT", help="print every table: error, cpu, ...")
    add("--figure", metavar="NAME", help="save the summary for the figures")
    return parser.parse_args()


def main():
    """Measure, print, and save if asked to."""
    arguments = _arguments()
    facts = chosen(index(), arguments.tables, arguments.group)
    models: dict = {name: None for name in arguments.models}
    for text in arguments.ours:
        models[contenders.parsed(text)[0]] = text
    if arguments.defaults:
        models = {"bpnet": None, "mlp, scaled": None}
        models |= {text: text for text in AROUND_THE_DEFAULTS}
    splits = dict(zip(GROUPS["size"], 2 * arguments.splits, strict=False))
    wanted = jobs(facts, models, arguments.rows, splits)
    saved = read(arguments.save)
    missing, rows = pending(wanted, saved, arguments.any_version)
    if missing:
        rows = rows + execute(missing, arguments.save, arguments.jobs)
    for path in arguments.compare:
        rows += [
            row
            for row in read(path)
            if row["table"] in facts
            and row["rows"] == arguments.rows
            and row["model"] not in models
        ]
    names = list(dict.fromkeys(row["model"] for row in rows))
    if arguments.each is not None:
        for what in arguments.each or ["error"]:
            show_each(rows, names, what)
    found = summary(rows, facts, names, arguments.reference)
    show(found, arguments.reference)
    show_worst(rows, names)
    if arguments.figure:
        save_figure(arguments.figure, rows, facts, found, arguments.reference)


if __name__ == "__main__":
    main()
