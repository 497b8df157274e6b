"""Checkpoints taken apart, and put together with any content."""

import hashlib
import json

import numpy as np

from sklearn_bpnet._storage import archive
from sklearn_bpnet._version import __version__


def parts(path):
    """The JSON header and the arrays of a file."""
    content = path.read_bytes().partition(b"\n")[2]
    arrays = archive.unpack(content)
    return json.loads(arrays.pop("header").tobytes()), arrays


def write_content(path, content, version=__version__, written_format=2):
    """A file with any content below a right first line."""
    digest = hashlib.sha256(version.encode() + b"\n" + content).hexdigest()
    path.write_bytes(
        f"sklearn_bpnet checkpoint {written_format} version {version} sha256 "
        f"{digest}\n".encode()
        + content
    )


def write_parts(path, header, arrays, **first_line):
    """A file with a right first line, like that of `write_content`."""
    text = np.frombuffer(json.dumps(header).encode(), np.uint8)
    write_content(path, archive.pack({"header": text, **arrays}), **first_line)


def nodes(tree, path=()):
    """The paths to all parts of a JSON tree."""
    yield path
    if isinstance(tree, (dict, list)):
        items = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, item in items:
            yield from nodes(item, (*path, key))


def part(tree, path):
    """The part of a JSON tree at a path."""
    for key in path:
        tree = tree[key]
    return tree
