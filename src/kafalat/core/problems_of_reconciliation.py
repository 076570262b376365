"""The error catalogue's part for bank reports, lines that wait for a person, statements, sign-offs and idle money."""

from __future__ import annotations

from kafalat.core.entries import Entry

OF_RECONCILIATION: dict[str, Entry] = {
    # { name: "the file", expected: "the number that should come", found: "the number it has" }
    "bank.sequence_gap": Entry(
        en="{name} is statement {found}, but {expected} comes next for this account; nothing was booked. Ask the bank for what is missing, or take in the earlier one first.",
        ur="{name} اسٹیٹمنٹ نمبر {found} ہے، مگر اس کھاتے کی اگلی {expected} ہے؛ کچھ درج نہیں ہوا۔ بینک سے باقی مانگیں، یا پہلے والی پہلے وصول کریں۔",
    ),
    # { name: "the file", banks: "the banks it may be from" }
    "bank.sender_unknown": Entry(
        en="{name}: none of its lines names a payment of ours, so it cannot be told which bank sent it ({banks}); nothing was booked. Ask the bank which file it answers.",
        ur="{name}: اس کی کوئی سطر ہماری ادائیگی کا نام نہیں لیتی، اس لیے معلوم نہیں کہ کس بینک نے بھیجی ({banks})؛ کچھ درج نہیں ہوا۔ بینک سے پوچھیں یہ کس فائل کا جواب ہے۔",
    ),
    # { line: "its number" }
    "reconciliation.line_closed": Entry(
        en="Line {line} was decided about already; open it to see by whom. Nothing was changed.",
        ur="سطر {line} کا فیصلہ ہو چکا ہے؛ کس نے کیا، سطر کھول کر دیکھیں۔ کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # { line: "its number", verdict_en, verdict_ur: "what is wrong with it" }
    "reconciliation.line_not_bookable": Entry(
        en="Line {line} cannot be booked: {verdict_en}. Set it aside with your reason and ask the bank for a correction.",
        ur="سطر {line} درج نہیں ہو سکتی: {verdict_ur}۔ وجہ لکھ کر الگ رکھیں اور بینک سے درستی مانگیں۔",
    ),
    # { line: "its number", payment: "the payment's end-to-end id", reason_en, reason_ur: "why not" }
    "reconciliation.payment_does_not_fit": Entry(
        en="Line {line} cannot be booked as payment {payment}: {reason_en}. Nothing was changed.",
        ur="سطر {line} ادائیگی {payment} کے طور پر درج نہیں ہو سکتی: {reason_ur}۔ کچھ تبدیل نہیں ہوا۔",
    ),
    # { line: "its number" }
    "reconciliation.second_person": Entry(
        en="Line {line} was booked by you as the first of two people; somebody else must agree. Nothing was changed.",
        ur="سطر {line} کا پہلا فیصلہ آپ کا ہے؛ دوسرے شخص کی منظوری لازم ہے۔ کچھ تبدیل نہیں ہوا۔",
        http_status=403,
    ),
    # {}
    "reconciliation.reason_missing": Entry(
        en="Write why the line is set aside; nothing was changed.",
        ur="لکھیں کہ سطر کیوں الگ رکھی جا رہی ہے؛ کچھ تبدیل نہیں ہوا۔",
    ),
    # {}
    "reconciliation.no_rules": Entry(
        en="The programme has no reconciliation.yaml in force today; add the file. Nothing was changed.",
        ur="پروگرام میں آج نافذ reconciliation.yaml موجود نہیں؛ فائل شامل کریں۔ کچھ تبدیل نہیں ہوا۔",
    ),
    # { name: "the file", line: "its line", reason_en, reason_ur: "what is wrong with it" }
    "statement.line_invalid": Entry(
        en="{name}, line {line}: {reason_en}. Nothing was taken in; correct the file.",
        ur="{name}، سطر {line}: {reason_ur}۔ کچھ وصول نہیں ہوا؛ فائل درست کریں۔",
    ),
    # { name: "the file", message: "its id" }
    "statement.repeated": Entry(
        en="{name}: this statement ({message}) was taken in before; nothing was changed.",
        ur="{name}: یہ اسٹیٹمنٹ ({message}) پہلے وصول ہو چکی ہے؛ کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # { bank, cycle }
    "reconciliation.unexplained": Entry(
        en="{bank}, {cycle}: {amount} are not explained by any line, so the reconciliation cannot be signed. Look into the differences first.",
        ur="{bank}، {cycle}: {amount} کی وضاحت کسی سطر سے نہیں ہوتی، اس لیے مطابقت پر دستخط نہیں ہو سکتے۔ پہلے فرق دیکھیں۔",
    ),
    # { bank, cycle }
    "reconciliation.figures_changed": Entry(
        en="The figures of {bank} for {cycle} have changed since they were stated; state them again. Nothing was signed.",
        ur="{cycle} کے لیے {bank} کے اعداد بیان کے بعد بدل گئے ہیں؛ دوبارہ بیان کریں۔ کسی پر دستخط نہیں ہوئے۔",
        http_status=409,
    ),
    # { bank, cycle }
    "reconciliation.own_statement": Entry(
        en="You stated the figures of {bank} for {cycle}; the treasury officer signs them. Nothing was changed.",
        ur="{cycle} کے لیے {bank} کے اعداد آپ نے بیان کیے؛ دستخط خزانہ افسر کرے گا۔ کچھ تبدیل نہیں ہوا۔",
        http_status=403,
    ),
    # { bank }
    "idle.nothing": Entry(
        en="No payment at {bank} has lain uncollected long enough to be taken back, with every warning given before; nothing was ordered.",
        ur="{bank} میں کوئی ادائیگی اتنے عرصے سے غیر وصول شدہ نہیں کہ تمام تنبیہات کے بعد واپس لی جائے؛ کوئی حکم نہیں دیا گیا۔",
    ),
    # {}
    "idle.own_order": Entry(
        en="You made this order; somebody else must approve it. Nothing was changed.",
        ur="یہ حکم آپ نے بنایا ہے؛ منظوری کوئی اور دے گا۔ کچھ تبدیل نہیں ہوا۔",
        http_status=403,
    ),
    # { order: "its message id or number" }
    "idle.order_closed": Entry(
        en="Order {order} does not wait for approval; load the page again. Nothing was changed.",
        ur="حکم {order} منظوری کا منتظر نہیں؛ صفحہ دوبارہ کھولیں۔ کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # { order: "its message id or number" }
    "idle.not_approved": Entry(
        en="Order {order} waits for its approval; no bank is told of it before. Nothing was changed.",
        ur="حکم {order} ابھی منظوری کا منتظر ہے؛ اس سے پہلے کسی بینک کو نہیں بتایا جاتا۔ کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # { payment: "its end-to-end id", reason_en, reason_ur }
    "idle.claim_refused": Entry(
        en="The claim for payment {payment} cannot be taken or granted: {reason_en}. Nothing was changed.",
        ur="ادائیگی {payment} کا مطالبہ نہ لیا جا سکتا ہے نہ منظور ہو سکتا ہے: {reason_ur}۔ کچھ تبدیل نہیں ہوا۔",
    ),
}
