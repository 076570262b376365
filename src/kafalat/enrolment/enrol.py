"""Enrols the families a run found eligible, as far as there are places, and opens an account for each payee at the bank of
her place."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime

from django.db import transaction

from kafalat.audit import services as audit
from kafalat.core.identifiers import synthetic_mobile
from kafalat.core.problems import problem
from kafalat.core.progress import Progress, silent
from kafalat.core.sealing import Sealer
from kafalat.policy.geography import bank_by_place, banks_by_code
from kafalat.policy.model import Programme
from kafalat.registry import bulk
from kafalat.registry.selectors import MOBILE_PURPOSE, place_tree
from kafalat.targeting.models import Run

IBAN_PURPOSE = "account.iban"
_BATCH_ROWS = 20_000
# A beneficiary's first account has her own number, the next ones so much more each: no two accounts share one.
_ACCOUNTS_APART = 10**12
_MOBILES = 10**8
# Gives the IBAN of a new account: (the bank's four letters, a number no other account has).
IbanIssuer = Callable[[str, int], str]


# Who has a payee and was never enrolled; where places are limited, who fits in what is free, in the order of rank.
_NEXT = """
    WITH area AS (
        SELECT key AS pcode, value AS share FROM jsonb_each_text(%(areas)s::jsonb)
    ), open AS (
        SELECT p.family_id, p.person_id, p.reason, f.household_id, d.share_place_id, d.rank, d.standing
        FROM targeting_familypayee AS p JOIN registry_family AS f ON f.id = p.family_id
        JOIN targeting_decision AS d ON d.run_id = p.run_id AND d.household_id = f.household_id
        WHERE p.run_id = %(run)s AND p.person_id IS NOT NULL AND NOT EXISTS
            (SELECT FROM enrolment_beneficiary AS b WHERE b.programme_code = %(programme)s AND b.family_id = p.family_id)
    ), taken AS (
        SELECT area.share, count(*) AS families
        FROM enrolment_beneficiary AS b JOIN registry_family AS f ON f.id = b.family_id
        JOIN registry_household AS h ON h.id = f.household_id JOIN area ON area.pcode = h.place_id
        WHERE b.programme_code = %(programme)s AND b.status <> 'exited' GROUP BY area.share
    ), kept AS (
        -- Selected with nobody to be paid yet: the place is kept until she has a card.
        SELECT d.share_place_id AS share, count(*) AS families FROM targeting_decision AS d
        WHERE d.run_id = %(run)s AND d.standing = 'selected' AND NOT EXISTS (
            SELECT FROM targeting_familypayee AS p JOIN registry_family AS f ON f.id = p.family_id
            WHERE p.run_id = d.run_id AND f.household_id = d.household_id AND p.person_id IS NOT NULL
        ) GROUP BY d.share_place_id
    ), household AS (
        SELECT household_id, share_place_id, rank, sum(count(*)) OVER (PARTITION BY share_place_id ORDER BY rank) AS needed
        FROM open WHERE standing = 'selected' OR (standing = 'waiting' AND %(waiting)s)
        GROUP BY household_id, share_place_id, rank
    )
    SELECT open.* FROM open WHERE open.standing IS NULL OR open.household_id IN (
        SELECT household.household_id FROM household
        JOIN targeting_runshare AS s ON s.run_id = %(run)s AND s.place_id = household.share_place_id
        LEFT JOIN taken ON taken.share = s.place_id LEFT JOIN kept ON kept.share = s.place_id
        WHERE household.needed <= s.families - coalesce(taken.families, 0) - coalesce(kept.families, 0)
    )
"""
ACCOUNTS_LOCK = 0x4B41_0006  # whoever fills places sees those that were filled before


def enrol(*, run: Run, enrolled_on: date, actor: str, at: datetime) -> int:
    """Enrol every family of the run that has a payee and is not enrolled yet; return how many were added.

    By quota or budget only selected households, and only where a place is free: a family enrolled before keeps hers.
    """
    return _fill(run=run, waiting=False, enrolled_on=enrolled_on, actor=actor, at=at)


def promote(*, run: Run, enrolled_on: date, actor: str, at: datetime) -> int:
    """Enrol the next families of the waiting list for every place that has become free; return how many were added.

    Next is the best rank that has a payee; the first that does not fit ends it, for nobody is taken in another's stead.
    By cut-off nobody waits, and nothing happens.
    """
    return (
        0
        if run.selected is None
        else _fill(run=run, waiting=True, enrolled_on=enrolled_on, actor=actor, at=at)
    )


def _areas(run: Run) -> dict[str, str]:
    """Return the place whose quota or budget each place shares; nothing by cut-off."""
    shares = frozenset(run.shares.values_list("place_id", flat=True))
    if not shares:
        return {}
    tree = place_tree()
    above = {
        pcode: next((up.pcode for up in tree.up(pcode) if up.pcode in shares), None) for pcode in tree.nodes
    }
    return {pcode: share for pcode, share in above.items() if share is not None}


def _fill(*, run: Run, waiting: bool, enrolled_on: date, actor: str, at: datetime) -> int:
    with transaction.atomic():
        bulk.execute("SELECT pg_advisory_xact_lock(%s)", [ACCOUNTS_LOCK])
        added = bulk.execute(
            f"""
            INSERT INTO enrolment_beneficiary (programme_code, family_id, payee_id, payee_rule, run_id, status, enrolled_on,
                standing_by, standing_at)
            SELECT %(programme)s, next.family_id, next.person_id, next.reason, %(run)s, 'active', %(enrolled_on)s,
                %(actor)s, %(at)s
            FROM ({_NEXT}) AS next ORDER BY next.family_id
            ON CONFLICT DO NOTHING
            """,
            {
                "programme": run.programme_code,
                "run": run.pk,
                "enrolled_on": enrolled_on,
                "actor": actor,
                "at": at,
                "waiting": waiting,
                "areas": json.dumps(_areas(run)),
            },
        )
        if added:
            audit.record(
                at=at,
                actor=actor,
                action="families_promoted" if waiting else "families_enrolled",
                object_kind="run",
                object_id=run.pk,
                detail={"families": added},
            )
    return added


def open_accounts(
    *,
    programme: Programme,
    sealer: Sealer,
    issue_iban: IbanIssuer,
    synthetic: bool,
    opened_on: date,
    actor: str,
    at: datetime,
    progress: Progress = silent,
) -> int:
    """Open an account for every active beneficiary without one; return how many were opened.

    Her bank is that of the cluster naming her household's place or its nearest ancestor. An account opened so may be
    paid into at once where it is synthetic; any other waits for its title check and her visit. Of two who open at the
    same time the second waits, and finds nobody without an account. Raises the problem `enrolment.no_bank` when a place
    belongs to no cluster; nothing is opened then.
    """
    banks = banks_by_code(programme)
    places = bank_by_place(programme, opened_on)
    with transaction.atomic():
        bulk.execute("SELECT pg_advisory_xact_lock(%s)", [ACCOUNTS_LOCK])
        waiting = bulk.rows(
            """
            SELECT b.id + %s * (SELECT count(*) FROM enrolment_account AS a WHERE a.beneficiary_id = b.id), b.id, h.place_id
            FROM enrolment_beneficiary AS b
            JOIN registry_family AS f ON f.id = b.family_id JOIN registry_household AS h ON h.id = f.household_id
            WHERE b.programme_code = %s AND b.status = 'active'
                AND NOT EXISTS (SELECT FROM enrolment_account AS a WHERE a.beneficiary_id = b.id AND a.closed_on IS NULL)
            ORDER BY b.id
            """,
            [_ACCOUNTS_APART, programme.code],
        )
        for start in range(0, len(waiting), _BATCH_ROWS):
            batch = waiting[start : start + _BATCH_ROWS]
            unserved = next((place for _, _, place in batch if place not in places), None)
            if unserved is not None:
                raise problem("enrolment.no_bank", place=unserved)
            codes = [places[place] for _, _, place in batch]
            ibans = [
                issue_iban(banks[code].iban_code, number)
                for code, (number, _, _) in zip(codes, batch, strict=True)
            ]
            _insert_accounts(
                [beneficiary for _, beneficiary, _ in batch],
                codes,
                ibans,
                programme,
                sealer,
                synthetic,
                opened_on,
                actor,
                at,
            )
            progress((start + len(batch)) / len(waiting))
        if waiting:
            audit.record(
                at=at,
                actor=actor,
                action="accounts_opened",
                object_kind="programme",
                object_id=programme.code,
                detail={"accounts": len(waiting), "synthetic": synthetic},
            )
    progress(1.0)
    return len(waiting)


def _insert_accounts(
    beneficiaries: list[int],
    codes: list[str],
    ibans: list[str],
    programme: Programme,
    sealer: Sealer,
    synthetic: bool,
    opened_on: date,
    actor: str,
    at: datetime,
) -> None:
    about = {bank.code: {"bic": bank.bic, "channel": bank.channel} for bank in programme.banks.banks}
    # As the wallets' free SIM: a made-up number of her own.
    mobiles = [synthetic_mobile(number % _MOBILES) for number in beneficiaries]
    bulk.execute(
        """
        INSERT INTO enrolment_account (beneficiary_id, payee_id, bank, bank_bic, channel, iban_sealed, iban_last4, mobile_sealed,
            synthetic, opened_on, status, status_by, status_at, title_status, activation)
        SELECT new.beneficiary, b.payee_id, new.bank, about.value->>'bic', about.value->>'channel', new.sealed, new.last4,
            CASE about.value->>'channel' WHEN 'wallet' THEN new.mobile END, %(synthetic)s, %(opened_on)s,
            CASE WHEN %(synthetic)s THEN 'active' ELSE 'opened' END, %(actor)s, %(at)s,
            CASE WHEN %(synthetic)s THEN 'matched' ELSE 'pending' END, CASE WHEN %(synthetic)s THEN 'synthetic' ELSE '' END
        FROM unnest(%(beneficiaries)s::bigint[], %(banks)s::text[], %(ibans)s::bytea[], %(last4)s::text[], %(mobiles)s::bytea[])
            AS new (beneficiary, bank, sealed, last4, mobile)
        JOIN enrolment_beneficiary AS b ON b.id = new.beneficiary
        JOIN jsonb_each(%(about)s::jsonb) AS about ON about.key = new.bank
        """,
        {
            "synthetic": synthetic,
            "opened_on": opened_on,
            "actor": actor,
            "at": at,
            "beneficiaries": beneficiaries,
            "banks": codes,
            "ibans": sealer.seal_many(ibans, IBAN_PURPOSE),
            "last4": [iban[-4:] for iban in ibans],
            "mobiles": sealer.seal_many(mobiles, MOBILE_PURPOSE),
            "about": json.dumps(about),
        },
    )
