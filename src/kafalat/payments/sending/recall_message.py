"""Renders what asks a bank for payments back, from rows alone: the same bytes at every rendering.

A bank that got a file gets a message about it; a provider that was called is called again, and what stands for the message
are its orders, one a line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from django.db import connection
from django.utils.timezone import localtime

from kafalat.adapters.iso20022.camt055 import Recalled, RecallHead, chunks
from kafalat.adapters.wallet.messages import Recalling
from kafalat.core.digests import canonical_json
from kafalat.core.problems import problem
from kafalat.payments.models import Outbox, Recall
from kafalat.payments.sending.rendering import Writable
from kafalat.policy.geography import banks_by_code
from kafalat.policy.model import Programme

_BATCH: Final = 5_000
OF_RECALL: Final = (
    "SELECT p.identity, p.amount_paisa FROM payments_recallitem AS i JOIN payments_payment AS p ON p.id = i.payment_id"
    " WHERE i.recall_id = %s ORDER BY p.identity"
)


def render_recall(
    recall: Recall, programme: Programme, out: Writable | None = None, *, source: str = OF_RECALL
) -> str:
    """Write a request to `out`, or nowhere, and return the SHA-256 of its bytes. Call within a transaction.

    `source` is a query of identity and paisa in the order of identities, by the recall's key. Raises ValueError where the
    payments do not come to the request's totals.
    """
    digest = hashlib.sha256()
    for chunk in _lines(recall, source) if by_call(recall) else _message(recall, programme, source):
        digest.update(chunk)
        if out is not None:
            out.write(chunk)
    return digest.hexdigest()


def by_call(recall: Recall) -> bool:
    """Say whether the payments went to a provider's interface, so that the request is a call as well."""
    return Outbox.objects.filter(pk=recall.bank_file_id, transport="api").exists()


def _message(recall: Recall, programme: Programme, source: str) -> Iterator[bytes]:
    file = recall.bank_file
    head = RecallHead(
        message_id=recall.message_id,
        created_at=localtime(recall.asked_at),
        debtor_name=programme.banks.debtor_name,
        bank_bic=banks_by_code(programme)[file.bank].bic,
        original_message_id=file.message_id,
        original_message=f"pain.001.001.{programme.bank_profiles[file.bank].pain001_version}",
        original_created_at=localtime(file.created_at),
        payment_information_id=f"{file.message_id}-1",
        reason_code=recall.reason_code,
        count=recall.payments,
        sum_paisa=recall.amount_paisa,
    )
    return chunks(head, _batches(source, recall.pk))


def orders_of(recall: Recall, source: str = OF_RECALL) -> list[Recalling]:
    """Return what a provider is asked to give back. Raises ValueError where it does not come to the request's totals."""
    orders = [
        Recalling(identity, paisa, recall.message_id, recall.reason_code)
        for batch in _batches(source, recall.pk)
        for identity, paisa in batch
    ]
    if (len(orders), sum(one.amount_paisa for one in orders)) != (recall.payments, recall.amount_paisa):
        msg = f"recall {recall.message_id} does not come to its totals"
        raise ValueError(msg)
    return orders


def _lines(recall: Recall, source: str) -> Iterator[bytes]:
    for one in orders_of(recall, source):
        yield (canonical_json(one.fields()) + "\n").encode()


def render_agreed(recall: Recall, programme: Programme, out: Writable | None = None) -> None:
    """Render a request once more, to `out` or to nowhere. Raises `recall.changed` unless it is what was asked for."""
    try:
        sha256 = render_recall(recall, programme, out)
    except ValueError:  # its payments no longer come to its totals
        sha256 = ""
    if sha256 != recall.sha256:
        raise problem("recall.changed", recall=recall.message_id)


def _batches(source: str, key: int | None) -> Iterator[Sequence[Recalled]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(source, [key])
        while rows := cursor.fetchmany(_BATCH):
            yield [(str(identity), int(paisa)) for identity, paisa in rows]
