"""What a header says of its column, in the languages that lists come in."""

import pytest

from pipeline.read.headers import Kind, is_area_code, is_other, kind_of

MOBILES = """
mobile|Mobile Phone|mobile_number|MobileNo|Mobile#|Mobile 1|cell|Cell Phone|cellphone|cell_no|Cellular|GSM|gsm_number
Handy|Handynummer|Handy-Nr.|Mobil|Mobiltelefon|Mobilnummer|Telefon mobil|Mobilfunk|Natel|portable|Téléphone portable
Tél. portable|N° de portable|Téléphone mobile|Móvil|Teléfono móvil|Celular|Teléfono celular|Telemóvel|Telefone celular
Cellulare|Numero di cellulare|Mobiel|Mobiele telefoon|Komórka|Telefon komórkowy|Matkapuhelin|Kännykkä|Mobilni telefon
Broj mobitela|Cep Telefonu|Cep Tel|Cep No|Farsími|WhatsApp|WhatsApp Number|whatsapp_no|Мобильный|Мобильный телефон
Моб. тел.|Тел. моб.|Сотовый|Сотовый телефон|Мобільний|Мобилен|Κινητό|Κινητό τηλέφωνο|手机|手机号|手机号码|手機|携帯|携帯電話番号
휴대폰|휴대전화|핸드폰 번호|جوال|رقم الجوال|موبايل|موبایل|تلفن همراه|נייד|טלפון נייד|मोबाइल|मोबाइल नंबर|মোবাইল|มือถือ|เบอร์มือถือ
Di động|Số di động|No. HP|Nomor HP|No Handphone|Nomor Ponsel|mob|Mob. no.
"""
PHONES = """
phone|Phone 1|Home Phone|homePhone|Work Phone|PhoneNumber|phone_number|Phone No.|Phone#|Telephone|Telephone (home)|tel
Tel.|Tel. 1|Tel-No|TEL|Contact Number|contact_no|Contact Phone|Business Phone|Landline|Ph No|Ph.|Telefon|Telefon 1
Telefon privat|Telefonnummer|Tel.-Nr.|Rufnummer|Rufnr.|Festnetz|Fon|Téléphone|N° de téléphone|Tél.|Tél. domicile
Teléfono|Teléfono 1|Tfno.|Telf.|Tlf.|Tlfno|Telefone|Fone|Telefone 2|Telefono|Numero di telefono|Telefoon|Telefoonnummer
Tel/Fax|Phone/Fax|Telefon / Fax|Telefonnr|Tlf. privat|Tfn|Puhelin|Puhelinnumero|Puh.|Sími|Símanúmer|Telefonas|Tālrunis
Telefoni number|Numer telefonu|Nr tel.|Telefonní číslo|Telefónne číslo|Telefonszám|Broj telefona|Telefonska številka
Număr de telefon|Telefon Numarası|Телефон|Телефон 1|Номер телефона|Тел.|Тел|Телефони|Τηλέφωνο|Τηλ.|电话|电话号码|联系电话
联系方式|電話|電話番号|連絡先|自宅電話|전화|전화번호|연락처|هاتف|رقم الهاتف|تلفن|טלפון|फ़ोन|फोन नंबर|ফোন|โทรศัพท์|เบอร์โทร|โทร.|Điện thoại
Số điện thoại|SĐT|ĐT|Telepon|Nomor Telepon|Telp|Telp.|No. Telp|No. Telepon
"""
NEITHER = """
id|customer_id|Kundennummer|Customer Number|Account No|zip|PLZ|Postcode|Postal Code|date|created_at|Datum|name|Name|email
E-Mail|Hotel|Cancelled|Excellent|Mobility|Automobil|Immobilie|Phone Type|phone_type|Phone Model|Mobile Operator|Phone ID
phone_verified|Mobile App|carrier|Fax|Fax Number|Telefax|Faxnummer|factura|amount|Preis|Age|Headphone|row|City|IMEI|ICCID
Phone ext.|Durchwahl|country_code|Ländervorwahl|郵便番号|우편번호|факс|传真|Order No|IBAN|latitude
"""


def names(table: str) -> list[str]:
    return [name for line in table.split("\n") for name in line.split("|") if name]


@pytest.mark.parametrize("name", names(MOBILES))
def test_a_mobiles_column_is_known_in_every_language(name: str) -> None:
    assert kind_of(name) is Kind.MOBILE


@pytest.mark.parametrize("name", names(PHONES))
def test_a_telephones_column_is_known_in_every_language(name: str) -> None:
    assert kind_of(name) is Kind.PHONE


@pytest.mark.parametrize("name", names(NEITHER))
def test_other_columns_are_not_taken_for_a_telephones(name: str) -> None:
    assert kind_of(name) is None


@pytest.mark.parametrize("name", ["msisdn", "MSISDN", "customer_msisdn", "E.164", "phone_e164"])
def test_the_fields_own_names_are_the_surest(name: str) -> None:
    assert kind_of(name) is Kind.MSISDN


@pytest.mark.parametrize("name", ["number", "No", "Nr.", "CEP", "番号", "번호", "SMS", "Numero 2"])
def test_a_mere_number_is_the_least_sure(name: str) -> None:
    assert kind_of(name) is Kind.NUMBER


@pytest.mark.parametrize(
    "name",
    ["Vorwahl", "Telefonvorwahl", "Area Code", "area_code", "DDD", "市外局番", "区号", "Prefisso"],
)
def test_an_area_code_is_no_number(name: str) -> None:
    assert is_area_code(name)
    assert kind_of(name) is None


@pytest.mark.parametrize("name", ["id", "zip", "Datum", "Fax", "Faxnummer", "email", "郵便番号"])
def test_names_of_something_else_are_known(name: str) -> None:
    assert is_other(name)
