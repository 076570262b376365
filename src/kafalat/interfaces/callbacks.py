"""The address wallet providers send their messages to: no login and no form token, a signature instead.

Whoever signs wrongly learns nothing: an unknown provider, a wrong key and an old message get the same answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from kafalat.adapters.wallet.signing import SIGNATURE_HEADER, TIME_HEADER, callback_subject, is_signed
from kafalat.config.home import Home
from kafalat.core.problems import Problem
from kafalat.interfaces.channels import wallet_secret
from kafalat.interfaces.office import office
from kafalat.interfaces.programmes import in_force
from kafalat.payments.reconciliation.staging import Receiver
from kafalat.payments.sending.callbacks import take_callback
from kafalat.policy.model import Programme

BODY_BYTES_MAX = 2_000_000


@csrf_exempt
@login_not_required
@require_POST
def wallet_callback(request: HttpRequest, provider: str) -> JsonResponse:
    """Take in one message: 202 taken (and again for every copy), 401 not signed, 409 altered, 413 too long, 422 refused."""
    home, programme = office().home, in_force()
    body = request.read(BODY_BYTES_MAX + 1)
    if len(body) > BODY_BYTES_MAX:
        return JsonResponse({"error": "too long"}, status=413)
    headers: Mapping[str, str] = {
        name: request.headers.get(name, "") for name in (TIME_HEADER, SIGNATURE_HEADER)
    }
    if not is_signed(
        _secret(home, programme, provider),
        subject=callback_subject(provider),
        body=body,
        headers=headers,
        now=timezone.now(),
    ):
        return JsonResponse({"error": "not signed"}, status=401)
    receiver = Receiver(programme=programme, sealer=office().sealer, work=home.work)
    try:
        taken = take_callback(provider=provider, body=body, receiver=receiver, at=timezone.now())
    except Problem as refusal:
        status = 409 if refusal.code == "bank.altered" else 422
        return JsonResponse({"error": refusal.code, "message": refusal.text("en")}, status=status)
    except OperationalError:
        return JsonResponse({"error": "try again"}, status=503, headers={"Retry-After": "10"})
    return JsonResponse({"message_id": taken.message_id, "lines": taken.lines}, status=202)


def _secret(home: Home, programme: Programme, provider: str) -> bytes:
    """Return the provider's key, or for one that is none a key nobody knows."""
    profile = programme.bank_profiles.get(provider)
    if profile is None or profile.transport != "api":
        return secrets.token_bytes()
    return wallet_secret(home, provider)
