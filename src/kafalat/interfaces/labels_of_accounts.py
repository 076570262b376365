"""Words for the codes of accounts, changes and standing."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACCOUNTS: dict[str, str | Promise] = {
    "opened": _("Opened, title to be checked"),
    "inactive": _("Waits for her visit"),
    "active": _("Active"),
    "blocked": _("Blocked by the bank"),
    "closed": _("Closed"),
}
TITLES: dict[str, str | Promise] = {
    "pending": _("Title to come"),
    "matched": _("Title matches"),
    "doubtful": _("Title in doubt"),
    "refused": _("Another person's title"),
}
REQUESTS: dict[str, str | Promise] = {
    "requested": _("Asked for"),
    "screened": _("Screened by the bank"),
    "opened": _("Account opened"),
    "refused": _("Refused by the bank"),
}
HELD_BACK: dict[str, str | Promise] = {
    "suspended": _("Suspended"),
    "payee_cnic_missing": _("The payee has no CNIC on record"),
    "payee_cnic_expired": _("The payee's CNIC has expired"),
    "family_cnic_missing": _("An adult of the family has no CNIC on record"),
    "spouse_unprofiled": _("Her husband is not known by a CNIC"),
    "no_account": _("No account yet"),
    "account_not_active": _("The account is not active"),
    "title_not_matched": _("The account's title is not confirmed"),
    "no_mobile": _("The wallet has no mobile number"),
}
CHANGES: dict[str, str | Promise] = {
    "account": _("Another account"),
    "cnic": _("Another CNIC number"),
    "payee": _("Another payee"),
    "asked": _("Waits for a second officer"),
    "approved": _("Approved"),
    "refused": _("Refused"),
}
FINDINGS: dict[str, str | Promise] = {
    "title_to_come": _("The bank's title is checked before anything is paid into it."),
    "cnic_of_another": _("The number belongs to another person of the registry."),
    "other_name": _("The name on the card is not the payee's."),
    "other_birth_year": _("The year of birth on the card is not the payee's."),
    "other_parity": _("The number's last digit is unusual for a woman or man; look at the card again."),
    "cnic_not_of_family": _("The number is not that of the surveyed family member."),
    "not_adult": _("The person chosen is not an adult."),
    "paid_already": _("The person chosen is a payee already."),
    "payee_is_man": _("The person chosen is a man; the programme pays women."),
}
VISITS: dict[str, str | Promise] = {
    "alive": _("Found alive"),
    "dead": _("Found to have died"),
    "not_found": _("Not found"),
}
EVENTS: dict[str, str | Promise] = {
    "standing": _("Standing"),
    "payee": _("Payee"),
    "request": _("Request for an account"),
    "account": _("Account"),
    "title": _("Title of the account"),
}
WHY: dict[str, str | Promise] = {
    "biometric": _("recognised by her fingerprint"),
    "verisys": _("recognised through Verisys"),
    "title_matched": _("Title matches"),
    "not_visited": _("nobody came to activate it"),
    "changed": _("Another account"),
    "payee_changed": _("Another payee"),
    "found_alive": _("Found alive"),
}
OF_ACCOUNTS = {
    "why": WHY,
    "account": ACCOUNTS,
    "title": TITLES,
    "request": REQUESTS,
    "held_back": HELD_BACK,
    "change": CHANGES,
    "finding": FINDINGS,
    "visit": VISITS,
    "event": EVENTS,
}
