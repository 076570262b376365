"""Identifiers of people, accounts, phones and forms: read leniently, kept canonically, shown masked.

Canonical forms: CNIC 13 ASCII digits; IBAN 24 characters without spaces; mobile E.164; form number 13 ASCII digits.
Every `parse_*` accepts Western, Arabic-Indic and Urdu/Persian digits, spaces, dashes and the invisible direction
marks that copying from right-to-left text brings along, and raises ValueError for anything else. The messages of
these errors never repeat the identifier: they may end up in a log.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

import phonenumbers
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

MASK: Final = "•"
FORM_NUMBERS: Final = 10**12

_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_INVISIBLE = dict.fromkeys(
    (0x061C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
)
# First digit: 1 Khyber Pakhtunkhwa, 2 former FATA, 3 Punjab, 4 Sindh, 5 Balochistan, 6 Islamabad, 7 Gilgit-Baltistan,
# 8 Azad Kashmir. There is no check digit, and a last digit 0 occurs, which is why python-stdnum is not used.
_CNIC = re.compile(r"\A([1-8]\d{4})[- ]?(\d{7})[- ]?(\d)\Z", re.ASCII)
_FORM_NUMBER = re.compile(r"\A\d{4}[- ]*\d{4}[- ]*\d{5}\Z", re.ASCII)
_IBAN_CODE = re.compile(r"\A[A-Z]{4}\Z", re.ASCII)


def western_digits(text: str) -> str:
    """Return `text` with Arabic-Indic and Urdu/Persian digits written as 0-9; all else is untouched.

    >>> western_digits("۳۵۲۰۲")
    '35202'
    """
    return text.translate(_DIGITS)


def _clean(text: str) -> str:
    """Return `text` with Western digits and plain hyphens, without direction marks or outer space."""
    return western_digits(text).translate(_HYPHENS).translate(_INVISIBLE).strip()


# ---- CNIC ----------------------------------------------------------------------------------------------------


def parse_cnic(text: str) -> str:
    """Return the 13 digits of a national identity card number, written with or without dashes.

    >>> parse_cnic("۳۵۲۰۲-۱۲۳۴۵۶۷-۸")
    '3520212345678'
    """
    match = _CNIC.match(_clean(text))
    if match is None:
        msg = "a CNIC has 13 digits, written 35202-1234567-8, the first of them 1 to 8"
        raise ValueError(msg)
    return "".join(match.groups())


def format_cnic(cnic: str) -> str:
    """Return 13 digits as printed on the card: `35202-1234567-8`."""
    return f"{cnic[:5]}-{cnic[5:12]}-{cnic[12:]}"


def mask_cnic(cnic: str) -> str:
    """Return the form lists show, with the seven serial digits hidden: `35202-•••••••-8`."""
    return f"{cnic[:5]}-{MASK * 7}-{cnic[12:]}"


# ---- IBAN ----------------------------------------------------------------------------------------------------


def parse_iban(text: str) -> str:
    """Return a Pakistani IBAN without spaces, its structure and mod-97 check digits verified.

    >>> parse_iban("pk36 scbl 0000 0011 2345 6702")
    'PK36SCBL0000001123456702'
    """
    try:
        iban = IBAN(_clean(text))
    except SchwiftyException as refusal:
        msg = f"not a valid IBAN: {type(refusal).__name__}"
        raise ValueError(msg) from None
    if iban.country_code != "PK":
        msg = "not a Pakistani IBAN: it does not begin with PK"
        raise ValueError(msg)
    return str(iban)


def format_iban(iban: str) -> str:
    """Return an IBAN in groups of four, as printed."""
    return " ".join(iban[place : place + 4] for place in range(0, len(iban), 4))


def mask_iban(iban: str) -> str:
    """Return the form lists show: bank and last four kept, `PK36 SCBL •••• •••• •••• 6702`."""
    return format_iban(iban[:8] + MASK * (len(iban) - 12) + iban[-4:])


def synthetic_iban(iban_code: str, number: int) -> str:
    """Return a valid Pakistani IBAN of the bank `iban_code` (four letters) for account `number` (0 to 10^16 - 1).

    For payees whose real account is not known, as in survey data; whoever stores it marks it synthetic.

    >>> synthetic_iban("SCBL", 1123456702)
    'PK36SCBL0000001123456702'
    """
    if _IBAN_CODE.match(iban_code) is None or not 0 <= number < 10**16:
        msg = "a synthetic IBAN needs a bank code of four capital letters and a number of at most 16 digits"
        raise ValueError(msg)
    # ISO 13616: letters count A = 10 ... Z = 35, country code and 00 go last, and 98 minus the remainder checks.
    letters = "".join(str(ord(letter) - 55) for letter in iban_code)
    check = 98 - int(f"{letters}{number:016d}252000") % 97
    return f"PK{check:02d}{iban_code}{number:016d}"


# ---- mobile --------------------------------------------------------------------------------------------------


def parse_mobile(text: str) -> str:
    """Return a Pakistani mobile number in E.164: `+923001234567`.

    >>> parse_mobile("0300-1234567")
    '+923001234567'
    """
    refusal = "not a Pakistani mobile number, written like 0300-1234567"
    cleaned = _clean(text)
    if re.search(r"[^\d\s+()-]", cleaned, re.ASCII):
        raise ValueError(refusal)  # phonenumbers would read letters as keys of a telephone
    try:
        number = phonenumbers.parse(cleaned, "PK")
    except phonenumbers.NumberParseException:
        raise ValueError(refusal) from None
    mobile = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE
    if number.country_code != 92 or not mobile:
        raise ValueError(refusal)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def format_mobile(mobile: str) -> str:
    """Return an E.164 Pakistani mobile number as people write it: `0300-1234567`."""
    return f"0{mobile[3:6]}-{mobile[6:]}"


def mask_mobile(mobile: str) -> str:
    """Return the form lists show: `0300-••••567`."""
    return f"0{mobile[3:6]}-{MASK * 4}{mobile[-3:]}"


def synthetic_mobile(number: int) -> str:
    """Return a mobile number in E.164 for `number` (0 to 10^8 - 1), of a range no synthetic population draws from.

    For wallets of made-up payees: a SIM is issued to each of them.

    >>> synthetic_mobile(1)
    '+923300000001'
    """
    if not 0 <= number < 10**8:
        msg = "a synthetic mobile number needs a number of at most 8 digits"
        raise ValueError(msg)
    return f"+9233{number:08d}"


# ---- form numbers --------------------------------------------------------------------------------------------

_ROUNDS = 8
_HALF = 10**6
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # the digit sum of twice the digit
_KEY_BYTES = (16, 64)  # the least that cannot be guessed, and the most BLAKE2b takes


def _permuted(sequence: int, keyed: blake2b) -> int:
    """Return the image of `sequence` under the keyed permutation of 0 to 10^12 - 1.

    An alternating Feistel network over two halves of six decimal digits, added modulo 10^6 (the shape of NIST
    SP 800-38G): each round can be undone, so no two sequences share an image, and because the halves are decimal
    no value falls outside the range. The round function is keyed BLAKE2b (RFC 7693), several times as fast as HMAC.
    """
    left, right = divmod(sequence, _HALF)
    for turn in range(_ROUNDS):
        mixer = keyed.copy()
        mixer.update(b"%d:%d" % (turn, right))
        left, right = right, (left + int.from_bytes(mixer.digest(), "big")) % _HALF
    return left * _HALF + right


def _luhn(digits: str) -> str:
    """Return the Luhn check digit of `digits` (ISO/IEC 7812-1, annex B): catches any single wrong digit."""
    values = [*map(int, digits)]
    return str(-(sum(map(_DOUBLED.__getitem__, values[-1::-2])) + sum(values[-2::-2])) % 10)


def form_numbers(sequences: Iterable[int], key: bytes) -> Iterator[str]:
    """Return the form number of each sequence number (0 to 10^12 - 1): 12 permuted digits and a check digit.

    Unique by construction (a permutation), so no look-up is needed to make one; unguessable without `key`
    (16 to 64 bytes). Raises ValueError for a sequence outside the range or a key of another length.
    """
    least, most = _KEY_BYTES
    if not least <= len(key) <= most:
        msg = f"the form number key needs {least} to {most} bytes, not {len(key)}"
        raise ValueError(msg)
    keyed = blake2b(digest_size=8, key=key)
    for sequence in sequences:
        if not 0 <= sequence < FORM_NUMBERS:
            msg = f"a form's sequence number lies between 0 and {FORM_NUMBERS - 1}: {sequence}"
            raise ValueError(msg)
        digits = f"{_permuted(sequence, keyed):012d}"
        yield digits + _luhn(digits)


def form_number(sequence: int, key: bytes) -> str:
    """Return the 13 digits printed on form number `sequence`; see `form_numbers`, which is faster for many."""
    return next(form_numbers((sequence,), key))


def parse_form_number(text: str) -> str:
    """Return the 13 digits of a form number, its check digit verified.

    >>> parse_form_number("1234-5678-90128")
    '1234567890128'
    """
    cleaned = _clean(text)
    digits = cleaned.replace("-", "").replace(" ", "")
    if _FORM_NUMBER.match(cleaned) is None or _luhn(digits[:12]) != digits[12]:
        msg = "not a form number: 13 digits, written 1234-5678-90128, with a right check digit"
        raise ValueError(msg)
    return digits


def format_form_number(digits: str) -> str:
    """Return 13 digits as printed: `1234-5678-90128`."""
    return f"{digits[:4]}-{digits[4:8]}-{digits[8:]}"
