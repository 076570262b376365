"""The counter: look a woman up, verify her step by step, pay her out in full, give her the receipt."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kafalat.adapters.identity import FINGERS, Finger
from kafalat.config.sealing import sealer
from kafalat.core.identifiers import mask_cnic
from kafalat.core.problems import Problem
from kafalat.interfaces import paper, programmes
from kafalat.interfaces.context import language_in_use
from kafalat.interfaces.office import office
from kafalat.interfaces.receipts import receipt_data
from kafalat.interfaces.verifiers import WHO, is_demo, sample_reference, verifier_of
from kafalat.payments.counter import selectors as reads
from kafalat.payments.counter.access import access_counter, access_receipts, access_supervising
from kafalat.payments.counter.fallbacks import answer_fallback
from kafalat.payments.counter.verifying import (
    Stepped,
    ask_fallback,
    rules_on,
    standing_of,
    start_verification,
    try_next,
)
from kafalat.payments.counter.withdrawals import reverse, withdraw
from kafalat.payments.models import Payment, Reversal, Verification
from kafalat.registry.selectors import CNIC_PURPOSE

# Thumbs and forefingers first: they are recorded best.
FIRST_FINGERS: tuple[Finger, ...] = ("right_thumb", "left_thumb", "right_index", "left_index")
FINGERS_SHOWN = FIRST_FINGERS + tuple(each for each in FINGERS if each not in FIRST_FINGERS)


def _masked(payment: Payment) -> str:
    sealed = payment.entitlement.beneficiary.payee.cnic_sealed
    return "" if sealed is None else mask_cnic(sealer().unseal(bytes(sealed), CNIC_PURPOSE))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def counter(request: HttpRequest) -> HttpResponse:
    """Find the payments of the woman at the counter by her CNIC or form number, which never stand in an address."""
    access_counter(cast(User, request.user))
    asked = request.method == "POST"
    number = request.POST.get("number", "").strip()
    found = reads.payments_for(number, sealer=sealer()) if number else []
    context = {
        "asked": asked,
        "rows": [(payment, _masked(payment), reads.taken_paisa(payment)) for payment in found],
        "devices": reads.active_devices(),
        "chosen": request.session.get("counter_device"),
    }
    return render(request, "console/counter.html", context)


@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Begin a verification at a device; the device is remembered until the operator logs out."""
    user = cast(User, request.user)
    access_counter(user)
    device_id = _number(request.POST.get("device", ""))
    request.session["counter_device"] = device_id
    found = start_verification(
        payment_id=_number(request.POST.get("payment", "")),
        device_id=device_id,
        programme=programmes.in_force(),
        user=user,
        at=timezone.now(),
    )
    return redirect("verification", verification_id=found.pk)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def verification(request: HttpRequest, verification_id: int) -> HttpResponse:
    """Show where a verification stands, and take its next step (POST). The token of a success stands in this answer alone."""
    user = cast(User, request.user)
    access_counter(user)
    stepped, refused = None, ""
    if request.method == "POST":
        try:
            stepped = _step(request, user, verification_id)
        except Problem as refusal:
            refused = refusal.text(language_in_use(request.LANGUAGE_CODE))
        if stepped is None and not refused:
            return redirect("verification", verification_id=verification_id)
    found = reads.verification_by_id(verification_id)
    return render(
        request,
        "console/verification.html",
        _context(found, stepped, refused),
        status=400 if refused else 200,
    )


def _step(request: HttpRequest, user: User, verification_id: int) -> Stepped | None:
    found = reads.verification_by_id(verification_id)
    programme = programmes.stamped(found.programme_sha256)
    if request.POST.get("act") == "ask":
        reason = request.POST.get("reason", "")
        ask_fallback(
            verification_id=found.pk, reason=reason, programme=programme, user=user, at=timezone.now()
        )
        return None
    finger = next((each for each in FINGERS if each == request.POST.get("finger")), None)
    return try_next(
        verification_id=found.pk,
        finger=finger,
        sample_ref=sample_reference(request.POST.get("who", "")),
        verifier=verifier_of(office()),
        sealer=sealer(),
        programme=programme,
        user=user,
        at=timezone.now(),
    )


def _context(found: Verification, stepped: Stepped | None, refused: str) -> dict[str, object]:
    rules = rules_on(programmes.stamped(found.programme_sha256), timezone.localtime(found.started_at).date())
    now = standing_of(found, rules)
    return {
        "verification": found,
        "payment": found.payment,
        "masked": _masked(found.payment),
        "standing": now,
        "rungs": [rung.means for rung in rules.rungs],
        "fingers": [each for each in FINGERS_SHOWN if each not in now.used_up],
        "tries": list(found.tries.order_by("number")),
        "fallbacks": list(found.fallbacks.order_by("id")),
        "stepped": stepped,
        "refused": refused,
        "minutes": rules.authorisation_minutes,
        "over": timezone.now() > found.until,
        "demo": is_demo(office()),
        "who": tuple(WHO),
    }


@require_POST
def pay_out(request: HttpRequest) -> HttpResponse:
    """Pay out under the token, in full, and show the receipt."""
    user = cast(User, request.user)
    access_counter(user)
    paid_out = withdraw(
        token=request.POST.get("token", ""),
        device_id=_number(request.POST.get("device", "")),
        amount_paisa=_number(request.POST.get("amount_paisa", "")),
        user=user,
        at=timezone.now(),
    )
    return redirect("receipt", withdrawal_id=paid_out.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, withdrawal_id: int) -> HttpResponse:
    """Show a receipt; POST says that its cash did not come out."""
    user = cast(User, request.user)
    access_receipts(user)
    found = reads.withdrawal_by_id(withdrawal_id)
    if request.method == "POST":
        reverse(
            withdrawal_id=found.pk,
            reason=request.POST.get("reason", ""),
            programme=programmes.in_force(),
            user=user,
            at=timezone.now(),
        )
        messages.success(
            request, _("It is on record that no cash came out. The money is still hers: verify her again.")
        )
        return redirect("receipt", withdrawal_id=found.pk)
    context = {
        "withdrawal": found,
        "payment": found.payment,
        "masked": _masked(found.payment),
        "words": receipt_data(found, programmes.in_force())["amount_words"],
        "reasons": Reversal.Reason.values,
        "own": found.operator == user.get_username(),
    }
    return render(request, "console/receipt.html", context)


@require_safe
def receipt_paper(request: HttpRequest, withdrawal_id: int) -> HttpResponse:
    """Send a receipt as PDF, in both languages."""
    access_receipts(cast(User, request.user))
    found = reads.withdrawal_by_id(withdrawal_id)
    pages = paper.render("receipt", receipt_data(found, programmes.in_force()))
    name = f'attachment; filename="receipt-{found.reference}.pdf"'
    return HttpResponse(pages, content_type="application/pdf", headers={"Content-Disposition": name})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def approvals(request: HttpRequest) -> HttpResponse:
    """List the fallbacks that wait for a second person, and take her answer (POST)."""
    user = cast(User, request.user)
    access_supervising(user)
    refused = ""
    if request.method == "POST":
        try:
            _answer(request, user)
        except Problem as refusal:
            refused = refusal.text(language_in_use(request.LANGUAGE_CODE))
        else:
            return redirect("counter_approvals")
    waiting = reads.fallbacks_waiting(timezone.now())
    rows = [(each, _masked(each.verification.payment)) for each in waiting]
    context = {"rows": rows, "refused": refused}
    return render(request, "console/counter_approvals.html", context, status=400 if refused else 200)


def _answer(request: HttpRequest, user: User) -> None:
    granted = request.POST.get("act") == "grant"
    answer_fallback(
        fallback_id=_number(request.POST.get("fallback", "")),
        granted=granted,
        reason=request.POST.get("reason", ""),
        programme=programmes.in_force(),
        user=user,
        at=timezone.now(),
    )
    done = _("You allowed it; the operator can go on.") if granted else _("You refused; nothing is paid.")
    messages.success(request, done)
