"""What a programme folder says, as frozen typed values.

One class per kind of entry in `programmes/<code>/`. Files are YAML; amounts are written in whole rupees and
loaded as integer paisa; every value that can change over time carries `from`, optional `to`, and `source`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import Field

from kafalat.core.text import Bilingual
from kafalat.policy.accounts import AccountRules
from kafalat.policy.alerts import Alerts
from kafalat.policy.approvals import Approvals
from kafalat.policy.bank_profile import BankProfile
from kafalat.policy.base import Dated, InForce, Name, Strict, in_force
from kafalat.policy.reconciliation import Reconciliation
from kafalat.policy.verification import Verification

# What a part of the folder in a module of its own is made of; most rooms know it by this module.
__all__ = ["Dated", "InForce", "Name", "Strict", "in_force"]


class Fact(Strict):
    """A typed value about a household or a person.

    `collected` facts are answers of the interview; `derived` facts follow from them by `sql`, one expression in
    the engine's dialect over collected facts of `over` ("people": an aggregate over the household's members).
    `asked_if` limits a person's fact to those it is asked of; outside it, a missing answer is not missing.
    `order` says that a higher value (a later category, yes) is never poorer (`rising`), or never richer (`falling`).
    `proxy: false` keeps a fact out of the scorecard's points; `not_proxy` then says why.
    """

    name: Name
    level: Literal["household", "person"]
    kind: Literal["collected", "derived"]
    type: Literal["integer", "number", "boolean", "category"]
    label: Bilingual
    unit: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    categories: dict[Name, Bilingual] = Field(default_factory=dict)
    asked_if: str | None = None
    over: Literal["household", "people"] | None = None
    sql: str | None = None
    order: Literal["rising", "falling"] | None = None
    proxy: bool = True
    not_proxy: Bilingual | None = None
    source: str = Field(min_length=3)


class Span(Strict):
    """Values of one fact taken together: `is` for categories and booleans, `from`/`to` (both included) for whole numbers."""

    is_: tuple[str | bool, ...] | None = Field(default=None, alias="is")
    from_: int | None = Field(default=None, alias="from")
    to: int | None = None

    def has(self, value: bool | float | str | None) -> bool:
        """Say whether a known value lies in it; a missing one lies in no span."""
        if value is None:
            return False
        if self.is_ is not None:
            return any(
                value == each and isinstance(value, bool) == isinstance(each, bool) for each in self.is_
            )
        if isinstance(value, str | bool):
            return self.from_ is None and self.to is None
        return (self.from_ is None or value >= self.from_) and (self.to is None or value <= self.to)


class Bin(Span):
    """Values of one fact that earn the same points."""

    points: int


class Term(Strict):
    """One fact of the scorecard and the points of each of its bins; the bins cover every value once."""

    fact: Name
    bins: tuple[Bin, ...] = Field(min_length=2)


class Pair(Strict):
    """Two facts whose points depend on both: `points` has a row for each of `rows` (the first fact) and a column for each of `columns`."""

    facts: tuple[Name, ...] = Field(min_length=2, max_length=2)
    rows: tuple[Span, ...] = Field(min_length=2)
    columns: tuple[Span, ...] = Field(min_length=2)
    points: tuple[tuple[int, ...], ...] = Field(min_length=1)


class Stratum(Strict):
    """What is added for households whose stratum fact is one of the codes `is`, besides what all have in common."""

    is_: tuple[str, ...] = Field(alias="is", min_length=1)
    base_points: int = 0
    terms: tuple[Term, ...] = ()
    pairs: tuple[Pair, ...] = ()


class Scorecard(Strict):
    """Integer points per fact and bin, per pair of facts, and per stratum. Lower is poorer.

    Score = clamp(base_points + the stratum's base_points + all points that apply, minimum, maximum), within 0 to 100.
    `stratum` names a household category fact; each of its codes stands in exactly one of `strata`.
    `warning` says what a reader must know of a card that fits its survey weakly.
    """

    code: str
    label: Bilingual
    from_: date = Field(alias="from")
    base_points: int
    minimum: int = 0
    maximum: int = 100
    terms: tuple[Term, ...] = ()
    pairs: tuple[Pair, ...] = ()
    stratum: Name | None = None
    strata: tuple[Stratum, ...] = ()
    warning: Bilingual | None = None
    fitted: dict[str, str | int | float] = Field(default_factory=dict)
    source: str = Field(min_length=3)

    @property
    def facts(self) -> tuple[str, ...]:
        """The names of all facts it uses, each once, in the order in which they stand."""
        parts: list[Scorecard | Stratum] = [self, *self.strata]
        named = [] if self.stratum is None else [self.stratum]
        for part in parts:
            named += [term.fact for term in part.terms]
            named += [name for pair in part.pairs for name in pair.facts]
        return tuple(dict.fromkeys(named))


class Category(Strict):
    """A group of households with its own cut-off: those for whom `criterion` holds (everybody without one)."""

    code: Name
    label: Bilingual
    criterion: str | None = None
    cutoff: tuple[Dated[Decimal], ...] = Field(min_length=1)


class Exclusion(InForce):
    """A household for which `criterion` holds is ineligible whatever its score."""

    code: Name
    label: Bilingual
    criterion: str
    source: str = Field(min_length=3)


class PayeeRule(InForce):
    """Who in a family may be paid: the first rule, in order, that a member meets."""

    code: Name
    label: Bilingual
    criterion: str
    source: str = Field(min_length=3)


class NoPayeeReason(Strict):
    """Why a family has no payee: the first, in order, whose `criterion` some member meets; the last has none."""

    code: Name
    label: Bilingual
    criterion: str | None = None
    source: str = Field(min_length=3)


class Filter(InForce):
    """A list from outside that speaks against paying a family, and about whom it does.

    `hard` suspends the family until it brings proof; `soft` asks it and pays on. `subjects`: the payee (`self`), her
    spouse, or members of the household, of whom at least `members` must stand on the list. `label` names the list,
    `text` completes the sentence "The family is eligible, but cannot be paid yet: ...", and says what to bring.
    """

    code: Name
    kind: Literal["hard", "soft"]
    subjects: tuple[Literal["self", "spouse", "household"], ...] = Field(min_length=1)
    members: int = Field(default=1, ge=1)
    label: Bilingual
    text: Bilingual
    threshold: Bilingual | None = None
    source: str = Field(min_length=3)


class Eligibility(Strict):
    """Cut-offs, exclusions and payee rules (`eligibility.yaml`). `reasons` gives the text of each decision code."""

    categories: tuple[Category, ...] = Field(min_length=1)
    exclusions: tuple[Exclusion, ...] = ()
    payees: tuple[PayeeRule, ...] = Field(min_length=1)
    no_payee: tuple[NoPayeeReason, ...] = Field(min_length=1)
    reasons: dict[Name, Bilingual]


class Component(Strict):
    """A part of the payment, with its amount per family and quarter (integer paisa once loaded)."""

    code: Name
    label: Bilingual
    amount_paisa: tuple[Dated[int], ...] = Field(min_length=1)


class Phase(Strict):
    """An ordered group of places paid together. A place belongs to the phase naming it or its nearest ancestor.

    `channels` are the ways its money may go: into a bank `account`, into a `wallet`, or to be taken out at a `camp` site
    by those whose own channel is not among them.
    """

    code: Name
    label: Bilingual
    starts_after_days: int = Field(ge=0)
    channels: tuple[Literal["account", "wallet", "camp"], ...] = Field(
        default=("account", "wallet"), min_length=1
    )
    places: tuple[str, ...] = Field(min_length=1)
    source: str = Field(min_length=3)


class PhasePlan(InForce):
    """The phases in force for a time. A phase's list may leave `release_days_before` its first day, dated for that day."""

    release_days_before: int = Field(default=0, ge=0, le=60)
    phases: tuple[Phase, ...] = Field(min_length=1)


class Fund(InForce):
    """Who the money comes from. The first in force pays unless another is named; no quarter is paid from two."""

    code: Name
    label: Bilingual
    source: str = Field(min_length=3)


class Calendar(Strict):
    """Quarters, phases and funds (`calendar.yaml`). Tranches are calendar quarters; the fiscal year starts in `fiscal_year_starts_month`.

    A tranche also pays what is due of the `arrears_quarters` before it and was never paid, at the rate of each quarter.
    """

    fiscal_year_starts_month: int = Field(ge=1, le=12)
    appeal_days: int = Field(ge=1)
    arrears_quarters: int = Field(ge=0, le=40)
    funds: tuple[Fund, ...] = Field(min_length=1)
    phase_plans: tuple[PhasePlan, ...] = Field(min_length=1)
    source: str = Field(min_length=3)


class Bank(Strict):
    """A payment institution. `bic` is 8 or 11 characters; `iban_code` the four letters in its IBANs."""

    code: Name
    label: Bilingual
    bic: str = Field(pattern=r"\A[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?\z")
    iban_code: str = Field(pattern=r"\A[A-Z]{4}\z")
    channel: Literal["account", "wallet"]
    source: str = Field(min_length=3)


class Cluster(InForce):
    """Places served by one bank. A place belongs to the cluster naming it or its nearest ancestor."""

    code: Name
    label: Bilingual
    bank: Name
    places: tuple[str, ...] = Field(min_length=1)
    source: str = Field(min_length=3)


class Banks(Strict):
    """Institutions, their clusters, and what the programme's own account is called (`banks.yaml`)."""

    debtor_name: str = Field(min_length=3, max_length=70)
    debtor_iban: str
    debtor_bic: str
    banks: tuple[Bank, ...] = Field(min_length=1)
    clusters: tuple[Cluster, ...] = Field(min_length=1)
    # What a returned or rejected payment's bank code leads to: send again, or park until a person decides.
    reissue_codes: tuple[str, ...]
    attempts_max: int = Field(ge=1)
    source: str = Field(min_length=3)


class Share(InForce):
    """What a place has of the programme for a time; places below it that are not named share it."""

    place: str
    source: str = Field(min_length=3)


class Quota(Share):
    """How many families of a place may be in the programme at once."""

    families: int = Field(ge=0)


class Budget(Share):
    """What a place may cost a quarter, in whole rupees."""

    rupees_quarter: int = Field(ge=0)


class TieBreak(Strict):
    """Who goes first at equal scores: the lower SHA-256 of `<salt>|<survey key>`. Each salt holds for a time."""

    method: Literal["hash"]
    salts: tuple[Dated[str], ...] = Field(min_length=1)


class Selection(Strict):
    """Who of the eligible is enrolled (`selection.yaml`): all of them, so many per place, or so many as money allows."""

    by: Literal["cutoff", "quota", "budget"]
    tie_break: TieBreak
    quotas: tuple[Quota, ...] = ()
    budgets: tuple[Budget, ...] = ()
    source: str = Field(min_length=3)


class Effect(Strict):
    """What a verdict of a committee does: nothing, a new interview, or a shift of the rank by `points` of score."""

    does: Literal["none", "resurvey", "shift"]
    points: int | None = None


class Effects(Strict):
    """The effect of each verdict."""

    confirm: Effect
    wrongly_in: Effect
    wrongly_out: Effect
    unknown_household: Effect


class Alarms(Strict):
    """When a committee's verdicts are looked into.

    `other_verdicts_pct` of an honest committee's verdicts, at least, differ from the one it gives most; an alarm is
    raised where so few others have a chance below `chance_pct`. Another where `unknown_pct` of at least
    `verdicts_min` households are said to be unknown.
    """

    other_verdicts_pct: int = Field(ge=1, le=50)
    chance_pct: int = Field(ge=1, le=20)
    unknown_pct: int = Field(ge=1, le=100)
    verdicts_min: int = Field(ge=1)


class Validation(Strict):
    """How committees look at lists (`validation.yaml`). Points are points of score; no effect may exceed `shift_points_max`."""

    level: Literal["district", "tehsil"]
    members_min: int = Field(ge=1)
    near_miss_points: int = Field(ge=0, le=50)
    list_households_max: int = Field(ge=1)
    answer_days: int = Field(ge=1)
    shift_points_max: int = Field(ge=0, le=20)
    effects: Effects
    reasons: dict[Name, Bilingual] = Field(min_length=1)
    alarms: Alarms
    source: str = Field(min_length=3)


class RelationBand(Strict):
    """Scores `from` to `to` and how the survey's households with them live, in rupees of the line's year per head and month.

    `mean_ln` and `sd_ln` are of the logarithm of spending, `quantiles` its values at 5, 10 ... 95 percent, `replicates`
    the mean again in each bootstrap of the survey's sampling units (the same bootstraps in every band).
    """

    from_: int = Field(alias="from", ge=0, le=100)
    to: int = Field(ge=0, le=100)
    households: int = Field(ge=1)
    mean_ln: float
    sd_ln: float = Field(ge=0)
    quantiles: tuple[float, ...] = Field(min_length=19, max_length=19)
    replicates: tuple[float, ...] = ()


class Relation(Strict):
    """How spending follows from the score, as a survey shows it (`relation.yaml`, optional); for simulations, never for decisions.

    It belongs to the scorecard `scorecard` (its code). `line_rupees_month` is the official poverty line; `inflator` is
    what the survey's rupees were multiplied with so that the survey's share of poor people is `poor_people_share`.
    """

    survey: str
    scorecard: str
    currency_year: str
    line_rupees_month: tuple[Dated[Decimal], ...] = Field(min_length=1)
    poor_people_share: float = Field(gt=0, lt=1)
    line_survey_rupees_month: float = Field(gt=0)
    inflator: float = Field(gt=0)
    bands: tuple[RelationBand, ...] = Field(min_length=1)
    source: str = Field(min_length=3)


class Place(Strict):
    """A place of `places.csv`: level country, province, division, district or tehsil, keyed by its P-code."""

    pcode: str = Field(pattern=r"\A[A-Z]{2}[0-9A-Z]{0,10}\z")
    level: Literal["country", "province", "district", "tehsil"]
    parent: str | None
    name: Bilingual
    valid_from: date
    valid_to: date | None = None
    population: int | None = None
    households: int | None = None
    rural_share_pct: int | None = None
    tile_row: int | None = None
    tile_col: int | None = None


class Programme(Strict):
    """A whole programme folder, with the SHA-256 that is stamped on all that follows from it.

    `sha256` covers every file of the folder: SHA-256 over the lines `<sha256 of file>  <relative path>` in path order.
    """

    code: str
    label: Bilingual
    country: str
    currency: Literal["PKR"]
    legal_base: Bilingual
    source: str
    sha256: str
    facts: tuple[Fact, ...]
    scorecard: Scorecard
    eligibility: Eligibility
    components: tuple[Component, ...]
    calendar: Calendar
    approvals: Approvals
    banks: Banks
    selection: Selection
    validation: Validation
    messages: dict[Name, Bilingual]
    places: tuple[Place, ...]
    filters: tuple[Filter, ...] = ()
    bank_profiles: dict[Name, BankProfile] = Field(default_factory=dict)

    @property
    def unpaid_reasons(self) -> dict[str, Bilingual]:
        """The text of every reason for which an eligible family has no payee: each completes the same sentence."""
        return {entry.code: entry.label for entry in self.eligibility.no_payee} | {
            entry.code: entry.text for entry in self.filters if entry.kind == "hard"
        }

    relation: Relation | None = None
    # A programme whose money is not paid out at counters of its own has neither.
    verification: Verification | None = None
    alerts: Alerts | None = None
    # Without it no account is asked for or changed, and nobody is suspended.
    accounts: AccountRules | None = None
    # Without it no line is matched by its words, none is late, and no idle money is taken back.
    reconciliation: Reconciliation | None = None

    def fact(self, name: str) -> Fact:
        """Return the declared fact `name`. Raises KeyError."""
        for fact in self.facts:
            if fact.name == name:
                return fact
        raise KeyError(name)

    def cutoff(self, category: str, day: date) -> Decimal | None:
        """Return the cut-off of `category` in force on `day`, or None where it has none yet. Raises KeyError for an unknown category."""
        for entry in self.eligibility.categories:
            if entry.code == category:
                dated = in_force(entry.cutoff, day)
                return None if dated is None else dated.value
        raise KeyError(category)

    def amount_paisa(self, component: str, day: date) -> int | None:
        """Return the amount per family and quarter in force on `day`, or None. Raises KeyError for an unknown component."""
        for entry in self.components:
            if entry.code == component:
                dated = in_force(entry.amount_paisa, day)
                return None if dated is None else dated.value
        raise KeyError(component)
