"""The part of the error catalogue about recalls: payments asked back from a bank."""

from __future__ import annotations

from kafalat.core.entries import Entry

OF_RECALLS: dict[str, Entry] = {
    # { payment: "its end-to-end id", reason_en, reason_ur: "why it cannot be asked back" }
    "recall.not_possible": Entry(
        en="Payment {payment} cannot be recalled: {reason_en}. Nothing was changed.",
        ur="ادائیگی {payment} واپس نہیں منگوائی جا سکتی: {reason_ur}۔ کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # { given: "what was written", known: "the codes there are" }
    "recall.reason_missing": Entry(
        en="'{given}' is no reason for a recall; give one of {known}, and say in words what happened.",
        ur="«{given}» واپسی کی درخواست کی وجہ نہیں؛ {known} میں سے ایک دیں اور لکھیں کہ کیا ہوا۔",
    ),
    # { bank: "its code" }
    "recall.not_taken": Entry(
        en="{bank} takes no recall by message: its profile names no recall_version. Call the bank.",
        ur="{bank} پیغام کے ذریعے ادائیگی واپس نہیں کرتا: اس کے پروفائل میں recall_version نہیں۔ بینک سے رابطہ کریں۔",
        http_status=409,
    ),
    # { recall: "its message id" }
    "recall.own": Entry(
        en="You asked for recall {recall}; another person has to agree to it.",
        ur="واپسی کی درخواست {recall} آپ نے دی؛ اس کی منظوری کوئی اور دے گا۔",
        http_status=403,
    ),
    # { recall: "what was named" }
    "recall.unknown": Entry(
        en="There is no recall {recall} that waits for this; list them with `kafalat payments recall list`.",
        ur="واپسی کی ایسی کوئی درخواست {recall} نہیں جو اس کی منتظر ہو؛ فہرست `kafalat payments recall list` سے دیکھیں۔",
        http_status=404,
    ),
    # { recall: "its message id" }
    "recall.changed": Entry(
        en="Recall {recall} is no longer what was seen; nothing left. Look at it again, and ask for a new one if its payments have changed.",
        ur="درخواست {recall} اب وہ نہیں جو دیکھی گئی تھی؛ کچھ نہیں بھیجا گیا۔ دوبارہ دیکھیں، اور ادائیگیاں بدل گئی ہوں تو نئی درخواست دیں۔",
        http_status=409,
    ),
}
