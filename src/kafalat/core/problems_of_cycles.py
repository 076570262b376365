"""The error catalogue's part for phases, funds and the seats under a payment list."""

from __future__ import annotations

from kafalat.core.entries import Entry

OF_CYCLES: dict[str, Entry] = {
    # { cycle: "its tranche" }
    "payments.no_phases": Entry(
        en="The calendar has no phases on the first day of {cycle}; add them to calendar.yaml. Nothing was opened.",
        ur="{cycle} کے پہلے دن کیلنڈر میں کوئی مرحلہ نہیں؛ calendar.yaml میں شامل کریں۔ کچھ نہیں کھولا گیا۔",
    ),
    # { phase: "the code asked for", cycle: "its tranche" }
    "payments.phase_unknown": Entry(
        en="Cycle {cycle} has no phase {phase}; choose one of its phases. Nothing was prepared.",
        ur="دورِ ادائیگی {cycle} میں مرحلہ {phase} نہیں؛ اس کے مراحل میں سے کوئی چنیں۔ کچھ تیار نہیں ہوا۔",
        http_status=404,
    ),
    # { fund: "the code asked for", cycle: "its tranche" }
    "payments.fund_unknown": Entry(
        en="No fund {fund} is in force on the first day of {cycle}; name one of calendar.yaml. Nothing was prepared.",
        ur="{cycle} کے پہلے دن فنڈ {fund} نافذ نہیں؛ calendar.yaml میں سے کسی فنڈ کا نام دیں۔ کچھ تیار نہیں ہوا۔",
    ),
    # { cycle: "its tranche", day: "the day of preparing" }
    "payments.no_quorum": Entry(
        en="Nothing says how many people must agree to a list on {day}; add a quorum to approvals.yaml. Nothing was prepared.",
        ur="{day} کو یہ طے نہیں کہ فہرست پر کتنے افراد کی منظوری لازم ہے؛ approvals.yaml میں شامل کریں۔ کچھ تیار نہیں ہوا۔",
    ),
    # { number: "the list's number", due_en: "what it waits for", due_ur: "the same in Urdu" }
    "payments.seat_not_due": Entry(
        en="Payment list {number} is not waiting for this step: it waits {due_en}. Nothing was changed.",
        ur="ادائیگی فہرست {number} اس مرحلے کی منتظر نہیں: اسے {due_ur} کا انتظار ہے۔ کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # { number: "the list's number", phase: "its phase", day: "the first day on which it may leave" }
    "payments.phase_not_open": Entry(
        en="Payment list {number} cannot leave yet: its phase {phase} opens on {day}. Release it then; nothing was changed.",
        ur="ادائیگی فہرست {number} ابھی جاری نہیں ہو سکتی: اس کا مرحلہ {phase} {day} کو کھلتا ہے۔ تب جاری کریں؛ کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # { cycle: "its tranche", phase: "the phase that waits" }
    "payments.phase_unpaid": Entry(
        en="Cycle {cycle} cannot be closed: families are due in phase {phase}, which was never released. Pay it first.",
        ur="دورِ ادائیگی {cycle} بند نہیں ہو سکتا: مرحلہ {phase} کبھی جاری نہیں ہوا اور اس میں خاندانوں کی ادائیگی باقی ہے۔ پہلے اسے ادا کریں۔",
        http_status=409,
    ),
    # { cycle: "its tranche", account: "the ledger account", amount: "what stands on it" }
    "payments.money_without_owner": Entry(
        en="Cycle {cycle} cannot be closed: {amount} stands on {account} and belongs to nobody. Find where it belongs first.",
        ur="دورِ ادائیگی {cycle} بند نہیں ہو سکتا: {account} پر {amount} موجود ہے جو کسی کی نہیں۔ پہلے معلوم کریں کہ کس کی ہے۔",
        http_status=409,
    ),
    # { number: "the list's number", phase: "the earlier phase that waits" }
    "payments.phase_out_of_order": Entry(
        en="Payment list {number} cannot leave before phase {phase} has: families are due in it. Release that phase first.",
        ur="ادائیگی فہرست {number} مرحلہ {phase} سے پہلے جاری نہیں ہو سکتی: اس میں خاندانوں کی ادائیگی باقی ہے۔ پہلے وہ مرحلہ جاری کریں۔",
        http_status=409,
    ),
}
