"""Takes in what a wallet provider sends by itself: each message once, however often and in whatever order it comes.

The message is booked as any bank's answer is. The same bytes again get the same reply; the same message id with other
bytes is refused and written into the audit log, where the auditor's alerts read it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from kafalat.adapters.wallet.answers import read_message
from kafalat.audit import services as audit
from kafalat.core.problems import Problem, problem
from kafalat.payments.models import Answer
from kafalat.payments.reconciliation.answers import take_in
from kafalat.payments.reconciliation.staging import Receiver


@dataclass(frozen=True, slots=True)
class Taken:
    """What the provider is told: which message was taken, of how many lines. The same for every copy of it."""

    message_id: str
    lines: int


def take_callback(*, provider: str, body: bytes, receiver: Receiver, at: datetime) -> Taken:
    """Take in a message whose signature was found genuine.

    Raises `bank.altered`, `wallet.other_provider` and the problems of `take_in`, each with an entry in the audit log;
    nothing is booked then.
    """
    actor, sha256 = f"wallet:{provider}", hashlib.sha256(body).hexdigest()
    name = f"{provider} {sha256[:12]}"
    try:
        message, _, _ = read_message(body, name)
        if message.provider != provider:
            raise problem("wallet.other_provider", provider=provider, named=message.provider)
        answer = take_in(content=body, name=name, actor=actor, receiver=receiver, at=at).answer
    except Problem as refusal:
        if refusal.code == "bank.repeated":
            answer = Answer.objects.get(sha256=sha256)
            return Taken(answer.message_id, answer.lines)
        with transaction.atomic():
            audit.record(
                at=at,
                actor=actor,
                action="callback_refused",
                object_kind="bank",
                object_id=provider,
                detail={"problem": refusal.code, "sha256": sha256},
            )
        raise
    return Taken(answer.message_id, answer.lines)
