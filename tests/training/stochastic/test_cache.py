"""Compiled functions on disk."""

import importlib.util
import os

import pytest

numba = pytest.importorskip("numba")


def test_a_function_is_compiled_again_once_a_part_of_it_has_changed(tmp_path):
    from numba.core.registry import cpu_target

    from sklearn_bpnet.training.stochastic.compiled.cache import jit

    path = tmp_path / "part.py"
    path.write_text("FACTOR = 2")
    spec = importlib.util.spec_from_file_location("part", path)
    part = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(part)

    def key():
        compiled = jit(parts=(part,))(lambda x: x)
        codegen = cpu_target.target_context.codegen()
        return compiled._cache._index_key((numba.float64,), codegen)

    before = key()
    assert key() == before
    os.utime(path, ns=(1, 1))
    assert key() != before
