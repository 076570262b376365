"""The wallet client: one credit for one order, whatever the line and the provider do."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.wallet.client import WalletClient
from kafalat.adapters.wallet.link import Limits
from kafalat.adapters.wallet.messages import Line, Message, Order, message_body
from kafalat.adapters.wallet.signing import is_signed, signature_headers
from kafalat.core.problems import Problem
from tests.adapters.wallets import AT, SECRET, Rig, orders

MISHAPS = ("drop", "error", "busy", "lie")


def settled(rig: Rig, wanted: list[Order], rounds: int = 8) -> dict[str, str]:
    """Call until every order has an answer, as the outbox does: what may have been sent is asked about first."""
    states: dict[str, str] = {}
    doubtful = False
    for _ in range(rounds):
        left = [order for order in wanted if order.identity not in states]
        if not left:
            break
        results = rig.client.pay(left, doubtful=doubtful)
        states |= {r.order.identity: r.line.state for r in results if r.line is not None}
        doubtful = True
    return states


def test_orders_are_paid_once_and_again_answered_the_same() -> None:
    rig = Rig()
    first = rig.client.pay(orders(3))
    again = rig.client.pay(orders(3))
    assert [result.line for result in first] == [result.line for result in again]
    assert {result.standing for result in first} == {"answered"}
    assert set(rig.credited().values()) == {1}


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("share", [50, 100])
def test_no_mishap_pays_twice_or_loses(mishap: str, share: int) -> None:
    """At 100 % busy nothing gets through, and nothing is paid; otherwise each order is paid exactly once."""
    rig = Rig(Faults(**cast(Any, {mishap: share})))
    wanted = orders(20)
    states = settled(rig, wanted)
    credited = rig.credited()
    assert set(credited.values()) <= {1}
    if mishap == "busy" and share == 100:
        assert (states, credited) == ({}, {})
    else:
        assert set(states.values()) == {"paid"}
        assert len(states) == len(credited) == 20


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    shares=st.fixed_dictionaries({name: st.integers(0, 20) for name in MISHAPS}),
    fates=st.fixed_dictionaries({name: st.integers(0, 30) for name in ("reject", "late", "returned")}),
    forget=st.booleans(),
)
def test_what_we_believe_is_what_the_provider_did(
    seed: int, shares: dict[str, int], fates: dict[str, int], forget: bool
) -> None:
    """Under any mix of faults, even with a provider that forgets its keys, belief and the provider's ledger agree."""
    rig = Rig(Faults(**shares, **fates, forget=forget), seed=seed)
    wanted = orders(6)
    states = settled(rig, wanted, rounds=30)
    assert states.keys() == {order.identity for order in wanted}
    paid = {order.account for order in wanted if states[order.identity] == "paid"}
    assert rig.credited() == dict.fromkeys(paid, 1)


class NeverAsks(WalletClient):
    """A client that repeats after an outcome in doubt without asking first."""

    def ask(self, identities: object) -> dict[str, Line]:
        return {}


def test_control_without_asking_a_provider_that_forgets_pays_twice() -> None:
    rig = Rig(Faults(drop=50, forget=True))
    careless = NeverAsks(rig.link)
    for order in orders(20):
        careless.pay([order])
    assert max(rig.credited().values()) > 1
    careful = Rig(Faults(drop=50, forget=True))
    settled(careful, orders(20))
    assert set(careful.credited().values()) == {1}


def test_control_without_idempotency_keys_a_repeated_call_pays_twice() -> None:
    """A fresh identity at each try is what systems do whose key is made by the caller's retry loop."""
    rig = Rig(Faults(drop=50), limits=Limits(tries=1))
    for number, order in enumerate(orders(20)):
        for again in range(4):
            fresh = Order(
                f"F{number}-{again}", order.amount_paisa, order.account, order.name, order.remittance
            )
            if rig.client.pay([fresh])[0].standing == "answered":
                break
    assert max(rig.credited().values()) > 1


def test_an_order_changed_under_its_identity_is_a_conflict_and_not_acted_on() -> None:
    rig = Rig()
    (order,) = orders(1)
    rig.client.pay([order])
    changed = Order(
        order.identity, order.amount_paisa, "PK00TMFB9999999999999999", order.name, order.remittance
    )
    (result,) = rig.client.pay([changed])
    assert result.line is not None
    assert result.line.state == "conflict"
    assert rig.credited() == {order.account: 1}
    (asked,) = rig.client.pay([changed], doubtful=True)
    assert asked.line is not None
    assert asked.line.state == "conflict"


def test_what_never_left_is_told_apart_from_what_may_have() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def vanish(_request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer")

    for handler, standing in ((refuse, "unsent"), (vanish, "unknown")):
        rig = Rig(wrap=lambda _inner, handler=handler: httpx.MockTransport(handler))  # type: ignore[misc] # a closure over both
        assert {result.standing for result in rig.client.pay(orders(2))} == {standing}


def test_retries_back_off_with_jitter_and_heed_what_the_provider_asks() -> None:
    rig = Rig(Faults(error=100), limits=Limits(tries=5, backoff_s=1.0, backoff_max_s=4.0))
    rig.client.pay(orders(1))
    assert len(rig.pauses_s) <= 4
    assert all(0.5 <= pause <= 4.0 for pause in rig.pauses_s)
    assert len(set(rig.pauses_s)) == len(rig.pauses_s)
    busy = Rig(Faults(busy=100), limits=Limits(tries=3, backoff_s=0.1))
    busy.client.pay(orders(1))
    assert busy.pauses_s == [1.0, 1.0]


def test_a_provider_that_keeps_failing_is_left_alone() -> None:
    calls = []

    def fail(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        return httpx.Response(503)

    rig = Rig(failures=3, limits=Limits(tries=50), wrap=lambda _inner: httpx.MockTransport(fail))
    (result,) = rig.client.pay(orders(1))
    assert len(calls) == 3
    assert result.standing == "unknown"
    (rested,) = rig.client.pay(orders(1, first=1))
    assert len(calls) == 3
    assert rested.standing == "unsent"


def test_a_request_that_will_never_be_taken_is_not_repeated() -> None:
    calls = []

    def refuse(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(403)

    rig = Rig(wrap=lambda _inner: httpx.MockTransport(refuse))
    (result,) = rig.client.pay(orders(1))
    assert (len(calls), result.standing, result.status) == (1, "refused", 403)


def test_an_endless_answer_is_cut_off() -> None:
    def flood(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b" " * 5_000_000)

    rig = Rig(wrap=lambda _inner: httpx.MockTransport(flood))
    (result,) = rig.client.pay(orders(1))
    assert result.standing == "unknown"


def test_a_title_is_fetched_and_an_unknown_account_has_none() -> None:
    rig = Rig()
    rig.provider.titles["PK00TMFB0000000000000001"] = "Payee 1"
    assert rig.client.title("PK00TMFB0000000000000001") == "Payee 1"
    assert rig.client.title("PK00TMFB0000000000000002") is None

    def fail(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(503)

    gone = Rig(wrap=lambda _inner: httpx.MockTransport(fail))
    with pytest.raises(Problem) as caught:
        gone.client.title("PK00TMFB0000000000000001")
    assert caught.value.code == "wallet.unreachable"


def test_a_signature_holds_for_its_time_its_subject_and_its_body_alone() -> None:
    body, subject = b'{"count":1}', "callback easypaisa"
    headers = signature_headers(SECRET, subject=subject, body=body, at=AT)

    def genuine(**changed: object) -> bool:
        given = {"subject": subject, "body": body, "headers": headers, "now": AT, **changed}
        return is_signed(SECRET, **given)  # type: ignore[arg-type] # the table above holds each by its name

    assert genuine()
    assert genuine(now=AT + timedelta(minutes=4))
    assert not genuine(now=AT + timedelta(minutes=6))
    assert not genuine(now=AT - timedelta(minutes=6))
    assert not genuine(body=body + b" ")
    assert not genuine(subject="callback other")
    assert not genuine(headers={})
    assert not genuine(headers={**headers, "Kafalat-Time": str(int(headers["Kafalat-Time"]) + 60)})
    assert not genuine(headers={**headers, "Kafalat-Signature": "\udc00"})
    assert not is_signed(b"another key", subject=subject, body=body, headers=headers, now=AT)


def test_a_message_says_what_its_lines_say_or_is_none() -> None:
    line = Line(identity="K1", state="paid", amount_paisa=5, request_sha256="0" * 64)
    body = message_body(provider="easypaisa", message_id="M-1", created_at=AT, lines=[line])
    assert Message.model_validate_json(body).payments == (line,)
    fields = json.loads(body)
    for wrong in (
        {"count": 2},
        {"sum_paisa": 6},
        {"sum_paisa": 5.0},
        {"payments": [*fields["payments"], *fields["payments"]], "count": 2, "sum_paisa": 10},
        {"extra": 1},
    ):
        with pytest.raises(ValueError, match="validation error"):
            Message.model_validate_json(json.dumps({**fields, **wrong}))


def test_the_simulator_repeats_itself_from_its_seed() -> None:
    def run() -> tuple[dict[str, object], list[bytes]]:
        rig = Rig(Faults(reject=20, late=30, returned=20, drop=20, duplicate=50, reorder=50, lie=10), seed=5)
        settled(rig, orders(40))
        return rig.provider.books(), rig.provider.settle(AT)

    assert run() == run()
