"""Counts and durations as people write them."""

__all__ = ("about", "count", "duration", "share", "size")


def about(number: float) -> str:
    """`about 200`, `about 1,300`: two figures."""
    return f"about {float(f'{number:.2g}'):,g}"


def count(number: int, noun: str) -> str:
    """`1 row`, `12,345 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """`45 s`, `3 min 20 s`, `2 h 05 min`, `3 days 4 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    if whole < 172_800:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    return f"{whole // 86_400} days {whole % 86_400 // 3600} h"


def share(part: int, whole: int) -> str:
    """`12.3 %`; empty where there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else ""


def size(number: int) -> str:
    """`512 B`, `3.4 MB`."""
    value, units = float(number), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.0f} B" if units[0] == "B" else f"{value:.1f} {units[0]}"
