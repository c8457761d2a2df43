"""What people write for a region (alpha-2, alpha-3, English name, calling code) → ISO alpha-2.

Rule: only regions that libphonenumber has a numbering plan for. English names come from
libphonenumber's own locale data; alpha-3 codes are ISO 3166-1's (and AC, TA, XK as used in
practice), since no permissive package at hand carries them.
"""

import importlib.util
import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

import phonenumbers

from pipeline.errors import UsageError
from pipeline.normalise.region_codes import CALLING, ISO, UNDECIDED, iso_region, numeric_code
from pipeline.numbering.plans import PLANS, codes_sharing, metadata

__all__ = ("default_region", "known_regions")

_ALPHA_3 = """
    ASC AC AND AD ARE AE AFG AF ATG AG AIA AI ALB AL ARM AM AGO AO ARG AR ASM AS AUT AT AUS AU ABW AW
    ALA AX AZE AZ BIH BA BRB BB BGD BD BEL BE BFA BF BGR BG BHR BH BDI BI BEN BJ BLM BL BMU BM BRN BN
    BOL BO BES BQ BRA BR BHS BS BTN BT BWA BW BLR BY BLZ BZ CAN CA CCK CC COD CD CAF CF COG CG CHE CH
    CIV CI COK CK CHL CL CMR CM CHN CN COL CO CRI CR CUB CU CPV CV CUW CW CXR CX CYP CY CZE CZ DEU DE
    DJI DJ DNK DK DMA DM DOM DO DZA DZ ECU EC EST EE EGY EG ESH EH ERI ER ESP ES ETH ET FIN FI FJI FJ
    FLK FK FSM FM FRO FO FRA FR GAB GA GBR GB GRD GD GEO GE GUF GF GGY GG GHA GH GIB GI GRL GL GMB GM
    GIN GN GLP GP GNQ GQ GRC GR GTM GT GUM GU GNB GW GUY GY HKG HK HND HN HRV HR HTI HT HUN HU IDN ID
    IRL IE ISR IL IMN IM IND IN IOT IO IRQ IQ IRN IR ISL IS ITA IT JEY JE JAM JM JOR JO JPN JP KEN KE
    KGZ KG KHM KH KIR KI COM KM KNA KN PRK KP KOR KR KWT KW CYM KY KAZ KZ LAO LA LBN LB LCA LC LIE LI
    LKA LK LBR LR LSO LS LTU LT LUX LU LVA LV LBY LY MAR MA MCO MC MDA MD MNE ME MAF MF MDG MG MHL MH
    MKD MK MLI ML MMR MM MNG MN MAC MO MNP MP MTQ MQ MRT MR MSR MS MLT MT MUS MU MDV MV MWI MW MEX MX
    MYS MY MOZ MZ NAM NA NCL NC NER NE NFK NF NGA NG NIC NI NLD NL NOR NO NPL NP NRU NR NIU NU NZL NZ
    OMN OM PAN PA PER PE PYF PF PNG PG PHL PH PAK PK POL PL SPM PM PRI PR PSE PS PRT PT PLW PW PRY PY
    QAT QA REU RE ROU RO SRB RS RUS RU RWA RW SAU SA SLB SB SYC SC SDN SD SWE SE SGP SG SHN SH SVN SI
    SJM SJ SVK SK SLE SL SMR SM SEN SN SOM SO SUR SR SSD SS STP ST SLV SV SXM SX SYR SY SWZ SZ TAA TA
    TCA TC TCD TD TGO TG THA TH TJK TJ TKL TK TLS TL TKM TM TUN TN TON TO TUR TR TTO TT TUV TV TWN TW
    TZA TZ UKR UA UGA UG USA US URY UY UZB UZ VAT VA VCT VC VEN VE VGB VG VIR VI VNM VN VUT VU WLF WF
    WSM WS XKX XK YEM YE MYT YT ZAF ZA ZMB ZM ZWE ZW
"""

_ALSO = {
    "UK": "GB",
    "EL": "GR",
    "Great Britain": "GB",
    "Britain": "GB",
    "England": "GB",
    "Scotland": "GB",
    "Wales": "GB",
    "Northern Ireland": "GB",
    "United States of America": "US",
    "America": "US",
    "Russian Federation": "RU",
    "Korea": "KR",
    "Republic of Korea": "KR",
    "Czechia": "CZ",
    "Türkiye": "TR",
    "Viet Nam": "VN",
    "Holland": "NL",
    "Republic of Ireland": "IE",
    "Ivory Coast": "CI",
    "Cape Verde": "CV",
    "Cabo Verde": "CV",
    "Eswatini": "SZ",
    "North Macedonia": "MK",
    "Burma": "MM",
    "UAE": "AE",
    "Hong Kong": "HK",
    "Macau": "MO",
    "Macao": "MO",
    "Palestine": "PS",
    "Kosovo": "XK",
    "East Timor": "TL",
    "Timor-Leste": "TL",
    "Vatican City": "VA",
    "DR Congo": "CD",
    "Democratic Republic of the Congo": "CD",
    "Republic of the Congo": "CG",
    "Brunei Darussalam": "BN",
    "Iran, Islamic Republic of": "IR",
    "Moldova, Republic of": "MD",
    "Republic of Moldova": "MD",
    "Syrian Arab Republic": "SY",
    "Tanzania, United Republic of": "TZ",
    "United Republic of Tanzania": "TZ",
    "Lao People's Democratic Republic": "LA",
    "Bosnia": "BA",
    "Micronesia": "FM",
    "Curaçao": "CW",
    "South Sudan": "SS",
    "Sint Maarten": "SX",
    "Saint Barthélemy": "BL",
    "Saint Martin": "MF",
    "Ascension Island": "AC",
    "Tristan da Cunha": "TA",
    "Åland": "AX",
    "Bolivia, Plurinational State of": "BO",
    "Plurinational State of Bolivia": "BO",
    "Korea, Republic of": "KR",
    "Korea, Democratic People's Republic of": "KP",
    "Democratic People's Republic of Korea": "KP",
    "Palestine, State of": "PS",
    "State of Palestine": "PS",
    "St Vincent": "VC",
    "Taiwan, Province of China": "TW",
    "Trinidad": "TT",
    "Venezuela, Bolivarian Republic of": "VE",
    "Bolivarian Republic of Venezuela": "VE",
}
"""What else is written, and names that have changed since libphonenumber's locale data was made."""

_PART_OF_NANP = re.compile(r"(?:\+|00)?1[ -]?\(?([2-9][0-9]{2})\)?")
"""1 242 and the like: the calling code and what tells the region by it."""
_NOT_AVAILABLE = ("n.a", "n.a.")
_CALLING_CODE = re.compile(r"(?:\+|00)?([1-9][0-9]{0,2})(?:\.0+)?")
_FILLERS = re.compile(r"\b(?:the|and|of)\b|[^a-z0-9 ]")
_NO_GEOGRAPHY = "001"


def _folded(words: str) -> str:
    """Case, accents, punctuation and small words out: `The Côte d'Ivoire` is `cotedivoire`."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return _FILLERS.sub("", plain.replace("saint ", "st ")).replace(" ", "")


def _english_names() -> dict[str, str]:
    """Alpha-2 → English name, from libphonenumber's locale data."""
    # The file alone: importing its package would load the place names of all numbers as well,
    # 100 MB and a third of a second.
    name = "phonenumbers.geodata.locale"
    file = Path(phonenumbers.__file__).parent / "geodata" / "locale.py"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None  # noqa: S101  it is a .py file
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, str] = {}
    for region, names in module.LOCALE_DATA.items():
        english = names.get("en", "")
        # Where the name is the same as in another language, the data says `*aa`.
        found[region] = names[english[1:]] if english.startswith("*") else english
    return found


@cache
def _names() -> dict[str, str]:
    """Every folded name of a region."""
    names = _english_names().items()
    found = {
        _folded(name): region for region, name in names if region in phonenumbers.SUPPORTED_REGIONS
    }
    found |= {_folded(word): region for word, region in _ALSO.items()}
    found.pop("", None)
    return found


@cache
def _codes() -> dict[str, str]:
    """Every alpha-2 and alpha-3 code, in lower case."""
    alpha_3 = zip(*[iter(_ALPHA_3.split())] * 2, strict=True)
    found = {code.lower(): region for code, region in alpha_3}
    found |= {word.lower(): region for word, region in _ALSO.items() if len(word) == 2}
    return found | {region.lower(): region for region in phonenumbers.SUPPORTED_REGIONS}


def _region(word: str) -> str | None:
    word = word.strip().lower()
    part = _PART_OF_NANP.fullmatch(word)
    if part is not None:
        return _in_nanp(part[1])
    code = _CALLING_CODE.fullmatch(word.replace(" ", ""))
    if code is None:
        # Codes are not folded, but for the dots of U.S.A.: neither N/A nor n.a. means Namibia.
        dotted = "" if word in _NOT_AVAILABLE else word.replace(".", "")
        codes = _codes()
        return codes.get(word) or codes.get(dotted) or _names().get(_folded(word))
    # The main region of the calling code; numbers of those that share it are found all the same.
    region = phonenumbers.region_code_for_country_code(int(code[1]))
    return region if region in phonenumbers.SUPPORTED_REGIONS else None


def _in_nanp(digits: str) -> str | None:
    """The region of the North American plan that an area code belongs to, if it tells."""
    for code in codes_sharing(1):
        leading = metadata(code).leading_digits
        if leading and re.fullmatch(leading, digits):
            return PLANS[code].region
    return None


def known_regions(words: Iterable[str], codes: str = CALLING) -> dict[str, str]:
    """Alpha-2 for each of the words that means a region; the others are left out.

    `codes` says of what kind those are that are numbers (`region_codes`).
    """
    found = {word: _of_kind(word, codes) for word in words}
    return {word: region for word, region in found.items() if region is not None}


@lru_cache(maxsize=1 << 12)  # frame after frame says the same
def _of_kind(word: str, codes: str) -> str | None:
    code = numeric_code(word) if codes in {ISO, UNDECIDED} else None
    if code is None:
        return _region(word)
    return iso_region(code) if codes == ISO else None


def default_region(word: str | None) -> str | None:
    """Alpha-2 for the region of a whole list, or None. Raises `UsageError` if there is none such."""
    if word is None:
        return None
    region = _region(word)
    if region is None:
        raise UsageError(
            f"region: {word!r} is no region with a numbering plan; write its two-letter code, such as GB"
        )
    return region
