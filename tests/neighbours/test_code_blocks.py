"""The blocks of Python code of the pages that are not doctests, page by page."""

import re
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sklearn_bpnet import BPNetClassifier, config_context

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(
    r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", flags=re.MULTILINE
)
# what the blocks of a page need: modules, names that the page has defined before, files
SHORTER = {"n_jobs=2": "n_jobs=1", "(512, 512)": "(8,)", "(256, 128)": "(8,)"}


def iris(folder):
    X, y = load_iris(return_X_y=True)
    clf = BPNetClassifier((8,), max_iter=5, random_state=0).fit(X, y)
    return {"BPNetClassifier": BPNetClassifier, "X": X, "y": y, "clf": clf}


def monitored(folder):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import GridSearchCV

    names = {"warnings": warnings, "ConvergenceWarning": ConvergenceWarning}
    return {**iris(folder), **names, "GridSearchCV": GridSearchCV}


def sales(folder):
    import pandas as pd

    rng = np.random.default_rng(0)
    names = {"price": rng.random(400), "shop": rng.choice(["A", "B"], 400)}
    table = pd.DataFrame({**names, "returned": rng.random(400) < 0.3})
    table.to_csv(folder / "sales-1.csv", index=False)
    table.to_csv(folder / "sales-2.csv", index=False)
    table.assign(amount=rng.random(400)).to_parquet(folder / "sales.parquet")
    return {}


PAGES = {
    "guide/continuing.rst": (["sklearn.callback"], iris),
    "guide/monitoring.rst": (["sklearn.callback", "rich", "matplotlib"], monitored),
    "guide/performance.rst": (["pandas", "pyarrow", "dask.dataframe"], sales),
    "start/saving.rst": (["skops.io"], iris),
}
# trained on a cluster; and with SHAP, in test_page.py
ELSEWHERE = {"guide/dask.rst", "guide/inspection.rst"}


def blocks(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    return [textwrap.dedent(code) for code in BLOCK.findall(text)]


def test_every_page_with_such_blocks_is_known():
    folders = ["start", "guide", "lecture"]
    files = [file for folder in folders for file in (DOCS / folder).glob("*.rst")]
    pages = {file.relative_to(DOCS).as_posix() for file in files}
    assert {page for page in pages if blocks(page)} - ELSEWHERE == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    modules, prepare = PAGES[page]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the import of others
        for module in modules:
            pytest.importorskip(module, exc_type=ImportError)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    names = prepare(tmp_path)
    for code in blocks(page):
        for long, short in SHORTER.items():
            code = code.replace(long, short)
        with config_context(compiled=False):
            exec(code, names)
