"""The error catalogue's part for accounts, changes about a beneficiary, and where she stands."""

from __future__ import annotations

from kafalat.core.entries import Entry

OF_ACCOUNTS: dict[str, Entry] = {
    # {}
    "accounts.no_rules": Entry(
        en="The programme has no accounts.yaml, so accounts cannot be asked for or changed; add the file to the programme folder.",
        ur="پروگرام میں accounts.yaml موجود نہیں، اس لیے اکاؤنٹ نہ مانگے جا سکتے ہیں نہ بدلے جا سکتے ہیں؛ فائل پروگرام فولڈر میں شامل کریں۔",
    ),
    # { file: "name", line: "1 is the heading", reason_en, reason_ur: "what is wrong there" }
    "accounts.file_invalid": Entry(
        en="{file}, line {line}: {reason_en}; correct the file and give it again, nothing of it was taken in.",
        ur="{file}، سطر {line}: {reason_ur}؛ فائل درست کر کے دوبارہ دیں، اس کا کچھ بھی شامل نہیں کیا گیا۔",
    ),
    # { file: "name", bank: "its code" }
    "accounts.file_known": Entry(
        en="{file} of {bank} was taken in before; nothing was changed. If the bank meant to send another file, ask for that one.",
        ur="{bank} کی فائل {file} پہلے ہی شامل کی جا چکی ہے؛ کچھ تبدیل نہیں ہوا۔ اگر بینک کوئی اور فائل بھیجنا چاہتا تھا تو وہ منگوائیں۔",
        http_status=409,
    ),
    # { bank: "what was given" }
    "accounts.bank_unknown": Entry(
        en="The programme has no bank '{bank}'; give one of banks.yaml.",
        ur="پروگرام میں بینک «{bank}» موجود نہیں؛ banks.yaml میں سے کوئی بینک دیں۔",
    ),
    # { number: "the beneficiary's number" }
    "accounts.beneficiary_unknown": Entry(
        en="There is no beneficiary {number}; open the household from the search.",
        ur="وصول کنندہ {number} موجود نہیں؛ گھرانہ تلاش سے کھولیں۔",
        http_status=404,
    ),
    # { number: "the account's number" }
    "accounts.title_decided": Entry(
        en="The title of account {number} does not wait for a decision; open its page again and look at it.",
        ur="اکاؤنٹ {number} کا عنوان فیصلے کا منتظر نہیں؛ صفحہ دوبارہ کھول کر دیکھیں۔",
        http_status=409,
    ),
    # {}
    "accounts.reason_missing": Entry(
        en="Write why; what is changed about a family is always kept with its reason.",
        ur="وجہ لکھیں؛ خاندان کے بارے میں ہر تبدیلی اپنی وجہ کے ساتھ محفوظ ہوتی ہے۔",
    ),
    # ---- standing ----------------------------------------------------------------------------------------
    # { reason: "the code given", known: "the codes there are" }
    "standing.reason_unknown": Entry(
        en="'{reason}' is no reason of accounts.yaml; choose one of: {known}.",
        ur="«{reason}» accounts.yaml میں درج وجہ نہیں؛ ان میں سے چنیں: {known}۔",
    ),
    # { number: "the first beneficiary's number", status: "where she stands" }
    "standing.not_possible": Entry(
        en="Beneficiary {number} is {status}, so this cannot be done; nothing was changed for anybody. Load the page again.",
        ur="وصول کنندہ {number} کی حالت {status} ہے، اس لیے یہ نہیں ہو سکتا؛ کسی کے لیے کچھ تبدیل نہیں ہوا۔ صفحہ دوبارہ کھولیں۔",
        http_status=409,
    ),
    # { number: "the beneficiary's number" }
    "standing.proof_missing": Entry(
        en="Beneficiary {number} was reported dead and no visit confirmed by a second officer found her alive; record the visit first.",
        ur="وصول کنندہ {number} کی وفات کی اطلاع ہے اور دوسرے افسر سے تصدیق شدہ کسی دورے میں وہ زندہ نہیں پائی گئیں؛ پہلے دورہ درج کریں۔",
        http_status=409,
    ),
    # { number: "the beneficiary's number" }
    "standing.no_visit": Entry(
        en="Beneficiary {number} does not wait for a visit; load the queue again.",
        ur="وصول کنندہ {number} کے لیے کسی دورے کا انتظار نہیں؛ قطار دوبارہ کھولیں۔",
        http_status=409,
    ),
    # {}
    "standing.own_visit": Entry(
        en="You recorded this visit yourself; another officer must confirm it.",
        ur="یہ دورہ آپ نے خود درج کیا ہے؛ اس کی تصدیق دوسرا افسر کرے گا۔",
        http_status=403,
    ),
    # ---- changes -----------------------------------------------------------------------------------------
    # { number: "the change asked for" }
    "changes.unknown": Entry(
        en="There is no request for change {number}; open the list of changes.",
        ur="تبدیلی کی درخواست {number} موجود نہیں؛ درخواستوں کی فہرست کھولیں۔",
        http_status=404,
    ),
    # { number }
    "changes.decided": Entry(
        en="The request for change {number} was decided already; load the page again.",
        ur="تبدیلی کی درخواست {number} پر فیصلہ ہو چکا ہے؛ صفحہ دوبارہ کھولیں۔",
        http_status=409,
    ),
    # {}
    "changes.own": Entry(
        en="You asked for this change yourself; another account officer must decide about it.",
        ur="یہ تبدیلی آپ نے خود مانگی ہے؛ اس پر فیصلہ دوسرا اکاؤنٹ افسر کرے گا۔",
        http_status=403,
    ),
    # { number: "the beneficiary's number" }
    "changes.one_waits": Entry(
        en="Another change of beneficiary {number} waits for its second officer; that one is decided first.",
        ur="وصول کنندہ {number} کی ایک اور تبدیلی دوسرے افسر کی منتظر ہے؛ پہلے اس پر فیصلہ ہو گا۔",
        http_status=409,
    ),
    # { most: "changes an operator may ask for in a day" }
    "changes.day_limit": Entry(
        en="You have asked for {most} changes today, which is the most one officer may; another officer can ask for this one.",
        ur="آپ آج {most} تبدیلیاں مانگ چکے ہیں، جو ایک افسر کی حد ہے؛ یہ تبدیلی کوئی اور افسر مانگ سکتا ہے۔",
        http_status=429,
    ),
    # { field_en, field_ur: "which number", expected_en, expected_ur: "how it is written" }
    "changes.value_invalid": Entry(
        en="{field_en} cannot be read; {expected_en}. Nothing was asked for.",
        ur="{field_ur} پڑھا نہیں جا سکا؛ {expected_ur}۔ کوئی درخواست نہیں بنی۔",
    ),
    # { number: "the change" }
    "changes.no_match": Entry(
        en="Request {number} does not match the surveyed family, so nobody can approve it; refuse it, or survey the family anew.",
        ur="درخواست {number} سروے شدہ خاندان سے میل نہیں کھاتی، اس لیے کوئی منظور نہیں کر سکتا؛ اسے مسترد کریں یا خاندان کا نیا سروے کریں۔",
        http_status=409,
    ),
    # { what_en, what_ur: "which number" }
    "changes.taken": Entry(
        en="{what_en} belongs to somebody else already, so the change cannot be made; nothing was changed. Ask the family for the right one.",
        ur="{what_ur} پہلے ہی کسی اور کا ہے، اس لیے تبدیلی نہیں ہو سکتی؛ کچھ تبدیل نہیں ہوا۔ خاندان سے درست نمبر لیں۔",
        http_status=409,
    ),
}
