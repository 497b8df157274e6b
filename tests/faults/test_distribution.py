"""The source distribution, and the tests in an environment without Numba."""

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# blocks the import, as if it was not installed
WITHOUT_NUMBA = """
import sys

sys.modules["numba"] = None
import pytest

sys.exit(pytest.main(sys.argv[1:]))
"""


def test_f39_the_source_distribution_holds_what_the_tests_read():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    paths = {path.removeprefix("/") for path in included}
    needed = {"sklearn_bpnet", "tests", "conftest.py", "docs", "examples", "benchmarks"}
    assert needed <= paths
    assert not [path for path in paths if not (ROOT / path).exists()]
    # pytest reads every conftest.py above a test
    above = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("*/**/conftest.py")}
    assert above <= paths | {part for part in above if part.startswith(".")}


@pytest.mark.skipif(find_spec("numba") is None, reason="any run is one without Numba")
def test_f39_the_tests_are_collected_without_numba():
    # what runs, or stands beside, compiled code; and files with one name
    paths = ["sklearn_bpnet", "tests/training/stochastic", "tests/mutation", __file__]
    options = ["--collect-only", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMBA, *options, *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "tests collected" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    assert "error" not in done.stdout.splitlines()[-1]
    assert done.returncode == 0
