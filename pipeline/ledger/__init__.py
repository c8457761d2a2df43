"""What a run has durably done: files that appear complete, the journal, the lock, the run's identity.

Rule: no Polars here. This package imports neither Polars nor PyArrow until something needs them.
"""

__all__ = ()
