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

N_ROUNDS = int(os.environ.get("CRASH_ROUNDS", "2"))
SEED = int(os.environ.get("CRASH_SEED", "0"))
TESTS = str(Path(__file__).parents[1])
ROOT = str(Path(sklearn_bpnet.__file__).parents[1])
PATIENCE = 600  # seconds after which a process counts as one that waits for ever

# the jobs need both
if os.name != "posix" or find_spec("sklearn.callback") is None:  # before 1.9
    collect_ignore_glob = ["*.py"]

# A process that imports and compiles once, and forks one for every line it reads: a
# job, with its arguments and the file that takes what it prints. Each is the leader of
# a process group, of the processes that joblib starts and would keep.
SERVER = """
import json, os, signal, sys, traceback, warnings

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing waits for what is killed
sys.path[:0] = {paths!r}
warnings.simplefilter("ignore")
from crash import jobs

jobs.warm_up()
print("ready", flush=True)
for line in sys.stdin:
    name, arguments, output = json.loads(line)
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT)
        os.dup2(descriptor, 1)
        try:
            print(json.dumps(getattr(jobs, name)(*arguments)), flush=True)
        except BaseException:
            print(json.dumps(traceback.format_exc()), flush=True)
        os.killpg(0, signal.SIGTERM)
    print(child, flush=True)
"""


class Process:
    """A forked process that does a job.

    Parameters
    ----------
    pid : int
        Its number, which is that of its group, too.
    output : Path
        What it prints, a line of JSON for every message.
    """

    def __init__(self, pid, output):
        self.pid, self.output, self._n_read = pid, output, 0

    def answer(self):
        """The next message."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            is_alive = self.is_alive()  # before what it has printed is read
            text = self.output.read_text() if self.output.exists() else ""
            lines = text.split("\n")
            if len(lines) > self._n_read + 1:
                self._n_read += 1
                answer = json.loads(lines[self._n_read - 1])
                assert "Traceback" not in str(answer), answer
                return answer
            assert is_alive, "it ended without an answer"
            time.sleep(0.002)
        self.kill()
        raise AssertionError(f"no answer within {PATIENCE} seconds")

    def is_alive(self):
        """Whether the process has not ended."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def interrupt(self):
        """Press Ctrl-C, which a terminal sends to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGINT)

    def kill(self):
        """Kill the process, end those it has started; wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)  # joblib's own clean-up survives it
        deadline = time.monotonic() + PATIENCE
        while self.is_alive():
            assert time.monotonic() < deadline, "it survives SIGKILL"
            time.sleep(0.001)


@pytest.fixture(scope="session")
def start(tmp_path_factory):
    """A function that starts a job, one of `jobs`, in a process of its own."""
    folder = tmp_path_factory.mktemp("processes")
    with subprocess.Popen(
        [sys.executable, "-c", SERVER.format(paths=[TESTS, ROOT])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2"},  # so that a limit is seen
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
    return N_ROUNDS
