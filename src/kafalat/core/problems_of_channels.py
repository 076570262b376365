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
}
