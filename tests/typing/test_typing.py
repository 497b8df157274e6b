"""Type checkers accept what is documented, and find a wrong name or type."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RIGHT = ["correct.py", "pipelines.py"]
WRONG = "wrong.py"

pytestmark = pytest.mark.slow


def run(module, *arguments):
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """(file, line, message) of what ``mypy --strict`` reports."""
    if find_spec("mypy") is None:
        pytest.skip("mypy is not installed")
    options = ("--config-file", HERE / "mypy.ini", "--no-error-summary")
    cache = ("--cache-dir", tmp_path_factory.mktemp("mypy"))
    files = [HERE / name for name in (*RIGHT, WRONG)]
    done = run("mypy", *options, *cache, *files)
    assert not done.stderr
    found = re.findall(r"^(.+?):(\d+): error: (.*)$", done.stdout, flags=re.MULTILINE)
    assert found, done.stdout
    return [(Path(file).name, int(line), text) for file, line, text in found]


@pytest.fixture(scope="module")
def pyright():
    """(file, line, message) of what pyright reports as errors."""
    if find_spec("pyright") is None or run("pyright", "--version").returncode:
        pytest.skip("pyright is not installed, or has no Node.js")
    files = [HERE / name for name in (*RIGHT, WRONG)]
    done = run("pyright", "--outputjson", "--pythonpath", sys.executable, *files)
    return [
        (Path(x["file"]).name, x["range"]["start"]["line"] + 1, x["message"])
        for x in json.loads(done.stdout)["generalDiagnostics"]
        if x["severity"] == "error"
    ]


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_what_is_documented_is_accepted(checker, request):
    found = request.getfixturevalue(checker)
    assert [error for error in found if error[0] in RIGHT] == []


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_every_planted_error_is_found_and_no_other(checker, request):
    found = {
        line for file, line, _ in request.getfixturevalue(checker) if file == WRONG
    }
    lines = (HERE / WRONG).read_text(encoding="utf-8").splitlines()
    marked = {i for i, line in enumerate(lines, 1) if line.endswith("# wrong")}
    assert len(marked) > 50
    assert [lines[i - 1] for i in sorted(marked - found)] == []
    assert [lines[i - 1] for i in sorted(found - marked)] == []
