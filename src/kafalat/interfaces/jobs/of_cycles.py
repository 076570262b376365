"""Jobs about a cycle: its lists prepared, checked and released, files sent, what came back decided, and its closing."""

from __future__ import annotations

from kafalat.audit.selectors import Checkpoint
from kafalat.core.progress import span
from kafalat.core.text import Bilingual
from kafalat.interfaces.jobs.work import Kind, Values, Work, said
from kafalat.payments import selectors
from kafalat.payments.access import PREPARERS, RECONCILERS, RELEASERS, ROLES_OF
from kafalat.payments.cycles.approvals import check_list, release_list
from kafalat.payments.cycles.lifecycle import close_cycle, prepare_list
from kafalat.payments.models import PaymentList
from kafalat.payments.reconciliation.returns import resolve_returns
from kafalat.payments.sending.outbox import send_outbox
from kafalat.payments.sending.recalls import send_recalls


def _of(found: PaymentList, en: str, ur: str) -> Values:
    return said(en, ur, list_id=found.pk, payments=found.payments, amount_paisa=found.amount_paisa)


def _prepare(work: Work) -> Values:
    cycle = selectors.cycle_by_id(work.arguments["cycle_id"])
    made = prepare_list(
        cycle_id=cycle.pk,
        phase=work.arguments["phase"],
        programme=work.office.programme_of(cycle.programme_sha256),
        user=work.person,
        at=work.at,
        progress=work.progress,
    )
    return _of(
        made,
        f"List {made.number} was prepared. Another person must check it now.",
        f"فہرست {made.number} تیار ہو گئی۔ اب کوئی اور شخص اسے جانچے۔",
    )


def _check(work: Work) -> Values:
    checked = check_list(
        payment_list_id=work.arguments["list_id"], user=work.person, at=work.at, progress=work.progress
    )
    return _of(
        checked,
        f"Nothing was found in list {checked.number}. It now waits to be approved.",
        f"فہرست {checked.number} میں کوئی نقص نہیں ملا۔ اب وہ منظوری کی منتظر ہے۔",
    )


def _release(work: Work) -> Values:
    """Release, then send what is ready. Begun again after its worker died, it goes on where the list stands."""
    view = selectors.list_by_id(work.arguments["list_id"])
    found = view.payment_list
    sender = work.office.sender(found.cycle.programme_sha256)
    seen = work.arguments.get("seen_log")
    if work.person.pk not in view.approver_ids:
        release_list(
            payment_list_id=found.pk,
            user=work.person,
            seen_sha256=work.arguments["seen_sha256"],
            seen_log=Checkpoint(size=seen[0], root_hex=seen[1]) if seen else None,
            sender=sender,
            at=work.at,
            progress=span(work.progress, 0, 0.5),
        )
    send_outbox(sender=sender, at=work.at, progress=span(work.progress, 0.5, 1))
    left = selectors.list_by_id(found.pk).payment_list
    if left.status != PaymentList.Status.DISPATCHED:
        return _of(
            left,
            f"You released list {left.number}. More people must release it before it leaves.",
            f"آپ نے فہرست {left.number} جاری کی۔ روانگی سے پہلے مزید افراد کا اجرا لازم ہے۔",
        )
    return _of(
        left,
        f"List {left.number} was released and sent to the banks.",
        f"فہرست {left.number} جاری ہو کر بینکوں کو بھیج دی گئی۔",
    )


def _send(work: Work) -> Values:
    cycle = selectors.cycle_by_id(work.arguments["cycle_id"])
    sender = work.office.sender(cycle.programme_sha256)
    files = len(send_outbox(sender=sender, at=work.at, progress=work.progress))
    files += len(
        send_recalls(
            programme_of=work.office.programme_of,
            outgoing=sender.outgoing,
            at=work.at,
            wallets=sender.wallets,
        )
    )
    return said(f"Files that left: {files}.", f"روانہ ہونے والی فائلیں: {files}۔", files=files)


def _returns(work: Work) -> Values:
    cycle = selectors.cycle_by_id(work.arguments["cycle_id"])
    decided = resolve_returns(
        cycle_id=cycle.pk,
        programme=work.office.programme_of(cycle.programme_sha256),
        user=work.person,
        at=work.at,
        progress=work.progress,
    )
    again, parked = decided.get("reissue", 0), decided.get("park", 0)
    return said(
        f"To be sent again, with the next list: {again:,}. Parked until a person decides: {parked:,}.",
        f"اگلی فہرست کے ساتھ دوبارہ بھیجی جائیں گی: {again:,}۔ کسی شخص کے فیصلے تک روکی گئیں: {parked:,}۔",
    )


def _close(work: Work) -> Values:
    cycle = selectors.cycle_by_id(work.arguments["cycle_id"])
    closed = close_cycle(
        cycle_id=cycle.pk,
        programme=work.office.programme_of(cycle.programme_sha256),
        user=work.person,
        at=work.at,
        progress=work.progress,
    )
    return said(
        f"Cycle {closed.tranche} is closed: every paisa has an owner.",
        f"دورِ ادائیگی {closed.tranche} بند ہو گیا: ہر پیسے کا مالک معلوم ہے۔",
    )


OF_CYCLES: dict[str, Kind] = {
    "prepare": Kind(
        Bilingual(en="Prepare a payment list", ur="ادائیگی کی فہرست کی تیاری"), PREPARERS, _prepare
    ),
    "check": Kind(
        Bilingual(en="Check a payment list", ur="ادائیگی کی فہرست کی جانچ"), ROLES_OF["check"], _check
    ),
    "release": Kind(
        Bilingual(en="Release a payment list", ur="ادائیگی کی فہرست کا اجرا"),
        RELEASERS,
        _release,
        whole=False,
    ),
    "send": Kind(
        Bilingual(en="Send files to the banks", ur="بینکوں کو فائلوں کی ترسیل"), RELEASERS, _send, whole=False
    ),
    "returns": Kind(
        Bilingual(en="Decide about what came back", ur="واپس آئی ادائیگیوں کا فیصلہ"), RECONCILERS, _returns
    ),
    "close": Kind(Bilingual(en="Close a cycle", ur="دورِ ادائیگی کا اختتام"), PREPARERS, _close),
}
