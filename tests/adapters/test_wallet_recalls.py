"""Asking a wallet provider for payments back: answered once, whatever the line does, and never paid afterwards."""

from __future__ import annotations

import json

import httpx
import pytest

from kafalat.adapters.banks.simulator.faults import Faults
from kafalat.adapters.wallet.link import Limits
from kafalat.adapters.wallet.messages import Line, Order, Recalling
from kafalat.core.problems import Problem
from tests.adapters.wallets import AT, Rig, orders

RECALL = "KFLT-CXL-7-1"
MISHAPS = ("drop", "error_before", "error_after", "lie", "busy")


def asked_back(made: list[Order]) -> list[Recalling]:
    return [Recalling(one.identity, one.amount_paisa, RECALL, "DUPL") for one in made]


def states(lines: list[Line]) -> list[tuple[str, str]]:
    return [(line.state, line.reason_code) for line in lines]


def test_what_is_not_credited_yet_comes_back_and_what_is_does_not() -> None:
    rig = Rig(Faults(late=100))
    early, never_sent = orders(2), orders(1, first=5)
    rig.client.pay(early)
    assert states(rig.client.recall(asked_back([early[0], *never_sent]))) == [
        ("recalled", ""),
        ("refused", "NOOR"),
    ]
    rig.provider.settle(AT)
    assert rig.credited() == {early[1].account: 1}
    assert states(rig.client.recall(asked_back([early[1]]))) == [("refused", "CUST")]
    # Said again it is answered as the first time, and other words about the same payment are no recall of it.
    assert states(rig.client.recall(asked_back(early[:1]))) == [("recalled", "")]
    assert rig.provider.calls["recall_repeated"] == 1
    other = [Recalling(early[1].identity, early[1].amount_paisa - 1, "KFLT-CXL-7-2", "DUPL")]
    assert states(rig.client.recall(other)) == [("refused", "NOOR")]


@pytest.mark.parametrize(
    "faults",
    [
        Faults(refuse=40, drop=60),
        Faults(refuse=40, error=60),
        Faults(refuse=40, lie=60),
        Faults(refuse=40, busy=60),
    ],
    ids=["drop", "error", "lie", "busy"],
)
def test_no_mishap_recalls_otherwise_or_pays_what_was_recalled(faults: Faults) -> None:
    made = orders(30)
    rig = Rig(Faults(late=100), limits=Limits(batch=7, tries=40), seed=3)
    rig.client.pay(made)
    rig.provider.faults = faults
    lines = rig.client.recall(asked_back(made))
    found = {line.identity: line.state for line in lines}
    assert set(found.values()) == {"recalled", "refused"}
    assert found.keys() == {one.identity for one in made}
    assert sum(rig.provider.calls[name] for name in MISHAPS) > 0
    rig.provider.settle(AT)
    refused = {one.account for one in made if found[one.identity] == "refused"}
    assert rig.credited() == dict.fromkeys(refused, 1)


def test_an_answer_about_another_recall_is_not_believed() -> None:
    """The provider answers with the request hash of an order: what it did is not what it was asked."""

    def mistaken(transport: httpx.BaseTransport) -> httpx.BaseTransport:
        def handle(request: httpx.Request) -> httpx.Response:
            answer = transport.handle_request(request)
            if request.url.path != "/v1/recalls":
                return answer
            said = json.loads(answer.read())
            said["payments"][0]["request_sha256"] = "0" * 64
            return httpx.Response(200, json=said)

        return httpx.MockTransport(handle)

    rig = Rig(Faults(late=100), wrap=mistaken, limits=Limits(tries=3))
    rig.client.pay(orders(1))
    with pytest.raises(Problem) as caught:
        rig.client.recall(asked_back(orders(1)))
    assert caught.value.code == "wallet.unreachable"
    assert rig.provider.calls["recall_repeated"] == 2


def test_an_order_to_pay_is_not_answered_by_a_recall() -> None:
    """Control of the two lists of states: what was recalled is no answer to an order, so nothing is believed of it."""
    rig = Rig(Faults(late=100), limits=Limits(tries=2))
    made = orders(1)
    rig.client.pay(made)
    rig.client.recall(asked_back(made))
    (result,) = rig.client.pay(made)
    assert (result.standing, result.line) == ("unknown", None)
