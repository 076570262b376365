"""Payments that went to a provider's interface are asked back by two people and a call, and the books hold whatever it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from django.db import IntegrityError, transaction

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.wallet.client import WalletClient
from kafalat.adapters.wallet.messages import Line, Recalling
from kafalat.core.problems import Problem
from kafalat.interfaces.logins import staff
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import balances
from kafalat.payments.models import Payment, Recall, RecallItem
from kafalat.payments.sending.recalls import agree_recall, ask_recall, decide_recalled, recalls, send_recalls
from kafalat.policy.model import Programme
from tests.conftest import NOW
from tests.payments.people import outcome_of
from tests.payments.senders import money_is_right
from tests.payments.wallets import Channel


@dataclass
class Desk:
    """The two people, and what sends for them."""

    channel: Channel

    def programme_of(self, _sha256: str) -> Programme:
        return self.channel.sender.programme

    def ask(self, payments: Sequence[Payment]) -> Recall:
        return ask_recall(
            identities=[one.identity for one in payments],
            reason_code="DUPL",
            reason="sent under two lists",
            programme_of=self.programme_of,
            user=staff("reconciler"),
            at=NOW,
        )

    def agreed(self, payments: Sequence[Payment]) -> Recall:
        recall = self.ask(payments)
        agree_recall(
            message_id=recall.message_id,
            seen_sha256=recall.sha256,
            programme_of=self.programme_of,
            user=staff("releaser"),
            at=NOW,
        )
        return recall

    def send(self, client: WalletClient | None = None) -> None:
        wallets = {self.channel.bank: client or self.channel.rig.client}
        assert (
            send_recalls(
                programme_of=self.programme_of, outgoing=self.channel.sender.outgoing, at=NOW, wallets=wallets
            )
            == []
        )


def desk(office: Office, faults: Faults) -> Desk:
    """Have every payment of the file taken by a provider that pays later, and misbehaves from now on."""
    channel = Channel(office, Faults(late=100))
    channel.send_until_answered()
    channel.rig.provider.faults = faults
    return Desk(channel)


def of_the_file(channel: Channel) -> list[Payment]:
    return list(Payment.objects.filter(payment_list=channel.list, bank=channel.bank).order_by("identity"))


@pytest.mark.parametrize(
    "faults",
    [Faults(late=100, refuse=50), Faults(late=100, refuse=50, drop=30, error=20, lie=10)],
    ids=["calm", "faults"],
)
def test_what_the_provider_gives_back_is_not_paid_and_the_rest_is(
    office: Office, enrolled: str, faults: Faults
) -> None:
    here = desk(office, faults)
    channel = here.channel
    payments = of_the_file(channel)
    assert {one.status for one in payments} == {"accepted"}
    asked = payments[: max(8, len(payments) // 2)]
    recall = here.agreed(asked)
    for _ in range(20):  # a provider that stays in doubt is asked again at the next sending
        if outcome_of(here.send) == "done":
            break
    (view,) = recalls()
    assert view.agreement is not None
    assert view.agreement.sent_at == NOW
    assert view.recalled + view.refused == len(asked)
    assert min(view.recalled, view.refused) > 0
    assert balances()[f"returned:{channel.bank}"] == sum(
        one.amount_paisa for one in of_the_file(channel) if one.status == "recalled"
    )
    calls = channel.rig.provider.calls["recalled"] + channel.rig.provider.calls["refused"]
    here.send()
    assert channel.rig.provider.calls["recalled"] + channel.rig.provider.calls["refused"] == calls
    channel.settle()
    money_is_right(channel)
    refused = [one for one in of_the_file(channel) if one in asked and one.status == "paid"]
    assert len(refused) == view.refused
    assert (
        decide_recalled(message_id=recall.message_id, action="reissue", user=staff("reconciler"), at=NOW)
        == view.recalled
    )


def test_a_provider_is_asked_back_only_after_it_answered_and_a_refusal_is_its_last_word(
    office: Office, enrolled: str
) -> None:
    channel = Channel(office, Faults(late=100))
    here = Desk(channel)
    payments = of_the_file(channel)
    assert outcome_of(here.ask, payments=payments[:1]) == "recall.not_possible"
    channel.rig.provider.faults = Faults(late=100, error=100)
    channel.send()
    assert channel.row().sent_at is not None
    with pytest.raises(Problem) as caught:
        here.ask(payments[:1])
    assert "has not answered yet" in caught.value.text("en")
    channel.rig.provider.faults = Faults(late=100)
    channel.send_until_answered()
    recall = here.ask(payments[:1])
    # Control: what the service refuses the database refuses too.
    channel.row().__class__.objects.filter(bank_file=channel.file()).update(answered_at=None)
    with pytest.raises(IntegrityError, match="not on its way"), transaction.atomic():
        RecallItem.objects.create(recall=recall, payment=payments[1])
    channel.row().__class__.objects.filter(bank_file=channel.file()).update(answered_at=NOW)
    agree_recall(
        message_id=recall.message_id, seen_sha256=recall.sha256, programme_of=here.programme_of,
        user=staff("releaser"), at=NOW,
    )  # fmt: skip
    channel.rig.provider.faults = Faults(late=100, refuse=100)
    here.send()
    with pytest.raises(Problem) as again:
        here.ask(payments[:1])
    assert "refused to recall it" in again.value.text("en")
    channel.settle()
    money_is_right(channel)


def test_a_sender_that_dies_after_the_call_asks_again_and_nothing_is_taken_twice(
    office: Office, enrolled: str
) -> None:
    here = desk(office, Faults(late=100))
    recall = here.agreed(of_the_file(here.channel)[:6])

    class Dying(WalletClient):
        def recall(self, asked: Sequence[Recalling]) -> list[Line]:
            super().recall(asked)
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        here.send(Dying(here.channel.rig.link))
    assert {one.status for one in of_the_file(here.channel)} == {"accepted"}
    here.send()
    assert here.channel.rig.provider.calls["recall_repeated"] == 6
    assert here.channel.rig.provider.calls["recalled"] == 6
    assert Payment.objects.filter(recalled__recall=recall, status="recalled").count() == 6
    here.channel.settle()
    money_is_right(here.channel)
