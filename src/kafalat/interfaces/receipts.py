"""What a receipt says, for the page and for paper, in both languages at once: she may read either, her helper the other."""

from __future__ import annotations

from django.utils import timezone

from kafalat.config.sealing import sealer
from kafalat.core.identifiers import mask_cnic
from kafalat.core.money import PAISA_PER_RUPEE, rupees_text
from kafalat.core.text import Bilingual
from kafalat.core.words import in_words
from kafalat.interfaces.paper import JSON
from kafalat.payments.models import Withdrawal
from kafalat.policy.model import Programme
from kafalat.registry.selectors import CNIC_PURPOSE

WORDS: dict[str, Bilingual] = {
    "title": Bilingual(en="Receipt", ur="رسید"),
    "rule": Bilingual(
        en="Take the FULL amount and this receipt. Nobody may keep a rupee of it.",
        ur="پوری رقم اور یہ رسید لیں۔ اس میں سے ایک روپیہ بھی کوئی نہیں رکھ سکتا۔",
    ),
    "name": Bilingual(en="Paid to", ur="وصول کنندہ"),
    "cnic": Bilingual(en="CNIC", ur="شناختی کارڈ"),
    "amount": Bilingual(en="Amount", ur="رقم"),
    "for": Bilingual(en="For", ur="سہ ماہی"),
    "at": Bilingual(en="When", ur="وقت"),
    "device": Bilingual(en="Device", ur="ڈیوائس"),
    "number": Bilingual(en="Receipt number", ur="رسید نمبر"),
    "check": Bilingual(
        en="To check it, send the number and this code by SMS to 8171.",
        ur="تصدیق کے لیے رسید نمبر اور یہ کوڈ 8171 پر ایس ایم ایس کریں۔",
    ),
    "reversed": Bilingual(
        en="NOT PAID: no cash came out. The money is still in the account.",
        ur="ادائیگی نہیں ہوئی: نقدی نہیں نکلی۔ رقم کھاتے میں موجود ہے۔",
    ),
    "synthetic": Bilingual(en="Synthetic: made up for a demo.", ur="فرضی: نمائش کے لیے بنائی گئی۔"),
}


def amount_in_words(amount_paisa: int) -> Bilingual:
    """Return whole rupees in words."""
    words = in_words(amount_paisa // PAISA_PER_RUPEE)
    return Bilingual(en=f"{words.en} rupees", ur=f"{words.ur} روپے")


def receipt_data(found: Withdrawal, programme: Programme) -> dict[str, JSON]:
    """Return what the template `receipt` is filled with."""
    payee = found.payment.entitlement.beneficiary.payee
    sealed = payee.cnic_sealed
    words = amount_in_words(found.amount_paisa)
    return {
        "lang": "ur",
        "programme": {"en": programme.label.en, "ur": programme.label.ur},
        "title": {"en": WORDS["title"].en, "ur": WORDS["title"].ur},
        "digest": found.reference,
        "words": {key: {"en": text.en, "ur": text.ur} for key, text in WORDS.items()},
        "name": {"en": payee.name_en, "ur": payee.name_ur},
        "cnic": "" if sealed is None else mask_cnic(sealer().unseal(bytes(sealed), CNIC_PURPOSE)),
        "amount": rupees_text(found.amount_paisa),
        "amount_words": {"en": words.en, "ur": words.ur},
        "tranche": found.payment.entitlement.cycle.tranche,
        "at": f"{timezone.localtime(found.at):%Y-%m-%d %H:%M}",
        "device": found.device.serial,
        "number": found.reference,
        "code": found.check_code,
        "reversed": hasattr(found, "reversal"),
        "synthetic": payee.identity_synthetic,
    }
