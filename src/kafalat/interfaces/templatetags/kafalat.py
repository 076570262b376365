"""How pages write money, dates, numbers, identifiers and codes: Western digits, kept together in right-to-left text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django import template
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kafalat.core.identifiers import format_form_number
from kafalat.core.money import rupees_text
from kafalat.core.quarters import parse_quarter, quarter_of
from kafalat.core.text import Bilingual
from kafalat.interfaces import labels
from kafalat.interfaces.context import language_in_use

register = template.Library()

# Django's own Urdu month names are incomplete.
MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "ur": ("جنوری", "فروری", "مارچ", "اپریل", "مئی", "جون", "جولائی", "اگست", "ستمبر", "اکتوبر", "نومبر", "دسمبر"),
}  # fmt: skip
SHORT_DIGEST = 12


@register.filter
def rupees(amount_paisa: int | None) -> SafeString:
    """Write integer paisa as `Rs 14,500`, kept in one piece."""
    return format_html('<bdi dir="ltr">{}</bdi>', rupees_text(amount_paisa or 0))


@register.filter
def count(number: object) -> str:
    """Write a whole number with thousands separators (which hold together by themselves); a dash where there is none."""
    return f"{number:,}" if isinstance(number, int) else "–"


@register.filter
def plain(number: int | Decimal) -> str:
    """Write a number as short as it is: 32, 16.17."""
    return f"{number:g}" if isinstance(number, Decimal) else str(number)


@register.filter
def ltr(text: object) -> SafeString:
    """Write an identifier or code left to right, also within Urdu."""
    return format_html('<bdi class="code" dir="ltr">{}</bdi>', text)


@register.filter
def form_number(digits: str) -> SafeString:
    """Write a form number as printed."""
    return ltr(format_form_number(digits))


@register.filter
def digest(sha256: str) -> SafeString:
    """Write the beginning of a digest, the whole of it for pointers."""
    return format_html('<bdi class="code" dir="ltr" title="{}">{}…</bdi>', sha256, sha256[:SHORT_DIGEST])


def _day_text(day: date) -> str:
    month = MONTHS[language_in_use(get_language())][day.month - 1]
    return f"{day.day} {month} {day.year}"


@register.filter
def day(value: date | datetime | None) -> SafeString:
    """Write a date in words with its quarter: 21 November 2026 (2026Q4)."""
    if value is None:
        return SafeString("–")
    local = timezone.localtime(value).date() if isinstance(value, datetime) else value
    return format_html(
        '<time datetime="{}">{} <bdi class="quarter" dir="ltr">{}</bdi></time>',
        local,
        _day_text(local),
        quarter_of(local),
    )


@register.filter
def short_day(value: date | None) -> SafeString:
    """Write a date in words without its quarter, for rules and tables of dates."""
    return (
        SafeString("–")
        if value is None
        else format_html('<time datetime="{}">{}</time>', value, _day_text(value))
    )


@register.filter
def moment(value: datetime | None) -> SafeString:
    """Write a moment in Pakistan's time: day, quarter, hour and minute."""
    if value is None:
        return SafeString("–")
    local = timezone.localtime(value)
    return format_html('{} <bdi dir="ltr">{}</bdi>', day(value), f"{local:%H:%M}")


@register.filter
def short_moment(value: datetime | None) -> SafeString:
    """Write the day of a moment in words, without quarter and hour."""
    return short_day(None if value is None else timezone.localtime(value).date())


@register.filter
def tranche(code: str) -> SafeString:
    """Write a tranche as its months: January to March 2026 (2026Q1)."""
    return format_html('{} <bdi class="quarter" dir="ltr">{}</bdi>', tranche_text(code), code)


def tranche_text(code: str) -> str:
    """Return the months of a tranche in the language of the page."""
    quarter = parse_quarter(code)
    names = MONTHS[language_in_use(get_language())]
    first = 3 * (quarter.number - 1)
    return _("%(first)s to %(last)s %(year)s") % {
        "first": names[first],
        "last": names[first + 2],
        "year": quarter.year,
    }


@register.filter
def said(text: Bilingual | None) -> str:
    """Write a bilingual text in the language of the page."""
    return "" if text is None else text.in_(language_in_use(get_language()))


@register.filter
def word(code: str | None, kind: str) -> str:
    """Write a code in words, as in `{{ payment.status|word:"payment" }}`."""
    return labels.word(kind, code)


@register.filter
def ledger_account(account: str) -> str:
    """Write a ledger account in words; the bank it is about stands beside it."""
    return str(labels.LEDGER.get(account.partition(":")[0], account))


@register.filter
def name_of(person: object) -> str:
    """Write a person's or place's name in the script of the page (`name_en`, `name_ur`)."""
    return str(getattr(person, f"name_{language_in_use(get_language())}", ""))


@register.filter
def signed(number: int | Decimal | None) -> SafeString:
    """Write a number with its sign: +3, −5, 0."""
    if number is None:
        return SafeString("–")
    sign = "+" if number > 0 else "−" if number < 0 else ""
    return format_html(
        '<bdi dir="ltr">{}{}</bdi>', sign, f"{abs(number):g}" if isinstance(number, Decimal) else abs(number)
    )


@register.filter
def of(mapping: Mapping[object, object], key: object) -> object:
    """Look a key up in a mapping; nothing where it is missing."""
    return mapping.get(key)


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: object) -> str:
    """Write the page's query with some values changed; an empty value leaves its key out."""
    values: QueryDict = context["request"].GET.copy()
    for key, value in changes.items():
        values.pop(key, None)
        if value not in {"", None}:
            values[key] = str(value)
    return f"?{values.urlencode()}"
