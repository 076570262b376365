"""The error catalogue's part for files that people bring through the console."""

from __future__ import annotations

from kafalat.core.entries import Entry

OF_UPLOADS: dict[str, Entry] = {
    # {}
    "uploads.missing": Entry(
        en="No file was chosen; choose one and send the form again.",
        ur="کوئی فائل نہیں چنی گئی؛ فائل چن کر فارم دوبارہ بھیجیں۔",
    ),
    # { file: "its name" }
    "uploads.empty": Entry(
        en="{file} is empty; nothing was taken in. Choose the right file.",
        ur="{file} خالی ہے؛ کچھ شامل نہیں کیا گیا۔ درست فائل چنیں۔",
    ),
    # { file: "its name", most: "the size that is taken, with its unit" }
    "uploads.too_large": Entry(
        en="{file} is larger than {most}, the most a browser may send; nothing was taken in. Have it taken in on the "
        "server, by the command line.",
        ur="{file} {most} سے بڑی ہے، براؤزر سے اس سے بڑی فائل نہیں آ سکتی؛ کچھ شامل نہیں کیا گیا۔ اسے سرور پر کمانڈ سے "
        "شامل کروائیں۔",
        http_status=413,
    ),
    # { file: "its name", forms: "the forms that are read here" }
    "uploads.form_refused": Entry(
        en="{file}: by its content this is none of {forms}, whatever its name says; nothing was taken in. Choose the right file.",
        ur="{file}: نام کچھ بھی ہو، مواد کے لحاظ سے یہ {forms} میں سے نہیں؛ کچھ شامل نہیں کیا گیا۔ درست فائل چنیں۔",
    ),
    # { file: "its name", reason: "what the system said" }
    "uploads.not_kept": Entry(
        en="{file} could not be kept ({reason}); nothing was taken in. Tell whoever runs this installation.",
        ur="{file} محفوظ نہیں ہو سکی ({reason})؛ کچھ شامل نہیں کیا گیا۔ اس تنصیب کے ذمہ دار کو بتائیں۔",
        http_status=507,
    ),
    # { file: "its name" }
    "uploads.gone": Entry(
        en="{file} no longer lies where it was kept; nothing was taken in. Bring the file again.",
        ur="{file} جہاں محفوظ تھی وہاں اب نہیں؛ کچھ شامل نہیں کیا گیا۔ فائل دوبارہ لائیں۔",
        http_status=410,
    ),
    # { cycle: "the tranche asked for", following: "the one that may be opened" }
    "payments.tranche_not_next": Entry(
        en="{cycle} is not the next tranche to be opened: {following} is. Nothing was opened.",
        ur="کھولنے کے لیے اگلی قسط {cycle} نہیں بلکہ {following} ہے۔ کچھ نہیں کھولا گیا۔",
        http_status=409,
    ),
}
