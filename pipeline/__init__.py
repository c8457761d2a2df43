"""Clean and enrich lists of mobile numbers in bulk.

    import pipeline

    settings = pipeline.Settings(inputs=("customers.csv",), out=Path("out"), region="GB")
    summary = pipeline.run(settings)
    frame = pipeline.normalise(frame, "phone", region="GB")

`run`, `clean` and `plan_only` do what the commands `run`, `clean` and `plan` do. They raise the
errors of `pipeline.errors`, install no signal handlers, and print nothing: pass `announce` to be
told what happens.
"""

from typing import TYPE_CHECKING, Any

from pipeline.normalise import normalise

if TYPE_CHECKING:
    from pipeline.events import Announce, Event
    from pipeline.ledger.planned import Plan
    from pipeline.report import Summary
    from pipeline.settings import Settings

__all__ = ("Settings", "clean", "normalise", "plan_only", "run")

# The imports below are late for start-up time: Polars and aiohttp take half a second, and
# `msisdn --help` needs neither. Nothing else comes before the program's first line either, from
# which on a signal ends it without a traceback.


def __getattr__(name: str) -> Any:
    if name != "Settings":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pipeline.settings import Settings  # noqa: PLC0415

    return Settings


def _ignore(event: "Event") -> None:
    """Tell nobody."""


def run(settings: "Settings", announce: "Announce" = _ignore) -> "Summary":
    """The whole job into `settings.out`; `complete` is false where rows are unresolved."""
    from pipeline import flow  # noqa: PLC0415
    from pipeline.cli.surroundings import plain  # noqa: PLC0415

    return flow.run(settings, plain(announce))


def clean(settings: "Settings", announce: "Announce" = _ignore) -> "Summary":
    """Read, normalise, deduplicate and write `cleaned/` into `settings.out`."""
    from pipeline import flow  # noqa: PLC0415
    from pipeline.cli.surroundings import plain  # noqa: PLC0415

    return flow.clean(settings, plain(announce))


def plan_only(settings: "Settings", announce: "Announce" = _ignore) -> "Plan":
    """What `run` would ask, and what it would cost and take."""
    from pipeline import flow  # noqa: PLC0415
    from pipeline.cli.surroundings import plain  # noqa: PLC0415

    return flow.plan_only(settings, plain(announce))
