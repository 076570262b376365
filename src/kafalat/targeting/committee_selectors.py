"""Reads of community validation: lists with their households and verdicts, statistics and alarms by committee, and the
households that wait for a new interview."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count

from kafalat.core.text import Bilingual
from kafalat.policy.model import Alarms
from kafalat.registry import bulk
from kafalat.targeting.community import IN_FORCE
from kafalat.targeting.models import Committee, Conflict, Decision, Member, Run, ValidationList, Verdict

ALWAYS_THE_SAME, MANY_UNKNOWN = "always_the_same", "many_unknown"
QUEUE_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Row:
    """One household of a list as the committee meets it: two names and a number, no score and no reason.

    `woman` is who would be paid, or else the first woman of the household who is or was married; "" where there is none.
    """

    entry_id: int
    number: int
    proposed: bool
    head: Bilingual
    woman: Bilingual
    synthetic: bool
    verdict: Verdict | None
    conflicted: tuple[int, ...]


def first_committee() -> Committee | None:
    """Return the committee on record longest, or None before the first."""
    return Committee.objects.order_by("id").first()


def place_with_most_eligible(run: Run, level: str) -> str | None:
    """Return the P-code of the place of `level` that most eligible households of a run name as theirs, or None."""
    eligible = Decision.objects.filter(run=run, outcome="eligible", household__place__level=level)
    counted = eligible.values_list("household__place_id").annotate(n=Count("household_id"))
    most = counted.order_by("-n", "household__place_id").first()
    return None if most is None else str(most[0])


def rows_of(validation_list: ValidationList) -> list[Row]:
    """Return the households of a list in its order, each with the verdict that holds and the members with an interest."""
    names = bulk.rows(
        """
        SELECT e.id, e.number, e.proposed, e.household_id, head.name_en, head.name_ur, woman.name_en, woman.name_ur,
            coalesce(head.identity_synthetic, FALSE)
        FROM targeting_listentry AS e
        LEFT JOIN LATERAL (
            SELECT name_en, name_ur, identity_synthetic FROM registry_person AS p
            WHERE p.household_id = e.household_id AND p.relationship = 'head' ORDER BY p.line_no LIMIT 1
        ) AS head ON TRUE
        LEFT JOIN LATERAL (
            SELECT name_en, name_ur FROM registry_person AS p
            LEFT JOIN targeting_familypayee AS f ON f.run_id = %s AND f.family_id = p.family_id AND f.person_id = p.id
            WHERE p.household_id = e.household_id
                AND (f.person_id IS NOT NULL OR (p.sex = 'female' AND p.marital_status <> 'never_married'))
            ORDER BY f.person_id IS NULL, p.line_no LIMIT 1
        ) AS woman ON TRUE
        WHERE e.validation_list_id = %s ORDER BY e.number
        """,
        [validation_list.run_id, validation_list.pk],
    )
    holding = {
        verdict.entry_id: verdict
        for verdict in Verdict.objects.filter(
            entry__validation_list=validation_list, replaced_by__isnull=True
        ).select_related("member")
    }
    interests: dict[int, list[int]] = {}
    for household, member in Conflict.objects.filter(
        member__committee_id=validation_list.committee_id
    ).values_list("household_id", "member_id"):
        interests.setdefault(household, []).append(member)
    return [
        Row(
            entry_id=entry,
            number=number,
            proposed=proposed,
            head=Bilingual(en=head_en or "", ur=head_ur or ""),
            woman=Bilingual(en=woman_en or "", ur=woman_ur or ""),
            synthetic=synthetic,
            verdict=holding.get(entry),
            conflicted=tuple(interests.get(household, ())),
        )
        for entry, number, proposed, household, head_en, head_ur, woman_en, woman_ur, synthetic in names
    ]


def members_of(validation_list: ValidationList) -> list[Member]:
    """Return the members of the list's committee who have not left, the leader first."""
    return list(
        Member.objects.filter(committee_id=validation_list.committee_id, left_on__isnull=True).order_by(
            "-leader", "id"
        )
    )


def answered(list_ids: list[int]) -> dict[int, tuple[int, int]]:
    """Return households and households with a verdict of each list."""
    found = bulk.rows(
        """
        SELECT e.validation_list_id, count(*), count(*) FILTER (WHERE EXISTS
            (SELECT FROM targeting_verdict AS v WHERE v.entry_id = e.id))
        FROM targeting_listentry AS e WHERE e.validation_list_id = ANY(%s) GROUP BY e.validation_list_id
        """,
        [list_ids],
    )
    return {number: (households, said) for number, households, said in found}


# ---- statistics -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one committee has said so far, over all its lists.

    `rank_agreement`: of all pairs of a household it holds poor and one it does not, the share in which the poor one has
    the lower score, ties half; 0.5 is chance, None where it has not said both.
    """

    committee_id: int
    place: str
    households: int
    verdicts: int
    confirm: int
    wrongly_in: int
    wrongly_out: int
    unknown_household: int
    rank_agreement: float | None
    alarms: tuple[str, ...]

    def share_pct(self, count: int) -> int:
        """Return a count as a share of all verdicts."""
        return round(100 * count / self.verdicts) if self.verdicts else 0

    @property
    def confirm_pct(self) -> int:
        """Return the share of confirmations."""
        return self.share_pct(self.confirm)

    @property
    def unknown_pct(self) -> int:
        """Return the share of unknown households."""
        return self.share_pct(self.unknown_household)


def chance_of_so_few(others: int, verdicts: int, share: float) -> float:
    """Return the chance that at most `others` of `verdicts` differ, when each differs with the chance `share` (binomial)."""
    return math.fsum(
        math.exp(
            math.lgamma(verdicts + 1) - math.lgamma(k + 1) - math.lgamma(verdicts - k + 1)
            + k * math.log(share) + (verdicts - k) * math.log1p(-share)
        )
        for k in range(others + 1)
    )  # fmt: skip


def alarms_of(counts: dict[str, int], rules: Alarms) -> tuple[str, ...]:
    """Return what to look into for a committee with so many verdicts of each kind."""
    verdicts, most = sum(counts.values()), max(counts.values(), default=0)
    found = []
    if (
        verdicts
        and chance_of_so_few(verdicts - most, verdicts, rules.other_verdicts_pct / 100)
        < rules.chance_pct / 100
    ):
        found.append(ALWAYS_THE_SAME)
    if verdicts >= rules.verdicts_min and 100 * counts["unknown_household"] >= rules.unknown_pct * verdicts:
        found.append(MANY_UNKNOWN)
    return tuple(found)


def statistics(rules: Alarms) -> list[Statistics]:
    """Return the statistics of every committee that was given a list, alarms first, then by place."""
    found = bulk.rows(
        f"""
        WITH said AS (
            SELECT l.committee_id, v.verdict, d.score,
                CASE WHEN v.verdict = 'unknown_household' THEN NULL
                     ELSE v.proposed = (v.verdict = 'confirm') END AS poor
            FROM ({IN_FORCE}) AS v JOIN targeting_validationlist AS l ON l.id = v.validation_list_id
            LEFT JOIN targeting_decision AS d ON d.run_id = l.run_id AND d.household_id = v.household_id
        ), ranked AS (
            -- The mean rank of equal scores.
            SELECT committee_id, poor, rank() OVER (PARTITION BY committee_id ORDER BY score)
                + (count(*) OVER (PARTITION BY committee_id, score) - 1) / 2.0 AS position
            FROM said WHERE poor IS NOT NULL AND score IS NOT NULL
        ), pairs AS (
            SELECT committee_id, count(*) FILTER (WHERE poor) AS poor, count(*) FILTER (WHERE NOT poor) AS others,
                coalesce(sum(position) FILTER (WHERE poor), 0) AS positions
            FROM ranked GROUP BY committee_id
        ), asked AS (
            SELECT l.committee_id, count(*) AS households
            FROM targeting_validationlist AS l JOIN targeting_listentry AS e ON e.validation_list_id = l.id GROUP BY 1
        ), counted AS (
            SELECT committee_id, count(*) FILTER (WHERE verdict = 'confirm') AS confirm,
                count(*) FILTER (WHERE verdict = 'wrongly_in') AS wrongly_in,
                count(*) FILTER (WHERE verdict = 'wrongly_out') AS wrongly_out,
                count(*) FILTER (WHERE verdict = 'unknown_household') AS unknown_household
            FROM said GROUP BY committee_id
        )
        SELECT c.id, c.place_id, asked.households, coalesce(n.confirm, 0), coalesce(n.wrongly_in, 0),
            coalesce(n.wrongly_out, 0), coalesce(n.unknown_household, 0),
            CASE WHEN p.poor * p.others > 0
                 THEN 1 - (p.positions - p.poor * (p.poor + 1) / 2.0) / (p.poor * p.others) END
        FROM asked JOIN targeting_committee AS c ON c.id = asked.committee_id
        LEFT JOIN counted AS n ON n.committee_id = c.id LEFT JOIN pairs AS p ON p.committee_id = c.id
        """
    )
    listed = []
    for committee, place, households, confirm, wrongly_in, wrongly_out, unknown, agreement in found:
        counts = {
            "confirm": confirm,
            "wrongly_in": wrongly_in,
            "wrongly_out": wrongly_out,
            "unknown_household": unknown,
        }
        listed.append(
            Statistics(
                committee_id=committee,
                place=place,
                households=households,
                verdicts=sum(counts.values()),
                rank_agreement=None if agreement is None else float(agreement),
                alarms=alarms_of(counts, rules),
                **counts,
            )
        )
    return sorted(listed, key=lambda entry: (not entry.alarms, entry.place))


# ---- new interviews -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToResurvey:
    """A household a committee's verdict sends to a new interview; it leaves the queue when it was interviewed since."""

    household_id: int
    form_number: str
    place: str
    verdict: str
    reason: str
    entered_at: datetime
    interviewed_on: date


def resurvey_queue(limit: int = QUEUE_LIMIT) -> list[ToResurvey]:
    """Return the households that wait for a new interview, the longest waiting first, at most `limit`."""
    found = bulk.rows(
        f"""
        SELECT h.id, h.form_number, h.place_id, v.verdict, v.reason, v.entered_at, h.interviewed_on
        FROM ({IN_FORCE}) AS v JOIN registry_household AS h ON h.id = v.household_id
        WHERE v.effect = 'resurvey' AND h.interviewed_on <= v.entered_at::date
        ORDER BY v.entered_at, h.id LIMIT %s
        """,
        [limit],
    )
    return [ToResurvey(*row) for row in found]
