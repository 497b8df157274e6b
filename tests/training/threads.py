"""What the tests of threads share."""

import os
import signal
import sys
import threading
import time

from threadpoolctl import threadpool_info

from sklearn_bpnet.net.activations import ACTIVATIONS
from sklearn_bpnet.net.network import Network

SMALL = Network.dense((10, 32, 1), [ACTIVATIONS["relu"], ACTIVATIONS["identity"]])
LARGE = Network.dense((1000, 1000), [ACTIVATIONS["identity"]])


def blas_threads():
    return [
        lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"
    ]


class InterruptError(Exception):
    """Stands for the KeyboardInterrupt of Ctrl-C."""


def run_interrupted(function, at, files, error=InterruptError):
    """Call a function, raise at the at-th line of the files; whether there is one."""
    left = [at]

    def trace(frame, event, argument):
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                sys.settrace(None)
                raise error
        return trace

    sys.settrace(trace)
    try:
        function()
    except error:
        pass
    finally:
        sys.settrace(None)
    return left[0] <= 0


def exit_status(child):
    """That of a child process, which is killed after half a minute."""
    deadline = time.monotonic() + 30
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
    return ended[1]


def is_free(lock):
    """Whether no thread holds the lock, this one included."""
    found = []

    def try_it():
        found.append(lock.try_to_enter())
        if found[0]:
            lock.__exit__()

    other = threading.Thread(target=try_it)
    other.start()
    other.join()
    return found[0]
