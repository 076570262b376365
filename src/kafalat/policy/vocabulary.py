"""The names that the code and every programme folder share: core columns of people, decision reasons, messages."""

from __future__ import annotations

from collections.abc import Mapping

from kafalat.policy.expression_types import BOOLEAN, INTEGER, FactType

# Columns every survey gives for each person; expressions may use them without a declaration in facts.yaml.
PERSON_CORE: Mapping[str, FactType] = {
    "relationship": FactType(
        "category",
        frozenset(
            [
                "head",
                "spouse",
                "child",
                "child_in_law",
                "grandchild",
                "parent",
                "parent_in_law",
                "sibling",
                "sibling_in_law",
                "nephew_niece",
                "grandparent",
                "uncle_aunt",
                "other",
            ]
        ),
    ),
    "sex": FactType("category", frozenset({"female", "male", "transgender"})),
    "age_years": INTEGER,
    "marital_status": FactType("category", frozenset({"never_married", "married", "widowed", "divorced"})),
    "cnic_status": FactType("category", frozenset({"valid", "expired", "missing"})),
    "cnic_gender_updated": BOOLEAN,
}

# Other columns of the two survey tables: no fact may take their names.
TABLE_COLUMNS = frozenset(
    [
        "household_key",
        "place_pcode",
        "interviewed_on",
        "psu",
        "weight",
        "spending_rupees_year",
        "form_number",
        "line_no",
        "spouse_line",
        "father_line",
        "mother_line",
        "name_en",
        "name_ur",
        "cnic",
        "cnic_valid_until",
        "mobile",
        "identity_synthetic",
    ]
)

# What the engine adds to the facts of a household: no fact may take these names either.
DECISION_COLUMNS = frozenset(
    [
        "household_id",
        "family_id",
        "person_id",
        "district_pcode",
        "score",
        "selected",
        "excluded",
        "outcome",
        "category",
        "reasons",
        "missing_facts",
        "filters",
    ]
)

# Reason codes that every programme needs, besides one `score_within_<category>` per category and one per exclusion.
REASONS = frozenset({"score_above_cutoff", "missing_facts"})
REASON_WITHIN = "score_within_"
# The further reason of an eligible household that waits, where not all of the eligible are selected.
WAITING_LIST = "waiting_list"

# Each message with the placeholders that are filled in when it is shown or sent.
MESSAGES: Mapping[str, frozenset[str]] = {
    "status_paid": frozenset({"amount", "tranche", "bank"}),
    "status_payment_coming": frozenset({"amount", "tranche", "bank"}),
    "status_enrolled": frozenset({"bank"}),
    "status_eligible_no_payee": frozenset({"reason"}),
    "status_ineligible": frozenset({"reason", "appeal_until"}),
    "status_incomplete": frozenset({"facts"}),
    "status_surveyed": frozenset(),
    "status_eligible": frozenset(),
    "status_suspended": frozenset(),
    "status_exited": frozenset(),
    "status_payment_returned": frozenset({"amount", "tranche", "bank"}),
    "status_not_found": frozenset(),
    "slip_appeal": frozenset({"appeal_until"}),
    "slip_free": frozenset(),
    "payment_sent": frozenset({"amount", "tranche", "bank"}),
    "payment_returned": frozenset({"amount", "tranche", "bank"}),
}
