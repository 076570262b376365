"""The tables money moves through.

The promises live in the database: a payment's identity is unique; at most one live attempt per entitlement; an
attempt carries exactly the entitled amount; nobody is entitled twice to a quarter; the maker cannot approve and nobody
takes two seats; a bank file exists only under the last seat of exactly its list; a ledger transfer happens once. The composite keys and triggers
that hold them are in the migrations.
"""

from kafalat.payments.models.answer import Answer, AnswerLine, Resolution
from kafalat.payments.models.cycle import Approval, Cycle, CyclePhase, Entitlement, HeldBack, PaymentList
from kafalat.payments.models.delivery import ATTEMPTS_MAX, Delivery, Outbox
from kafalat.payments.models.device import Device, DeviceAct
from kafalat.payments.models.idle import Claim, Notice, TakeBack, TakeBackApproval, TakeBackItem
from kafalat.payments.models.payment import LIVE, BankFile, Payment
from kafalat.payments.models.recall import Recall, RecallAgreement, RecallItem
from kafalat.payments.models.reconciliation import (
    CounterSign,
    LineDecision,
    ReportLine,
    SignOff,
    Statement,
    StatementLine,
)
from kafalat.payments.models.transfer import Transfer
from kafalat.payments.models.verification import (
    Authorisation,
    Fallback,
    FallbackAnswer,
    Verification,
    VerificationTry,
)
from kafalat.payments.models.withdrawal import Reversal, Withdrawal, WithdrawalReport

__all__ = [
    "ATTEMPTS_MAX",
    "LIVE",
    "Answer",
    "AnswerLine",
    "Approval",
    "Authorisation",
    "BankFile",
    "Claim",
    "CounterSign",
    "Cycle",
    "CyclePhase",
    "Delivery",
    "Device",
    "DeviceAct",
    "Entitlement",
    "Fallback",
    "FallbackAnswer",
    "HeldBack",
    "LineDecision",
    "Notice",
    "Outbox",
    "Payment",
    "PaymentList",
    "Recall",
    "RecallAgreement",
    "RecallItem",
    "ReportLine",
    "Resolution",
    "Reversal",
    "SignOff",
    "Statement",
    "StatementLine",
    "TakeBack",
    "TakeBackApproval",
    "TakeBackItem",
    "Transfer",
    "Verification",
    "VerificationTry",
    "Withdrawal",
    "WithdrawalReport",
]
