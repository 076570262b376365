"""Checks the banks' profiles: one for every bank and for no other, with forms that Kafalat can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kafalat.core.bank_formats import TABLE_KINDS, AnswerFormat
from kafalat.policy.documents import texts_at
from kafalat.policy.findings import Fault, Finding, nearest
from kafalat.policy.sheaf import Sheaf

VERSIONS: Final[dict[str, tuple[str, ...]]] = {
    "pain.002": ("03", "10", "12"),
    "camt.053": ("02", "08"),
    "camt.054": ("02", "08"),
    "camt.029": ("09",),
    "wallet": ("1",),  # docs/wallet-api.md
}


def bank_profiles(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `banks/<code>/profile.yaml`, and of banks that have none."""
    banks = sheaf.banks
    codes = texts_at(banks.written, "banks", "code")
    for index, bank in enumerate(banks.value.banks if banks.value is not None else ()):
        if bank.code not in sheaf.bank_profiles:
            fault = Fault(
                f"The bank '{bank.code}' has no profile; add banks/{bank.code}/profile.yaml.",
                f"بینک «{bank.code}» کا پروفائل موجود نہیں؛ banks/{bank.code}/profile.yaml بنائیں۔",
            )
            yield banks.finding(("banks", index, "code"), fault)
    for code, part in sheaf.bank_profiles.items():
        if banks.whole and code not in codes:
            fault = Fault(
                f"'{code}' is no bank of banks.yaml.",
                f"«{code}» banks.yaml کا کوئی بینک نہیں۔",
                nearest(code, codes),
            )
            yield part.finding((), fault)
        if part.value is not None and part.value.transport == "api" and "wallet" not in part.value.kinds:
            fault = Fault(
                "A bank that is called has to be heard: transport api needs the answer form wallet.",
                "جس بینک کو براہِ راست بلایا جائے اس کا جواب بھی سنا جائے: transport api کے لیے جواب کی شکل wallet لازمی ہے۔",
            )
            yield part.finding(("transport",), fault)
        for index, answer in enumerate(part.value.answers if part.value is not None else ()):
            for key, fault in _answer(answer):
                yield part.finding(("answers", index, *key), fault)


def _answer(answer: AnswerFormat) -> Iterator[tuple[tuple[str, ...], Fault]]:
    is_table = answer.format in TABLE_KINDS
    if is_table != (answer.table is not None) or is_table == bool(answer.versions):
        yield (
            ("format",),
            Fault(
                f"'{answer.format}' needs {'a table' if is_table else 'versions'}, and nothing else.",
                f"«{answer.format}» کے لیے {'table' if is_table else 'versions'} لازمی ہے، اور کچھ نہیں۔",
            ),
        )
    known = VERSIONS.get(answer.format, ())
    for version in answer.versions:
        if version not in known and not is_table:
            yield (
                ("versions",),
                Fault(
                    f"Kafalat does not read version {version} of {answer.format}; it reads {', '.join(known)}.",
                    f"Kafalat {answer.format} کا نسخہ {version} نہیں پڑھتا؛ یہ پڑھتا ہے: {'، '.join(known)}۔",
                ),
            )
    table = answer.table
    if table is None:
        return
    if table.decimal == table.thousands:
        yield (
            ("table", "thousands"),
            Fault(
                "The decimal sign and the sign between thousands are the same.",
                "اعشاریے کی علامت اور ہزاروں کے بیچ کی علامت ایک ہی ہے۔",
            ),
        )
    if not all(f"%{letter}" in table.dates for letter in "dY") or not any(
        month in table.dates for month in ("%m", "%b", "%B")
    ):
        yield (
            ("table", "dates"),
            Fault(
                f"'{table.dates}' does not tell day, month and year, as %d/%m/%Y does.",
                f"«{table.dates}» سے دن، مہینہ اور سال معلوم نہیں ہوتے، جیسے %d/%m/%Y سے ہوتے ہیں۔",
            ),
        )
