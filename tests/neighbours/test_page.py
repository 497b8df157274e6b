"""The code of the guide's page about other libraries, section by section."""

import doctest
import re
import warnings
from pathlib import Path

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
