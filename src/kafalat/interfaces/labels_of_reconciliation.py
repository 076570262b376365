"""Words for the kinds of difference between payroll, bank report and treasury."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OF_RECONCILIATION: dict[str, dict[str, str | Promise]] = {
    "difference": {
        "open_prepared": _("Not sent"),
        "open_sent": _("Sent, and the bank is silent"),
        "open_accepted": _("Accepted, not paid yet"),
        "open_rejected": _("Rejected by the bank"),
        "open_returned": _("Returned by the bank"),
        "open_recalled": _("Recalled"),
        "open_reversed": _("Taken back as not collected"),
        "open_cancelled": _("Cancelled"),
        "paid_not_debited": _("Reported paid, not seen on our account"),
        "paid_but_came_back": _("Reported paid, yet the money came back"),
        "debit_differs": _("Debited with another amount"),
        "came_back_never_left": _("Came back, though it never left"),
        "unanswered": _("Left our account, and the bank is silent"),
        "refund_missing": _("Not paid, and the refund has not come"),
        "refund_differs": _("Refunded with another amount"),
        "file_sum_differs": _("A file was debited with another sum"),
        "refund_by_file": _("Refunds stated for a whole file"),
        "refund_by_order": _("Money taken back by an order"),
        "paid_out_unnamed": _("Left our account without naming a payment"),
        "refund_unnamed": _("Came back without naming a payment"),
    }
}
