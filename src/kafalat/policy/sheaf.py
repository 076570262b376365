"""All files of one programme folder together, each as far as it could be typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kafalat.policy.accounts import AccountRules
from kafalat.policy.alerts import Alerts
from kafalat.policy.approvals import Approvals
from kafalat.policy.bank_profile import BankProfile
from kafalat.policy.model import (
    Banks,
    Calendar,
    Eligibility,
    Programme,
    Relation,
    Scorecard,
    Selection,
    Validation,
)
from kafalat.policy.parts import AmountsFile, FactsFile, FiltersFile, Header, MessagesFile, Part
from kafalat.policy.places import Places
from kafalat.policy.reconciliation import Reconciliation
from kafalat.policy.verification import Verification


@dataclass(frozen=True)
class Sheaf:
    """What the checks across files look at."""

    header: Part[Header]
    facts: Part[FactsFile]
    scorecard: Part[Scorecard]
    eligibility: Part[Eligibility]
    amounts: Part[AmountsFile]
    calendar: Part[Calendar]
    approvals: Part[Approvals]
    banks: Part[Banks]
    selection: Part[Selection]
    validation: Part[Validation]
    messages: Part[MessagesFile]
    places: Places
    filters: Part[FiltersFile]
    relation: Part[Relation]
    verification: Part[Verification]
    alerts: Part[Alerts]
    accounts: Part[AccountRules]
    reconciliation: Part[Reconciliation]
    bank_profiles: Mapping[str, Part[BankProfile]]

    def programme(self, sha256: str) -> Programme | None:
        """Return the programme, or None where a file could not be typed."""
        header, facts, scorecard = self.header.value, self.facts.value, self.scorecard.value
        eligibility, amounts, calendar = self.eligibility.value, self.amounts.value, self.calendar.value
        approvals, banks, messages = self.approvals.value, self.banks.value, self.messages.value
        selection, validation = self.selection.value, self.validation.value
        if header is None or facts is None or scorecard is None or eligibility is None:
            return None
        if amounts is None or calendar is None or banks is None or messages is None:
            return None
        if selection is None or validation is None or approvals is None:
            return None
        return Programme(
            code=header.code,
            label=header.label,
            country=header.country,
            currency="PKR",
            legal_base=header.legal_base,
            source=header.source,
            sha256=sha256,
            facts=facts.facts,
            scorecard=scorecard,
            eligibility=eligibility,
            components=tuple(component.in_paisa() for component in amounts.components),
            calendar=calendar,
            approvals=approvals,
            banks=banks,
            selection=selection,
            validation=validation,
            messages=messages.messages,
            places=tuple(self.places.by_pcode.values()),
            relation=self.relation.value,
            verification=self.verification.value,
            alerts=self.alerts.value,
            accounts=self.accounts.value,
            reconciliation=self.reconciliation.value,
            bank_profiles={
                code: part.value for code, part in self.bank_profiles.items() if part.value is not None
            },
            filters=() if self.filters.value is None else self.filters.value.filters,
        )
