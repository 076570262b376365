"""Words for the codes of the counter's and the alerts' pages."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OF_COUNTER: dict[str, dict[str, str | Promise]] = {
    "finger": {
        "right_thumb": _("Right thumb"),
        "right_index": _("Right forefinger"),
        "right_middle": _("Right middle finger"),
        "right_ring": _("Right ring finger"),
        "right_little": _("Right little finger"),
        "left_thumb": _("Left thumb"),
        "left_index": _("Left forefinger"),
        "left_middle": _("Left middle finger"),
        "left_ring": _("Left ring finger"),
        "left_little": _("Left little finger"),
    },
    "means": {
        "fingerprint": _("Fingerprint"),
        "face": _("Face"),
        "verisys": _("NADRA Verisys, by hand"),
    },
    "verdict_of_identity": {
        "match": _("It is she"),
        "no_match": _("Not recognised"),
        "error": _("Could not be read"),
        "unavailable": _("NADRA did not answer"),
    },
    "reversal": {
        "no_cash": _("No cash came out"),
        "machine_down": _("The machine failed"),
        "left": _("She left without the cash"),
    },
    "rule": {
        "same_second": _("Several at the same second"),
        "burst": _("More than two a minute"),
        "day_count": _("Too many in a day"),
        "year_amount": _("Too much in a year"),
        "out_of_hours": _("Outside working hours"),
        "other_district": _("Women of other districts"),
        "same_cut": _("The same amount missing"),
        "fallback_share": _("Many without a fingerprint"),
    },
    "severity": {"high": _("High"), "medium": _("Medium"), "low": _("Low")},
    "alert_status": {
        "open": _("New"),
        "in_review": _("Being looked into"),
        "confirmed": _("Confirmed"),
        "dismissed": _("Dismissed"),
    },
    "device_status": {"active": _("In use"), "blocked": _("Blocked")},
}
