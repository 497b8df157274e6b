"""Processes of the crash harness, and its rounds."""

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

import sklearn_bpnet

ROUNDS = int(os.environ.get("SKLEARN_BPNET_CRASH_ROUNDS", "3"))
SEED = int(os.environ.get("SKLEARN_BPNET_CRASH_SEED", "0"))
TESTS = str(Path(__file__).parents[1])
ROOT = str(Path(sklearn_bpnet.__file__).parents[1])

# the jobs need both
if os.name != "posix" or find_spec("sklearn.callback") is None:  # before 1.9
    collect_ignore_glob = ["*.py"]

# A process that imports and compiles once, and forks one for every line it reads: a
# job, with its arguments and the file that takes what it prints.
SERVER = """
import json, os, signal, sys, traceback, warnings

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing waits for what is killed
sys.path[:0] = {paths!r}
warnings.simplefilter("ignore")
from crash import jobs

for kind in {kinds!r}:
    jobs.fitted(kind)
print("ready", flush=True)
for line in sys.stdin:
    name, arguments, output = json.loads(line)
    child = os.fork()
    if not child:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, 1)
        try:
            print(json.dumps(getattr(jobs, name)(*arguments)), flush=True)
        except BaseException:
            print(json.dumps(traceback.format_exc()), flush=True)
        os._exit(0)
    print(child, flush=True)
"""


class Process:
    """A forked process that does a job.

    Parameters
    ----------
    pid : int
        Its number.
    output : Path
        What it prints, a line of JSON for every message.
    """

    def __init__(self, pid, output):
        self.pid, self.output, self._n_read = pid, output, 0

    def answer(self, timeout=120):
        """The next message."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            text = self.output.read_text() if self.output.exists() else ""
            lines = text.split("\n")
            if len(lines) > self._n_read + 1:
                self._n_read += 1
                answer = json.loads(lines[self._n_read - 1])
                assert "Traceback" not in str(answer), answer
                return answer
            time.sleep(0.002)
        self.signal(signal.SIGKILL)
        raise AssertionError(f"no answer within {timeout} seconds")

    def signal(self, number):
        """Send a signal; nothing if the process has ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self):
        """Kill the process, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                os.kill(self.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.001)


@pytest.fixture(scope="session")
def start(tmp_path_factory):
    """A function that starts a job in a process of its own.

    The job and its arguments are those of `jobs`.
    """
    kinds = ["numpy", "compiled", "shared"]
    folder = tmp_path_factory.mktemp("processes")
    with subprocess.Popen(
        [sys.executable, "-c", SERVER.format(paths=[TESTS, ROOT], kinds=kinds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2"},
        text=True,
    ) as server:
        assert server.stdout.readline() == "ready\n"
        outputs = itertools.count()

        def start_job(name, *arguments):
            output = folder / str(next(outputs))
            line = json.dumps([name, arguments, str(output)])
            print(line, file=server.stdin, flush=True)
            return Process(int(server.stdout.readline()), output)

        yield start_job
        server.stdin.close()


@pytest.fixture
def rng(request):
    """The random numbers of a test."""
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture(scope="session")
def n_rounds():
    """Number of rounds per test."""
    return ROUNDS
