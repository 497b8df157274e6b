"""What pytest leaves out where an optional package is missing."""

from importlib.util import find_spec

collect_ignore = []
if find_spec("numba") is None:
    collect_ignore.append("sklearn_bpnet/training/stochastic/compiled/epoch_pass.py")
    collect_ignore.append("sklearn_bpnet/training/stochastic/compiled/loops.py")
if find_spec("sklearn.callback") is None:  # before 1.9
    collect_ignore.append("sklearn_bpnet/callbacks.py")
