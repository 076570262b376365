"""Checks what no value can say about itself: dates that overlap, codes used twice, places and banks that are not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from kafalat.policy import accountcheck, approvalcheck, countercheck, reconcilecheck, rulecheck, scorecheck
from kafalat.policy.bankcheck import bank_profiles
from kafalat.policy.coverage import coverage
from kafalat.policy.documents import texts_at
from kafalat.policy.findings import Fault, Finding, nearest
from kafalat.policy.model import Share
from kafalat.policy.ranges import Ranged, overlaps
from kafalat.policy.sheaf import Sheaf
from kafalat.policy.wording import wording

Location = tuple[str | int, ...]
# The sign of the points by which a verdict may shift: a higher score goes further back.
_WAY = {"wrongly_in": 1, "wrongly_out": -1}


def cross_check(sheaf: Sheaf) -> list[Finding]:
    """Return the findings of every rule that looks at more than one value."""
    checks = (
        wording,
        rulecheck.facts,
        scorecheck.scorecard,
        scorecheck.relation,
        rulecheck.eligibility_rules,
        eligibility,
        filters,
        amounts,
        calendar,
        approvalcheck.approvals,
        banks,
        bank_profiles,
        selection,
        validation,
        countercheck.verification,
        countercheck.alerts,
        accountcheck.accounts,
        reconcilecheck.reconciliation,
        coverage,
        header,
    )
    return [finding for check in checks for finding in check(sheaf)]


def repeated(codes: Sequence[str]) -> Iterator[tuple[int, Fault]]:
    """Yield the index and fault of each code that stood before."""
    for index, code in enumerate(codes):
        if code in codes[:index]:
            yield index, Fault(f"The code '{code}' stands twice.", f"کوڈ «{code}» دو بار لکھا ہے۔")


def header(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `programme.yaml` and the names of facts."""
    part, facts = sheaf.header, sheaf.facts
    if part.value is not None and sheaf.places.whole:
        countries = [place.pcode for place in sheaf.places.of_level("country")]
        if part.value.country not in countries:
            fault = Fault(
                f"'{part.value.country}' is no country of places.csv.",
                f"«{part.value.country}» places.csv کا کوئی ملک نہیں۔",
                countries[0] if countries else None,
            )
            yield part.finding(("country",), fault)
    if facts.value is not None:
        for index, fault in repeated([fact.name for fact in facts.value.facts]):
            yield facts.finding(("facts", index, "name"), fault)


def eligibility(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `eligibility.yaml` but for its criteria and texts."""
    part = sheaf.eligibility
    if part.value is None:
        return
    value = part.value
    for key, codes in (
        ("categories", [entry.code for entry in value.categories]),
        ("exclusions", [entry.code for entry in value.exclusions]),
        ("payees", [entry.code for entry in value.payees]),
        ("no_payee", [entry.code for entry in value.no_payee]),
    ):
        for index, fault in repeated(codes):
            yield part.finding((key, index, "code"), fault)
    for position, category in enumerate(value.categories):
        for index, fault in overlaps(category.cutoff):
            yield part.finding(("categories", position, "cutoff", index, "from"), fault)
    entries: list[tuple[Location, Ranged]] = [
        (("exclusions", index, "to"), entry) for index, entry in enumerate(value.exclusions)
    ]
    entries += [(("payees", index, "to"), entry) for index, entry in enumerate(value.payees)]
    for location, entry in entries:
        for _, fault in overlaps([entry]):
            yield part.finding(location, fault)
    yield from _whom_nothing_covers(sheaf)
    yield from _cutoffs(sheaf)


def _whom_nothing_covers(sheaf: Sheaf) -> Iterator[Finding]:
    part = sheaf.eligibility
    if part.value is None or not part.whole:
        return
    if all(category.criterion is not None for category in part.value.categories):
        fault = Fault(
            "No category is for everybody; one must have no criterion.",
            "کوئی زمرہ سب کے لیے نہیں؛ ایک زمرے کی کوئی شرط نہ ہو۔",
        )
        yield part.finding(("categories",), fault)
    last = len(part.value.no_payee) - 1
    for index, reason in enumerate(part.value.no_payee):
        if (reason.criterion is None) != (index == last):
            fault = Fault(
                "The last reason, and only the last, has no criterion.", "صرف آخری وجہ کی کوئی شرط نہیں ہوتی۔"
            )
            yield part.finding(("no_payee", index), fault)


def _cutoffs(sheaf: Sheaf) -> Iterator[Finding]:
    """A cut-off outside the range of the score would let everybody in, or nobody."""
    part, card = sheaf.eligibility, sheaf.scorecard.value
    if part.value is None or card is None:
        return
    for position, category in enumerate(part.value.categories):
        for index, dated in enumerate(category.cutoff):
            if not card.minimum <= dated.value <= card.maximum:
                fault = Fault(
                    f"The cut-off {dated.value} lies outside the score's range, {card.minimum} to {card.maximum}.",
                    f"حدِ اسکور {dated.value} اسکور کی حدود {card.minimum} تا {card.maximum} سے باہر ہے۔",
                )
                yield part.finding(("categories", position, "cutoff", index, "value"), fault)


def filters(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `filters.yaml`: codes that stand twice or mean something else already, dates, subjects."""
    part, rules = sheaf.filters, sheaf.eligibility.value
    if part.value is None:
        return
    entries = part.value.filters
    for index, fault in repeated([entry.code for entry in entries]):
        yield part.finding(("filters", index, "code"), fault)
    # A family's one reason is a payee rule, a reason for having no payee, or a hard filter.
    taken = {rule.code for rule in rules.payees} if rules else set[str]()
    taken |= {reason.code for reason in rules.no_payee} if rules else set()
    for index, entry in enumerate(entries):
        if entry.code in taken:
            fault = Fault(
                f"The code '{entry.code}' stands in eligibility.yaml already; name the filter otherwise.",
                f"کوڈ «{entry.code}» eligibility.yaml میں پہلے سے ہے؛ چھان بین کا نام بدلیں۔",
            )
            yield part.finding(("filters", index, "code"), fault)
        for _, fault in overlaps([entry]):
            yield part.finding(("filters", index, "to"), fault)
        for _, fault in repeated(entry.subjects):
            yield part.finding(("filters", index, "subjects"), fault)
        if entry.members > 1 and entry.subjects != ("household",):
            fault = Fault(
                "Only a filter about the household alone counts members.",
                "افراد کی گنتی (members) صرف اس چھان بین میں ہوتی ہے جو صرف گھرانے (household) کے بارے میں ہو۔",
            )
            yield part.finding(("filters", index, "members"), fault)


def amounts(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `amounts.yaml`."""
    part = sheaf.amounts
    if part.value is None:
        return
    for index, fault in repeated([component.code for component in part.value.components]):
        yield part.finding(("components", index, "code"), fault)
    for position, component in enumerate(part.value.components):
        for index, fault in overlaps(component.amount_rupees):
            yield part.finding(("components", position, "amount_rupees", index, "from"), fault)


def calendar(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `calendar.yaml` but for its places."""
    part = sheaf.calendar
    if part.value is None:
        return
    for index, fault in overlaps(part.value.phase_plans):
        yield part.finding(("phase_plans", index, "from"), fault)
    for position, plan in enumerate(part.value.phase_plans):
        for index, fault in repeated([phase.code for phase in plan.phases]):
            yield part.finding(("phase_plans", position, "phases", index, "code"), fault)
    for index, fault in repeated([fund.code for fund in part.value.funds]):
        yield part.finding(("funds", index, "code"), fault)


def banks(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `banks.yaml` but for its places."""
    part = sheaf.banks
    if part.value is None:
        return
    value = part.value
    for key, field, codes in (
        ("banks", "code", [bank.code for bank in value.banks]),
        ("banks", "bic", [bank.bic for bank in value.banks]),
        ("banks", "iban_code", [bank.iban_code for bank in value.banks]),
        ("clusters", "code", [cluster.code for cluster in value.clusters]),
    ):
        for index, fault in repeated(codes):
            yield part.finding((key, index, field), fault)
    for index, fault in repeated(value.reissue_codes):
        yield part.finding(("reissue_codes", index), fault)
    known = texts_at(part.written, "banks", "code")
    for index, cluster in enumerate(value.clusters):
        if cluster.bank not in known:
            fault = Fault(
                f"'{cluster.bank}' is no bank of this file.",
                f"«{cluster.bank}» اس فائل کا کوئی بینک نہیں۔",
                nearest(cluster.bank, known),
            )
            yield part.finding(("clusters", index, "bank"), fault)
        for _, fault in overlaps([cluster]):
            yield part.finding(("clusters", index, "to"), fault)
    for location, fault in _bank_numbers(sheaf):
        yield part.finding(location, fault)


def _bank_numbers(sheaf: Sheaf) -> Iterator[tuple[Location, Fault]]:
    """Yield the faults of IBANs, BICs and reason codes. Pakistan's banks are in no public register schwifty could look in."""
    value = sheaf.banks.value
    if value is None:
        return
    country = sheaf.header.value.country if sheaf.header.value else "PK"
    bics: list[tuple[Location, str]] = [(("debtor_bic",), value.debtor_bic)]
    bics += [(("banks", index, "bic"), bank.bic) for index, bank in enumerate(value.banks)]
    for location, bic in bics:
        if not _valid_bic(bic, country):
            yield (
                location,
                Fault(
                    f"'{bic}' is no BIC of a bank in {country}.",
                    f"«{bic}» {country} کے کسی بینک کا درست BIC نہیں۔",
                ),
            )
    ibans: list[tuple[Location, str]] = [(("debtor_iban",), value.debtor_iban)]
    for location, iban in ibans:
        if not _valid_iban(iban, country):
            yield (
                location,
                Fault(
                    f"'{iban}' is no valid IBAN of {country}: the length, the bank code or the check digits are wrong.",
                    f"«{iban}» {country} کا درست IBAN نہیں: لمبائی، بینک کوڈ یا پڑتالی ہندسے غلط ہیں۔",
                ),
            )
    for index, code in enumerate(value.reissue_codes):
        if not (
            len(code) == 4 and code[:2].isalpha() and code.isupper() and code[2:].isalnum() and code.isascii()
        ):
            yield (
                ("reissue_codes", index),
                Fault(
                    f"'{code}' is no ISO 20022 reason code, such as AB05.",
                    f"«{code}» ISO 20022 کا وجہ کوڈ نہیں، جیسے AB05۔",
                ),
            )


def _valid_bic(bic: str, country: str) -> bool:
    try:
        return str(BIC(bic).country_code) == country
    except SchwiftyException:
        return False


def _valid_iban(iban: str, country: str) -> bool:
    try:
        parsed = IBAN(iban)
    except SchwiftyException:
        return False
    return str(parsed) == iban and str(parsed.country_code) == country


def selection(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of `selection.yaml` but for its places."""
    part = sheaf.selection
    if part.value is None:
        return
    for index, fault in overlaps(part.value.tie_break.salts):
        yield part.finding(("tie_break", "salts", index, "from"), fault)
    named: tuple[tuple[str, Sequence[Share]], ...] = (
        ("quotas", part.value.quotas),
        ("budgets", part.value.budgets),
    )
    for key, rows in named:
        for index, row in enumerate(rows):
            of_place = [number for number, other in enumerate(rows) if other.place == row.place]
            faults = dict(overlaps([rows[number] for number in of_place]))
            if of_place.index(index) in faults:
                yield part.finding((key, index, "from"), faults[of_place.index(index)])


def validation(sheaf: Sheaf) -> Iterator[Finding]:
    """Yield the findings of the effects in `validation.yaml`: a shift is bounded, and goes the way the verdict says."""
    part = sheaf.validation
    if part.value is None:
        return
    most = part.value.shift_points_max
    by_cutoff = sheaf.selection.value is not None and sheaf.selection.value.by == "cutoff"
    for verdict, effect in part.value.effects:
        location = ("effects", verdict)
        if (effect.points is not None) != (effect.does == "shift"):
            yield part.finding(
                location,
                Fault(
                    "A shift, and only a shift, has points.",
                    "پوائنٹس صرف shift کے ہوتے ہیں، اور اس کے ضرور ہوتے ہیں۔",
                ),
            )
        elif effect.points is not None and abs(effect.points) > most:
            yield part.finding(
                (*location, "points"),
                Fault(
                    f"A verdict may shift by {most} points at most (shift_points_max), not by {effect.points}.",
                    f"کمیٹی کی رائے زیادہ سے زیادہ {most} پوائنٹ (shift_points_max) بدل سکتی ہے، {effect.points} نہیں۔",
                ),
            )
        elif effect.points is not None and effect.points * _WAY.get(verdict, 0) < 0:
            yield part.finding(
                (*location, "points"),
                Fault(
                    "'wrongly_in' shifts to the back (points above 0), 'wrongly_out' to the front (below 0).",
                    "wrongly_in پیچھے لے جاتا ہے (پوائنٹ 0 سے زیادہ)، wrongly_out آگے (0 سے کم)۔",
                ),
            )
        elif effect.does == "shift" and by_cutoff:
            yield part.finding(
                location,
                Fault(
                    "By cut-off there is no rank to shift; use 'resurvey' or 'none'.",
                    "حدِ اسکور سے انتخاب میں کوئی درجہ بندی نہیں ہوتی جو بدلے؛ resurvey یا none لکھیں۔",
                ),
            )
