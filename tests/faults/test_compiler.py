"""Faults around the compiler: a cache that cannot be used, Ctrl-C while it compiles.

The fits run in processes of their own, which import Numba under other circumstances.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tiny_functions import TINY

import sklearn_bpnet
from sklearn_bpnet import BPNetClassifier, config_context, get_config
from sklearn_bpnet.training.stochastic import compiler

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs Numba")
ROOT = str(Path(sklearn_bpnet.__file__).parents[1])

# A process without Numba, which forks a child for every line that it reads, with
# environment variables and code that runs first. The child prints how two fits went.
SERVER = """
import json, os, sys, traceback, warnings
import numpy as np
sys.path.insert(0, {root!r})
from sklearn_bpnet import BPNetClassifier
{imports}

X = np.random.default_rng(0).normal(size=(1100, 4))

def fit():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf = BPNetClassifier(
            (), batch_size=10, max_iter=2, learning_rate_init=0.1, random_state=0
        )
        clf.fit(X, X[:, 0] > 0)
    loops = sys.modules.get("sklearn_bpnet.training.stochastic.compiled.loops")
    overloads = () if loops is None else getattr(loops.train, "overloads", ())
    return {{
        "warnings": [[str(w.message), w.filename] for w in caught],
        "compiled": len(overloads),
        "score": clf.score(X, X[:, 0] > 0),
    }}

for line in sys.stdin:
    child = os.fork()
    if not child:
        request = json.loads(line)
        os.environ.update(request["environment"])
        try:
            exec(request["before"])
            print(json.dumps([fit(), fit()]), flush=True)
        except BaseException:
            print(json.dumps(traceback.format_exc()), flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@contextmanager
def server(imports=""):
    """A function from code and environment to what a forked process prints."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER.format(root=ROOT, imports=imports)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def request(before="", **environment):
            environment = {"SKLEARN_BPNET_COMPILED": "auto"} | environment
            line = json.dumps({"before": before, "environment": environment})
            print(line, file=process.stdin, flush=True)
            answer = json.loads(process.stdout.readline())
            assert isinstance(answer, list), answer
            return answer

        yield request
        process.stdin.close()


@pytest.fixture(scope="module")
def fits():
    """A function from code and environment to how two fits in a new process go."""
    with server() as request:
        yield request


@pytest.fixture(scope="module")
def after_imports():
    """The same in a process that has imported Numba and compiled something."""
    imports = (
        "from sklearn_bpnet.training.stochastic.compiled import cache\n"
        "import numba; numba.njit(lambda x: 2 * x)(1)"
    )
    with server(imports) as request:
        yield request


NO_FOLDER = """
import numba.core.caching as caching
class Nowhere:
    @classmethod
    def from_function(cls, function, file):
        return None
caching.CompileResultCacheImpl._locator_classes = [Nowhere]
"""


@pytest.fixture
def broken_numba(tmp_path):
    """A function from the text of a package numba to code by which it is found."""

    def make(text):
        (tmp_path / "numba").mkdir()
        (tmp_path / "numba" / "__init__.py").write_text(text)
        return f"sys.path.insert(0, {str(tmp_path)!r})"

    return make


def check_numpy(results, *texts):
    """NumPy did the work, and that was said once, at the user's line."""
    first, second = results
    assert [r["compiled"] for r in results] == [0, 0]
    assert all(r["score"] > 0.9 for r in results)
    ((message, filename),) = first["warnings"]
    assert filename == "<string>"
    assert not second["warnings"]
    for text in (*texts, "training runs in NumPy", "SKLEARN_BPNET_COMPILED=0"):
        assert text in message
    assert len(message) < 500


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("raise ImportError('Numba needs NumPy 1.2 or less.')", "needs NumPy 1.2"),
        ("raise SystemError('initialization of _internal failed')", "SystemError"),
        ("import a_module_that_is_missing", "a_module_that_is_missing"),
        ("raise OSError('libllvmlite.so: cannot open')", "libllvmlite.so"),
        ("x = 1", "AttributeError"),
        ("version_info, __version__ = (0, 58, 1), '0.58.1'", "0.58.1, below 0.60"),
    ],
)
def test_f14_numpy_does_the_work_of_a_broken_numba(text, reason, broken_numba, fits):
    results = fits(broken_numba(text))
    check_numpy(results, "Numba is installed, but it cannot be used", reason)
    assert "pip install -U" in results[0]["warnings"][0][0]


def test_f14_nothing_is_said_where_numba_is_not_installed_or_not_wanted(
    broken_numba, fits
):
    before = "sys.modules['numba'] = None"
    assert [r["warnings"] for r in fits(before)] == [[], []]
    broken = broken_numba("raise ImportError")
    results = fits(broken, SKLEARN_BPNET_COMPILED="0")
    assert [r["warnings"] for r in results] == [[], []]


@needs_numba
def test_f14_numpy_does_the_work_where_nothing_may_be_compiled(fits):
    check_numpy(fits(NUMBA_DISABLE_JIT="1"), "NUMBA_DISABLE_JIT is set", "Unset it")


@needs_numba
def test_f14_numpy_does_the_work_where_no_folder_can_be_written(fits):
    results = fits(NO_FOLDER)
    check_numpy(results, "cannot be kept on disk", "NUMBA_CACHE_DIR", "no locator")


@needs_numba
@pytest.mark.skipif(os.name != "posix", reason="paths below files")
def test_f14_a_package_and_a_home_that_cannot_be_written(tmp_path, fits):
    """No folder anywhere: the package is below a file, as far as Numba can tell."""
    (tmp_path / "file").write_text("")
    before = (
        "import numba.core.caching as caching\n"
        "caching.InTreeCacheLocator.get_cache_path = "
        f"lambda self: {str(tmp_path / 'file' / '__pycache__')!r}\n"
    )
    environment = {
        "NUMBA_CACHE_DIR": str(tmp_path / "file"),
        "HOME": str(tmp_path / "file"),
        "XDG_CACHE_HOME": str(tmp_path / "file"),
    }
    check_numpy(fits(before, **environment), "cannot be kept on disk")


@needs_numba
@pytest.mark.slow
def test_f14_what_is_asked_for_is_compiled_in_memory(fits):
    first, second = fits(NO_FOLDER, SKLEARN_BPNET_COMPILED="1")
    assert first["compiled"] == second["compiled"] == 1
    ((message, _),) = first["warnings"]
    assert "every process compiles it anew" in message
    assert "NUMBA_CACHE_DIR" in message
    assert not second["warnings"]


# Tiny functions, whose cache is full or damaged
CALL_TINY = """
import numba
from sklearn_bpnet.training.stochastic import compiler
numba.config.CACHE_DIR = {folder!r} + "/cache"
sys.path.insert(0, {folder!r})
import tiny
{before}
results = tiny.twice(2), tiny.thrice(2)
hits = sum(f.stats.cache_hits.total() for f in (tiny.twice, tiny.thrice))
print(json.dumps([results, hits, compiler.news(), compiler.news()]), flush=True)
os._exit(0)
"""
FULL_DISK = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
"""


@pytest.fixture
def tiny(after_imports, tmp_path):
    """A function: results of tiny functions, hits of their cache, the news, twice."""
    (tmp_path / "tiny.py").write_text(TINY)

    def call(before=""):
        return after_imports(CALL_TINY.format(folder=str(tmp_path), before=before))

    return call


def files_in(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@needs_numba
def test_f14_a_full_disk_is_no_error_and_said_once(tiny, tmp_path):
    results, hits, news, more_news = tiny(FULL_DISK)
    assert results == [4, 6]
    assert hits == 0
    assert len(news) == 1
    assert "could not be written to" in news[0]
    assert "NUMBA_CACHE_DIR" in news[0]
    assert not more_news
    assert not files_in(tmp_path / "cache")
    assert tiny() == [[4, 6], 0, [], []]
    assert tiny() == [[4, 6], 2, [], []]


@needs_numba
@pytest.mark.parametrize("kind", ["index", "data", "both"])
@pytest.mark.parametrize("damage", ["empty", "cut short", "text", "another pickle"])
def test_f14_damaged_files_are_compiled_again(kind, damage, tiny, tmp_path):
    tiny()
    suffixes = {"index": [".nbi"], "data": [".nbc"], "both": [".nbi", ".nbc"]}[kind]
    for path in files_in(tmp_path / "cache"):
        if path.suffix in suffixes:
            content = path.read_bytes()
            path.write_bytes(
                {
                    "empty": b"",
                    "cut short": content[: len(content) * 2 // 3],
                    "text": b"no pickle",
                    "another pickle": pickle.dumps("text"),
                }[damage]
            )
    results, hits, news, _ = tiny()
    assert (results, hits, news) == ([4, 6], 0, [])
    assert tiny() == [[4, 6], 2, [], []]


@needs_numba
def test_f14_a_folder_that_vanishes_is_no_error(tiny, tmp_path):
    vanish = f"""
import shutil
shutil.rmtree({str(tmp_path / "cache")!r})
open({str(tmp_path / "cache")!r}, "w").close()
"""
    results, _hits, news, _ = tiny(vanish)
    assert results == [4, 6]
    assert len(news) == 1


# F20: Ctrl-C while something is compiled


def press_ctrl_c(after):
    """Ctrl-C in this process after some seconds; the list gets when it was."""
    when = []

    def press():
        when.append(time.perf_counter())
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    threading.Timer(after, press).start()
    return when


def test_f20_ctrl_c_ends_the_call_at_once_and_nothing_is_interrupted():
    finish, finished = threading.Event(), []

    def uninterrupted():
        finish.wait(30)
        finished.append(compiler.is_cancelled())

    when = press_ctrl_c(0.2)
    with pytest.raises(KeyboardInterrupt):
        compiler.compile_with(uninterrupted)
    assert time.perf_counter() - when[0] < 10
    assert not finished
    (thread,) = [t for t in threading.enumerate() if t.name == "compiler"]
    finish.set()
    thread.join(30)
    assert finished == [True]


def test_f20_results_errors_and_contexts_pass_through():
    with config_context(compiled=False):
        assert compiler.compile_with(get_config) == {"compiled": False}
    with pytest.raises(KeyError, match="text"):
        compiler.compile_with(lambda: {}["text"])
    assert not [t for t in threading.enumerate() if t.name == "compiler"]


def test_f20_a_thread_that_is_cancelled_compiles_no_further():
    cancelled, steps = threading.Event(), []

    def compile_in_steps():
        for i in range(5):
            compiler.check()
            steps.append(i)
            if i == 2:
                cancelled.set()

    def work():
        with compiler.cancelled_by(cancelled.is_set):
            with pytest.raises(compiler.CancelledCompilationError):
                compiler.compile_with(compile_in_steps)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    assert steps == [0, 1, 2]


# Ctrl-C during the first compiled fit: how it ends, how long that takes, what remains
INTERRUPTED = """
import signal, threading, time

main, when = threading.main_thread().ident, []

def press():
    when.append(time.perf_counter())
    signal.pthread_kill(main, signal.SIGINT)

X, outcomes = np.random.default_rng(0).normal(size=(1100, 4)), []
for after in {moments!r}:
    timer = threading.Timer(after, press)
    timer.start()
    clf = BPNetClassifier(
        (), batch_size=10, max_iter=2, learning_rate_init=0.1, **{parameters!r}
    )
    try:
        clf.fit(X, X[:, 0] > 0)
        outcome = "ended"
    except KeyboardInterrupt:
        outcome = "KeyboardInterrupt"
    timer.cancel()
    duration = time.perf_counter() - when[-1] if when else 0.0
    deadline = time.perf_counter() + 60
    while threading.active_count() > 1 and time.perf_counter() < deadline:
        time.sleep(0.01)
    left = [t.name for t in threading.enumerate()][1:]
    outcomes.append([outcome, hasattr(clf, "coefs_"), duration, left])
result = [outcomes]
if {again!r}:
    result.append(fit())
print(json.dumps(result), flush=True)
os._exit(0)
"""


def check_interrupted(result):
    for outcome, is_fitted, duration, left in result:
        assert outcome == "KeyboardInterrupt"
        assert not is_fitted
        assert duration < 10
        assert left == []


@needs_numba
def test_f20_ctrl_c_ends_the_first_compilation(fits, tmp_path):
    code = INTERRUPTED.format(moments=[0.05, 0.5, 2.0], parameters={}, again=False)
    (result,) = fits(code, NUMBA_CACHE_DIR=str(tmp_path))
    check_interrupted(result)
    assert not [path for path in files_in(tmp_path) if ".tmp." in path.name]


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize(
    "parameters", [{}, {"n_members": 2}, {"n_members": 2, "n_jobs": 2}]
)
def test_f20_the_next_fit_works(parameters, fits, tmp_path):
    # what was compiled until then is kept, so that together they stay below the whole
    moments = np.random.default_rng(0).uniform(0, 0.4, size=4).tolist()
    code = INTERRUPTED.format(moments=moments, parameters=parameters, again=True)
    result, fit = fits(code, NUMBA_CACHE_DIR=str(tmp_path))
    check_interrupted(result)
    assert fit["compiled"] == 1
    assert fit["score"] > 0.9
    assert not fit["warnings"]


def test_f20_ctrl_c_before_the_first_step_leaves_the_model_of_before(iris, interrupt):
    clf = BPNetClassifier((5,), max_iter=5, random_state=0).fit(*iris)
    before = clf.predict_proba(iris[0])
    interrupt(1)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(iris[0] * 1000, iris[1])
    np.testing.assert_array_equal(clf.predict_proba(iris[0]), before)
