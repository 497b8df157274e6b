"""Export to ONNX: models that onnxruntime serves without Python or scikit-learn.

Importing this module registers both estimators with skl2onnx, so that its functions
convert them alone and in pipelines.
"""

from __future__ import annotations

from sklearn_bpnet.onnx.conversion import register
from sklearn_bpnet.onnx.exporting import to_onnx
from sklearn_bpnet.onnx.types import onnx_inputs

__all__ = ["onnx_inputs", "to_onnx"]

register()
