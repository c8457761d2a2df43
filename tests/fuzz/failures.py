"""What the fuzzing suite finds."""

__all__ = ("Failure",)


class Failure(AssertionError):
    """A promise is broken. The message is a reproduction: `SEED:CASE`, the input, what came of it."""
