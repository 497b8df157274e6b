"""Peak memory of training on a file, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SCRIPT = """
import json, sys
from pathlib import Path
import numpy as np, sklearn
from sklearn_bpnet import BPNetRegressor, config_context

def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(x for x in lines if name in x).split()[1]) / 1024

X = np.load(sys.argv[1], mmap_mode="r")
y = np.array(X[:, 0], dtype=np.float64)
sklearn.set_config(working_memory=64)
reg = BPNetRegressor((4,), max_iter=2, batch_size=512, random_state=0,
                     early_stopping=True)
with config_context(compiled=False):
    reg.fit(X[:2000], y[:2000])
    del X
    X = np.load(sys.argv[1], mmap_mode="r")
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    reg.fit(X, y)
    reg.predict(X)
print(json.dumps([status("VmHWM") - before, reg.score(X, y)]))
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="peak memory is that of Linux"
)
def test_peak_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "X.npy"
    X = np.lib.format.open_memmap(path, "w+", np.float32, (200_000, 400))  # 305 MB
    rng = np.random.default_rng(0)
    for start in range(0, len(X), 10_000):
        X[start : start + 10_000] = rng.random((10_000, 400), dtype=np.float32)
    X.flush()
    command = [sys.executable, "-c", SCRIPT, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    megabytes, score = json.loads(done.stdout)
    assert megabytes < 100
    assert score > 0.9
