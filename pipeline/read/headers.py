"""What a column is called, in the languages that lists come in: a telephone number, or what else.

A header is cut into words (`homePhone`, `Tel. privat`, `Handy-Nr.`), without case and accents. Some
words count only when they stand alone (`tel`, `cell`, `hp`), since others contain them (`hotel`,
`cancelled`, `php`); stems count wherever they stand (`Handynummer`, `联系电话`, `telefonului`).

Rule: a new language is a word in a table here, and no code.
"""

import enum
import re
import unicodedata
from functools import lru_cache

__all__ = ("Kind", "is_area_code", "is_area_code_of_telephone", "is_other", "kind_of", "plain")


class Kind(enum.IntEnum):
    """What the name of a column says of it, the surest first."""

    MSISDN = 0
    """What the field calls a mobile's number, and nothing else."""
    MOBILE = 1
    """A mobile number, in so many words."""
    PHONE = 2
    """A telephone number of some kind."""
    NUMBER = 3
    """A number, but of what? `number`, `No.`, `CEP`, `番号`: counts only where nothing is surer."""


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_MSISDN = _words("msisdn e164")

_MOBILE_STEMS = _words(
    "mobile mobil movil movel telemovel cellphone cellular celular cellulare handy handphone komork",
    "matkapuhelin kannykka farsim mobitel ponsel whatsapp smartphone didong",
    "ceptel cepno cepnumar nowa nomorwa",
    "мобил мобіл сотов κινητ 手机 手機 携帯 行動電話 移动电话 휴대 핸드폰 모바일",
    "جوال محمول موبايل موبایل همراه נייד סלולר मोबाइल मोबाईल মোবাইল മൊബൈൽ மொபைல் మొబైల్ મોબાઇલ",
    "มือถือ բջջային მობილურ",
)
_SURE_STEMS = _words("whatsapp ceptel cepno cepnumar")
"""Mobiles, although a word in them alone (`app`, `cep`) would say something else."""
_MOBILE_WORDS = _words("моб cell cells gsm portable hp cel mob mobi handset natel mobiel mobiele")

_PHONE_STEMS = _words(
    "phone telephon telefon telefoon telepon telphone puhelin rufnummer rufnr fernsprech",
    "simanumer talrun landline festnetz contactn subscribern callern dienthoai smsn",
    "телефон τηλεφων 电话 電話 联系方式 聯絡 連絡先 전화 연락처 هاتف تلفون تليفون تلفن",
    "טלפון फोन फ़ोन दूरभाष दूरध्वनी ফোন தொலைபேசி ఫోన్ ഫോൺ ફોન โทรศัพท์ เบอร์",
    "հեռախոս ტელეფონ утас",
)
_PHONE_WORDS = _words(
    "tel tels tele telf telef telp tlp tlf tlfn tfn tfno tlfno fone fono fon puh simi ph phn phno",
    "telno telnr telnum sdt dt тел τηλ โทร calling called subscriber anumber bnumber",
)

_NUMBER_NAMES = _words(
    "number numbers numero numeros nummer numer numar nr num no nos номер 番号 号码 번호 رقم מספר",
    "αριθμος nomor sayi cislo destination recipient абонент cep sms contact kontakt contacto",
)

_FAX = _words("fax telefax telefaks telefakss faks факс 传真 傳真 팩스 فاكس פקס")
"""A telephone number, but of a machine: left alone unless a telephone shares its column."""

_OTHER_WORDS = _words(
    # Of a telephone, but not its number.
    "pager email mail type typ tipo model brand marke marca os version app apps device status",
    "verified consent optin optout permission carrier operator provider network netz red ext",
    "extension durchwahl nebenstelle anexo ramal label name date datum data time count minutes",
    "tariff tarif plan contract vertrag hash valid score source language imei imsi iccid sim bill",
    # Of something else altogether.
    "id ids uid guid uuid key kundennr kundennummer customerid customerno account konto iban bic",
    "order orderno invoice rechnung plz zip zipcode postcode postal postleitzahl codigopostal cep",
    "pin pincode eircode 郵便番号 邮编 우편번호 dob birthday birth geburtsdatum created updated",
    "modified timestamp amount betrag price preis lat lon lng latitude longitude age year jahr vat",
    "tax siren siret cpf cnpj nif ssn nino ean sku isbn registro",
)
_OTHER_STEMS = _words(
    "countrycode laendervorwahl landervorwahl landesvorwahl dialcode diallingcode indicatifpays",
    "immobil automobil automovil mobiliar mobility mobilite mobilitat headphone microphone",
    "telefonnetz mobilfunknetz netzbetreiber telefonanbieter",
)

_AREA_STEMS = _words(
    "vorwahl areacode phonearea citycode stdcode indicatif prefisso prefijo kierunkowy netnummer",
    "suuntanumero riktnummer retningsnummer 市外局番 区号 區號 지역번호 codigoarea codigodearea",
    "alankodu кодгорода predvolba phoneprefix telprefix telefonprefix mobileprefix areaprefix",
)
_AREA_WORDS = _words("ddd lada std areacode")

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CUT = re.compile(r"[\W_\d]+")


_LETTERS = str.maketrans({"đ": "d", "ı": "i", "ł": "l", "ø": "o", "ß": "ss", "æ": "ae"})
"""Letters that no decomposition leads to the plain one of."""
_ACCENTS = frozenset((202, 220, 230))
"""Combining classes of accents; marks of Indic and Thai letters are vowels."""


def plain(name: str) -> str:
    """Give a header's letters and digits, without case and accents: `E-164` is `e164`."""
    return "".join(letter for letter in _folded(name) if letter.isalnum())


def _folded(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold()).translate(_LETTERS)
    return "".join(sign for sign in decomposed if unicodedata.combining(sign) not in _ACCENTS)


@lru_cache(maxsize=32)
def _plain(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(plain, words))


def _has(name: str, words: frozenset[str], stems: frozenset[str] = frozenset()) -> bool:
    """Say whether one of the words stands alone in the name, or one of the stems anywhere."""
    whole = plain(name)
    alone = {plain(word) for word in _CUT.split(_folded(_CAMEL.sub(" ", name)))}
    return not alone.isdisjoint(_plain(words)) or any(stem in whole for stem in _plain(stems))


def is_area_code(name: str) -> bool:
    """Say whether the column holds the area code that another one lacks."""
    return _has(name, _AREA_WORDS, _AREA_STEMS)


def is_area_code_of_telephone(name: str) -> bool:
    """Say whether it says so itself that the code is a telephone's: `Telefonvorwahl`."""
    return is_area_code(name) and _has(
        name, _PHONE_WORDS | _MOBILE_WORDS, _PHONE_STEMS | _MOBILE_STEMS
    )


def is_other(name: str) -> bool:
    """Say whether the name tells of something else: an id, a post code, a date, a fax."""
    return _has(name, _OTHER_WORDS, _OTHER_STEMS | _FAX)


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind | None:
    """Say how surely a column of that name holds the numbers; None: its name does not say so."""
    if _has(name, _MSISDN, _MSISDN):
        return Kind.MSISDN
    whole = plain(name).rstrip("0123456789")
    if whole in _plain(_NUMBER_NAMES):
        return Kind.NUMBER
    sure = any(stem in whole for stem in _SURE_STEMS)
    if is_area_code(name) or (_has(name, _OTHER_WORDS, _OTHER_STEMS) and not sure):
        return None
    if _has(name, _MOBILE_WORDS, _MOBILE_STEMS):
        return Kind.MOBILE
    without_fax = _FAX_PART.sub("", _folded(_CAMEL.sub(" ", name)))
    return Kind.PHONE if _has(without_fax, _PHONE_WORDS, _PHONE_STEMS) else None


_FAX_PART = re.compile("|".join(sorted(map(plain, _FAX), key=len, reverse=True)))
