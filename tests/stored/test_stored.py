"""Models that a version has saved, in every format, predict as they did."""

import json
import warnings
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

import sklearn_bpnet
from sklearn_bpnet import BPNetClassifier, BPNetRegressor

pd = pytest.importorskip("pandas")
FILES = Path(__file__).parent / "files"
CLASSES = {"classifier": BPNetClassifier, "regressor": BPNetRegressor}


def from_joblib(path):
    return joblib.load(path)


def from_skops(path):
    io = pytest.importorskip("skops.io")
    return io.load(path, trusted=sklearn_bpnet.TRUSTED_TYPES)


def from_checkpoint(path):
    return CLASSES[path.stem].load_checkpoint(path)


class Served:
    """A session of onnxruntime, with the method that its model has an output for."""

    def __init__(self, path):
        runtime = pytest.importorskip("onnxruntime")
        pytest.importorskip("skl2onnx")  # to_onnx is of the same module as onnx_inputs
        self.session = runtime.InferenceSession(
            path, providers=["CPUExecutionProvider"]
        )
        if path.stem == "classifier":
            self.predict_proba = partial(self.output, "probabilities")

    def output(self, name, X):
        from sklearn_bpnet.onnx import onnx_inputs

        return self.session.run([name], onnx_inputs(X))[0]

    def predict(self, X):
        return self.output("variable", X)[:, 0]


FORMATS = {
    ".joblib": from_joblib,
    ".skops": from_skops,
    ".ckpt": from_checkpoint,
    ".onnx": Served,
}
STORED = sorted(path for path in FILES.glob("*/*") if path.suffix in FORMATS)


@pytest.mark.parametrize("path", STORED, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_a_stored_model_predicts_as_when_it_was_saved(path):
    beside = json.loads(path.with_suffix(".json").read_text())
    X = pd.DataFrame(beside["X"]).astype({"size": float})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InconsistentVersionWarning)
            model = FORMATS[path.suffix](path)
    except ValueError as error:
        if path.suffix != ".ckpt" or path.parent.name == sklearn_bpnet.__version__:
            raise
        # an earlier checkpoint may be refused, in one sentence
        words = f"was written by sklearn_bpnet {path.parent.name}; this is"
        assert words in str(error)  # noqa: PT017
        return
    method = getattr(model, "predict_proba", model.predict)
    rtol = 1e-5 if path.suffix == ".onnx" else 1e-9
    np.testing.assert_allclose(method(X), beside["predictions"], rtol=rtol)


def test_there_is_a_file_of_each_format_and_they_are_small():
    names = {(path.stem, path.suffix) for path in STORED}
    assert names == {(stem, suffix) for stem in CLASSES for suffix in FORMATS}
    assert max(path.stat().st_size for path in STORED) < 30_000
