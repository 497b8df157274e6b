"""What pytest leaves out where an optional package is missing."""

from importlib.util import find_spec

collect_ignore = []
collect_ignore_glob = []
if find_spec("numba") is None:
    collect_ignore_glob.append("sklearn_bpnet/training/stochastic/compiled/*.py")
if find_spec("skl2onnx") is None:
    collect_ignore_glob.append("sklearn_bpnet/onnx/*.py")
if find_spec("sklearn.callback") is None:  # before 1.9
    collect_ignore.append("sklearn_bpnet/callbacks.py")
