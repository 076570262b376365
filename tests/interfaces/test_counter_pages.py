"""The counter's pages: from a CNIC to the receipt, over a supervisor where fingers fail; no number in an address."""

from __future__ import annotations

import re

from kafalat.config.sealing import sealer
from kafalat.interfaces.office import Office
from kafalat.payments.models import Device, Fallback, Payment, VerificationTry, Withdrawal
from kafalat.registry.selectors import CNIC_PURPOSE
from tests.interfaces.people import html, logged_in


def waiting() -> tuple[Payment, str]:
    """A credited payment nobody has touched, and its payee's CNIC."""
    payment = Payment.objects.filter(
        status="paid",
        withdrawals__isnull=True,
        verifications__isnull=True,
        entitlement__beneficiary__status="active",
        entitlement__beneficiary__payee__cnic_sealed__isnull=False,
    ).earliest("id")
    sealed = payment.entitlement.beneficiary.payee.cnic_sealed
    assert sealed is not None
    return payment, sealer().unseal(bytes(sealed), CNIC_PURPOSE)


def begun(payment: Payment) -> str:
    """Begin at the first device; the address of the verification."""
    response = logged_in("counter_operator").post(
        "/en/counter/begin/", {"payment": payment.pk, "device": Device.objects.earliest("id").pk}
    )
    return str(response["Location"])


def test_a_woman_is_found_verified_paid_and_given_a_receipt(office: Office, paid: str) -> None:
    payment, cnic = waiting()
    operator = logged_in("counter_operator")
    found = html(operator.post("/en/counter/", {"number": cnic}))
    assert "Verify her" in found
    assert cnic not in found
    address = begun(payment)
    assert cnic not in address
    token = None
    for finger in ("right_thumb", "left_thumb", "right_index", "left_index") * 2:
        page = html(operator.post(address, {"finger": finger}))
        token = re.search(r'name="token" value="([^"]+)"', page)
        if token:
            break
    assert token is not None, "the demo's verifier knows her by one of four fingers"
    assert token[1] not in html(operator.get(address)), "the token is told once"
    device = re.search(r'name="device" value="(\d+)"', page)
    assert device is not None
    sent = {"token": token[1], "device": device[1], "amount_paisa": payment.amount_paisa}
    receipt = operator.post("/en/counter/pay/", sent)["Location"]
    made = Withdrawal.objects.get(payment=payment)
    text = html(operator.get(receipt))
    assert made.check_code in text
    assert "rupees" in text
    assert operator.get(f"{receipt}paper/").content.startswith(b"%PDF")
    assert operator.post("/en/counter/pay/", sent).status_code == 409
    assert "Taken out already" in html(operator.post("/en/counter/", {"number": cnic}))
    operator.post(receipt, {"reason": "no_cash"})
    assert "The money is still hers" in html(operator.get(receipt))


def test_somebody_else_s_fingers_lead_to_the_supervisor_who_is_another_person(
    office: Office, paid: str
) -> None:
    payment, _ = waiting()
    operator, supervisor = logged_in("counter_operator"), logged_in("counter_supervisor")
    address = begun(payment)
    for finger in ("right_thumb", "left_thumb", "right_index", "left_index") * 3:
        page = html(operator.post(address, {"finger": finger, "who": "other"}))
        if "Ask the supervisor" in page:
            break
    assert operator.post(address, {"act": "ask", "reason": ""}).status_code == 400
    operator.post(address, {"act": "ask", "reason": "she says her hands are worn"})
    fallback = Fallback.objects.latest("id")
    assert "she says her hands are worn" in html(supervisor.get("/en/counter/approvals/"))
    assert (
        supervisor.post("/en/counter/approvals/", {"fallback": fallback.pk, "act": "refuse"}).status_code
        == 400
    )
    supervisor.post(
        "/en/counter/approvals/", {"fallback": fallback.pk, "act": "refuse", "reason": "not her card"}
    )
    assert "Pay nothing" in html(operator.get(address))
    assert not Withdrawal.objects.filter(payment=payment).exists()
    assert not VerificationTry.objects.exclude(sample_ref__regex=r"^[a-z:0-9]{10,60}$").exists()


def test_an_outage_is_said_to_be_none_of_her_failures(office: Office, paid: str) -> None:
    payment, _ = waiting()
    page = html(
        logged_in("counter_operator").post(begun(payment), {"finger": "right_thumb", "who": "outage"})
    )
    assert "NADRA did not answer" in page
    assert "no failed try" in page
    assert "8 tries left" in page
