"""Why a family that is in the programme cannot be paid now: one SQL text for a nation and for one family alike.

The reasons, in the order in which a clerk settles them. They follow the audits: three million families were paid without
a registered CNIC of the family, and husbands were never profiled because their CNIC was unknown (domain.md, section 9);
an expired CNIC blocks payment until it is renewed (section 3); nothing is paid into an account before its title is
checked and its holder has come in person (section 5.1).
"""

from __future__ import annotations

from datetime import date

from kafalat.registry import bulk

ADULT_YEARS = 18
REASONS = (
    "suspended",
    "payee_cnic_missing",
    "payee_cnic_expired",
    "family_cnic_missing",
    "spouse_unprofiled",
    "no_account",
    "account_not_active",
    "title_not_matched",
    "no_mobile",
)

# Rows (beneficiary_id, reason), a row for each reason that holds. Parameters: programme (its code) and day (of the cycle).
# Who has left is not in it. A woman whose husband lives elsewhere is married by her own word: he cannot be profiled.
HELD_BACK_SQL = f"""
    SELECT b.id AS beneficiary_id, 'suspended' AS reason FROM enrolment_beneficiary AS b
    WHERE b.programme_code = %(programme)s AND b.status = 'suspended'
    UNION ALL
    SELECT b.id, CASE WHEN p.cnic_sealed IS NULL THEN 'payee_cnic_missing' ELSE 'payee_cnic_expired' END
    FROM enrolment_beneficiary AS b JOIN registry_person AS p ON p.id = b.payee_id
    WHERE b.programme_code = %(programme)s AND b.status = 'active'
        AND (p.cnic_sealed IS NULL OR p.cnic_valid_until < %(day)s)
    UNION ALL
    SELECT DISTINCT b.id, 'family_cnic_missing'
    FROM enrolment_beneficiary AS b JOIN registry_person AS p ON p.family_id = b.family_id AND p.id <> b.payee_id
    WHERE b.programme_code = %(programme)s AND b.status = 'active' AND p.cnic_sealed IS NULL AND p.age_years >= {ADULT_YEARS}
    UNION ALL
    SELECT b.id, 'spouse_unprofiled'
    FROM enrolment_beneficiary AS b JOIN registry_person AS p ON p.id = b.payee_id
    WHERE b.programme_code = %(programme)s AND b.status = 'active' AND p.marital_status = 'married' AND p.sex = 'female'
        AND NOT EXISTS (
            SELECT FROM registry_person AS h WHERE h.household_id = p.household_id AND h.sex = 'male'
                AND h.marital_status = 'married' AND h.cnic_sealed IS NOT NULL
                AND (h.line_no = p.spouse_line OR h.spouse_line = p.line_no OR h.family_id = p.family_id)
        )
    UNION ALL
    SELECT b.id, 'no_account' FROM enrolment_beneficiary AS b
    WHERE b.programme_code = %(programme)s AND b.status = 'active'
        AND NOT EXISTS (SELECT FROM enrolment_account AS a WHERE a.beneficiary_id = b.id AND a.closed_on IS NULL)
    UNION ALL
    SELECT b.id, fault.reason
    FROM enrolment_account AS a JOIN enrolment_beneficiary AS b ON b.id = a.beneficiary_id
    CROSS JOIN LATERAL (VALUES
        ('account_not_active', a.status <> 'active'),
        ('title_not_matched', a.title_status <> 'matched'),
        ('no_mobile', a.channel = 'wallet' AND a.mobile_sealed IS NULL)
    ) AS fault (reason, holds)
    WHERE b.programme_code = %(programme)s AND b.status = 'active' AND a.closed_on IS NULL AND fault.holds
        AND (a.status <> 'active' OR a.title_status <> 'matched' OR (a.channel = 'wallet' AND a.mobile_sealed IS NULL))
"""


def held_back_counts(*, programme_code: str, day: date) -> dict[str, int]:
    """Return how many families each reason holds back; a reason that holds nobody back is absent."""
    found = dict(
        bulk.rows(
            f"SELECT reason, count(*) FROM ({HELD_BACK_SQL}) AS held GROUP BY reason",
            {"programme": programme_code, "day": day},
        )
    )
    return {reason: found[reason] for reason in REASONS if reason in found}


def reasons_of(*, beneficiary_id: int, programme_code: str, day: date) -> list[str]:
    """Return why one beneficiary is not payable on `day`, in the order of `REASONS`; nothing where she is."""
    found = bulk.rows(
        f"SELECT reason FROM ({HELD_BACK_SQL}) AS held WHERE beneficiary_id = %(beneficiary)s",
        {"programme": programme_code, "day": day, "beneficiary": beneficiary_id},
    )
    return sorted((reason for (reason,) in found), key=REASONS.index)
