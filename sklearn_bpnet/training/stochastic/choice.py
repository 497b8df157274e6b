"""Whether an epoch's pass is compiled or made by NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Any

from scipy import sparse

from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.evaluation import makes_dense
from sklearn_bpnet.training.optimizers import Optimizer
from sklearn_bpnet.training.stochastic import compiler
from sklearn_bpnet.training.stochastic.config import get_config
from sklearn_bpnet.training.stochastic.epoch import Descent, Walk
from sklearn_bpnet.training.stochastic.epoch_pass import EpochPass, NumpyEpochPass
from sklearn_bpnet.training.stochastic.thread_pool import ThreadPool

# Loading the compiled code takes about a second. Whether that pays depends on the
# batches of an epoch only, not on how many epochs a call makes or on what ran before,
# so that ten calls of one epoch make the very steps of one call of ten.
_MIN_BATCHES = 100
_MIN_WORK = 2**28  # or multiplications of a forward pass over all samples

_SECONDS_IN_SILENCE = 2.0


def is_compiled(
    risk: EmpiricalRisk,
    optimizer: Optimizer,
    X: Any,
    n_samples: int,
    batch_size: int,
) -> bool:
    """Whether this training is compiled.

    It is where `config_context` (or the environment) allows it, Numba can be used and
    there is compiled code for everything that takes part; and, unless that is asked
    for, only where it pays. Why Numba cannot be used is among `compiler.news`.

    Parameters
    ----------
    risk, optimizer
        As those of `Descent`.
    X : array or sparse matrix
        Of the samples.
    n_samples : int
        How many of them are trained on.
    batch_size : int
        Samples per batch.
    """
    wanted = get_config()["compiled"]
    if wanted is False:
        return False
    if sparse.issparse(X) and not makes_dense(risk.network, X, batch_size):
        return False  # there is no compiled code for sparse samples
    work = n_samples * sum(risk.network.layer_work)
    pays = n_samples > (_MIN_BATCHES - 1) * batch_size or work >= _MIN_WORK
    if wanted == "auto" and not pays:
        return False
    supported = compiler.load("supported")
    return (
        supported is not None
        and supported.is_supported(risk, optimizer)
        and compiler.is_usable(in_memory=wanted is True)
    )


def make_epoch_pass(
    descent: Descent, walk: Walk, pool: ThreadPool, verbose: bool = False
) -> EpochPass:
    """The pass of a training; ``pool`` shares the batches of a compiled one.

    If compilation takes long, ``verbose`` prints what is going on.
    """
    batches = descent.batches
    if not batches.reader.is_sparse and is_compiled(
        descent.risk, descent.optimizer, batches.reader.X,
        batches.n_samples, batches.batch_size,
    ):  # fmt: skip
        compiled = compiler.load("epoch_pass")
        if compiled is not None:
            with _announced(verbose):
                made: EpochPass = compiled.CompiledEpochPass(descent, walk, pool)
            return made
    return NumpyEpochPass(descent, walk)


@contextmanager
def _announced(verbose: bool) -> Iterator[None]:
    """Say what is going on, if ``verbose`` and it takes longer than a user expects."""
    if not verbose:
        yield
        return
    line = "Compiling this kind of training with Numba, once on this machine ..."
    timer = Timer(_SECONDS_IN_SILENCE, print, [line], {"flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
