"""Selection: who of the eligible households is enrolled, where a place has a quota or a budget, and who waits.

Within the place that a share belongs to, households are ranked by score, the lowest first, shifted by what committees
said within the programme's bound; at equal scores by the SHA-256 of a public salt and the survey's own key of the
household, which depends on no name, no number of ours and no order of arrival. A household takes as many places as it
has families with a payee, and at least one. The first that no longer fits waits, and all after it: so nobody is passed
over by a worse rank.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from kafalat.core.money import PAISA_PER_RUPEE
from kafalat.core.problems import problem
from kafalat.engine.sql import literal
from kafalat.policy.geography import nearest
from kafalat.policy.model import Programme, in_force
from kafalat.policy.vocabulary import WAITING_LIST

SELECTION = "selection"  # the folder of a run's result that holds it
SELECTED, WAITING = "selected", "waiting"
VERDICT_COLUMNS: Mapping[str, str] = {
    "household_id": "BIGINT",
    "shift_points": "INTEGER",
    "resurvey": "BOOLEAN",
}


def selects(programme: Programme) -> bool:
    """Say whether some of the eligible may have to wait."""
    return programme.selection.by != "cutoff"


def shares(programme: Programme, day: date) -> dict[str, int]:
    """Return how many families each named place may have on `day`; nothing by cut-off.

    Raises the problem `targeting.no_amount` where a budget cannot be turned into families.
    """
    selection = programme.selection
    if selection.by == "quota":
        return {row.place: row.families for row in selection.quotas if row.covers(day)}
    if selection.by == "cutoff":
        return {}
    amounts = [programme.amount_paisa(component.code, day) for component in programme.components]
    per_family_paisa = sum(amount for amount in amounts if amount is not None)
    if per_family_paisa == 0:
        raise problem("targeting.no_amount", day=day)
    return {
        row.place: row.rupees_quarter * PAISA_PER_RUPEE // per_family_paisa
        for row in selection.budgets
        if row.covers(day)
    }


def tie_break_key(salt: str, survey_key: str) -> str:
    """Return what decides between equal scores, the lower first: as `printf '%s' 'SALT|KEY' | sha256sum` prints it."""
    return hashlib.sha256(f"{salt}|{survey_key}".encode()).hexdigest()


def selection_sql(programme: Programme, day: date) -> str:
    """Return a SELECT of household_id, place, rank (from 1, by place), families and standing for each eligible household.

    It reads `decisions` (household_id, outcome, score), `payees` (household_id, person_id), `households`
    (household_id, place_pcode, survey_key) and `verdicts` (household_id, shift_points). `place` is NULL where no share
    covers a household: `unplaced` looks for that. Raises the problems of `shares`, and `targeting.no_salt`.
    """
    families = shares(programme, day)
    salt = in_force(programme.selection.tie_break.salts, day)
    if salt is None:
        raise problem("targeting.no_salt", day=day)
    most = programme.validation.shift_points_max
    named = nearest(programme.places, {place: place for place in families})
    areas = ", ".join(
        f"({literal(p)}, {literal(area)}, {families[area]})" for p, area in sorted(named.items())
    )
    source = (
        f"(VALUES {areas}) AS areas (place_pcode, place, share)"
        if areas
        else "(SELECT '' AS place_pcode, '' AS place, 0 AS share WHERE FALSE) AS areas"
    )
    return f"""
        WITH paid AS (
            SELECT household_id, count(person_id) AS families FROM payees GROUP BY household_id
        ), said AS (
            SELECT household_id, greatest(-{most}, least({most}, sum(shift_points))) AS shift FROM verdicts GROUP BY household_id
        ), ranked AS (
            SELECT d.household_id, areas.place, areas.share, h.survey_key,
                greatest(1, coalesce(paid.families, 0)) AS families,
                d.score + coalesce(said.shift, 0) AS shifted,
                sha256(concat({literal(salt.value + "|")}, h.survey_key)) AS drawn
            FROM decisions AS d JOIN households AS h ON h.household_id = d.household_id
            LEFT JOIN {source} ON areas.place_pcode = h.place_pcode
            LEFT JOIN paid ON paid.household_id = d.household_id
            LEFT JOIN said ON said.household_id = d.household_id
            WHERE d.outcome = 'eligible'
        ), placed AS (
            SELECT *, row_number() OVER ranking AS rank,
                sum(families) OVER (ranking ROWS UNBOUNDED PRECEDING) AS taken
            FROM ranked WINDOW ranking AS (PARTITION BY place ORDER BY shifted, drawn, survey_key)
        )
        SELECT household_id, place, CAST(rank AS INTEGER) AS rank, CAST(families AS INTEGER) AS families,
            CASE WHEN taken <= share THEN {literal(SELECTED)} ELSE {literal(WAITING)} END AS standing
        FROM placed
    """


def write_selection(connection: duckdb.DuckDBPyConnection, programme: Programme, day: date, out: Path) -> str:
    """Write the selection into the folder `out`/selection and return its digest, independent of the file's layout.

    `connection` has the views that `selection_sql` reads. The digest is the SHA-256 of the lines
    `<household>|<place>|<rank>|<standing>` in the order of place and rank. Raises the problems of `selection_sql`, and
    `targeting.no_share` where an eligible household lies in a place that no quota or budget covers.
    """
    folder = out / SELECTION
    folder.mkdir(parents=True, exist_ok=True)
    draft, final = folder / "0001.part", folder / "0001.parquet"
    connection.execute(
        f"COPY ({selection_sql(programme, day)} ORDER BY place, rank) TO {literal(str(draft.absolute()))} "
        "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20000)"
    )
    written = f"read_parquet({literal(str(draft.absolute()))})"
    unplaced = connection.execute(
        f"SELECT min(h.place_pcode) FROM {written} AS s JOIN households AS h USING (household_id) WHERE s.place IS NULL"
    ).fetchall()[0][0]
    if unplaced is not None:
        draft.unlink()
        raise problem("targeting.no_share", place=unplaced, day=day)
    # Place by place, so that no line of text ever holds a nation.
    digests = connection.execute(
        "SELECT place, sha256(string_agg(concat_ws('|', household_id, place, rank, standing), chr(10) ORDER BY rank)) "
        f"FROM {written} GROUP BY place ORDER BY place"
    ).fetchall()
    draft.replace(final)
    lines = "\n".join(f"{place}:{digest}" for place, digest in digests)
    return hashlib.sha256(lines.encode()).hexdigest()


def standing_sql(decisions: str, selection: str | None) -> str:
    """Return a SELECT of the decisions with standing, rank and place of the selection; a household that waits says so.

    `decisions` and `selection` are tables or their SQL in brackets; without a selection the three columns are NULL.
    """
    if selection is None:
        return (
            "SELECT *, CAST(NULL AS VARCHAR) AS standing, CAST(NULL AS INTEGER) AS rank, "
            f"CAST(NULL AS VARCHAR) AS share_place FROM {decisions}"
        )
    return f"""
        SELECT d.* REPLACE (
            CASE WHEN s.standing = {literal(WAITING)} THEN list_append(d.reasons, {literal(WAITING_LIST)})
                 ELSE d.reasons END AS reasons
        ), s.standing, s.rank, s.place AS share_place
        FROM {decisions} AS d LEFT JOIN {selection} AS s ON s.household_id = d.household_id
    """
