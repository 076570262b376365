"""What a wallet provider sends by itself: signed, booked once, the same answer for every copy (promise R5)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import ClassVar

import pytest
from django.db import connection

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.wallet.client import Result, WalletClient
from kafalat.adapters.wallet.messages import Line, Order, message_body
from kafalat.adapters.wallet.signing import callback_subject, signature_headers
from kafalat.audit.models import AuditEntry
from kafalat.interfaces.callbacks import BODY_BYTES_MAX
from kafalat.interfaces.channels import wallet_secret
from kafalat.interfaces.office import Office
from kafalat.payments.ledger.checks import balances, check_ledger
from kafalat.payments.models import Answer, AnswerLine, Payment, Transfer
from kafalat.payments.sending.outbox import send_outbox
from tests.adapters.wallets import AT
from tests.conftest import NOW
from tests.interfaces.people import browser
from tests.payments.steps import connection_of_owner
from tests.payments.wallets import Channel
from tests.proof import EVERY, report


@dataclass
class Post:
    """The provider's side of the line."""

    office: Office
    provider: str = "easypaisa"
    replies: list[tuple[int, bytes]] = field(default_factory=list)

    def send(
        self, body: bytes, *, at: datetime | None = None, secret: bytes | None = None, **changed: str
    ) -> int:
        """Send a message, signed now unless a test says otherwise; return the status."""
        headers = signature_headers(
            secret or wallet_secret(self.office.home, self.provider),
            subject=callback_subject(self.provider),
            body=body,
            at=at or NOW,
        )
        response = browser(enforce_csrf_checks=True).post(
            f"/callbacks/{changed.get('to', self.provider)}/",
            data=body,
            content_type="application/json",
            headers={**headers, **{k: v for k, v in changed.items() if k != "to"}},
        )
        self.replies.append((response.status_code, response.content))
        return response.status_code

    def send_at_once(self, bodies: list[bytes]) -> list[int]:
        """Send messages from as many threads."""

        def deliver(body: bytes) -> None:
            try:
                self.send(body)
            finally:
                connection.close()

        threads = [threading.Thread(target=deliver, args=(body,)) for body in bodies]
        before = len(self.replies)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [status for status, _ in self.replies[before:]]


@pytest.fixture
def channel(office: Office, enrolled: str) -> Channel:
    """A list sent to a provider that has taken everything and paid nothing yet."""
    made = Channel(office, Faults(late=100))
    made.send()
    assert set(made.believed().values()) == {"accepted"}
    return made


@pytest.fixture
def post(office: Office, monkeypatch: pytest.MonkeyPatch) -> Post:
    """The provider's side of the line, on the day the list left."""
    monkeypatch.setattr("kafalat.interfaces.callbacks.timezone", SimpleNamespace(now=lambda: NOW))
    return Post(office)


def effects() -> tuple[int, int, int, dict[str, int]]:
    """Everything a message may change."""
    return Answer.objects.count(), AnswerLine.objects.count(), Transfer.objects.count(), balances()


def deliver_copies(post: Post, body: bytes, copies: int, *, at_once: bool) -> tuple[int, int]:
    """Send copies of a message; return how many times it had an effect, and how many distinct replies there were."""
    answers = Answer.objects.count()
    before = len(post.replies)
    if at_once:
        assert set(post.send_at_once([body] * copies)) == {202}
    else:
        assert {post.send(body) for _ in range(copies)} == {202}
    return Answer.objects.count() - answers, len(set(post.replies[before:]))


@pytest.mark.parametrize("at_once", [False, True], ids=["serial", "at once"])
def test_a_message_and_its_copies_have_one_effect_and_one_reply(
    channel: Channel, post: Post, at_once: bool
) -> None:
    (body,) = channel.rig.provider.settle(AT)
    assert deliver_copies(post, body, 5, at_once=at_once) == (1, 1)
    assert set(channel.believed().values()) == {"paid"}
    paid = sum(paisa for account, paisa in balances().items() if account.startswith("paid:"))
    assert paid == sum(entry.amount_paisa for entry in channel.rig.provider.truth)
    assert [c for c in check_ledger(outgoing=channel.office.outgoing) if not c.holds] == []


@pytest.mark.prove
def test_copies_and_altered_copies_counted(
    channel: Channel, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5 in full: 2, 5 and 50 copies, serial and at once, of messages about one payment each; then altered bodies."""
    started = time.monotonic()
    lines = [line for _, line in sorted(_lines_due(channel).items())]
    cases: dict[str, tuple[int, int]] = {}
    altered_accepted = altered_tried = 0
    for number, (copies, at_once) in enumerate((c, o) for c in (2, 5, 50) for o in (False, True)):
        body = message_body(
            provider=post.provider, message_id=f"R5-{number}", created_at=AT, lines=lines[number : number + 1]
        )
        cases[f"{copies} copies, {'at once' if at_once else 'serial'}"] = deliver_copies(
            post, body, copies, at_once=at_once
        )
        altered = message_body(
            provider=post.provider,
            message_id=f"R5-{number}",
            created_at=AT,
            lines=lines[number + 6 : number + 7],
        )
        statuses = (
            post.send_at_once([altered] * copies) if at_once else [post.send(altered) for _ in range(copies)]
        )
        altered_tried += copies
        altered_accepted += sum(status != 409 for status in statuses)
    alerts = AuditEntry.objects.filter(action="callback_refused").count()
    unguarded = without_memory(post, lines[-1:], monkeypatch)
    met = all(case == (1, 1) for case in cases.values()) and altered_accepted == 0 and alerts == altered_tried
    report(
        "r5-duplicate-callback",
        promise="R5 a repeated callback has one effect",
        bar="exactly 1 effect per key; altered bodies accepted 0, each in the audit log",
        found=f"{max(e for e, _ in cases.values())} effect per key; {altered_accepted} of {altered_tried} altered accepted",
        met=met and unguarded > 1,
        duration_s=time.monotonic() - started,
        seed=EVERY,
        control=f"without look-up and keys, 5 copies have {unguarded} effects",
        effects_and_distinct_replies={name: list(case) for name, case in cases.items()},
        altered_tried=altered_tried,
        altered_accepted=altered_accepted,
        audit_entries=alerts,
    )
    assert met
    assert unguarded > 1


def without_memory(post: Post, lines: list[Line], patch: pytest.MonkeyPatch) -> int:
    """Send five copies where neither the look-up nor the database remembers a message; return how many were taken in."""
    with connection_of_owner() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'payments_answer'::regclass AND contype = 'u'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE payments_answer DROP CONSTRAINT {name} CASCADE")
    body = message_body(provider=post.provider, message_id="R5-again", created_at=AT, lines=lines)
    before = Answer.objects.count()
    with patch.context() as patched:
        patched.setattr(Answer.objects, "filter", lambda **_: Answer.objects.none())
        for _ in range(5):
            post.send(body)
    return Answer.objects.count() - before


def _lines_due(channel: Channel) -> dict[str, Line]:
    """The provider's word that each payment was made, by identity."""
    found: dict[str, Line] = {}
    for body in channel.rig.provider.settle(AT):
        found |= {line["identity"]: Line(**line) for line in json.loads(body)["payments"]}
    return found


@pytest.mark.parametrize("at_once", [False, True], ids=["serial", "at once"])
def test_another_body_under_the_same_id_is_refused_and_written_down(
    channel: Channel, post: Post, at_once: bool
) -> None:
    first, second = [line for _, line in sorted(_lines_due(channel).items())][:2]
    true = message_body(provider=post.provider, message_id="M-1", created_at=AT, lines=[first])
    altered = message_body(provider=post.provider, message_id="M-1", created_at=AT, lines=[second])
    assert post.send(true) == 202
    before = effects()
    statuses = post.send_at_once([altered] * 5) if at_once else [post.send(altered) for _ in range(5)]
    assert set(statuses) == {409}
    assert effects() == before
    assert AuditEntry.objects.filter(action="callback_refused", detail__problem="bank.altered").count() == 5


def test_a_message_that_is_not_signed_now_by_its_provider_is_not_read(channel: Channel, post: Post) -> None:
    (body,) = channel.rig.provider.settle(AT)
    before, entries = effects(), AuditEntry.objects.count()
    assert post.send(body, secret=b"another key") == 401
    assert post.send(body, at=NOW - timedelta(minutes=6)) == 401
    assert post.send(body, at=NOW + timedelta(minutes=6)) == 401
    assert post.send(body, to="hbl") == 401
    assert post.send(body, to="nobody") == 401
    assert len({reply for _, reply in post.replies}) == 1
    assert (
        browser().post("/callbacks/easypaisa/", data=body, content_type="application/json").status_code == 401
    )
    assert browser().get("/callbacks/easypaisa/").status_code == 405
    assert effects() == before
    assert AuditEntry.objects.count() == entries
    assert not (channel.office.home.keys / "wallet_nobody").exists()
    assert post.send(body) == 202


def test_a_message_that_lies_or_is_too_long_is_refused_whole(channel: Channel, post: Post) -> None:
    (body,) = channel.rig.provider.settle(AT)
    before = effects()
    assert post.send(body.replace(b'"count":', b'"count":1')) == 422
    assert post.send(body.replace(b'"provider":"easypaisa"', b'"provider":"hbl"')) == 422
    assert post.send(body[: len(body) // 2]) == 422
    assert post.send(b" " * (BODY_BYTES_MAX + 1)) == 413
    assert effects() == before
    assert post.send(body) == 202, "the true message is taken after all those"


def test_what_a_message_says_against_what_we_know_is_held_for_a_person(channel: Channel, post: Post) -> None:
    """An unknown payment and another amount are not booked; the other lines of the same message are."""
    lines = [line for _, line in sorted(_lines_due(channel).items())]
    wrong = lines[0].model_copy(update={"amount_paisa": lines[0].amount_paisa + 100})
    unknown = lines[1].model_copy(update={"identity": "K-NEVER-SENT"})
    body = message_body(
        provider=post.provider, message_id="M-2", created_at=AT, lines=[wrong, unknown, lines[2]]
    )
    assert post.send(body) == 202
    answer = Answer.objects.get(message_id="M-2")
    assert sorted(answer.report_lines.values_list("verdict", flat=True)) == ["amount_mismatch", "unknown"]
    states = channel.believed()
    assert [states[line.identity] for line in lines[:3]] == ["accepted", "accepted", "paid"]


class DiesAfterActing(WalletClient):
    """A client whose process is killed after the provider acted and before anybody wrote that down."""

    answered: ClassVar[list[Line]] = []

    def pay(self, orders: Sequence[Order], *, doubtful: bool = False) -> list[Result]:
        self.answered[:] = [r.line for r in super().pay(orders, doubtful=doubtful) if r.line is not None]
        raise SystemExit


def test_a_message_before_the_send_is_recorded_resolves_it(office: Office, enrolled: str, post: Post) -> None:
    """The sender dies after the provider acted; the provider's message arrives; nothing is sent again."""
    channel = Channel(office)
    dying = DiesAfterActing(channel.rig.link)
    with pytest.raises(SystemExit):
        send_outbox(sender=replace(channel.sender, wallets={channel.bank: dying}), at=NOW)
    answered = dying.answered
    assert answered
    body = message_body(provider=post.provider, message_id="M-3", created_at=AT, lines=answered)
    assert post.send(body) == 202
    taken = channel.rig.provider.calls["taken"]
    channel.send_until_answered()
    assert set(channel.believed().values()) == {"paid"}
    assert channel.rig.provider.calls["repeated"] == 0
    assert channel.rig.provider.calls["taken"] == Payment.objects.filter(bank=channel.bank).count()
    assert taken == len(answered)
    assert set(channel.rig.credited().values()) == {1}


def test_control_without_the_look_up_a_copy_is_still_booked_once(
    channel: Channel, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the look-up of earlier messages off, the database's own keys refuse the second copy: nothing is booked twice."""
    (body,) = channel.rig.provider.settle(AT)
    assert post.send(body) == 202
    before = effects()
    monkeypatch.setattr(Answer.objects, "filter", lambda **_: Answer.objects.none())
    with pytest.raises(Exception, match="unique"):
        post.send(body)
    monkeypatch.undo()
    assert effects() == before
