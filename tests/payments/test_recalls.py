"""Two people ask a payment back, the bank says yes or no, and the books hold whatever it says."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import pytest
from django.db import IntegrityError, transaction

from kafalat.audit import services as audit
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import balances, check_ledger
from kafalat.payments.models import (
    AnswerLine,
    BankFile,
    Cycle,
    Payment,
    Recall,
    RecallAgreement,
    RecallItem,
    ReportLine,
)
from kafalat.payments.reconciliation.answers import Received, receive_answer
from kafalat.payments.reconciliation.staging import Receiver
from kafalat.payments.sending.recalls import agree_recall, ask_recall, decide_recalled, recalls, send_recalls
from tests.adapters.recalls import resolution
from tests.conftest import NOW
from tests.payments.people import keep_families, outcome_of, person
from tests.payments.steps import answers_of, connection_of_owner, dispatched, opened, prepared, receive

BANK = "hbl"


def sent(office: Office) -> tuple[Cycle, BankFile, list[Payment]]:
    """Send a list of few families and return its file at the bank that takes recalls."""
    keep_families(60)
    cycle = opened(office)
    payment_list = dispatched(office, cycle)
    file = BankFile.objects.get(payment_list=payment_list, bank=BANK)
    return (
        cycle,
        file,
        list(Payment.objects.filter(payment_list=payment_list, bank=BANK).order_by("identity")),
    )


def asked(office: Office, payments: list[Payment], login: str = "reconciler") -> Recall:
    return ask_recall(
        identities=[one.identity for one in payments],
        reason_code="DUPL",
        reason="sent under two lists",
        programme_of=office.programme_of,
        user=staff(login),
        at=NOW,
    )


def agreed(office: Office, recall: Recall, login: str = "releaser") -> RecallAgreement:
    return agree_recall(
        message_id=recall.message_id,
        seen_sha256=recall.sha256,
        programme_of=office.programme_of,
        user=staff(login),
        at=NOW,
    )


def decided(recall: Recall, action: Literal["reissue", "park"]) -> int:
    return decide_recalled(message_id=recall.message_id, action=action, user=staff("reconciler"), at=NOW)


def send(office: Office) -> list[Path]:
    return send_recalls(programme_of=office.programme_of, outgoing=office.outgoing, at=NOW)


def take_in(office: Office, content: bytes, name: str = "resolution.xml") -> Received:
    receiver = Receiver(programme=office.programme, sealer=office.sealer, work=office.home.work)
    return receive_answer(content=content, name=name, user=staff("reconciler"), at=NOW, receiver=receiver)


def status_of(payment: Payment) -> str:
    return str(Payment.objects.values_list("status", flat=True).get(pk=payment.pk))


def broken(office: Office) -> set[str]:
    return {check.code for check in check_ledger(outgoing=office.outgoing) if not check.holds}


def test_what_the_bank_recalls_comes_back_and_what_it_refuses_stays(office: Office, enrolled: str) -> None:
    cycle, file, payments = sent(office)
    back, refused, other = payments[0], payments[1], payments[2]
    recall = asked(office, [back, refused])
    assert (send(office), [view.agreement for view in recalls()]) == (
        [],
        [None],
    )  # nothing leaves on one person's word
    agreed(office, recall)
    (path,) = send(office)
    assert path == office.outgoing / BANK / f"{recall.message_id}.xml"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == recall.sha256
    assert send(office) == []

    answer = resolution(path.read_bytes(), {refused.identity: "RJCR"})
    received = take_in(office, answer)
    assert (received.outcomes, received.verdicts) == ({"recalled": 1}, {"recalled": 1, "refused": 1})
    assert [status_of(one) for one in (back, refused, other)] == ["recalled", "sent", "sent"]
    assert balances(cycle_id=cycle.pk)[f"returned:{BANK}"] == back.amount_paisa
    (view,) = recalls()
    assert (view.recalled, view.refused) == (1, 1)
    assert broken(office) == set()

    again = take_in(office, resolution(path.read_bytes(), {refused.identity: "RJCR"}, number=2), "again.xml")
    assert again.verdicts == {"repeated": 2}
    turned = take_in(office, resolution(path.read_bytes(), {back.identity: "RJCR"}, number=3), "turned.xml")
    assert turned.verdicts == {"contradiction": 2}
    for later in answers_of(office, file):
        receive(later)
    assert status_of(back) == "recalled"
    assert status_of(refused) in {"paid", "returned", "rejected"}
    assert broken(office) == set()


def test_recalled_money_is_due_again_only_after_a_person_says_so(office: Office, enrolled: str) -> None:
    cycle, _, payments = sent(office)
    again, parked = payments[0], payments[1]
    for one in (again, parked):
        recall = asked(office, [one])
        agreed(office, recall)
        (path,) = send(office)
        take_in(office, resolution(path.read_bytes(), {}), f"{recall.message_id}.xml")
    first, second = Recall.objects.order_by("pk")
    assert outcome_of(prepared, office=office, cycle=cycle) == "payments.nothing_to_pay"
    assert decided(first, "reissue") == 1
    assert outcome_of(decided, recall=first, action="reissue") == "recall.unknown"
    decided(second, "park")
    payment_list = prepared(office, cycle)
    assert [one.entitlement_id for one in Payment.objects.filter(payment_list=payment_list)] == [
        again.entitlement_id
    ]
    assert balances(cycle_id=cycle.pk)["suspense"] == parked.amount_paisa
    assert broken(office) == set()


def test_nobody_recalls_alone_and_the_database_holds_it_too(office: Office, enrolled: str) -> None:
    _, _, payments = sent(office)
    one = staff("reconciler")
    one.email = "one@example.org"
    one.save()
    twin = person("twin", "payment_releaser", email="One@example.org")
    assert outcome_of(asked, office=office, payments=payments[:1], login="maker") == "access.refused"
    recall = asked(office, payments[:1])
    agreement = {"message_id": recall.message_id, "programme_of": office.programme_of, "at": NOW}
    for user in (one, twin):
        seen = {"seen_sha256": recall.sha256, "user": user}
        assert outcome_of(agree_recall, **agreement, **seen) == "recall.own"
        with pytest.raises(IntegrityError, match="recall_by_two"), transaction.atomic():
            RecallAgreement.objects.create(
                recall=recall,
                sha256=recall.sha256,
                asked_by_id=recall.asked_by_id,
                asked_person=recall.asked_person,
                agreed_by=user,
                agreed_at=NOW,
            )
    other = {"seen_sha256": "0" * 64, "user": staff("releaser")}
    assert outcome_of(agree_recall, **agreement, **other) == "recall.changed"
    agreed(office, recall)
    assert outcome_of(asked, office=office, payments=payments[:1]) == "recall.not_possible"
    with pytest.raises(IntegrityError, match="not on its way"), transaction.atomic():
        RecallItem.objects.create(recall=recall, payment=payments[1])


def test_a_recall_nobody_asked_for_is_held_and_moves_nothing(office: Office, enrolled: str) -> None:
    _, _, payments = sent(office)
    recall = asked(office, payments[:2])
    agreed(office, recall)
    (path,) = send(office)
    stranger = payments[2]
    content = resolution(path.read_bytes(), {}).replace(
        payments[0].identity.encode(), stranger.identity.encode()
    )
    content = content.replace(b"<OrgnlInstdAmt", b"<!-- --><OrgnlInstdAmt")
    assert take_in(office, content).verdicts == {"recalled": 1, "unasked": 1}
    assert (status_of(stranger), ReportLine.objects.get(verdict="unasked").payment_id) == (
        "sent",
        stranger.pk,
    )
    with pytest.raises(IntegrityError, match="recalled_by_two"), transaction.atomic():
        Payment.objects.filter(pk=stranger.pk).update(status="recalled")
    assert broken(office) == set()
    # Control: without the guard the state takes, and only the nightly check finds it.
    with connection_of_owner() as cursor:
        cursor.execute("ALTER TABLE payments_payment DISABLE TRIGGER recalled_by_two")
        cursor.execute("UPDATE payments_payment SET status = 'recalled' WHERE id = %s", [stranger.pk])
    assert {"I6", "I9"} <= broken(office)


def test_what_was_paid_is_not_asked_back_and_not_recalled(office: Office, enrolled: str) -> None:
    _, file, payments = sent(office)
    recall = asked(office, payments)
    agreed(office, recall)
    (path,) = send(office)
    for answer in answers_of(office, file):
        receive(answer)
    paid = Payment.objects.filter(bank=BANK, status="paid").count()
    assert paid
    received = take_in(office, resolution(path.read_bytes(), {}))
    assert received.verdicts["contradiction"] >= paid
    assert not AnswerLine.objects.filter(outcome="recalled", payment__status="paid").exists()
    assert Payment.objects.filter(bank=BANK, status="paid").count() == paid
    assert outcome_of(asked, office=office, payments=payments[:1]) == "recall.not_possible"
    elsewhere = Payment.objects.filter(status="sent").exclude(bank__in=[BANK, "bank_alfalah"]).first()
    assert elsewhere is not None
    assert outcome_of(asked, office=office, payments=[elsewhere]) == "recall.not_taken"
    assert broken(office) == set()


def test_a_sender_killed_after_writing_writes_the_same_again(
    office: Office, enrolled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, payments = sent(office)
    recall = asked(office, payments[:3])
    agreed(office, recall)

    def killed(**_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(audit, "record", killed)
        with pytest.raises(RuntimeError, match="killed"):
            send(office)
    path = office.outgoing / BANK / f"{recall.message_id}.xml"
    before = path.read_bytes()
    assert not RecallAgreement.objects.filter(sent_at__isnull=False).exists()
    assert send(office) == [path]
    assert (path.read_bytes(), list(path.parent.glob("*.part"))) == (before, [])
    assert broken(office) == set()
