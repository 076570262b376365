"""Words for the codes of recalls and of calls to wallet providers."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OF_MONEY: dict[str, dict[str, str | Promise]] = {
    "recall_state": {
        "asked": _("Waits for a second person"),
        "agreed": _("Agreed, and has not left"),
        "left": _("Left; the bank has not answered for all"),
        "undecided": _("Money came back; somebody decides about it"),
        "answered": _("Answered"),
    },
    # ISO 20022 cancellation reasons (camt.055).
    "recall_reason": {
        "CUST": _("The payer asks for it back"),
        "DUPL": _("Paid twice"),
        "FRAD": _("Fraud is suspected"),
        "TECH": _("A technical fault"),
        "UPAY": _("It should not have been paid"),
    },
    # ISO 20022 reasons for not giving a payment back (camt.029).
    "refusal_reason": {
        "AGNT": _("The bank decided so"),
        "AM04": _("The money is no longer in the account"),
        "ARDT": _("It was returned before"),
        "CUST": _("The account holder did not agree"),
        "LEGL": _("The law forbids it"),
        "NOAS": _("The account holder did not answer"),
        "NOOR": _("The bank never received it"),
    },
    "call": {
        "open": _("Nobody knows yet how it ended"),
        "pending": _("Taken in, not decided"),
        "accepted": _("Accepted"),
        "paid": _("Paid"),
        "rejected": _("Rejected"),
        "returned": _("Returned"),
        "conflict": _("The provider knows another payment by this number"),
        "unsent": _("It never left"),
        "unknown": _("It may have been acted on; the provider is asked first"),
        "refused": _("The provider does not take it as it is"),
    },
}
