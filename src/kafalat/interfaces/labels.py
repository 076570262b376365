"""Words for the codes pages show; texts that a programme decides come from its folder instead."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kafalat.interfaces.labels_of_accounts import OF_ACCOUNTS
from kafalat.interfaces.labels_of_counter import OF_COUNTER
from kafalat.interfaces.labels_of_money import OF_MONEY
from kafalat.interfaces.labels_of_reconciliation import OF_RECONCILIATION

Words = dict[str, str | Promise]

OUTCOMES: Words = {"eligible": _("Eligible"), "ineligible": _("Ineligible"), "incomplete": _("Incomplete")}
# Households in a simulation: covered are the eligible whose district is paid.
STANDINGS: Words = {
    "eligible": _("Covered"),
    "waiting": _("Eligible, not paid yet"),
    "ineligible": _("Ineligible"),
    "incomplete": _("Incomplete"),
}
RELATIONSHIPS: Words = {
    "head": _("Head"),
    "spouse": _("Spouse"),
    "child": _("Child"),
    "child_in_law": _("Child-in-law"),
    "grandchild": _("Grandchild"),
    "parent": _("Parent"),
    "parent_in_law": _("Parent-in-law"),
    "sibling": _("Brother or sister"),
    "sibling_in_law": _("Brother- or sister-in-law"),
    "nephew_niece": _("Nephew or niece"),
    "grandparent": _("Grandparent"),
    "uncle_aunt": _("Uncle or aunt"),
    "other": _("Other member"),
}
SEXES: Words = {"female": _("Woman"), "male": _("Man"), "transgender": _("Transgender person")}
GIRLS_AND_BOYS: Words = {"female": _("Girl"), "male": _("Boy"), "transgender": _("Transgender person")}
MARITAL: Words = {
    "never_married": _("Never married"),
    "married": _("Married"),
    "widowed": _("Widowed"),
    "divorced": _("Divorced"),
}
FAMILY_KINDS: Words = {
    "ever_married_woman": _("Family of a woman who is or was married"),
    "transgender_person": _("Transgender person"),
    "other": _("Other members"),
}
BENEFICIARIES: Words = {
    "active": _("In the programme"),
    "suspended": _("Suspended"),
    "exited": _("Left the programme"),
}
CHANNELS: Words = {"account": _("Bank account"), "wallet": _("Wallet"), "camp": _("Camp site")}
PAYMENTS: Words = {
    "prepared": _("Prepared"),
    "sent": _("Sent to the bank"),
    "accepted": _("Accepted by the bank"),
    "paid": _("Paid"),
    "rejected": _("Rejected by the bank"),
    "returned": _("Returned by the bank"),
    "cancelled": _("Cancelled"),
    "recalled": _("Recalled"),
    "reversed": _("Taken back"),
}
STAGES: Words = {
    "due": _("Due"),
    "prepared": _("Prepared"),
    "approved": _("Approved"),
    "sent": _("Sent to the bank"),
    "accepted": _("Accepted by the bank"),
    "paid": _("Paid"),
    "collected": _("Collected"),
    "returned": _("Came back"),
}
JOBS: Words = {
    "waiting": _("Waits its turn"),
    "running": _("Running"),
    "done": _("Done"),
    "failed": _("Refused or failed"),
    "cancelled": _("Stopped"),
}
NEXT_STEPS: Words = {
    "open": _("Open the cycle"),
    "prepare": _("Prepare a list"),
    "check": _("Check the list"),
    "approve": _("Approve the list"),
    "authorise": _("Authorise the list"),
    "release": _("Release the list"),
    "early": _("Release not before"),
    "done": _("Nothing waits"),
    "closed": _("Closed"),
}
HAPPENINGS: Words = {
    "prepared": _("Put on a list"),
    "approve": _("Approved"),
    "authorise": _("Authorised"),
    "release": _("Released"),
    "reject": _("Rejected"),
    "filed": _("Written into a bank file"),
    "sent": _("Sent to the bank"),
    "accepted": _("Accepted by the bank"),
    "paid": _("Paid"),
    "rejected": _("Rejected by the bank"),
    "returned": _("Returned by the bank"),
    "open_line": _("A bank's line about it waits"),
    "recalled": _("Recalled"),
    "refused": _("The bank did not give it back"),
    "call": _("The provider was called"),
    "cash_out": _("Cash was taken out"),
    "cash_back": _("No cash came out; the money is still hers"),
    "recall_asked": _("Asked back"),
    "recall_agreed": _("Asking it back was agreed"),
    "recall_sent": _("The recall left"),
    "warned": _("She was told that it waits"),
    "take_back_ordered": _("Ordered to be taken back"),
    "take_back_approved": _("Taking it back was approved"),
    "claimed": _("She claimed it"),
    "claim_granted": _("Her claim was granted"),
    "reissue": _("Sent again"),
    "park": _("Parked"),
}
TRANSFERS: Words = {
    "fund": _("Given to the programme"),
    "released": _("Released to the bank"),
    "sent": _("Sent to the bank"),
    "paid": _("Paid"),
    "rejected": _("Rejected by the bank"),
    "returned": _("Returned by the bank"),
    "recalled": _("Recalled"),
    "reissued": _("Sent again"),
    "parked": _("Parked"),
    "reversed": _("Taken back"),
    "recredited": _("Given again on claim"),
    "refunded": _("Given back to the treasury"),
    "cancelled": _("Cancelled"),
}
SEATS: Words = {"approve": _("Approves"), "authorise": _("Authorises"), "release": _("Releases")}
LISTS: Words = {
    "prepared": _("Waits to be checked"),
    "checked": _("Checked, waits for approval"),
    "rejected": _("Rejected"),
    "dispatched": _("Sent to the banks"),
}
CYCLES: Words = {"open": _("Open"), "closed": _("Closed")}
ANSWERS: Words = {
    "pain.002": _("Status report (pain.002)"),
    "camt.053": _("Account statement (camt.053)"),
    "camt.054": _("Credit notification (camt.054)"),
}
RESOLUTIONS: Words = {"reissue": _("Sent again"), "park": _("Parked")}
# ISO 20022 external status reason codes that banks use most, in plain words.
BANK_REASONS: Words = {
    "AC01": _("The account number is wrong"),
    "AC04": _("The account is closed"),
    "AC06": _("The account is blocked"),
    "AG01": _("Payments to this account are forbidden"),
    "AM05": _("The bank took it for a duplicate"),
    "BE01": _("The name and the account do not match"),
    "MD07": _("The account holder has died"),
    "MS02": _("The customer refused, without a reason"),
    "MS03": _("The bank gave no reason"),
    "RR04": _("Refused for regulatory reasons"),
}
LEDGER: Words = {
    "treasury": _("Treasury"),
    "fund": _("Programme's fund"),
    "obligation": _("Due to families"),
    "settlement": _("Released, not sent yet"),
    "in_flight": _("On its way"),
    "paid": _("Paid to families"),
    "returned": _("Came back"),
    "reversed": _("Taken back"),
    "suspense": _("Parked"),
}
VERDICTS: Words = {
    "confirm": _("Right"),
    "wrongly_in": _("Wrongly in"),
    "wrongly_out": _("Wrongly out"),
    "unknown_household": _("Unknown here"),
}
ALARMS: Words = {
    "always_the_same": _("Always the same verdict"),
    "many_unknown": _("Many unknown households"),
}
WHY_NOT: Words = {
    "role": _(
        "Checkers, authorisers and releasers decide about payment lists, each in turn; it is not your turn."
    ),
    "maker": _("You made this list, so others must decide about it."),
    "already": _("You have said yes to this list. Everybody under it is another person."),
    "done": "",
}
TABLE: dict[str, Words] = {
    "outcome": OUTCOMES,
    "relationship": RELATIONSHIPS,
    "sex": SEXES,
    "child": GIRLS_AND_BOYS,
    "marital": MARITAL,
    "family": FAMILY_KINDS,
    "beneficiary": BENEFICIARIES,
    "channel": CHANNELS,
    "payment": PAYMENTS,
    "stage": STAGES,
    "job": JOBS,
    "next": NEXT_STEPS,
    "happening": HAPPENINGS,
    "transfer": TRANSFERS,
    "seat": SEATS,
    "list": LISTS,
    "cycle": CYCLES,
    "answer": ANSWERS,
    "resolution": RESOLUTIONS,
    "bank_reason": BANK_REASONS,
    "why_not": WHY_NOT,
    "verdict": VERDICTS,
    "alarm": ALARMS,
    **OF_ACCOUNTS,
    **OF_COUNTER,
    **OF_MONEY,
    **OF_RECONCILIATION,
}


def word(kind: str, code: str | None) -> str:
    """Return the word for a code, or the code itself where there is none."""
    return str(TABLE[kind].get(code or "", code or ""))
