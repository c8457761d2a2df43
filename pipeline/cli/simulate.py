"""`msisdn simulate`: the service, on this machine."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipeline.errors import UsageError
from pipeline.simulator import account, server
from pipeline.simulator.faults import FAULTS, KINDS

__all__ = ("simulate",)

Parse = Callable[[str], Any]


class _Command(click.Command):
    """Adds the table of faults to its help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Faults (a chance is a share such as 0.05 or 5%)"):
            formatter.write_dl([(_named(name), fault.help) for name, fault in FAULTS.items()])
        super().format_epilog(ctx, formatter)


def _named(name: str) -> str:
    fault = FAULTS[name]
    only = "" if len(fault.transports) == 3 else f" ({', '.join(fault.transports)})"
    return f"{name}={KINDS[fault.kind].metavar}{only}"


def _account(given: dict[str, Any]) -> account.Account:
    """The account's settings from their texts; those not given keep their defaults."""
    readers: dict[str, Parse] = {
        "client_id": str,
        "client_secret": str,
        "lookup_types": account.lookup_types_from_text,
        "allow_countries": account.countries_from_text,
        "refuse_countries": account.countries_from_text,
        "allow_addresses": account.addresses_from_text,
        "profile": account.lookup_types_from_text,
        "rate_limit": float,
        "token_lifetime": float,
    }
    values = {}
    for name, read in readers.items():
        if given[name] is not None:
            try:
                values[name] = read(given[name])
            except ValueError as error:
                flag = "--allow-address" if name == "allow_addresses" else name
                raise UsageError(f"--{flag.strip('-').replace('_', '-')}: {error}") from None
    return account.Account(**values)


@click.command(
    cls=_Command,
    context_settings={"auto_envvar_prefix": "MSISDN_SIMULATE"},
    epilog="Each option can also be set as MSISDN_SIMULATE_<NAME> in the environment.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--http-port", type=click.IntRange(0, 65535), default=0, help="Port of REST.")
@click.option("--tcp-port", type=click.IntRange(0, 65535), default=0, help="Port of TCP.")
@click.option("--udp-port", type=click.IntRange(0, 65535), default=0, help="Port of UDP.")
@click.option("--seed", default="", metavar="TEXT", help="Another seed is another world.")
@click.option(
    "--day",
    type=click.IntRange(0, 100_000),
    default=0,
    help="Day of that world: numbers port, die and come back as days pass.",
)
@click.option("--client-id", metavar="ID", help="Client id of the account.")
@click.option("--client-secret", metavar="TEXT", help="Its secret; not one that matters.")
@click.option("--lookup-types", metavar="LIST", help="What may be asked.  [default: mnp,hlr]")
@click.option("--profile", metavar="LIST", help="What is tried in turn.  [default: mnp,hlr]")
@click.option("--allow-countries", metavar="LIST", help="The rest is refused (F1).")
@click.option("--refuse-countries", metavar="LIST", help="These are refused (F1).")
@click.option(
    "--allow-address",
    "allow_addresses",
    metavar="LIST",
    help="Where requests may come from, as in 127.0.0.1,10.0.0.0/8.  [default: anywhere]",
)
@click.option(
    "--rate-limit",
    type=click.FloatRange(0),
    metavar="N",
    help="Requests a second; above it REST gets 429, TCP and UDP no answer.  [default: none]",
)
@click.option(
    "--token-lifetime", type=click.FloatRange(0), metavar="S", help="Seconds.  [default: 3600]"
)
@click.option("--fault", "faults", multiple=True, metavar="NAME=VALUE", help="See below.")
@click.option(
    "--remember",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Answers to keep, some 500 bytes each, so that asking again costs it less time.",
)
@click.option(
    "--meter-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for what was billed, written at the end.",
)
@click.option(
    "--exit-with-parent", is_flag=True, help="End with standard input or the parent process."
)
def simulate(**given: Any) -> None:
    """The service on this machine, over REST, TCP and UDP.

    Prints one JSON line with its endpoints and credentials when it is ready, and runs until it is
    interrupted. Ports that are not given are free ones. GET /meter on the HTTP port tells what
    was asked and billed; POST /faults, with a line `name=value` each, sets other faults.

    \b
    msisdn simulate --seed demo --tcp-port 10054 --udp-port 10055
    msisdn simulate --rate-limit 50 --fault latency=0.2 --fault loss=1%
    """
    plain = ("host", "http_port", "tcp_port", "udp_port", "seed", "day", "faults")
    options = server.SimulatorOptions(
        account=_account(given),
        remember=given["remember"],
        meter_file=given["meter_file"],
        exit_with_parent=given["exit_with_parent"],
        **{name: given[name] for name in plain},
    )
    server.simulate(options, click.echo, time.time)
