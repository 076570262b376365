"""Problems of files from banks: tables, statements, and forms nobody agreed on. Further ones stand in `problems.py`."""

from __future__ import annotations

from typing import Final

from kafalat.core.entries import Entry

OF_BANK_FILES: Final[dict[str, Entry]] = {
    # { file: "the answer file's name", found: "the form it is in", declared: "the forms the bank's profile names" }
    "bank.form_undeclared": Entry(
        en="{file}: this is {found}, but the bank's profile declares {declared}. Nothing was booked; ask the bank, or add "
        "the form to its profile.",
        ur="{file}: یہ {found} ہے، مگر بینک کے پروفائل میں یہ درج ہیں: {declared}۔ کچھ درج نہیں کیا گیا؛ بینک سے پوچھیں یا یہ شکل "
        "پروفائل میں شامل کریں۔",
    ),
    # { file: "the answer file's name", folder: "where it was worked on", reason: "what the system said" }
    "bank.not_worked_on": Entry(
        en="{file}: it could not be read, or not be worked on in {folder} ({reason}). Nothing was booked; make room or correct "
        "the folder's rights, and take it in again.",
        ur="{file}: یہ پڑھی نہیں جا سکی، یا {folder} میں اس پر کام نہیں ہو سکا ({reason})۔ کچھ درج نہیں کیا گیا؛ جگہ خالی کریں یا "
        "فولڈر کے اختیارات درست کریں، اور فائل دوبارہ لیں۔",
        http_status=507,
    ),
    # { file: "the answer file's name", most: "the size that is read, with its unit" }
    "bank.too_large": Entry(
        en="{file}: the file is larger than {most}. Nothing was read; ask the bank to send it in parts.",
        ur="{file}: فائل {most} سے بڑی ہے۔ کچھ نہیں پڑھا گیا؛ بینک سے کہیں کہ اسے حصوں میں بھیجے۔",
    ),
    # { file: "the answer file's name", line, reason: "the schema's words" }
    "bank.schema_invalid": Entry(
        en="{file}, line {line}: the file breaks the schema of its message ({reason}). Nothing was booked; ask the bank to "
        "correct it.",
        ur="{file}، سطر {line}: فائل اپنے پیغام کے سانچے (schema) کے مطابق نہیں ({reason})۔ کچھ درج نہیں کیا گیا؛ بینک سے "
        "درست کروائیں۔",
    ),
    # { file: "the answer file's name", columns: "the headings that are missing or stand twice" }
    "bank.columns_missing": Entry(
        en="{file}: these columns or sheets are missing or there twice: {columns}. Nothing was booked; ask the bank for the "
        "table as agreed, or correct its profile.",
        ur="{file}: یہ کالم یا شیٹ موجود نہیں یا دو بار ہیں: {columns}۔ کچھ درج نہیں کیا گیا؛ بینک سے طے شدہ جدول مانگیں یا "
        "پروفائل درست کریں۔",
    ),
    # { file: "the answer file's name", place: "the cell or the part of the file" }
    "bank.formula_refused": Entry(
        en="{file}: {place} holds a formula, a macro or a link to another file, so what it shows cannot be relied on. "
        "Nothing was booked; ask the bank for values only.",
        ur="{file}: {place} میں فارمولا، میکرو یا کسی اور فائل کا ربط ہے، اس لیے جو نظر آتا ہے اس پر بھروسا نہیں ہو سکتا۔ کچھ درج "
        "نہیں کیا گیا؛ بینک سے صرف قدریں مانگیں۔",
    ),
}
