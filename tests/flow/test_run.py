"""The whole job, from a messy list to checked files, over every transport."""

import json
import stat
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pytest

from pipeline.model import ENRICHED
from pipeline.simulator.embedded import embedded
from pipeline.transports import TRANSPORTS
from tests.flow.conftest import SAMPLE, Command, Simulated, enriched, numbers, write_list

EXPECTED = json.loads((SAMPLE.parent / "expected.json").read_text())["lists"]["customers.csv"]
BY_COUNTRY = ("--region-column", "country")


def test_every_transport_gives_the_same_rows_and_asks_each_number_once(
    account: Command, simulator: Simulated
) -> None:
    frames = []
    for transport in TRANSPORTS:
        simulator.reset()
        out = account.folder / transport
        ended = account(
            "run", SAMPLE, *BY_COUNTRY, "-o", out, "--rate", "3000", *simulator.options(transport)
        )
        assert ended.returncode == 0, ended.stderr
        meter = simulator.meter()
        assert meter["billed"] == meter["billed_numbers"] == EXPECTED["to_ask"]
        frames.append(enriched(out))
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])


def test_the_sample_gives_what_its_generator_expects(msisdn: Command) -> None:
    ended = msisdn(
        "run", SAMPLE, *BY_COUNTRY, "-o", "out", "--simulate", "--rate", "3000", "--json"
    )
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout)
    assert summary["rows"] == EXPECTED["rows"]
    assert summary["enriched"] == EXPECTED["unique"]
    assert summary["duplicates"] == EXPECTED["duplicates"]
    assert summary["skipped"] == EXPECTED["skipped"]
    assert summary["reasons"] == EXPECTED["reject_reasons"]
    assert summary["plan_types"] == EXPECTED["plan_types"]
    assert summary["complete"] is True


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a finished run of the sample."""
    folder = tmp_path_factory.mktemp("done")
    ended = Command(folder)("run", SAMPLE, *BY_COUNTRY, "-o", "out", "--simulate", "--rate", "5000")
    assert ended.returncode == 0, ended.stderr
    return folder / "out"


def test_the_output_tree_is_the_documented_one(done: Path) -> None:
    assert {path.name for path in done.iterdir()} == {
        "enriched",
        "rejected",
        "duplicates",
        "summary.json",
        "manifest.json",
        "_SUCCESS",
    }


def test_files_belong_to_their_owner_alone(done: Path) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in done.rglob("*") if path.is_file()}
    assert len(modes) >= 6
    assert set(modes.values()) == {0o600}


def test_columns_and_types_are_the_documented_ones(done: Path) -> None:
    frame = pl.read_parquet(done / "enriched" / "*.parquet")
    own = ["customer_id", "name", "country_input", "phone", "email", "note"]
    assert frame.columns == own + [column.name for column in ENRICHED]
    for column in ENRICHED:
        kind = frame.schema[column.name]
        shown = "Enum" if isinstance(kind, pl.Enum) else str(kind).replace("'", "").replace('"', "")
        expected = column.type.replace("Datetime(ms, UTC)", "Datetime(time_unit=ms, time_zone=UTC)")
        assert shown == expected, column.name


def test_duckdb_and_pandas_read_what_polars_reads(done: Path) -> None:
    pattern = str(done / "enriched" / "*.parquet")
    frame = pl.read_parquet(pattern)
    by_duckdb = duckdb.execute(
        f"select status, count(*), count(mnc), count(ported) from '{pattern}' group by 1 order by 1"
    ).fetchall()
    by_polars = (
        frame.group_by(pl.col("status").cast(pl.String))
        .agg(pl.len().alias("n"), pl.col("mnc").count().alias("m"), pl.col("ported").count())
        .sort("status")
        .rows()
    )
    assert by_duckdb == by_polars
    types = dict(
        duckdb.execute(
            f"select column_name, column_type from (describe from '{pattern}')"
        ).fetchall()
    )
    assert (types["mnc"], types["ported"], types["row_id"], types["attempts"]) == (
        "VARCHAR",
        "BOOLEAN",
        "BIGINT",
        "INTEGER",
    )
    assert types["answered_at"] == "TIMESTAMP WITH TIME ZONE"
    with_pandas = pd.read_parquet(done / "enriched" / "part-00000.parquet")
    assert with_pandas["status"].value_counts().to_dict()["answered"] == EXPECTED["to_ask"]
    assert with_pandas["msisdn"].iloc[0] == frame["msisdn"][0]


def test_every_row_is_in_exactly_one_place(done: Path) -> None:
    ids = pl.concat(
        pl.read_parquet(done / kind / "*.parquet").select("row_id")
        for kind in ("enriched", "rejected", "duplicates")
    )["row_id"]
    assert ids.sort().to_list() == list(range(EXPECTED["rows"]))


def test_the_same_command_again_does_nothing(account: Command, simulator: Simulated) -> None:
    listed = write_list(account.folder / "list.csv", 200)
    command: list[str | Path] = ["run", listed, "-o", "out", "--rate", "2000"]
    command += simulator.options("tcp")
    assert account(*command).returncode == 0
    before = {p: p.read_bytes() for p in (account.folder / "out").rglob("*") if p.is_file()}
    simulator.reset()
    again = account(*command)
    assert again.returncode == 0
    assert "_SUCCESS" in again.stdout
    assert simulator.meter()["billed"] == 0
    after = {p: p.read_bytes() for p in (account.folder / "out").rglob("*") if p.is_file()}
    assert after == before


def test_workers_share_the_work_and_give_the_same_rows(
    account: Command, simulator: Simulated
) -> None:
    listed = write_list(account.folder / "list.csv", 2000)
    common = ("--rate", "4000", "--shard-rows", "300", *simulator.options("udp"))
    assert account("run", listed, "-o", "one", *common).returncode == 0
    ended = account("run", listed, "-o", "two", "--workers", "2", *common)
    assert ended.returncode == 0, ended.stderr
    assert simulator.meter()["billed"] == 4000
    assert enriched(account.folder / "one").equals(enriched(account.folder / "two"))


def test_all_rows_get_their_numbers_answer(account: Command, simulator: Simulated) -> None:
    listed = account.folder / "list.csv"
    first, second = numbers(2)
    spelled = f"{second[:5]} {second[5:]}"
    listed.write_text("\n".join(["phone", first, second, first, "junk", spelled, first]) + "\n")
    ended = account(
        "run", listed, "-o", "out", "--rows", "all", "--shard-rows", "2", *simulator.options("tcp")
    )
    assert ended.returncode == 0, ended.stderr
    assert simulator.meter()["billed"] == 2
    frame = enriched(account.folder / "out")
    assert frame["row_id"].to_list() == [0, 1, 2, 4, 5]
    assert frame["occurrences"].to_list() == [3, 2, 3, 2, 3]
    assert frame["msisdn_input"].to_list() == [first, second, first, spelled, first]
    assert frame["carrier"].to_list() == [frame["carrier"][i] for i in (0, 1, 0, 1, 0)]
    assert pl.read_parquet(account.folder / "out" / "duplicates" / "*.parquet").is_empty()


def test_standard_input_is_a_list(msisdn: Command) -> None:
    text = "phone\n" + "\n".join(numbers(20)) + "\n"
    ended = msisdn("run", "-", "-o", "out", "--simulate", "--rate", "500", "--json", stdin=text)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["answered"] == 20


def test_own_columns_called_like_ours_are_renamed(msisdn: Command) -> None:
    (msisdn.folder / "list.csv").write_text(f"msisdn,status,Region\n{numbers(1)[0]},vip,north\n")
    assert msisdn("run", "list.csv", "-o", "out", "--simulate").returncode == 0
    frame = pl.read_parquet(msisdn.folder / "out" / "enriched" / "*.parquet")
    assert frame["msisdn_input"].item() == numbers(1)[0]
    assert frame["status_input"].item() == "vip"
    assert frame["Region_input"].item() == "north"
    assert "msisdn_input_input" not in frame.columns


def test_a_country_that_is_refused_is_asked_once(msisdn: Command) -> None:
    listed = write_list(msisdn.folder / "list.csv", 300)
    with embedded(arguments=("--refuse-countries", "US")) as endpoints:
        simulator = Simulated(endpoints)
        msisdn.environment |= simulator.account
        options = ("--rate", "500", "--concurrency", "2", *simulator.options("tcp"))
        ended = msisdn("run", listed, "-o", "out", "--json", *options)
        asked = simulator.meter()["requests"]["tcp"]
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["refused"] == 300
    assert asked <= 4
    frame = enriched(msisdn.folder / "out")
    assert frame["error_code"].unique().to_list() == ["F1"]
    assert frame.filter(pl.col("attempts") == 0).height == 300 - asked


def test_a_lookup_type_that_is_not_allowed_stops_the_run(msisdn: Command) -> None:
    listed = write_list(msisdn.folder / "list.csv", 500)
    with embedded(arguments=("--lookup-types", "mnp")) as endpoints:
        simulator = Simulated(endpoints)
        msisdn.environment |= simulator.account
        ended = msisdn("run", listed, "-o", "out", "--lookup", "hlr", *simulator.options("rest"))
        asked = simulator.meter()["requests"]["rest"]
    assert ended.returncode == 12
    assert "--lookup" in ended.stderr
    assert asked < 60


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_rows_are_right_under_combined_faults(msisdn: Command, transport: str) -> None:
    listed = write_list(msisdn.folder / "list.csv", 400)
    with embedded(seed="flow") as endpoints:
        calm = Simulated(endpoints)
        msisdn.environment |= calm.account
        options = ("--rate", "2000", *calm.options(transport))
        assert msisdn("run", listed, "-o", "calm", *options).returncode == 0
    faults = ("loss=0.03", "duplicate=0.05", "garbage=0.02", "f3=0.03", "reset=0.01", "split=0.2")
    with embedded(seed="flow", faults=(*faults, "unavailable=0.03")) as endpoints:
        rough = Simulated(endpoints)
        options = ("--rate", "2000", "--timeout", "1", "--attempts", "8")
        ended = msisdn("run", listed, "-o", "rough", *options, *rough.options(transport))
    assert ended.returncode == 0, ended.stderr
    rows = enriched(msisdn.folder / "rough", without=["answered_at", "source", "attempts"])
    assert rows.equals(
        enriched(msisdn.folder / "calm", without=["answered_at", "source", "attempts"])
    )
