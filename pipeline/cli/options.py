"""From the table of settings to click options, and from flags, environment and TOML to `Settings`."""

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pipeline import parsing
from pipeline.cli.machine import check_machine, spare_machine
from pipeline.cli.origin import check_origin
from pipeline.errors import UsageError
from pipeline.parsing import BETWEEN
from pipeline.settings import OPTIONS, Option, Settings, from_text

__all__ = ("OUT", "settings_from", "settings_options")

DEFAULT_CONFIG = "msisdn.toml"
_LONGEST = 1 << 20
"""Bytes of a settings file."""
_KINDS = {list: "list", dict: "table"}
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class _Out(click.ParamType[str]):
    """The directory of an output, by a name that one can have."""

    name = "directory"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            parsing.folder(value)
        except ValueError as error:
            raise UsageError(f"OUT will not do: {error}") from None
        return value


OUT = _Out()


def settings_options(command: str) -> Decorator:
    """Add every option of a command, in the order of the table, then `--config` and `--profile`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for declare in reversed([*_click_options(command), *_config_options()]):
            function = declare(function)
        return function

    return decorate


def _click_options(command: str) -> list[Decorator]:
    known = [option for option in OPTIONS.values() if command in option.commands]
    return [_click_option(option) for option in known if not option.secret]


def _click_option(option: Option) -> Decorator:
    if option.is_switch:
        # `flag_value` as text, so that flags are parsed like everything else.
        return click.option(
            *option.flags, option.name, flag_value="true", default=None, help=option.help
        )
    kind = click.Choice(option.choices) if option.choices else click.STRING
    default = _shown(option.default)
    text = f"{option.help}  [default: {default}]" if default else option.help
    return click.option(
        *option.flags,
        option.name,
        type=kind,
        metavar=option.metavar or None,
        help=text,
        multiple=option.repeated,
    )


def _shown(default: Any) -> str:
    if default is None:
        return ""
    return ",".join(default) if isinstance(default, tuple) else f"{default}".removesuffix(".0")


def _config_options() -> list[Decorator]:
    return [
        click.option(
            "--config",
            metavar="FILE",
            envvar="MSISDN_CONFIG",
            help=f"Settings in TOML.  [default: {DEFAULT_CONFIG}, if there]",
        ),
        click.option(
            "--profile",
            metavar="NAME",
            envvar="MSISDN_PROFILE",
            help="Table [profiles.NAME] of the settings file, over what stands above it.",
        ),
    ]


def settings_from(command: str, inputs: tuple[str, ...], given: Mapping[str, Any]) -> Settings:
    """Settings of a command: flags first, then environment, then TOML, then defaults.

    Raises `UsageError` that names the flag, the variable, or the file and key, or the limit of
    this machine that leaves no room for what comes next.
    """
    known = {name: option for name, option in OPTIONS.items() if command in option.commands}
    stored = _from_toml(given.get("config"), given.get("profile"))
    values = {name: value for name, value in stored.items() if name in known}
    for name, option in known.items():
        text = os.environ.get(option.env, "")
        if option.repeated:
            text = BETWEEN.join(text.splitlines())
        if text or (option.is_switch and option.env in os.environ):
            values[name] = (text, option.env)
        if (flag := given.get(name)) not in (None, ()):
            flag = BETWEEN.join(flag) if isinstance(flag, tuple) else str(flag)
            values[name] = (flag, option.flags[-1])
    settings = from_text(inputs, values)
    if not given.get("config") and "endpoint" in known:
        settings = replace(settings, told=check_origin(values, DEFAULT_CONFIG))
    spare_machine()
    check_machine()  # before Polars and NumPy, which are imported for the command itself
    return settings


def _from_toml(config: str | None, profile: str | None) -> dict[str, tuple[str, str]]:
    for flag, value in (("--config", config), ("--profile", profile)):
        if value is not None and not value.strip():
            raise UsageError(f"{flag}: it is blank, as from a variable that is not set")
    path = Path(config or DEFAULT_CONFIG)
    if not config and not os.path.lexists(path):
        if profile:
            raise UsageError(
                f"--profile {profile}: there is no {DEFAULT_CONFIG} here; add --config"
            )
        return {}
    content = _content(path)
    profiles = content.pop("profiles", {})
    if not isinstance(profiles, dict) or not all(isinstance(v, dict) for v in profiles.values()):
        raise UsageError(f"{path}: profiles are tables, such as [profiles.nightly]")
    if profile and profile not in profiles:
        listed = ", ".join(profiles) or "none"
        raise UsageError(f"{path}: no profile {profile!r}; there are: {listed}")
    found = _checked(content, f"{path}")
    by_profile = {name: _checked(t, f"{path} [profiles.{name}]") for name, t in profiles.items()}
    return found | by_profile.get(profile or "", {})


def _content(path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415  for start-up time: most have no such file

    try:
        with path.open("rb") as file:  # it may be a pipe, and some devices have no end
            read = file.read(_LONGEST + 1)
        if len(read) > _LONGEST:
            raise UsageError(f"{path}: longer than any settings are; check --config")
        text = read.decode("utf-8-sig").replace("\r\n", "\n")
        return tomllib.loads(text, parse_float=str)  # as it is written: it may be money
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); check --config") from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path}: not UTF-8, from byte {error.start} on: save it as UTF-8"
        ) from None
    except RecursionError:
        raise UsageError(f"{path}: not valid TOML: nested too deeply") from None
    except ValueError as error:  # also for numbers of thousands of digits
        raise UsageError(f"{path}: not valid TOML: {error}") from None


def _checked(table: Mapping[str, Any], where: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        option = OPTIONS.get(name)
        if option is None:
            close = difflib.get_close_matches(name, OPTIONS, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise UsageError(f"{where}: unknown option {key!r}{hint}")
        if option.secret:
            raise UsageError(f"{where}: {key} belongs in the environment ({option.env}), not here")
        if name in found:
            raise UsageError(f"{where}: {name} is set twice, with - and with _: leave one out")
        if option.repeated and isinstance(value, list):
            value = BETWEEN.join(_text(part, f"{where}: {key}") for part in value)  # noqa: PLW2901
        if isinstance(value, list | dict) and not option.listed:
            raise UsageError(f"{where}: {key} takes one value, not a {_KINDS[type(value)]}")
        found[name] = (_text(value, f"{where}: {key}"), f"{where}: {key}")
    return found


def _text(value: Any, where: str) -> str:
    """A TOML value as one would write it on the command line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_text(part, where) for part in value)
    if isinstance(value, dict):
        return ",".join(f"{name}={_text(part, where)}" for name, part in value.items())
    if isinstance(value, int) and value.bit_length() > 100:
        raise UsageError(f"{where}: no setting takes a number that large")
    if isinstance(value, str | int | float):
        return str(value)
    return str(value.isoformat())  # TOML has dates and times besides
