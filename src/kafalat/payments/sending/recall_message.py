"""Renders the message that asks a bank for payments back, from rows alone: the same bytes at every rendering."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from django.db import connection
from django.utils.timezone import localtime

from kafalat.adapters.iso20022.camt055 import Recalled, RecallHead, chunks
from kafalat.core.problems import problem
from kafalat.payments.models import Recall
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
    digest = hashlib.sha256()
    for chunk in chunks(head, _batches(source, recall.pk)):
        digest.update(chunk)
        if out is not None:
            out.write(chunk)
    return digest.hexdigest()


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
