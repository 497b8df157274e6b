"""The converters that skl2onnx calls, and their registration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sklearn_bpnet._data.class_columns import ClassColumns
from sklearn_bpnet.classifier import BPNetClassifier
from sklearn_bpnet.onnx.converters import cannot_export
from sklearn_bpnet.onnx.outputs import class_outputs, predictions
from sklearn_bpnet.onnx.table import Table, matrix
from sklearn_bpnet.onnx.tensor import Graph, Tensor
from sklearn_bpnet.regressor import BPNetRegressor

_OLDEST_OPSET = 13
_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "raw_scores": [True, False],
    "nocl": [True, False],
}
_DEFAULTS = {"zipmap": True, "raw_scores": False, "nocl": False}
_LARGEST_SINGLE = float(np.finfo(np.float32).max)


def register() -> None:
    """Tell skl2onnx how both estimators are converted.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise ImportError(
            "sklearn_bpnet.onnx needs skl2onnx. Install the extra: "
            'pip install "sklearn_bpnet[onnx]"'
        ) from error
    update_registered_converter(
        BPNetClassifier,
        "BPNetClassifier",
        _nothing_to_infer,
        _convert_classifier,
        parser=_parse_classifier,
        options=_OPTIONS,
    )
    update_registered_converter(
        BPNetRegressor,
        "BPNetRegressor",
        _nothing_to_infer,
        _convert_regressor,
        parser=_parse_regressor,
    )


# Parsers declare the outputs, with their types


def _parse_classifier(
    scope: Any, model: Any, inputs: Sequence[Any], custom_parsers: Any = None
) -> list[Any]:
    from skl2onnx._parse import _apply_zipmap
    from skl2onnx.common import data_types as onnx_types

    check_is_fitted(model)
    task = model._model.task
    options = scope.get_options(model, dict(_DEFAULTS))
    shows_scores = options["raw_scores"] or not task.loss.estimates_probabilities
    is_columns = isinstance(task, ClassColumns)
    is_wide = is_columns or task.multilabel
    zipmap = False if is_wide or shows_scores else options["zipmap"]
    labels = _labels(model, is_plain=options["nocl"])
    is_text = labels[0].dtype == object
    label_type = onnx_types.StringTensorType if is_text else onnx_types.Int64TensorType
    n_columns = len(labels) if is_columns else len(labels[0])
    number_type = _number_type(inputs)
    if zipmap is True:  # which runtimes offer in single precision only
        number_type = onnx_types.FloatTensorType
    operator = scope.declare_local_operator("BPNetClassifier", model)
    operator.inputs = list(inputs)
    shape = [None, n_columns] if is_wide else [None]
    outputs = [("label", label_type(shape))]
    name = "scores" if shows_scores else "probabilities"
    for j, classes in enumerate(labels):
        is_one = shows_scores and len(classes) <= 2 and (is_columns or not is_wide)
        width = 1 if is_one else len(classes)
        suffix = f"_{j}" if is_columns else ""
        outputs.append((name + suffix, number_type([None, width])))
    operator.outputs.extend(scope.declare_local_variable(*one) for one in outputs)
    if zipmap is False:
        return list(operator.outputs)
    found: list[Any] = _apply_zipmap(
        zipmap, scope, model, number_type([None, 1]), list(operator.outputs)
    )
    return found


def _parse_regressor(
    scope: Any, model: Any, inputs: Sequence[Any], custom_parsers: Any = None
) -> list[Any]:
    check_is_fitted(model)
    fitted = model._model
    n_levels, width = (
        fitted.task.loss.n_outputs(1),
        fitted.networks[0].network.output.n_out,
    )
    shape = [None, width]
    if n_levels > 1 and width > n_levels:
        shape = [None, width // n_levels, n_levels]
    operator = scope.declare_local_operator("BPNetRegressor", model)
    operator.inputs = list(inputs)
    operator.outputs.append(
        scope.declare_local_variable("variable", _number_type(inputs)(shape))
    )
    return list(operator.outputs)


def _nothing_to_infer(operator: Any) -> None:
    """Types and shapes are known from the parser."""


def _number_type(inputs: Sequence[Any]) -> Any:
    """The type of predictions: double if an input is."""
    from skl2onnx.common import data_types as onnx_types

    double = onnx_types.DoubleTensorType
    is_double = any(isinstance(one.type, double) for one in inputs)
    return double if is_double else onnx_types.FloatTensorType


def _labels(model: BPNetClassifier, *, is_plain: bool) -> list[NDArray[Any]]:
    """The labels of every column of classes, as strings (objects) or int64.

    ``is_plain`` asks for their indices instead: the option "nocl" of skl2onnx.
    """
    task: Any = model._model.task
    columns = task.columns if isinstance(task, ClassColumns) else (task,)
    if is_plain:
        return [np.arange(len(column.classes)) for column in columns]
    labels = [_plain_labels(column.classes) for column in columns]
    if len({one.dtype for one in labels}) > 1:
        raise cannot_export(
            "A classifier of columns of strings and of numbers",
            "A tensor of labels has a single type: give y as strings.",
        )
    return labels


def _plain_labels(classes: NDArray[Any]) -> NDArray[Any]:
    values = classes.tolist()
    if all(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    if all(isinstance(v, (bool, int, float)) and int(v) == v for v in values):
        if all(abs(value) < 2**63 for value in values):
            return np.array([int(value) for value in values], dtype=np.int64)
    raise cannot_export(
        f"A class label such as {values[0]!r}", "Give y as strings or integers."
    )


# Converters write the nodes


def _encoded(model: Any, graph: Graph, operator: Any, container: Any) -> Tensor:
    """The matrix that the networks of an estimator read."""
    if container.target_opset < _OLDEST_OPSET:
        raise cannot_export(
            f"The estimator with target_opset={container.target_opset}",
            f"Use target_opset={_OLDEST_OPSET} or later.",
        )
    from skl2onnx.common import data_types as onnx_types

    dtypes = {
        onnx_types.FloatTensorType: np.float32,
        onnx_types.DoubleTensorType: np.float64,
        onnx_types.StringTensorType: object,
        onnx_types.BooleanTensorType: bool,
    }
    inputs, widths = [], []
    for variable in operator.inputs:
        dtype = dtypes.get(type(variable.type), np.int64)
        tensor = Tensor(graph, variable.full_name, dtype)
        if dtype == np.int64 and type(variable.type) is not onnx_types.Int64TensorType:
            # of fewer bits
            tensor = graph.node("Cast", [tensor], np.int64, to=7)
        inputs.append(tensor)
        shape = variable.type.shape
        widths.append(shape[1] if len(shape) == 2 else None)
    names = [variable.raw_name for variable in operator.inputs]
    feature_names = getattr(model, "feature_names_in_", None)
    if feature_names is not None:
        feature_names = [str(name) for name in feature_names]
    encoder = model._model.encoder
    return matrix(Table(graph, inputs, widths, names, feature_names, encoder))


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    model, graph = operator.raw_operator, Graph(scope, container)
    fitted = model._model
    X = _encoded(model, graph, operator, container)
    y = predictions(fitted.task, fitted, X, clips=model.clip_predictions)
    _write(y, operator.outputs[0])


def _convert_classifier(scope: Any, operator: Any, container: Any) -> None:
    model, graph = operator.raw_operator, Graph(scope, container)
    fitted = model._model
    X = _encoded(model, graph, operator, container)
    found = class_outputs(fitted.task, fitted, X)
    options = container.get_options(model, dict(_DEFAULTS))
    every = _labels(model, is_plain=options["nocl"])
    is_columns = isinstance(fitted.task, ClassColumns)
    predicted = []
    for (index, _, _), labels in zip(found, every, strict=True):
        if not is_columns and fitted.task.multilabel:
            predicted.append(index)
        else:
            label = _label(index, labels)
            predicted.append(label.reshape(-1, 1) if is_columns else label)
    _write(graph.concat(predicted), operator.outputs[0])
    shows_scores = operator.outputs[1].raw_name.startswith("scores")
    for (_, scores, P), output in zip(found, operator.outputs[1:], strict=True):
        shown = scores if shows_scores or P is None else P
        _write(shown, output)


def _label(index: Tensor, labels: NDArray[Any]) -> Tensor:
    """The labels of classes, given their indices."""
    if labels.dtype != object:
        return index.graph.constant(labels, np.int64).rows_at(index)
    return index.graph.node(
        "LabelEncoder",
        [index],
        object,
        domain="ai.onnx.ml",
        op_version=2,
        keys_int64s=list(range(len(labels))),
        values_strings=labels.tolist(),
    )


def _write(tensor: Tensor, output: Any) -> None:
    """Make a tensor an output of the operator, cast to its type."""
    from skl2onnx.common import data_types as onnx_types

    if tensor.dtype == np.float64 and isinstance(
        output.type, onnx_types.FloatTensorType
    ):
        largest = _LARGEST_SINGLE
        tensor = tensor.clip(-largest, largest).cast(np.float32)
    graph = tensor.graph
    graph.container.add_node(
        "Identity",
        [tensor.name],
        [output.full_name],
        name=graph.scope.get_unique_operator_name("Identity"),
    )
