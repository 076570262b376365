"""Says in English and Urdu what pydantic found wrong with one value."""

from __future__ import annotations

from collections.abc import Callable

from pydantic_core import ErrorDetails

from kafalat.policy.documents import Location
from kafalat.policy.findings import Fault, nearest

_LANGUAGE_NAMES = {"en": ("English", "انگریزی"), "ur": ("Urdu", "اردو")}
_Sentence = Callable[[str, ErrorDetails], tuple[str, str]]


def fault_of(error: ErrorDetails, location: Location, nearest_key: str | None) -> Fault:
    """Return the fault of one error; `nearest_key` is the valid key most like an unknown one."""
    names = [str(step) for step in location if isinstance(step, str) and step not in {"str", "bool", "[key]"}]
    where = names[-1] if names else "file"
    kind = error["type"]
    if where in _LANGUAGE_NAMES and kind in {"missing", "string_too_short", "string_type"}:
        english, urdu = _LANGUAGE_NAMES[where]
        owner = names[-2] if len(names) > 1 else where
        return Fault(f"The {english} text of '{owner}' is missing.", f"«{owner}» کی {urdu} تحریر موجود نہیں۔")
    if kind == "extra_forbidden":
        return Fault(
            f"'{where}' is no key known here.", f"«{where}» یہاں کی کوئی معلوم کلید نہیں۔", nearest_key
        )
    if kind == "literal_error":
        # pydantic lists the choices as 'a', 'b' or 'c'.
        choices = str(error.get("ctx", {}).get("expected", ""))
        valid = [choice.strip("' ") for choice in choices.replace(" or ", ",").split(",")]
        return Fault(
            f"'{error['input']}' is no value of '{where}'; it must be one of: {', '.join(valid)}.",
            f"«{error['input']}» «{where}» کی کوئی درست قدر نہیں؛ ان میں سے ایک لکھیں: {'، '.join(valid)}۔",
            nearest(error["input"], valid),
        )
    en, ur = _SENTENCES.get(kind, _other)(where, error)
    return Fault(en, ur)


def _shown(error: ErrorDetails) -> str:
    text = str(error["input"])
    return text if len(text) <= 40 else f"{text[:40]}…"


def _limit(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    return str(next((context[key] for key in ("ge", "le", "min_length", "max_length") if key in context), ""))


def _other(where: str, error: ErrorDetails) -> tuple[str, str]:
    return (
        f"The value of '{where}' is not valid: {error['msg']}.",
        f"«{where}» کی قدر درست نہیں (تفصیل انگریزی میں: {error['msg']})۔",
    )


def _missing(where: str, _: ErrorDetails) -> tuple[str, str]:
    return f"The key '{where}' is missing.", f"کلید «{where}» موجود نہیں۔"


def _empty(where: str, error: ErrorDetails) -> tuple[str, str]:
    if not error["input"]:
        return f"'{where}' is empty.", f"«{where}» خالی ہے۔"
    limit = _limit(error)
    return f"'{where}' is too short: at least {limit}.", f"«{where}» بہت مختصر ہے: کم از کم {limit}۔"


def _long(where: str, error: ErrorDetails) -> tuple[str, str]:
    limit = _limit(error)
    return (
        f"'{where}' is too long: at most {limit} characters.",
        f"«{where}» بہت طویل ہے: زیادہ سے زیادہ {limit} حروف۔",
    )


def _many(where: str, error: ErrorDetails) -> tuple[str, str]:
    limit = _limit(error)
    return (
        f"'{where}' has too many entries: at most {limit}.",
        f"«{where}» میں اندراج زیادہ ہیں: زیادہ سے زیادہ {limit}۔",
    )


def _pattern(where: str, error: ErrorDetails) -> tuple[str, str]:
    if where == "currency":
        return "The only currency supported is PKR.", "صرف پاکستانی روپیہ (PKR) استعمال ہو سکتا ہے۔"
    if where in {"code", "name", "fact", "bank"} or "a-z" in str(error.get("ctx", {}).get("pattern")):
        return (
            f"'{_shown(error)}' is no valid name: small letters a-z, digits and _, beginning with a letter.",
            f"«{_shown(error)}» درست نام نہیں: چھوٹے حروف a-z، ہندسے اور _، پہلا حرف انگریزی حرف ہو۔",
        )
    return (
        f"'{_shown(error)}' does not have the form of '{where}'.",
        f"«{_shown(error)}» کی شکل «{where}» جیسی نہیں۔",
    )


def _text(where: str, _: ErrorDetails) -> tuple[str, str]:
    return (
        f"'{where}' must be a text; put it in quotes if it looks like a number.",
        f"«{where}» تحریر ہونی چاہیے؛ اگر عدد جیسی لگے تو واوین میں لکھیں۔",
    )


def _date(where: str, error: ErrorDetails) -> tuple[str, str]:
    return (
        f"'{_shown(error)}' is no date for '{where}'; write it as 2026-01-31.",
        f"«{_shown(error)}» «{where}» کے لیے تاریخ نہیں؛ یوں لکھیں: 2026-01-31۔",
    )


def _whole(where: str, error: ErrorDetails) -> tuple[str, str]:
    return (
        f"'{_shown(error)}' is no whole number for '{where}'; write digits alone.",
        f"«{_shown(error)}» «{where}» کے لیے پورا عدد نہیں؛ صرف ہندسے لکھیں۔",
    )


def _number(where: str, error: ErrorDetails) -> tuple[str, str]:
    return (
        f"'{_shown(error)}' is no number for '{where}'; write it as 16.17.",
        f"«{_shown(error)}» «{where}» کے لیے عدد نہیں؛ یوں لکھیں: 16.17۔",
    )


def _true_or_false(where: str, _: ErrorDetails) -> tuple[str, str]:
    return f"'{where}' must be true or false.", f"«{where}» true یا false ہونا چاہیے۔"


def _small(where: str, error: ErrorDetails) -> tuple[str, str]:
    limit = _limit(error)
    return f"'{where}' must be at least {limit}.", f"«{where}» کم از کم {limit} ہونا چاہیے۔"


def _large(where: str, error: ErrorDetails) -> tuple[str, str]:
    limit = _limit(error)
    return f"'{where}' must be at most {limit}.", f"«{where}» زیادہ سے زیادہ {limit} ہونا چاہیے۔"


def _list(where: str, _: ErrorDetails) -> tuple[str, str]:
    return (
        f"'{where}' must be a list (lines beginning with '- ').",
        f"«{where}» فہرست ہونی چاہیے (سطریں «- » سے شروع ہوں)۔",
    )


def _mapping(where: str, _: ErrorDetails) -> tuple[str, str]:
    return (
        f"'{where}' must have keys of its own below it.",
        f"«{where}» کے نیچے اس کی اپنی کلیدیں ہونی چاہییں۔",
    )


_SENTENCES: dict[str, _Sentence] = {
    "missing": _missing,
    "string_too_short": _empty,
    "too_short": _empty,
    "too_long": _many,
    "string_too_long": _long,
    "string_pattern_mismatch": _pattern,
    "string_type": _text,
    "date_type": _date,
    "date_parsing": _date,
    "date_from_datetime_parsing": _date,
    "int_type": _whole,
    "int_from_float": _whole,
    "int_parsing": _whole,
    "decimal_type": _number,
    "decimal_parsing": _number,
    "bool_type": _true_or_false,
    "greater_than_equal": _small,
    "less_than_equal": _large,
    "tuple_type": _list,
    "model_type": _mapping,
    "dict_type": _mapping,
}
