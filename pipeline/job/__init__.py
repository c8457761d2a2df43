"""A job on one output directory: opened, its shards looked up somewhere, and gathered again.

    opened.py → rows.py → lookups.py → executors.py → local.py, or processes.py with one local.py each → collect.py

Not called `run`, as the function of this package is.
"""

__all__ = ()
