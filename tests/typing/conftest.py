"""The scripts here are read by type checkers, and never run."""

collect_ignore = ["correct.py", "pipelines.py", "wrong.py"]
