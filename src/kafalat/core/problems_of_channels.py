"""The part of the error catalogue about sending: the outbox, wallet providers and what they call back."""

from __future__ import annotations

from kafalat.core.entries import Entry

OF_CHANNELS: dict[str, Entry] = {
    # { provider: "the bank's code", reason: "what the line or the provider said" }
    "wallet.unreachable": Entry(
        en="The wallet provider {provider} gives no usable answer ({reason}); nothing was changed. Try again later, or call the provider.",
        ur="والیٹ ادارہ {provider} کوئی قابلِ استعمال جواب نہیں دے رہا ({reason})؛ کچھ تبدیل نہیں ہوا۔ بعد میں کوشش کریں یا ادارے سے رابطہ کریں۔",
        http_status=502,
    ),
    # { entry: "the part of the setting that cannot be used" }
    "wallet.address_invalid": Entry(
        en="KAFALAT_WALLETS holds '{entry}'; write bank=https://address for each wallet provider, with commas between (http only on this machine).",
        ur="KAFALAT_WALLETS میں «{entry}» درست نہیں؛ ہر والیٹ ادارے کے لیے bank=https://address لکھیں، درمیان میں کوما (http صرف اسی مشین پر)۔",
    ),
    # { path: "what was written", reason: "what the system said" }
    "sending.not_written": Entry(
        en="A bank file could not be written to {path} ({reason}); it waits and is tried again. Make room or correct the folder's rights.",
        ur="بینک فائل {path} میں نہیں لکھی جا سکی ({reason})؛ یہ انتظار میں ہے اور دوبارہ کوشش ہو گی۔ جگہ خالی کریں یا فولڈر کے اختیارات درست کریں۔",
        http_status=507,
    ),
    # { file: "message id of the bank file", attempts: "how often it was tried" }
    "sending.died": Entry(
        en="Bank file {file} was tried {attempts} times and each time the sender stopped without a word; it is in quarantine. "
        "See the server's log, then lift the quarantine.",
        ur="بینک فائل {file} کی {attempts} کوششیں ہوئیں اور ہر بار بھیجنے والا عمل بغیر کچھ بتائے رک گیا؛ فائل روک لی گئی ہے۔ "
        "سرور کا ریکارڈ دیکھیں، پھر روک ہٹائیں۔",
        http_status=409,
    ),
    # { bank: "its code", file: "message id of the bank file" }
    "sending.provider_unset": Entry(
        en="Bank file {file} goes to the interface of {bank}, which has no address; set KAFALAT_WALLETS, nothing was sent.",
        ur="بینک فائل {file} کو {bank} کے انٹرفیس پر جانا ہے جس کا پتہ درج نہیں؛ KAFALAT_WALLETS مقرر کریں، کچھ نہیں بھیجا گیا۔",
        http_status=409,
    ),
    # { bank: "its code", file: "message id of the bank file", payments: "how many wait", reason: "what the line or it said" }
    "sending.provider_failing": Entry(
        en="{bank} has not answered for {payments} payments of bank file {file} ({reason}); they are asked about and tried again, nobody is paid twice.",
        ur="{bank} نے بینک فائل {file} کی {payments} ادائیگیوں کا جواب نہیں دیا ({reason})؛ ان کا حال پوچھ کر دوبارہ کوشش ہو گی، کسی کو دو بار ادائیگی نہیں ہو گی۔",
        http_status=502,
    ),
    # {}
    "sending.reason_missing": Entry(
        en="Say what was done about it, in a sentence the auditor can follow; the file stays in quarantine.",
        ur="ایک جملے میں لکھیں کہ کیا درست کیا گیا تاکہ آڈیٹر سمجھ سکے؛ فائل روکی ہوئی ہے۔",
    ),
    # { file: "the number that was given" }
    "sending.not_quarantined": Entry(
        en="Bank file {file} is not in quarantine; reload the page, nothing was changed.",
        ur="بینک فائل {file} روکی ہوئی نہیں؛ صفحہ دوبارہ کھولیں، کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # { provider: "whose key signed it", named: "whom it names" }
    "wallet.other_provider": Entry(
        en="A message signed by {provider} names {named}; it was refused, nothing was booked. Ask {provider} to correct it.",
        ur="{provider} کے دستخط والے پیغام میں {named} کا نام ہے؛ اسے رد کیا گیا، کچھ درج نہیں ہوا۔ {provider} سے درستی کرائیں۔",
        http_status=422,
    ),
}
