"""What needs skl2onnx and onnxruntime is left out without them; fixtures of fuzzing."""

from importlib.util import find_spec

from fuzz.conftest import _without_constants_of_imported_modules  # noqa: F401

collect_ignore = []
if find_spec("skl2onnx") is None or find_spec("onnxruntime") is None:
    collect_ignore += ["drawing.py", "runtime.py"]
