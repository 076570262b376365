"""Asks banks for payments back: one person asks with a reason, another agrees, and only then does the request leave.

What the bank answers comes like any answer (`payments/reconciliation/answers.py`): a recalled payment's money is `returned:<bank>`, and a
refused one stays as it was. What becomes of recalled money is always a person's decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from django.contrib.auth.models import User
from django.db import transaction

from kafalat.adapters.wallet.messages import message_body
from kafalat.audit import services as audit
from kafalat.core.bank_formats import RECALL_REASONS
from kafalat.core.problems import Problem, problem
from kafalat.payments.access import access_recalling, access_reconciling
from kafalat.payments.ledger.postings import insert_of_payments
from kafalat.payments.models import BankFile, Outbox, Recall, RecallAgreement
from kafalat.payments.reconciliation.answers import take_in
from kafalat.payments.reconciliation.staging import Receiver
from kafalat.payments.sending.putting import put_whole
from kafalat.payments.sending.recall_message import by_call, orders_of, render_agreed, render_recall
from kafalat.payments.sending.transports import Wallet
from kafalat.policy.model import Programme
from kafalat.registry import bulk

ACTOR = "outbox"
ProgrammeOf = Callable[[str], Programme]

# Of each payment that is named: its file, and why it cannot be asked back, if so.
_ASKED = """
    CREATE TEMPORARY TABLE asked ON COMMIT DROP AS
    SELECT named.identity, p.id, p.amount_paisa, f.id AS file_id, CASE
        WHEN p.id IS NULL THEN 'unknown'
        WHEN EXISTS (SELECT FROM payments_answerline AS said WHERE said.payment_id = p.id AND said.outcome = 'refused') THEN 'refused'
        WHEN EXISTS (SELECT FROM payments_recallitem AS i WHERE i.payment_id = p.id) THEN 'asked'
        WHEN o.sent_at IS NULL OR p.status NOT IN ('sent', 'accepted') THEN 'not_on_its_way'
        WHEN o.transport = 'api' AND o.answered_at IS NULL THEN 'being_called'
        WHEN f.id <> min(f.id) OVER () THEN 'other_file' ELSE '' END AS fault
    FROM (SELECT DISTINCT unnest(%s::text[]) AS identity) AS named
    LEFT JOIN payments_payment AS p ON p.identity = named.identity
    LEFT JOIN payments_bankfile AS f ON f.payment_list_id = p.payment_list_id AND f.bank = p.bank AND f.part = p.part
    LEFT JOIN payments_outbox AS o ON o.bank_file_id = f.id
"""
_FAULTS = {
    "unknown": ("there is no such payment", "ایسی کوئی ادائیگی نہیں"),
    "asked": ("it was asked back before", "یہ پہلے واپس مانگی جا چکی ہے"),
    "refused": (
        "the bank has refused to recall it; settle it with the bank, whatever comes back is booked as returned",
        "بینک اسے واپس کرنے سے انکار کر چکا ہے؛ بینک سے بات کریں، جو رقم آئے گی وہ واپسی میں درج ہو گی",
    ),
    "being_called": (
        "the provider has not answered yet for all payments of its file",
        "ادارے نے ابھی اس کی فائل کی سب ادائیگیوں کا جواب نہیں دیا",
    ),
    "not_on_its_way": (
        "it has not left yet, or the bank has paid, rejected or returned it",
        "یہ ابھی بھیجی نہیں گئی، یا بینک اسے ادا، مسترد یا واپس کر چکا ہے",
    ),
    "other_file": (
        "it left in another bank file than the others",
        "یہ باقی ادائیگیوں سے الگ بینک فائل میں گئی",
    ),
}


@dataclass(frozen=True, slots=True)
class RecallView:
    """A recall with what became of it: how many of its payments the bank recalled, and how many it refused to."""

    recall: Recall
    agreement: RecallAgreement | None
    recalled: int
    refused: int


def ask_recall(
    *,
    identities: Sequence[str],
    reason_code: str,
    reason: str,
    programme_of: ProgrammeOf,
    user: User,
    at: datetime,
) -> Recall:
    """Ask for payments of one bank file back. Nothing leaves before another person agrees.

    Raises `access.refused`, `recall.reason_missing`, `recall.not_possible` (naming the first payment that cannot be asked
    back) and `recall.not_taken`.
    """
    access_recalling(user)
    if reason_code not in RECALL_REASONS or not reason.strip():
        raise problem(
            "recall.reason_missing", given=reason_code[:10], known=", ".join(sorted(RECALL_REASONS))
        )
    with transaction.atomic():
        bulk.rows(
            "SELECT id FROM payments_payment WHERE identity = ANY (%s) ORDER BY id FOR NO KEY UPDATE",
            [list(identities)],
        )
        bulk.execute(_ASKED, [list(identities)])
        file = _file_asked()
        programme = programme_of(file.payment_list.cycle.programme_sha256)
        _refuse_untaken(file, programme)
        ((count, paisa),) = bulk.rows("SELECT count(*), sum(amount_paisa)::bigint FROM asked")
        recall = Recall(
            bank_file=file,
            message_id=f"KFLT-CXL-{file.pk}-{Recall.objects.filter(bank_file=file).count() + 1}",
            reason_code=reason_code,
            reason=reason.strip(),
            payments=count,
            amount_paisa=paisa,
            asked_by=user,
            asked_at=at,
        )
        recall.sha256 = render_recall(
            recall,
            programme,
            source="SELECT identity, amount_paisa FROM asked WHERE %s::int IS NULL ORDER BY identity",
        )
        recall.save(force_insert=True)
        bulk.execute(
            "INSERT INTO payments_recallitem (recall_id, payment_id) SELECT %s, id FROM asked ORDER BY id",
            [recall.pk],
        )
        bulk.execute("DROP TABLE asked")
        _record(recall, "recall_asked", user.get_username(), at, reason=recall.reason)
    recall.refresh_from_db()
    return recall


def _file_asked() -> BankFile:
    """Return the one file the asked payments left in, with its outbox row locked, so that requests are numbered in turn."""
    wrong = bulk.rows(
        "SELECT identity, fault FROM asked WHERE fault <> '' UNION ALL SELECT '-', 'unknown' "
        "WHERE NOT EXISTS (SELECT FROM asked) ORDER BY 1 LIMIT 1"
    )
    for identity, fault in wrong:
        english, urdu = _FAULTS[fault]
        raise problem("recall.not_possible", payment=str(identity)[:40], reason_en=english, reason_ur=urdu)
    ((key,),) = bulk.rows("SELECT DISTINCT file_id FROM asked")
    row = Outbox.objects.select_for_update(of=("self",)).select_related("bank_file__payment_list__cycle")
    return row.get(pk=key).bank_file


def _refuse_untaken(file: BankFile, programme: Programme) -> None:
    profile = programme.bank_profiles.get(file.bank)
    by_file = Outbox.objects.filter(pk=file.pk, transport="file").exists()
    if by_file and (profile is None or profile.recall_version is None):
        raise problem("recall.not_taken", bank=file.bank)


def agree_recall(
    *, message_id: str, seen_sha256: str, programme_of: ProgrammeOf, user: User, at: datetime
) -> RecallAgreement:
    """Agree to a recall as another person than the one who asked for it; it leaves with the next sending.

    Raises `access.refused`, `recall.unknown`, `recall.own` and `recall.changed`.
    """
    access_recalling(user)
    with transaction.atomic():
        recall = Recall.objects.filter(message_id=message_id, agreement__isnull=True).first()
        if recall is None:
            raise problem("recall.unknown", recall=message_id[:40])
        # Two at once: the second waits for the first's row of the same key, and is refused by it.
        Outbox.objects.select_for_update(of=("self",)).get(pk=recall.bank_file_id)
        if RecallAgreement.objects.filter(recall=recall).exists():
            raise problem("recall.unknown", recall=message_id[:40])
        ((person,),) = bulk.rows("SELECT payments_person(%s)", [user.pk])
        if person == recall.asked_person or recall.asked_by_id == user.pk:
            raise problem("recall.own", recall=recall.message_id)
        if seen_sha256 != recall.sha256:
            raise problem("recall.changed", recall=recall.message_id)
        render_agreed(recall, programme_of(recall.bank_file.payment_list.cycle.programme_sha256))
        agreement = RecallAgreement.objects.create(
            recall=recall,
            sha256=recall.sha256,
            asked_by_id=recall.asked_by_id,
            asked_person=recall.asked_person,
            agreed_by=user,
            agreed_at=at,
        )
        _record(recall, "recall_agreed", user.get_username(), at)
    return agreement


def send_recalls(
    *, programme_of: ProgrammeOf, outgoing: Path, at: datetime, wallets: Mapping[str, Wallet] | None = None
) -> list[Path]:
    """Send every agreed request that has not left, and return where those lie that are files. Safe to repeat and to kill.

    A request is put into its bank's folder whole before it is marked: killed between the two, the next run writes the same
    bytes under the same name. A provider is called, and its answer booked with the mark; without `wallets` calls wait for
    a sending that has them. Raises `sending.not_written`, `recall.changed`, `sending.provider_unset`, `wallet.unreachable`
    or a problem of the answer for the first that could not leave, after the others have.
    """
    sent: list[Path] = []
    refusal: Problem | None = None
    waiting = RecallAgreement.objects.filter(sent_at__isnull=True).order_by("pk")
    if wallets is None:
        waiting = waiting.filter(recall__bank_file__outbox__transport="file")
    for key in list(waiting.values_list("pk", flat=True)):
        try:
            sent += _send(key, programme_of, outgoing, wallets or {}, at)
        except OSError as error:
            place = error.filename or outgoing
            refusal = refusal or problem("sending.not_written", path=place, reason=error.strerror or error)
        except Problem as found:
            refusal = refusal or found
    if refusal is not None:
        raise refusal
    return sent


def _send(
    key: int, programme_of: ProgrammeOf, outgoing: Path, wallets: Mapping[str, Wallet], at: datetime
) -> list[Path]:
    with transaction.atomic(durable=True):
        row = (
            RecallAgreement.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("recall__bank_file__payment_list__cycle")
            .filter(pk=key, sent_at__isnull=True)
            .first()
        )
        if row is None:  # another worker has it, or sent it
            return []
        recall = row.recall
        programme = programme_of(recall.bank_file.payment_list.cycle.programme_sha256)
        path = None
        if by_call(recall):
            _call(recall, programme, wallets, at)
        else:
            path = put_whole(
                outgoing / recall.bank_file.bank / f"{recall.message_id}.xml",
                lambda out: render_agreed(recall, programme, out),
            )
        row.sent_at = at
        row.save(update_fields=["sent_at"])
        _record(recall, "recall_sent", ACTOR, at)
    return [] if path is None else [path]


def _call(recall: Recall, programme: Programme, wallets: Mapping[str, Wallet], at: datetime) -> None:
    """Ask the provider and book what it says. What was agreed is the intent: whoever dies here asks again as it was."""
    bank = recall.bank_file.bank
    wallet = wallets.get(bank)
    if wallet is None:
        raise problem("sending.provider_unset", bank=bank, file=recall.message_id)
    render_agreed(recall, programme)
    content = message_body(
        provider=bank,
        message_id=f"CALL-{recall.message_id}",
        created_at=at,
        lines=wallet.recall(orders_of(recall)),
    )
    receiver = Receiver(programme=programme)
    take_in(content=content, name=recall.message_id, actor=f"wallet:{bank}", receiver=receiver, at=at)


def decide_recalled(*, message_id: str, action: Literal["reissue", "park"], user: User, at: datetime) -> int:
    """Decide what becomes of a recall's payments that the bank recalled: due again in a later list, or parked. Return how many.

    Raises `access.refused`, and `recall.unknown` where none waits for a decision.
    """
    access_reconciling(user)
    with transaction.atomic():
        ((decided,),) = bulk.rows(
            f"""
            WITH undecided AS (
                SELECT p.id, p.payment_list_id, p.bank, p.amount_paisa, p.status AS was, r.reason_code
                FROM payments_recall AS r JOIN payments_recallitem AS i ON i.recall_id = r.id
                JOIN payments_payment AS p ON p.id = i.payment_id
                WHERE r.message_id = %s AND p.status = 'recalled'
                    AND NOT EXISTS (SELECT FROM payments_resolution AS done WHERE done.payment_id = p.id)
                FOR NO KEY UPDATE OF p
            ), resolved AS (
                INSERT INTO payments_resolution (payment_id, action, reason_code, decided_by, decided_at)
                SELECT id, %s, reason_code, %s, %s FROM undecided ORDER BY id RETURNING payment_id, action
            ), to_park AS (
                SELECT u.* FROM undecided AS u JOIN resolved ON resolved.payment_id = u.id AND resolved.action = 'park'
            ), parked AS (
                {insert_of_payments("parked", "to_park")}
            )
            SELECT count(*) FROM resolved
            """,
            [message_id, action, user.get_username(), at, at],
        )
        recall = Recall.objects.filter(message_id=message_id).first()
        if recall is None or not decided:
            raise problem("recall.unknown", recall=message_id[:40])
        _record(recall, f"recalled_{action}", user.get_username(), at, decided=decided)
    return int(decided)


def recalls() -> list[RecallView]:
    """Return all recalls, those that wait for a second person first, then the newest."""
    found = {
        int(key): (int(recalled), int(refused))
        for key, recalled, refused in bulk.rows(
            """
            SELECT i.recall_id, count(*) FILTER (WHERE a.outcome = 'recalled'), count(*) FILTER (WHERE a.outcome = 'refused')
            FROM payments_recallitem AS i JOIN payments_answerline AS a ON a.payment_id = i.payment_id GROUP BY i.recall_id
            """
        )
    }
    rows = Recall.objects.select_related("bank_file", "asked_by", "agreement__agreed_by").order_by("-pk")
    views = [RecallView(row, getattr(row, "agreement", None), *found.get(row.pk, (0, 0))) for row in rows]
    return sorted(views, key=lambda view: view.agreement is not None)


def _record(recall: Recall, action: str, actor: str, at: datetime, **more: object) -> None:
    detail = {"message": recall.message_id, "sha256": recall.sha256, "payments": recall.payments, **more}
    audit.record(at=at, actor=actor, action=action, object_kind="recall", object_id=recall.pk, detail=detail)
