"""camt.055, the request to a bank to cancel payments of one payment file: written as a stream, one case for the request.

Each payment is named by its end-to-end id and amount, with the reason. What the bank did comes back as camt.029
(`adapters/iso20022/resolutions.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape

from kafalat.adapters.iso20022.charset import bank_text
from kafalat.adapters.iso20022.values import checked_id
from kafalat.core.bank_formats import RECALL_REASONS
from kafalat.core.money import decimal_text

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.055.001.08"
_CURRENCY: Final = "PKR"
_NAME_MAX: Final = 140
_BIC: Final = re.compile(r"\A[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?\Z", re.ASCII)

# What a recalled payment is while it is written: end-to-end id, paisa.
Recalled = tuple[str, int]


@dataclass(frozen=True, slots=True)
class RecallHead:
    """What stands before the payments: who asks which bank, about which block of which file, why, and how much in all.

    `original_message` names the kind of the file, as in "pain.001.001.09"; `reason_code` is one of RECALL_REASONS.
    """

    message_id: str
    created_at: datetime
    debtor_name: str
    bank_bic: str
    original_message_id: str
    original_message: str
    original_created_at: datetime
    payment_information_id: str
    reason_code: str
    count: int
    sum_paisa: int


def chunks(head: RecallHead, batches: Iterable[Sequence[Recalled]]) -> Iterator[bytes]:
    """Yield the request's bytes; payments come in batches of any size, and the same values always give the same bytes.

    Raises ValueError for a value no bank takes (an identifier, BIC, reason or amount), and when the payments do not come
    to the head's count and sum.
    """
    yield _opening(head).encode()
    reason = f"<CxlRsnInf><Rsn><Cd>{head.reason_code}</Cd></Rsn></CxlRsnInf>"
    count = sum_paisa = 0
    for batch in batches:
        yield "".join(
            f"<TxInf>{_text('OrgnlEndToEndId', checked_id(identity, 'the end-to-end id'))}"
            f'<OrgnlInstdAmt Ccy="{_CURRENCY}">{_amount(paisa)}</OrgnlInstdAmt>{reason}</TxInf>\n'
            for identity, paisa in batch
        ).encode()
        count += len(batch)
        sum_paisa += sum(paisa for _, paisa in batch)
    if (count, sum_paisa) != (head.count, head.sum_paisa):
        msg = f"the payments of request {head.message_id} do not come to its totals"
        raise ValueError(msg)
    yield b"</OrgnlPmtInfAndCxl></Undrlyg></CstmrPmtCxlReq></Document>\n"


def _text(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>"


def _amount(paisa: int) -> str:
    if paisa <= 0:
        msg = f"a payment is of a positive amount, not {paisa} paisa"
        raise ValueError(msg)
    return decimal_text(paisa)


def _opening(head: RecallHead) -> str:
    if head.reason_code not in RECALL_REASONS:
        msg = f"no reason to recall a payment: {head.reason_code!r}"
        raise ValueError(msg)
    if _BIC.match(head.bank_bic) is None:
        msg = f"no bank takes this BIC: {head.bank_bic!r}"
        raise ValueError(msg)
    request = _text("Id", checked_id(head.message_id, "the message id"))
    name = _text("Nm", bank_text(head.debtor_name, _NAME_MAX, "swift_x") or ".")
    totals = _text("NbOfTxs", str(head.count)) + _text("CtrlSum", decimal_text(head.sum_paisa))
    return (
        f"<?xml version='1.0' encoding='UTF-8'?>\n<Document xmlns=\"{NAMESPACE}\"><CstmrPmtCxlReq>"
        f"<Assgnmt>{request}<Assgnr><Pty>{name}</Pty></Assgnr>"
        f"<Assgne><Agt><FinInstnId>{_text('BICFI', head.bank_bic)}</FinInstnId></Agt></Assgne>"
        f"{_text('CreDtTm', head.created_at.isoformat(timespec='seconds'))}</Assgnmt>"
        f"<Case>{request}<Cretr><Pty>{name}</Pty></Cretr></Case><CtrlData>{totals}</CtrlData>\n"
        "<Undrlyg><OrgnlPmtInfAndCxl>"
        + _text("OrgnlPmtInfId", checked_id(head.payment_information_id, "the payment information id"))
        + "<OrgnlGrpInf>"
        + _text("OrgnlMsgId", checked_id(head.original_message_id, "the original message id"))
        + _text("OrgnlMsgNmId", head.original_message)
        + _text("OrgnlCreDtTm", head.original_created_at.isoformat(timespec="seconds"))
        + f"</OrgnlGrpInf>{totals}<PmtInfCxl>false</PmtInfCxl>\n"
    )
