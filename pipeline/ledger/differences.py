"""What differs between two runs, in words for whoever changed something without meaning to."""

import msgspec

from pipeline.ledger.records import Identity, InputFile
from pipeline.settings import OPTIONS

__all__ = ("differences", "only_lists_changed")


def differences(stored: Identity, fresh: Identity) -> list[str]:
    """What differs between the run that is there and the one that is wanted, in words."""
    found = _input_differences(stored.inputs, fresh.inputs)
    for name in sorted(stored.settings.keys() | fresh.settings.keys()):
        was, now = stored.settings.get(name), fresh.settings.get(name)
        if was != now:
            called = OPTIONS[name].flags[-1] if name in OPTIONS else f"the {name}"
            found.append(f"{called} was {_words(was)}, is now {_words(now)}")
    versions = (
        ("the numbering rules (phonenumbers)", stored.rules_version, fresh.rules_version),
        ("the version of the output's schema", stored.schema_version, fresh.schema_version),
        ("the version of the checkpoint's format", stored.format_version, fresh.format_version),
    )
    found += [f"{what}: was {was}, is now {now}" for what, was, now in versions if was != now]
    return found


def only_lists_changed(stored: Identity, fresh: Identity) -> bool:
    """Whether nothing differs but the content of the lists; under other names they are the same."""
    same = msgspec.structs.replace(stored, inputs=fresh.inputs)
    hashes = [[file.sha256 for file in run.inputs] for run in (stored, fresh)]
    return not differences(same, fresh) and hashes[0] != hashes[1]


def _input_differences(stored: list[InputFile], fresh: list[InputFile]) -> list[str]:
    was, now = {file.name: file for file in stored}, {file.name: file for file in fresh}
    found = [f"input {name} was removed" for name in was if name not in now]
    found += [f"input {name} was added" for name in now if name not in was]
    for name in was.keys() & now.keys():
        before, after = was[name], now[name]
        if before.size != after.size:
            found.append(f"input {name} changed from {before.size} to {after.size} bytes")
        elif before.sha256 != after.sha256:
            found.append(f"input {name} has the same size and another content")
    if not found and stored != fresh:
        found.append("the inputs come in another order")
    return sorted(found)


def _words(value: object) -> str:
    """A setting's value as one would write it on the command line."""
    if value is None:
        return "not given"
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
