"""What the tests of threads share."""

import os
import signal
import sys
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


def run_interrupted(function, at, files):
    """Call a function, raise at the at-th line of the files; whether there is one."""
    left = [at]

    def trace(frame, event, argument):
        if frame.f_code.co_filename not in files:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                sys.settrace(None)
                raise InterruptError
        return trace

    sys.settrace(trace)
    try:
        function()
    except InterruptError:
        return True
    finally:
        sys.settrace(None)
    return False


def exit_status(child):
    """That of a child process, which is killed after half a minute."""
    deadline = time.monotonic() + 30
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
    return ended[1]
