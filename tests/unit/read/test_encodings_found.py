"""Lists in the encodings that programs of all countries write: numbers exact, rows never lost."""

import random
import re
import unicodedata
from pathlib import Path

import polars as pl
import pytest

from pipeline.read import Listing, find, read
from pipeline.read.charsets import DEFAULT, UNKNOWN, find_charset
from pipeline.settings import Settings

NAMES = {
    "fr": "Hélène Dupré|François Noël|Gaël Lefèvre|Benoît Maçon|Zoë Côté|Éric Pépin|Loïc Désilets",
    "de": "Jürgen Müller|Käthe Schröder|Günther Größe|Björn Köhler|Jörg Weiß|Sören Böhm|Götz Übel",
    "es": "María Núñez|José Peña|Begoña Ibáñez|Ramón Gómez|Sofía García|Raúl Sánchez|Andrés López",
    "pl": "Stanisław Wałęsa|Małgorzata Żak|Łukasz Dąbrowski|Elżbieta Wiśniewska|Michał Kozłowski",
    "cs": "Jiří Němec|Božena Němcová|Tomáš Dvořák|Lukáš Černý|Zdeněk Kučera|Ondřej Hájek",
    "hu": "László Szűcs|Győző Erdős|Ágnes Kovács|Zoltán Tóth|György Lőrinc|Ildikó Fülöp",
    "tr": "Ayşe Yılmaz|Mehmet Şahin|Gülşen Çelik|İbrahim Doğan|Işıl Güneş|Barış Çakır|Çağla Kılıç",
    "lt": "Jonas Žemaitis|Rūta Šimkutė|Gediminas Čiurlionis|Eglė Kazlauskienė|Mindaugas Šeškus",
    "ru": "Иван Петров|Анна Смирнова|Дмитрий Кузнецов|Сергей Васильев|Ольга Соколова|Юрий Фёдоров",
    "el": "Γιώργος Παπαδόπουλος|Μαρία Νικολάου|Ελένη Βασιλείου|Κώστας Αντωνίου|Νίκος Μακρής",
    "he": "דוד כהן|שרה לוי|משה מזרחי|יוסף פרץ|רחל ביטון|אברהם דהן|חנה אזולאי|מיכאל פרידמן",
    "ar": "محمد أحمد|فاطمة علي|خالد عبدالله|سارة يوسف|إبراهيم حسن|مريم محمود|عمر سعيد",
    "ja": "山田太郎|佐藤花子|鈴木一郎|高橋健|田中ソ|伊藤表示|渡辺ひろし|小林ケンジ|十 表示",
    "zh": "王伟|李娜|张敏|刘洋|陈静|杨丽|赵强|黄磊|周杰|吴芳|徐明|孙秀英|朱建国|马超",
    "tw": "陳怡君|林志明|黃美玲|張家豪|李淑芬|王建宏|吳雅婷|劉俊傑|蔡宗翰|許文龍",
    "ko": "김민수|이영희|박지훈|최수진|정현우|강미영|조성민|윤서연|장동건|임지은",
}
WRITTEN = [
    *((encoding, language) for encoding in ("mac_roman", "cp850", "cp437", "cp1252") for language in ("fr", "de", "es")),
    *(("cp1250", language) for language in ("pl", "cs", "hu")),
    ("cp1251", "ru"),
    ("cp1253", "el"),
    ("cp1254", "tr"),
    ("cp1255", "he"),
    ("cp1256", "ar"),
    ("cp1257", "lt"),
    ("koi8_r", "ru"),
    ("cp866", "ru"),
    ("cp932", "ja"),
    ("gb18030", "zh"),
    ("big5", "tw"),
    ("cp949", "ko"),
]  # fmt: skip


def people(language: str, count: int) -> list[str]:
    known = [name.split(" ") for name in NAMES[language].split("|")]
    if count <= len(known):
        return [" ".join(parts) for parts in known[:count]]
    dice = random.Random(count)
    return [f"{dice.choice(known)[0]} {dice.choice(known)[-1]}" for _ in range(count)]


def listing(folder: Path, data: bytes, **chosen: str) -> Listing:
    path = folder / "list.csv"
    path.write_bytes(data)
    return read(find([str(path)]), Settings(**chosen))  # type: ignore[arg-type]  # text options only


def rows(found: Listing) -> pl.DataFrame:
    return pl.concat(list(found))


def numbered(names: list[str]) -> tuple[list[str], str]:
    numbers = [f"+4479111{at:05}" for at in range(len(names))]
    lines = (f"{number},{name}\r\n" for number, name in zip(numbers, names, strict=True))
    return numbers, "phone,name\r\n" + "".join(lines)


@pytest.mark.parametrize(("encoding", "language"), WRITTEN)
@pytest.mark.parametrize("count", [1, 2, 3, 5, 200])
def test_no_row_is_lost_and_no_number_changes(
    tmp_path: Path, encoding: str, language: str, count: int
) -> None:
    numbers, text = numbered(people(language, count))

    frame = rows(listing(tmp_path, text.encode(encoding)))

    assert frame["bad_row"].null_count() == count
    assert frame["in:phone"].to_list() == numbers


@pytest.mark.parametrize(("encoding", "language"), WRITTEN)
@pytest.mark.parametrize("count", [5, 200])
def test_letters_of_a_list_are_right(
    tmp_path: Path, encoding: str, language: str, count: int
) -> None:
    names = people(language, count)
    found = listing(tmp_path, numbered(names)[1].encode(encoding))

    assert rows(found)["in:name"].to_list() == names
    assert found.mended() == {}


def test_vietnamese_is_found_as_windows_writes_it() -> None:
    names = [unicodedata.normalize("NFD", name) for name in ("Nguyễn Thị Hương", "Bùi Quốc Lâm")]
    raw = "".join(
        unicodedata.normalize("NFC", name).replace("ễ", "ê\u0303").replace("ị", "i\u0323")
        .replace("ố", "ô\u0301") + "\n"
        for name in names
    ).encode("cp1258")  # fmt: skip
    assert find_charset(raw) == "cp1258"


@pytest.mark.parametrize(
    "cell",
    ["René", "Grüße – bald", "D’Angelo", "Müller & Söhne®", "5 €", "½ Preis", "Zoë"],
)
def test_cp1252_stays_what_it_is(cell: str) -> None:
    assert find_charset(f"+447911123456,{cell}\n".encode("cp1252")) == DEFAULT


@pytest.mark.parametrize("sign", ["\xa0", "–", "·", "’", "°"])
def test_signs_within_numbers_are_those_of_cp1252(tmp_path: Path, sign: str) -> None:
    numbers = [f"+44{sign}7911{sign}1234{at:02}" for at in range(50)]
    frame = rows(listing(tmp_path, ("phone\n" + "\n".join(numbers)).encode("cp1252")))
    assert frame["in:phone"].to_list() == numbers


@pytest.mark.parametrize(
    "encoding", ["mac_roman", "cp850", "cp932", "gb18030", "koi8_r", "latin-1"]
)
def test_bytes_that_may_be_anything_are_marked_and_the_encoding_is_asked_for(
    tmp_path: Path, encoding: str
) -> None:
    # Signs that no list of names has, so that nothing fits.
    raw = b"phone,name\n+447911123456,a\x81\xfe\x8d\xffb\n+447911123457,Ann\n"
    found = listing(tmp_path, raw)

    frame = rows(found)

    assert found.layouts[0].encoding == UNKNOWN
    assert frame["in:phone"].to_list() == ["+447911123456", "+447911123457"]
    assert frame["in:name"].to_list() == ["a\ufffd\ufffd\ufffd\ufffdb", "Ann"]
    ((said, count),) = found.mended().items()
    assert (count, "list.csv" in said, "--encoding" in said) == (1, True, True)
    assert encoding  # each of these may be named
    assert rows(listing(tmp_path, raw, encoding=encoding))["in:phone"].to_list() == [
        "+447911123456",
        "+447911123457",
    ]


@pytest.mark.parametrize(
    "number", [b"+4479111\xe923456", b"\xe9+447911123456", b"+447911123456\xe9", b"07911 \xa0 1"]
)
def test_a_number_that_cannot_be_decoded_is_a_bad_row(tmp_path: Path, number: bytes) -> None:
    sound = "\n".join(f"+4479111234{at:02},Renée" for at in range(9)).encode()
    found = listing(tmp_path, b"phone,name\n" + number + b",Ann\n" + sound)

    first = rows(found).row(0, named=True)

    assert (first["bad_row"], first["in:phone"], first["in:name"]) == (
        "cannot be decoded",
        None,
        None,
    )
    assert first["bad_line"] == number.decode("ascii", "backslashreplace") + ",Ann"
    assert found.mended() == {}


@pytest.mark.parametrize(
    "name", [b"Jos\xe9", b'"Jos\xe9"', b'J"os\xe9', b'"J""o\ns\xe9"', b"\xe9\xe9"]
)
@pytest.mark.parametrize("count", [3, 3000])
def test_a_broken_name_in_a_utf8_list_costs_its_letters_only(
    tmp_path: Path, name: bytes, count: int
) -> None:
    sound = "".join(f"+4479111{at:05},Renée\n" for at in range(count)).encode()
    found = listing(tmp_path, b"phone,name\n" + sound + b"+447911123456," + name + b"\n" + sound)

    frame = rows(found)

    assert frame.height == 2 * count + 1
    assert frame["bad_row"].null_count() == frame.height
    assert frame["bad_line"].null_count() == frame.height
    middle = frame.row(count, named=True)
    assert middle["in:phone"] == "+447911123456"
    assert "\ufffd" in middle["in:name"]
    assert list(found.mended().values()) == [1]


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850", "cp932", "cp1251", "gb18030"])
def test_a_list_whose_letters_come_late_loses_no_row(tmp_path: Path, encoding: str) -> None:
    language = {"cp932": "ja", "cp1251": "ru", "gb18030": "zh"}.get(encoding, "fr")
    ascii_part = "".join(f"+44791{at:07},Ann Lee\r\n" for at in range(60_000))
    numbers, text = numbered(people(language, 200))

    frame = rows(
        listing(tmp_path, ("phone,name\r\n" + ascii_part).encode() + text.encode(encoding))
    )

    assert frame["bad_row"].null_count() == frame.height
    assert frame["in:phone"].to_list()[-200:] == numbers


@pytest.mark.parametrize("marks", [1, 2, 3])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_byte_order_marks_are_no_part_of_the_first_name(
    tmp_path: Path, encoding: str, marks: int
) -> None:
    text = "\ufeff" * marks + "phone,name\n+447911123456,Ann\n"
    found = listing(tmp_path, text.encode(encoding), column="phone")
    assert found.columns == ("phone", "name")
    assert rows(found)["in:phone"].to_list() == ["+447911123456"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("language", ["fr", "ru", "ja", "zh", "ar"])
def test_wide_encodings_need_no_mark(tmp_path: Path, encoding: str, language: str) -> None:
    names = people(language, 5)
    numbers, text = numbered(names)
    frame = rows(listing(tmp_path, text.encode(encoding)))
    assert frame["in:phone"].to_list() == numbers
    assert frame["in:name"].to_list() == names


def test_a_wish_goes_before_what_is_found(tmp_path: Path) -> None:
    text = numbered(people("cs", 5))[1]
    found = listing(tmp_path, text.encode("cp1250"), encoding="cp1252")
    assert found.layouts[0].encoding == "cp1252"
    assert re.search("Jiøí", rows(found)["in:name"][0])


@pytest.mark.parametrize("rows", [40, 4000])
@pytest.mark.parametrize(
    "cell", ["D´Angelo René", "Größe 5 m²", "JeanÉric Noël", "Zoë Ñ", "Måns ½"]
)
def test_cp1252_is_kept_where_some_cells_are_odd(cell: str, rows: int) -> None:
    sound = people("fr", 200)
    lines = [f"+4479111{at:05},{cell if at % 40 == 0 else sound[at % 200]}\n" for at in range(rows)]
    assert find_charset("".join(lines).encode("cp1252")) == DEFAULT


@pytest.mark.parametrize(("encoding", "language"), [("mac_roman", "fr"), ("cp1251", "ru")])
def test_a_guess_is_said(tmp_path: Path, encoding: str, language: str) -> None:
    found = listing(tmp_path, numbered(people(language, 9))[1].encode(encoding))
    (said,) = found.guessed()
    assert f"list.csv: read as {encoding}; " in said
    assert "--encoding" in said
