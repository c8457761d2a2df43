"""Which column holds the numbers, and what a file's columns are called.

Rule: a column is chosen by what it is called, or because there is no other; never by what is in
it, since a wrong guess is paid for. What is in it only helps to say what the choice would be.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import polars as pl

from pipeline.errors import InputError
from pipeline.privacy import redact

__all__ = (
    "NAMES",
    "choose_column",
    "listed",
    "looks_like_number",
    "rank",
    "repeated_names",
    "unique_names",
)

NAMES: tuple[str, ...] = (
    # What the field calls it.
    "msisdn msisdns msisdn_number mobile_msisdn e164 e164_number phone_e164 msisdn_e164",
    # A mobile number, in so many words.
    "mobile mobiles mobile_number mobile_numbers mobile_no mobile_phone mobile_phone_number mobile_tel cell "
    "cell_number cell_no cell_phone cellphone_number cellular gsm gsm_number gsm_no gsm_nr handy handynummer "
    "handynr mobil mobilnummer mobilnr mobiltelefon mobiltelefonnummer mobilfunk mobilfunknummer "
    "portable tel_portable telephone_portable numero_portable numero_de_portable telephone_mobile "
    "numero_mobile movil telefono_movil numero_movil celular telefono_celular numero_celular "
    "telemovel numero_de_telemovel numero_de_celular telefone_celular telefone_movel cellulare "
    "numero_cellulare numero_di_cellulare telefono_cellulare mobiele_telefoon mobiel mobiel_nummer "
    "mobiele_nummer gsm_nummer komorka telefon_komorkowy numer_komorkowy numer_gsm mobilni "
    "mobilni_telefon mobitel broj_mobitela cep cep_telefonu cep_no cep_tel matkapuhelin "
    "matkapuhelinnumero kannykka mobiltelefonszam farsimi farsimanumer telefon_mobil "
    "numar_mobil мобильный мобильный_телефон номер_мобильного мобильний мобільний "
    "мобільний_телефон мобилен мобилен_телефон κινητο κινητο_τηλεφωνο 手机 手机号 手机号码 手機 "
    "手機號碼 携帯 携帯番号 携帯電話 携帯電話番号 휴대폰 휴대폰번호 휴대전화 핸드폰 جوال رقم_الجوال محمول "
    "رقم_المحمول موبايل نايد נייד טלפון_נייד मोबाइल मोबाइल_नंबर มือถือ เบอร์มือถือ di_động "
    "số_di_động nomor_hp no_hp hp no_handphone handphone nomor_ponsel",
    # A telephone number.
    "phone phones phone_number phone_numbers phone_no phone_num phonenr telephone telephone_number telephone_no "
    "telephone_num tel tel_no tel_number tel_nr contact_number contact_no contact_phone customer_phone "
    "subscriber_number subscriber calling_number called_number whatsapp whatsapp_number sms sms_number "
    "telefon telefonnummer telefonnr tel_nummer rufnummer rufnr telefono numero_de_telefono "
    "numero_telefono numero_di_telefono num_tel numero_de_telephone numero_telephone no_tel "
    "no_de_telephone telefone numero_de_telefone fone telefoon telefoonnummer tel_numer telefoon_nr "
    "numer_telefonu nr_telefonu telefonni_cislo cislo_telefonu telefonne_cislo tel_cislo "
    "telefonszam broj_telefona telefonska_stevilka numar_de_telefon numar_telefon nr_tel "
    "telefon_numarasi telefon_no puhelin puhelinnumero puh simanumer simi telefonas "
    "telefono_numeris telefona_numurs talrunis telefoninumber telefoni_number телефон "
    "номер_телефона номер_телефону телефонен_номер број_телефона τηλεφωνο αριθμος_τηλεφωνου 电话 "
    "电话号码 電話 電話號碼 電話番号 전화 전화번호 هاتف رقم_الهاتف تلفون טלפון מספר_טלפון फोन "
    "फ़ोन_नंबर โทรศัพท์ เบอร์โทร เบอร์โทรศัพท์ điện_thoại số_điện_thoại telepon nomor_telepon "
    "no_telepon no_telefon",
    # Only a number, but of what?
    "number numbers numero numeros nummer rufnummern numer numar nr num no номер 番号 번호 رقم מספר "
    "αριθμος nomor sayi cislo destination recipient",
)
"""Usual names of the column, the surest first; case, accents and punctuation do not matter."""


def rank(name: str) -> int | None:
    """How surely a column of that name holds the numbers: 0 most, None not at all."""
    return _RANKS.get(_plain(name))


def choose_column(
    columns: Sequence[str],
    sample: pl.DataFrame,
    wanted: str | None,
    repeated: Sequence[str] = (),
) -> str:
    """The column that holds the numbers: the one wanted, or known by name, or the only one.

    `sample` has the first rows, under the same names; it only serves the message. Of the names in
    `repeated`, which the header gives to several columns, none is chosen unless it is wanted.
    Raises `InputError` that lists what could be meant.
    """
    if wanted is not None:
        return _wanted(columns, wanted)
    if len(columns) == 1:
        return columns[0]
    ranks = {name: found for name in columns if (found := rank(name)) is not None}
    best = [name for name, found in ranks.items() if found == min(ranks.values())]
    if best and best[0] in repeated:
        best = [name for name in columns if name in best or _is_repeat(name, best)]
    if len(best) == 1:
        return best[0]
    if best:
        raise InputError(
            f"several columns may hold the numbers: {listed(best)}; choose one with --column"
        )
    likely = [name for name in columns if _mostly_numbers(sample, name)]
    hint = f"; numbers seem to be in: {listed(likely)}" if likely else ""
    raise InputError(
        f"no column is called like a number's{hint}; choose with --column from: {listed(columns)}"
    )


def _is_repeat(name: str, names: Sequence[str]) -> bool:
    stem, _, count = name.rpartition("_")
    return stem in names and count.isdecimal()


def _wanted(columns: Sequence[str], wanted: str) -> str:
    if wanted in columns:
        return wanted
    alike = [name for name in columns if name.strip().casefold() == wanted.strip().casefold()]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise InputError(f"column {wanted!r}: which of {listed(alike)}? Case matters here")
    raise InputError(f"no column {wanted!r}; choose with --column from: {listed(columns)}")


def listed(names: Iterable[str]) -> str:
    """Names for a message. A list without header may have numbers for names: they are masked."""
    return ", ".join(redact(name) for name in names)


def looks_like_number(cell: str | None) -> bool:
    """Five digits at least, and fewer letters than digits: `+44 20 7946 0018 (home)`, `4.4E+11`."""
    if cell is None:
        return False
    digits = sum(map(str.isdigit, cell))
    return digits >= 5 and sum(map(str.isalpha, cell)) < digits


def unique_names(cells: Iterable[str | None]) -> tuple[str, ...]:
    """A header's names: blank ones become `column_N`, repeated ones `name_2`, `name_3` …

    Zero bytes are left out: no other program could read them in the name of a column.
    """
    names = _names(cells)
    taken: set[str] = set()
    given = set(names)
    for at, name in enumerate(names):
        unique, count = name, 1
        while unique in taken or (count > 1 and unique in given):
            count += 1
            unique = f"{name}_{count}"
        taken.add(unique)
        names[at] = unique
    return tuple(names)


def repeated_names(cells: Iterable[str | None]) -> tuple[str, ...]:
    """The names that a header gives to more than one column."""
    return tuple(name for name, count in Counter(_names(cells)).items() if count > 1)


def _names(cells: Iterable[str | None]) -> list[str]:
    bare = [(cell or "").replace("\0", "").strip() for cell in cells]
    return [cell or f"column_{at}" for at, cell in enumerate(bare, 1)]


def _mostly_numbers(sample: pl.DataFrame, name: str) -> bool:
    cells = [cell for cell in sample.get_column(name) if cell] if name in sample.columns else []
    return 2 * sum(map(looks_like_number, cells)) > len(cells)


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())


_RANKS = {_plain(name): at for at, row in reversed(list(enumerate(NAMES))) for name in row.split()}
