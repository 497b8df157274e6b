"""Do the tests notice faults? ``python tests/mutation/run.py``.

Each fault of :mod:`planted` is made in a copy of the package, on which the tests run:
first those that should notice it, then, where these do not, all others. Run it after
removing or thinning out tests, once with the tests as they were (``--tests``), and
compare. A run without a fault comes first; it must pass.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from planted import FAULTS, Fault

ROOT = Path(__file__).parents[2]
NO_NUMBA = "raise ModuleNotFoundError(name=__name__)\n"
SECONDS = 1200  # for the tests to try first; all others have four times as long


def main():
    """Print every fault with the test that noticed it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", type=Path, default=ROOT / "sklearn_bpnet")
    parser.add_argument("--tests", type=Path, default=ROOT / "tests")
    parser.add_argument("--only", default="", help="faults with this in their names")
    parser.add_argument("--deselect", action="append", default=[], metavar="TEST")
    parser.add_argument("--first-only", action="store_true", help="not all others")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    faults = [fault for fault in FAULTS if arguments.only in fault.name]
    known = {path.stem.removeprefix("test_") for path in arguments.tests.rglob("*.py")}
    for fault in faults:  # an error now, not in an hour
        find(arguments.package, fault.text)
        if unknown := set(fault.tests.split()) - known:
            sys.exit(f"{fault.name}: no test modules {sorted(unknown)}")
    first = " ".join(sorted({name for fault in faults for name in fault.tests.split()}))
    is_compiled = any(fault.compiled for fault in faults)
    noticed = notice(Fault("no fault", "", "", first, is_compiled), arguments)
    if noticed:
        sys.exit(f"Without a fault the tests fail: {noticed}")
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda fault: notice(fault, arguments), faults)
        missed = []
        for fault, noticed in zip(faults, results, strict=True):
            print(f"{fault.name:55s} {noticed or 'NOT NOTICED'}", flush=True)
            if not noticed:
                missed.append(fault.name)
    print(f"{len(faults) - len(missed)} of {len(faults)} faults noticed")
    sys.exit(bool(missed))


def find(package, text):
    """The one file of the package with this text."""
    found = [
        (path, count)
        for path in package.rglob("*.py")
        if (count := path.read_text(encoding="utf-8").count(text))
    ]
    if len(found) != 1 or found[0][1] != 1:
        where = ", ".join(f"{path} ({count})" for path, count in found) or "nowhere"
        raise LookupError(
            f"{text!r} must be in one place of the package; it is {where}"
        )
    return found[0][0]


def notice(fault, arguments):
    """The test that fails, and why; or None."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        root = arguments.tests.resolve().parent
        for name in ("pyproject.toml", "conftest.py"):
            shutil.copy(root / name, folder)
        for name in ("examples", "docs"):  # which some tests run or read
            (folder / name).symlink_to(root / name)
        shutil.copytree(arguments.tests, folder / "tests")
        package = folder / "sklearn_bpnet"
        shutil.copytree(arguments.package, package)
        if fault.text:
            path = find(package, fault.text)
            source = path.read_text(encoding="utf-8")
            faulty = source.replace(fault.text, fault.replacement)
            compile(faulty, path, "exec")  # a fault, not a mistake in spelling
            path.write_text(faulty, encoding="utf-8")
        if not fault.compiled:
            (folder / "numba.py").write_text(NO_NUMBA)  # of processes, too
        first = [
            str(path.relative_to(folder))
            for name in fault.tests.split()
            for path in sorted((folder / "tests").rglob(f"test_{name}.py"))
        ]
        noticed = failing_test(folder, first, SECONDS, arguments.deselect)
        if noticed or arguments.first_only or not fault.text:
            return noticed
        return failing_test(folder, ["tests"], 4 * SECONDS, arguments.deselect)


def failing_test(folder, tests, seconds, deselected):
    """The first test that fails on the copy in this folder, and why; or None."""
    options = [option for test in deselected for option in ("--deselect", test)]
    environment = {
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_CACHE_DIR": str(folder / "numba"),
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "", "-rfE", "--tb=no"]
    try:
        run = subprocess.run(
            ["nice", *command, "-p", "no:cacheprovider", *options, *tests],
            cwd=folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return "it does not end"
    if run.returncode == 0:
        return None
    found = re.search(r"^(?:FAILED|ERROR) (.+)$", run.stdout, re.MULTILINE)
    return found[1] if found else f"pytest ends with {run.returncode}"


if __name__ == "__main__":
    main()
