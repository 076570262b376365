"""The cover of a payment list on paper: sums, what changed, digest and log checkpoint, and a line for every signature."""

from __future__ import annotations

from django.utils import timezone

from kafalat.audit.selectors import Checkpoint, checkpoint, entries_of
from kafalat.core.money import rupees_text
from kafalat.core.text import Bilingual, Language
from kafalat.interfaces.paper import JSON, render
from kafalat.payments.cycles.comparison import comparison
from kafalat.payments.drill import held_by_reason, shares_of
from kafalat.payments.models import PaymentList
from kafalat.payments.selectors import ListView
from kafalat.policy.model import Programme

WORDS: dict[str, Bilingual] = {
    "title": Bilingual(en="Payroll cover sheet", ur="ادائیگی فہرست کا سرورق"),
    "heading": Bilingual(en="Payment list", ur="ادائیگی کی فہرست"),
    "tranche": Bilingual(en="Tranche", ur="قسط"),
    "phase": Bilingual(en="Phase", ur="مرحلہ"),
    "maker": Bilingual(en="Prepared by", ur="تیار کنندہ"),
    "prepared_at": Bilingual(en="Prepared", ur="تیاری کا وقت"),
    "fund": Bilingual(en="Fund", ur="فنڈ"),
    "state": Bilingual(en="State", ur="حالت"),
    "synthetic": Bilingual(
        en="Synthetic data: no money is behind this sheet.", ur="فرضی ڈیٹا: اس پرچے کے پیچھے کوئی رقم نہیں۔"
    ),
    "sums": Bilingual(en="Control sums", ur="پڑتالی مجموعے"),
    "bank": Bilingual(en="Bank, file, channel", ur="بینک، فائل، ذریعہ"),
    "file": Bilingual(en="file", ur="فائل"),
    "payments": Bilingual(en="Payments", ur="ادائیگیاں"),
    "amount": Bilingual(en="Amount", ur="رقم"),
    "together": Bilingual(en="Together", ur="کل"),
    "compared": Bilingual(en="Against the tranche before", ur="پچھلی قسط کے مقابلے میں"),
    "no_before": Bilingual(en="The tranche before", ur="پچھلی قسط"),
    "fresh": Bilingual(en="families that were not in it", ur="خاندان جو اس میں نہیں تھے"),
    "gone": Bilingual(en="families that are not in this list", ur="خاندان جو اس فہرست میں نہیں"),
    "other_amount": Bilingual(en="families with another amount", ur="خاندان جن کی رقم بدلی"),
    "other_account": Bilingual(en="families with another account", ur="خاندان جن کا کھاتہ بدلا"),
    "late": Bilingual(
        en="families paid an earlier quarter too", ur="خاندان جنہیں پچھلی سہ ماہی بھی دی جا رہی ہے"
    ),
    "before_paisa": Bilingual(en="its sum in this phase", ur="اس مرحلے میں اس کا مجموعہ"),
    "held": Bilingual(en="Held back from this phase", ur="اس مرحلے سے روکے گئے خاندان"),
    "none_held": Bilingual(en="Nobody is held back.", ur="کوئی خاندان روکا نہیں گیا۔"),
    "proof": Bilingual(en="What proves it", ur="ثبوت"),
    "list_digest": Bilingual(en="Digest of the list", ur="فہرست کا ڈائجسٹ"),
    "log_size": Bilingual(en="Entries in the audit log", ur="آڈٹ لاگ کے اندراج"),
    "log_root": Bilingual(en="Root of the audit log", ur="آڈٹ لاگ کی جڑ"),
    "how": Bilingual(
        en="Keep this sheet outside the system. Later, kafalat audit verify with these two values shows whether the past was edited.",
        ur="یہ پرچہ نظام سے باہر محفوظ رکھیں۔ بعد میں kafalat audit verify ان دو قدروں سے بتائے گا کہ ماضی بدلا گیا یا نہیں۔",
    ),
    "seats": Bilingual(en="Who says yes", ur="منظوری دینے والے"),
    "seat": Bilingual(en="Seat", ur="نشست"),
    "name": Bilingual(en="Name", ur="نام"),
    "signed": Bilingual(en="Said yes on; the log she saw", ur="منظوری کا وقت؛ دیکھا گیا لاگ"),
    "signature": Bilingual(en="Signature", ur="دستخط"),
    "approve": Bilingual(en="Approves", ur="منظوری"),
    "authorise": Bilingual(en="Authorises", ur="اجازت"),
    "release": Bilingual(en="Releases", ur="اجرا"),
    "account": Bilingual(en="account", ur="کھاتہ"),
    "wallet": Bilingual(en="wallet", ur="والٹ"),
    "camp": Bilingual(en="camp site", ur="کیمپ"),
    "prepared": Bilingual(en="waits to be checked", ur="جانچ کی منتظر"),
    "checked": Bilingual(en="checked", ur="جانچ ہو چکی"),
    "rejected": Bilingual(en="rejected", ur="مسترد"),
    "dispatched": Bilingual(en="released", ur="جاری ہو چکی"),
}


def marks_of(payment_list: PaymentList) -> dict[str, Checkpoint]:
    """Return the log's checkpoint that each signatory saw, by her login."""
    return {
        entry.actor: Checkpoint(size=int(entry.detail["log_size"]), root_hex=str(entry.detail["log_root"]))
        for entry in entries_of("payment_list", payment_list.pk)
        if "log_root" in entry.detail
    }


def cover_sheet(view: ListView, programme: Programme, language: Language) -> bytes:
    """Return a list's cover as PDF in one language. The caller has checked who asks."""
    return render("cover_sheet", _data(view, programme, language, checkpoint()))


def _data(view: ListView, programme: Programme, language: Language, mark: Checkpoint) -> dict[str, JSON]:
    listed = view.payment_list
    said = {key: text.in_(language) for key, text in WORDS.items()}
    words: dict[str, JSON] = dict(said)
    return {
        "lang": language,
        "programme": {"en": programme.label.en, "ur": programme.label.ur},
        "title": {"en": WORDS["title"].en, "ur": WORDS["title"].ur},
        "digest": listed.sha256[:16],
        "words": words,
        "heading": f"{said['heading']} {listed.number}",
        "facts": _facts(listed, programme, language, said),
        "synthetic": listed.items.filter(account__synthetic=True).exists(),
        "sums": _sums(listed, programme, language, said),
        "compared": _compared(listed, said),
        "held": _held(listed, programme, language),
        "list_digest": listed.sha256,
        "log_size": f"{mark.size:,}",
        "log_root": mark.root_hex,
        "seats": _seats(view, said),
    }


def _facts(listed: PaymentList, programme: Programme, language: Language, said: dict[str, str]) -> list[JSON]:
    phase = phase_label(programme, listed, language)
    fund = next(
        (fund.label.in_(language) for fund in programme.calendar.funds if fund.code == listed.fund), ""
    )
    prepared = f"{timezone.localtime(listed.prepared_at):%Y-%m-%d %H:%M}"
    return [
        [said["tranche"], listed.cycle.tranche, True],
        [said["phase"], phase, False],
        [said["maker"], listed.maker.get_username(), True],
        [said["prepared_at"], prepared, True],
        [said["fund"], fund or listed.fund, False],
        [said["state"], said[listed.status], False],
    ]


def phase_label(programme: Programme, listed: PaymentList, language: Language) -> str:
    """Return what the programme calls the list's phase; its code where it has no such phase any more."""
    return next(
        (
            phase.label.in_(language)
            for plan in programme.calendar.phase_plans
            for phase in plan.phases
            if phase.code == listed.phase
        ),
        listed.phase,
    )


def _sums(
    listed: PaymentList, programme: Programme, language: Language, said: dict[str, str]
) -> dict[str, JSON]:
    banks = {bank.code: bank.label.in_(language) for bank in programme.banks.banks}
    rows: list[JSON] = [
        [
            f"{banks.get(share.bank, share.bank)}، {said['file']} {share.part}، {said.get(share.channel, share.channel)}"
            if language == "ur"
            else f"{banks.get(share.bank, share.bank)}, {said['file']} {share.part}, {said.get(share.channel, share.channel)}",
            f"{share.count:,}",
            rupees_text(share.amount_paisa),
        ]
        for share in shares_of(listed)
    ]
    return {
        "head": [said["bank"], said["payments"], said["amount"]],
        "body": rows,
        "total": [said["together"], f"{listed.payments:,}", rupees_text(listed.amount_paisa)],
    }


def _compared(listed: PaymentList, said: dict[str, str]) -> list[JSON]:
    found = comparison(listed)
    rows: list[JSON] = [[said["no_before"], found.tranche or "–"]]
    if found.tranche is not None:
        rows += [
            [said["before_paisa"], rupees_text(found.before_paisa)],
            *(
                [said[key], f"{getattr(found, key):,}"]
                for key in ("fresh", "gone", "other_amount", "other_account")
            ),
        ]
    rows.append([said["late"], f"{found.late:,}"])
    return rows


def _held(listed: PaymentList, programme: Programme, language: Language) -> list[JSON]:
    texts: dict[str, str] = {hold.code: hold.text.in_(language) for hold in programme.approvals.holds}
    return [
        [texts.get(held.reason, held.reason), f"{held.count:,}"]
        for held in held_by_reason(listed.cycle, listed.phase)
    ]


def _seats(view: ListView, said: dict[str, str]) -> list[JSON]:
    listed = view.payment_list
    acts = (
        ["approve"] * listed.seats_approve
        + ["authorise"] * listed.seats_authorise
        + ["release"] * listed.seats_release
    )
    taken = {approval.seat: approval for approval in view.approvals if approval.seat}
    marks = marks_of(listed)
    rows: list[JSON] = []
    for seat, act in enumerate(acts, start=1):
        given = taken.get(seat)
        mark = marks.get(given.approver) if given else None
        rows.append(
            {
                "act": said[act],
                "name": given.approver if given else "",
                "at": f"{timezone.localtime(given.at):%Y-%m-%d %H:%M}" if given else "",
                "mark": f"{mark.size:,} {mark.root_hex}" if mark else "",
            }
        )
    return rows
