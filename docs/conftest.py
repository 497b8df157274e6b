"""Which files under docs hold doctests: the pages, nothing that Sphinx generated."""

collect_ignore = ["conf.py", "_extensions", "_build", "_templates", "api", "gallery"]
