"""What the processes of the crash harness do: functions from JSON to JSON."""

import collections
import contextlib
import faulthandler
import gc
import importlib
import json
import os
import random
import resource
import signal
import sys
import threading
import time
import warnings
from importlib.util import find_spec

import numpy as np
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_info
from training.threads import is_free

import sklearn_bpnet
from sklearn_bpnet import BPNetClassifier, config_context, get_config
from sklearn_bpnet.callbacks import Checkpoint
from sklearn_bpnet.options import EarlyStopping, MemberFolds
from sklearn_bpnet.training import blas_threads
from sklearn_bpnet.training.stochastic import compiler, thread_pool

PACKAGE = os.path.dirname(sklearn_bpnet.__file__)
HAS_NUMBA = find_spec("numba") is not None

# parameters, and whether epochs are compiled
KINDS = {
    "numpy": ({}, False),
    "compiled": ({}, True),
    "full batch": ({"solver": "lbfgs"}, False),
    "monitor": (
        {"early_stopping": True, "n_iter_no_change": 99, "ema_decay": 0.9},
        False,
    ),
    "refit": (
        {"early_stopping": EarlyStopping(refit=True), "n_iter_no_change": 3},
        False,
    ),
    "members": ({"n_members": 3, "max_iter": 5}, False),
    "folds": (
        {
            "n_members": 3,
            "max_iter": 4,
            "member_folds": MemberFolds(3, refit=True),
            "calibration": "temperature",
        },
        False,
    ),
    "processes": ({"n_members": 3, "max_iter": 5, "n_jobs": 2}, False),
    "threads": ({"n_members": 4, "max_iter": 8, "n_jobs": 2}, True),
    # batches that a thread pool shares
    "shared": (
        {"hidden_layer_sizes": (256, 256), "batch_size": 250, "max_iter": 10},
        True,
    ),
}
if not HAS_NUMBA:
    KINDS = {kind: value for kind, value in KINDS.items() if not value[1]}
# L-BFGS resumes from the weights alone
RESUMED = tuple(kind for kind in KINDS if kind != "full batch")
# threads that joblib keeps for the next call, beside its processes
OF_JOBLIB = {"ExecutorManagerThread", "QueueFeederThread"}


def data():
    X, y = load_digits(return_X_y=True)
    return X[:500], y[:500]


def fitted(kind, path=None, **changes):
    """A model of a kind, fitted; resumed if there is a checkpoint."""
    parameters, compiled = KINDS[kind]
    parameters = {"hidden_layer_sizes": (20,), "max_iter": 25} | parameters
    parameters |= {"random_state": 0} | changes
    model = BPNetClassifier(**parameters)
    if path is not None and os.path.exists(path):
        model = BPNetClassifier.load_checkpoint(path)
    if path is not None:
        model.set_callbacks(Checkpoint(path))
    with config_context(compiled=compiled):
        return model.fit(*data())


def continued(path):
    """A model that is trained in several calls, one of them after loading it."""
    X, y = data()
    model = BPNetClassifier((20,), random_state=0)
    for _ in range(3):
        model.partial_fit(X, y, classes=range(10))
    model.save_checkpoint(path)
    return BPNetClassifier.load_checkpoint(path).partial_fit(X, y)


def warm_up():
    """Import and compile what the jobs need."""
    for kind in {"numpy", "compiled", "shared"} & KINDS.keys():
        fitted(kind)


def digest(model):
    """Numbers that differ where the weights do."""
    members = getattr(model, "estimators_", [model])
    return [float(np.abs(W).sum()) for member in members for W in member.coefs_]


# What must be as before


def state():
    """Everything that an interrupt could leave changed, apart from threads."""
    blas = [lib for lib in threadpool_info() if lib["user_api"] == "blas"]
    return {
        "threads of BLAS": [lib["num_threads"] for lib in blas],
        "limits": len(blas_threads._limits.holders),
        "lock of BLAS": is_free(blas_threads._limits.lock),
        "lock of pools": is_free(thread_pool._lock),
        "compilations": len(compiler._at_work.threads),
        "configuration": get_config(),
        "filters": [str(item) for item in warnings.filters],
        "errors": np.geterr(),
    }


def other_threads(threads):
    """The threads of this process that are not among some, nor kept by joblib."""
    others = set(threading.enumerate()) - threads
    return [thread.name for thread in others if thread.name not in OF_JOBLIB]


def changes(before, threads, folder=None):
    """What is not as before, in words."""
    gc.collect()
    deadline = time.monotonic() + 120
    while other_threads(threads) and time.monotonic() < deadline:
        time.sleep(0.005)
    now = state()
    found = [f"{name}: {now[name]}" for name in now if now[name] != before[name]]
    found += [f"thread {name}" for name in other_threads(threads)]
    if folder is not None:
        found += [name for name in os.listdir(folder) if name != "file"]
    return found


# Jobs


def fit(kind, path):
    """Fit until killed."""
    return digest(fitted(kind, path))


def time_fit(kind, path):
    """Seconds of a fit, and its digest."""
    start = time.perf_counter()
    numbers = digest(fitted(kind, path))
    return [time.perf_counter() - start, numbers]


def fit_and_report(kind, path):
    """How a fit ends, what it leaves changed, and the digest of the next fit."""
    before, threads = state(), set(threading.enumerate())
    signal.signal(signal.SIGINT, signal.default_int_handler)
    outcome, fails = "ended", (KeyboardInterrupt, OSError)
    try:
        print(json.dumps("ready"), flush=True)
        try:
            fitted(kind, path)
        except fails as error:
            outcome = [type(error).__name__, getattr(error, "filename", None)]
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:  # outside of the fit
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    found = changes(before, threads)
    with contextlib.suppress(OSError):  # its folder may vanish at any moment
        BPNetClassifier.load_checkpoint(path)
    return [outcome, found, digest(fitted(kind))]


def save_until_killed(path, seed):
    """Save models of several sizes, one after the other."""
    X, y = data()
    rng, models, parent = random.Random(seed), [], os.getppid()
    for size in (2, 50, 400):
        models.append(BPNetClassifier((size,), max_iter=1).fit(X, y))
    print(json.dumps("ready"), flush=True)
    while os.getppid() == parent:
        rng.choice(models).save_checkpoint(path)


def save_on_full_disk(path, size):
    """What saving and fitting raise where no file may be larger than so many bytes."""
    X, y = data()
    model = BPNetClassifier((50,), max_iter=2, random_state=0).fit(X, y)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    outcomes = []
    for call in (
        lambda: model.save_checkpoint(path),
        lambda: model.set_callbacks(Checkpoint(path)).fit(X, y),
        lambda: model.set_callbacks().fit(X, y),
    ):
        try:
            call()
            outcomes.append("done")
        except OSError as error:
            outcomes.append([error.errno, error.filename])
        model.predict(X)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    return outcomes


def interrupt_at_lines(kinds, n, seed, folder):
    """What interrupts at random lines of the package leave changed.

    Lines that run once are hit as often as those that run for every batch.
    """
    path, rng, found = os.path.join(folder, "file"), random.Random(seed), []

    def run(kind):
        if os.path.exists(path):
            os.unlink(path)
        if kind == "partial":
            continued(path)
        else:
            fitted(kind, path, max_iter=3).predict(data()[0])

    events = {}
    for kind in kinds:
        run(kind)
        events[kind] = lines_of(lambda kind=kind: run(kind))
    before, threads = state(), set(threading.enumerate())
    for _ in range(n):
        kind = rng.choice(kinds)
        at = rng.choice(rng.choice(list(events[kind].values())))
        where = interrupted_at(lambda kind=kind: run(kind), at)
        bad = changes(before, threads, folder)
        if os.path.exists(path):
            BPNetClassifier.load_checkpoint(path)
        if bad:
            found.append([kind, where, bad])
            break  # what follows would be changed, too
    return [sum(map(len, events.values())), found]


def lines_of(function):
    """The numbers of the events at every line of the package that a call runs."""
    events, count = collections.defaultdict(list), 0

    def trace(frame, event, argument):
        nonlocal count
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            count += 1
            events[frame.f_code.co_filename, frame.f_lineno].append(count)
        return trace

    sys.settrace(trace)
    try:
        function()
    finally:
        sys.settrace(None)
    return events


def interrupted_at(function, at):
    """Press Ctrl-C at an event; return its place."""
    count, where = 0, None

    def trace(frame, event, argument):
        nonlocal count, where
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            count += 1
            if count == at:
                sys.settrace(None)
                where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        function()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    return where


def fork_beside_fits(n, seed):
    """Exit statuses of processes that fit, forked beside threads that do."""
    stop, rng, statuses = threading.Event(), random.Random(seed), []
    warnings.simplefilter("ignore")  # of forks beside threads
    before = state()["threads of BLAS"]
    kinds = [kind for kind in ("numpy", "compiled", "shared") if kind in KINDS]
    expected = {kind: digest(fitted(kind)) for kind in kinds}

    def fit_again_and_again(kind):
        while not stop.is_set():
            fitted(kind)

    threads = [
        threading.Thread(target=fit_again_and_again, args=(kind,))
        for kind in ("numpy", "numpy", "shared", "threads")
        if kind in KINDS
    ]
    for thread in threads:
        thread.start()
    for _ in range(n):
        time.sleep(rng.uniform(0, 0.1))
        kind = rng.choice(kinds)
        child = os.fork()
        if child == 0:
            # a lock that is never opened ends it
            faulthandler.dump_traceback_later(300, exit=True)
            is_right = state()["threads of BLAS"] == before
            is_right = is_right and digest(fitted(kind)) == expected[kind]
            is_right = is_right and state()["threads of BLAS"] == before
            os._exit(0 if is_right else 1)
        statuses.append(os.waitpid(child, 0)[1])
    stop.set()
    for thread in threads:
        thread.join()
    return [statuses, state()["threads of BLAS"] == before]


def fork_beside_a_compilation():
    """Whether a process forked beside a compilation trains, and what it says."""
    begun, end = threading.Event(), threading.Event()

    def work():
        begun.set()
        end.wait(600)

    thread = threading.Thread(target=compiler.compile_with, args=(work,))
    thread.start()
    begun.wait()
    reading, writing = os.pipe()
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
    child = os.fork()
    if child == 0:
        faulthandler.dump_traceback_later(300, exit=True)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(2):
                fitted("compiled")
        os.write(writing, json.dumps([str(w.message) for w in caught]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        messages = json.loads(pipe.read() or "null")
    status = os.waitpid(child, 0)[1]
    end.set()
    thread.join()
    return [status, messages]


def compile_tiny(folder, size=None):
    """Compile two functions, with a cache in a folder and perhaps no larger file.

    Returns seconds, results, how many were found in the cache, and what is said.
    """
    import numba

    numba.config.CACHE_DIR = os.path.join(folder, "cache")
    sys.path.insert(0, folder)
    if size is not None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    start = time.perf_counter()
    tiny = importlib.import_module("tiny")
    results = [tiny.twice(2), tiny.thrice(2)]
    seconds = time.perf_counter() - start
    if size is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    n_found = sum(f.stats.cache_hits.total() for f in (tiny.twice, tiny.thrice))
    return [seconds, results, n_found, compiler.news()]
