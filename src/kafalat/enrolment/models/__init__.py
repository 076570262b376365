"""Tables of enrolment: beneficiaries, the life of their accounts, changes to either, and the history of it all."""

from kafalat.enrolment.models.account import Account, AccountFile, AccountRequest
from kafalat.enrolment.models.beneficiary import Beneficiary, Event
from kafalat.enrolment.models.change import Change, LifeVisit

__all__ = ["Account", "AccountFile", "AccountRequest", "Beneficiary", "Change", "Event", "LifeVisit"]
