"""The code of the guide's page about other libraries, and of others that name them."""

import doctest
import re
import runpy
import textwrap
import warnings
from pathlib import Path

import numpy as np
import pytest

from sklearn_bpnet import config_context

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "guide" / "neighbours.rst").read_text(encoding="utf-8")
INTRODUCTION, *SECTIONS = re.split(r"\n(?=[^\n]+\n-{3,}\n)", TEXT)
LIBRARIES = {
    "skrub": "skrub",
    "imbalanced-learn": "imblearn",
    "MAPIE": "mapie",
    "SHAP": "shap",
    "skops": "skops",
    "polars": "polars",
    "Metadata routing": "sklearn",
    "Optuna and halving": "sklearn",
}


def title(section):
    return section.strip().splitlines()[0]


def test_every_section_is_known():
    assert [title(section) for section in SECTIONS] == list(LIBRARIES)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("section", SECTIONS, ids=title)
def test_the_code_of_a_section_runs(section, monkeypatch, request):
    pytest.importorskip("pandas")
    if title(section) == "SHAP":
        request.getfixturevalue("shap")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the import of others
        pytest.importorskip(LIBRARIES[title(section)])
    monkeypatch.chdir(DOCS / "start")  # of penguins.csv
    code = f"{INTRODUCTION}\n{section}\n"
    test = doctest.DocTestParser().get_doctest(code, {}, title(section), None, 0)
    report = []
    with config_context(compiled=False):
        failed, _ = doctest.DocTestRunner(verbose=False).run(test, out=report.append)
    assert not failed, "".join(report)


def test_shap_on_the_page_about_looking_inside(shap, monkeypatch):
    """The code block, after what the page has run; and the values of its figure."""
    text = (DOCS / "guide" / "inspection.rst").read_text(encoding="utf-8")
    (block,) = re.findall(r"\.\. code-block:: python\n\n((?: {3}.*\n|\n)+)", text)
    before = doctest.DocTestParser().get_doctest(
        text.partition("SHAP values\n")[0], {}, "inspection", None, 0
    )
    plots = []
    monkeypatch.setattr(shap.plots, "beeswarm", plots.append)
    with config_context(compiled=False):
        runner = doctest.DocTestRunner(verbose=False)
        assert not runner.run(before, clear_globs=False).failed
        page = before.globs
        exec(textwrap.dedent(block), page)
    (explained,) = plots
    X, X_new, reg = page["X"], page["X_new"], page["reg"]
    sums = explained.values.sum(axis=1) + explained.base_values
    np.testing.assert_allclose(sums, reg.predict(X_new), rtol=1e-5, atol=1e-5)
    figure = runpy.run_path(str(DOCS / "pictures" / "importances.py"))
    parts = figure["shapley_values"](reg.predict, X_new, X[:100])
    np.testing.assert_allclose(explained.values, parts, atol=1e-5)
