"""The part of the error catalogue about the counter, devices, withdrawals and alerts."""

from __future__ import annotations

from kafalat.core.entries import Entry

OF_COUNTER: dict[str, Entry] = {
    # ---- verification ------------------------------------------------------------------------------------
    # {}
    "counter.no_rules": Entry(
        en="The programme does not say how payees are verified (verification.yaml); nobody can be paid at a counter under it.",
        ur="پروگرام میں وصول کنندہ کی تصدیق کا طریقہ (verification.yaml) درج نہیں؛ اس کے تحت کاؤنٹر پر ادائیگی نہیں ہو سکتی۔",
    ),
    # {}
    "counter.no_verifier": Entry(
        en="Nobody who can verify a person is connected to this installation; nobody can be paid at its counters. Ask the administrator.",
        ur="اس تنصیب سے شناخت کی تصدیق کرنے والا کوئی ادارہ منسلک نہیں؛ اس کے کاؤنٹر پر ادائیگی نہیں ہو سکتی۔ منتظم سے کہیں۔",
        http_status=503,
    ),
    # { what_en, what_ur: "what is not there, as in: payment 12" }
    "counter.unknown": Entry(
        en="There is no {what_en}; go back to the counter and look her up again.",
        ur="{what_ur} موجود نہیں؛ کاؤنٹر پر واپس جا کر دوبارہ تلاش کریں۔",
        http_status=404,
    ),
    # {}
    "counter.not_paid": Entry(
        en="This payment has not been credited, so nothing can be taken out of it; tell her to ask at her bank or the tehsil office.",
        ur="یہ رقم کھاتے میں نہیں آئی، اس لیے نکالی نہیں جا سکتی؛ انہیں بینک یا تحصیل دفتر سے پوچھنے کا کہیں۔",
        http_status=409,
    ),
    # {}
    "counter.payee_held": Entry(
        en="The family is suspended or has left the programme; pay nothing and send her to the tehsil office, where it is explained and can be appealed.",
        ur="یہ خاندان معطل ہے یا پروگرام سے نکل چکا ہے؛ ادائیگی نہ کریں اور تحصیل دفتر بھیجیں، وہاں وجہ بتائی جاتی ہے اور اپیل ہو سکتی ہے۔",
        http_status=409,
    ),
    # {}
    "counter.no_cnic": Entry(
        en="No CNIC of the payee is on record, so nobody can verify her; send her to the tehsil office with her card.",
        ur="وصول کنندہ کا شناختی کارڈ نمبر درج نہیں، اس لیے تصدیق ممکن نہیں؛ انہیں کارڈ سمیت تحصیل دفتر بھیجیں۔",
        http_status=409,
    ),
    # {}
    "counter.nothing_left": Entry(
        en="This payment has been taken out already; if she says she did not get it, do not argue: give her the number for complaints.",
        ur="یہ رقم پہلے ہی نکالی جا چکی ہے؛ اگر وہ کہیں کہ انہیں نہیں ملی تو بحث نہ کریں، شکایت کا نمبر دیں۔",
        http_status=409,
    ),
    # { serial: "the device's" }
    "counter.device_blocked": Entry(
        en="Device {serial} is blocked; use another device and ask the integrity officer why.",
        ur="ڈیوائس {serial} بند ہے؛ دوسری ڈیوائس استعمال کریں اور وجہ دیانت افسر سے پوچھیں۔",
        http_status=409,
    ),
    # {}
    "counter.not_yours": Entry(
        en="Another operator began this verification; she goes on with the person who began, or a new one is begun.",
        ur="یہ تصدیق کسی اور آپریٹر نے شروع کی؛ یا تو وہی جاری رکھے یا نئی تصدیق شروع کریں۔",
        http_status=403,
    ),
    # {}
    "counter.session_over": Entry(
        en="The time for this verification is over; begin a new one.",
        ur="اس تصدیق کا وقت ختم ہو گیا؛ نئی تصدیق شروع کریں۔",
        http_status=409,
    ),
    # {}
    "counter.step_refused": Entry(
        en="The verification is not at this step; look at the page again, it says what comes next.",
        ur="تصدیق اس مرحلے پر نہیں؛ صفحہ دوبارہ دیکھیں، اس پر اگلا مرحلہ لکھا ہے۔",
        http_status=409,
    ),
    # {}
    "counter.own_fallback": Entry(
        en="Whoever asks to go round a fingerprint cannot allow it; a supervisor who is not the operator must.",
        ur="جو انگوٹھے کے بغیر تصدیق مانگے وہ خود اجازت نہیں دے سکتا؛ اجازت کوئی دوسرا نگران دے۔",
        http_status=403,
    ),
    # { operator: "login", reason_en, reason_ur: "which limit" }
    "counter.too_many_fallbacks": Entry(
        en="No more fallbacks for {operator} now: {reason_en}. Let another operator verify her.",
        ur="{operator} کو ابھی مزید متبادل تصدیق کی اجازت نہیں: {reason_ur}۔ کوئی دوسرا آپریٹر تصدیق کرے۔",
        http_status=409,
    ),
    # {}
    "counter.reason_missing": Entry(
        en="Say why, in a few words; it stays on record beside your name.",
        ur="چند لفظوں میں وجہ لکھیں؛ یہ آپ کے نام کے ساتھ ریکارڈ میں رہتی ہے۔",
    ),
    # ---- withdrawals -------------------------------------------------------------------------------------
    # {}
    "counter.token_unknown": Entry(
        en="There is no such authorisation at this device; verify her again.",
        ur="اس ڈیوائس پر ایسی کوئی اجازت نہیں؛ دوبارہ تصدیق کریں۔",
        http_status=403,
    ),
    # {}
    "counter.token_used": Entry(
        en="This authorisation was used; the money is taken out once. Look at the receipt before anything else.",
        ur="یہ اجازت استعمال ہو چکی ہے؛ رقم ایک ہی بار نکلتی ہے۔ پہلے رسید دیکھیں۔",
        http_status=409,
    ),
    # {}
    "counter.token_expired": Entry(
        en="The authorisation has expired, or the device or the payee was held since; nothing was paid. Verify her again.",
        ur="اجازت کا وقت ختم ہو گیا یا اس دوران ڈیوائس یا وصول کنندہ کو روک دیا گیا؛ کچھ ادا نہیں ہوا۔ دوبارہ تصدیق کریں۔",
        http_status=409,
    ),
    # {}
    "counter.waits_for_token": Entry(
        en="She is authorised already and the money has not been taken out; go on there, or wait until the authorisation has expired.",
        ur="انہیں پہلے ہی اجازت مل چکی ہے اور رقم ابھی نہیں نکلی؛ وہیں جاری رکھیں یا اجازت ختم ہونے کا انتظار کریں۔",
        http_status=409,
    ),
    # { minutes: "how long it can be reversed" }
    "counter.reversal_late": Entry(
        en="A withdrawal can be reversed for {minutes} minutes and once; after that she complains, and the bank's count of the cash decides.",
        ur="رقم کا اندراج {minutes} منٹ کے اندر اور ایک ہی بار واپس ہو سکتا ہے؛ اس کے بعد وہ شکایت کریں، فیصلہ بینک کی نقدی کی گنتی سے ہوگا۔",
        http_status=409,
    ),
    # ---- devices and reports of banks --------------------------------------------------------------------
    # { serial: "the device's" }
    "devices.known": Entry(
        en="Device {serial} is registered already; nothing was registered.",
        ur="ڈیوائس {serial} پہلے سے درج ہے؛ کوئی ڈیوائس درج نہیں کی گئی۔",
        http_status=409,
    ),
    # { serial: "the device's", status: "its standing" }
    "devices.standing": Entry(
        en="Device {serial} is {status}, so this changes nothing; look at its page again.",
        ur="ڈیوائس {serial} کی حالت {status} ہے، اس لیے اس سے کچھ نہیں بدلتا؛ اس کا صفحہ دوبارہ دیکھیں۔",
        http_status=409,
    ),
    # { serial: "the device's" }
    "devices.two_people": Entry(
        en="Unblocking device {serial} takes two people: one asks, another agrees.",
        ur="ڈیوائس {serial} کھولنے کے لیے دو افراد لازم ہیں: ایک درخواست کرے، دوسرا منظور کرے۔",
        http_status=403,
    ),
    # { file: "the report or list", line: "from 1", reason_en, reason_ur: "what is wrong there" }
    "withdrawals.file_invalid": Entry(
        en="{file}, line {line}: {reason_en}; nothing of the file was taken in. Ask the bank for a corrected one.",
        ur="{file}، سطر {line}: {reason_ur}؛ فائل کا کچھ بھی شامل نہیں کیا گیا۔ بینک سے درست فائل مانگیں۔",
    ),
    # { file: "the report" }
    "withdrawals.received_already": Entry(
        en="{file} was taken in before; nothing was changed.",
        ur="{file} پہلے ہی شامل ہو چکی ہے؛ کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # ---- alerts ------------------------------------------------------------------------------------------
    # {}
    "integrity.no_rules": Entry(
        en="The programme has no alert rules in force on that day (alerts.yaml); nothing was looked into.",
        ur="پروگرام میں اُس دن کے لیے انتباہ کے قواعد (alerts.yaml) موجود نہیں؛ کچھ نہیں جانچا گیا۔",
    ),
    # { alert: "its number" }
    "integrity.alert_unknown": Entry(
        en="There is no alert {alert}; look at the list of alerts.",
        ur="انتباہ نمبر {alert} موجود نہیں؛ فہرست دیکھیں۔",
        http_status=404,
    ),
    # { alert: "its number", status: "where it stands" }
    "integrity.alert_moved": Entry(
        en="Alert {alert} is {status} by now; read it again before you decide.",
        ur="انتباہ نمبر {alert} کی حالت اب {status} ہے؛ فیصلے سے پہلے دوبارہ پڑھیں۔",
        http_status=409,
    ),
}
