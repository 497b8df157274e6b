"""Estimators drawn at random: equal in onnxruntime, or refused by name."""

import pytest
from hypothesis import assume

pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")

from fuzz.cases import fuzz

from onnx_export.drawing import cases, check_export, fitted


def check(case):
    model = fitted(case)
    assume(model is not None)
    check_export(*model)


@fuzz(12, case=cases())
def test_estimators_of_any_parameters_predict_the_same(case):
    check(case)


@pytest.mark.slow
@fuzz(60, case=cases())
def test_many_estimators_of_any_parameters_predict_the_same(case):
    check(case)
