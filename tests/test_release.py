"""What a release says of itself: version, citation, metadata, README."""

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest

import sklearn_bpnet
from sklearn_bpnet._addresses import REPOSITORY

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]


def test_the_version_is_written_in_one_place():
    version = re.escape(sklearn_bpnet.__version__)
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.rst"), ROOT / "pyproject.toml"]
    generated = {ROOT / "docs" / name for name in ("_build", "api", "gallery")}
    written = [
        path
        for path in (*pages, *ROOT.glob("sklearn_bpnet/**/*.py"))
        if generated.isdisjoint(path.parents)
        and re.search(rf"\b{version}\b", path.read_text(encoding="utf-8"))
    ]
    assert written == [ROOT / "sklearn_bpnet" / "_version.py"]
    assert "version" in PROJECT["dynamic"]
    assert metadata("sklearn-bpnet")["Version"] == sklearn_bpnet.__version__


def test_the_citation_is_of_this_version():
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    # what version 1.2.0 of the Citation File Format requires
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert [author["name"] for author in citation["authors"]] == [
        author["name"] for author in PROJECT["authors"]
    ]
    assert citation["title"] == sklearn_bpnet.__name__
    assert str(citation["version"]) == sklearn_bpnet.__version__
    assert citation["abstract"] == PROJECT["description"]
    assert citation["license"] == PROJECT["license"]
    assert citation["keywords"] == PROJECT["keywords"]
    assert citation.get("repository-code", "") == REPOSITORY


def test_the_address_of_the_repository_is_that_of_the_package():
    assert PROJECT.get("urls", {}).get("Repository", "") == REPOSITORY


def test_classifiers_say_what_holds():
    classifiers = PROJECT["classifiers"]
    assert classifiers == sorted(classifiers)
    oldest = PROJECT["requires-python"].removeprefix(">=")
    versions = [
        line.rpartition(" ")[2]
        for line in classifiers
        if re.search(r":: 3\.\d+$", line)
    ]
    minors = [int(version.removeprefix("3.")) for version in versions]
    assert versions[0] == oldest
    assert minors == list(range(minors[0], minors[-1] + 1))
    assert ("Typing :: Typed" in classifiers) == (
        Path(sklearn_bpnet.__file__).parent / "py.typed"
    ).exists()


def test_pictures_and_links_of_the_readme_lead_to_files():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)\)", text)
    local = [target for target in targets if not target.startswith("https://")]
    assert len(local) > 5
    assert [target for target in local if not (ROOT / target).exists()] == []
