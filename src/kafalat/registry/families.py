"""SQL that finds the families within households: the unit that is paid.

Each ever-married woman defines a family (domain rule of the programme: several beneficiaries per household are
possible), and so does each adult transgender person. Her husband and their never-married children belong to it; a
father without a wife in the household defines one with his never-married children; everybody else belongs to the
family of the head.
"""

from __future__ import annotations

FAMILIES_SQL = """
CREATE OR REPLACE TABLE family_members AS
WITH person AS (
    SELECT household_key, line_no, relationship, sex, age_years, marital_status, spouse_line, father_line, mother_line,
        CASE WHEN sex = 'female' AND marital_status <> 'never_married' THEN 'ever_married_woman'
             WHEN sex = 'transgender' AND age_years >= 18 THEN 'transgender_person' END AS defines
    FROM people
), wife AS (
    -- Either side may name the other; a man with several wives belongs to the family of the first listed.
    SELECT household_key, husband_line, min(wife_line) AS wife_line FROM (
        SELECT household_key, spouse_line AS husband_line, line_no AS wife_line FROM person
        WHERE defines = 'ever_married_woman' AND spouse_line IS NOT NULL
        UNION ALL
        SELECT man.household_key, man.line_no, woman.line_no FROM person AS man JOIN person AS woman
            ON woman.household_key = man.household_key AND woman.line_no = man.spouse_line
            AND woman.defines = 'ever_married_woman'
        WHERE man.sex = 'male'
        UNION ALL
        -- A roster without these lines still says who is the spouse of the head.
        SELECT head.household_key, CASE head.sex WHEN 'male' THEN head.line_no ELSE spouse.line_no END,
            CASE head.sex WHEN 'male' THEN spouse.line_no ELSE head.line_no END
        FROM person AS head JOIN person AS spouse
            ON spouse.household_key = head.household_key AND spouse.relationship = 'spouse' AND spouse.spouse_line IS NULL
        WHERE head.relationship = 'head' AND head.spouse_line IS NULL
            AND head.marital_status = 'married' AND spouse.marital_status = 'married'
            AND ((head.sex = 'male' AND spouse.sex = 'female') OR (head.sex = 'female' AND spouse.sex = 'male'))
    ) GROUP BY household_key, husband_line
), own AS (
    SELECT person.*, CASE
            WHEN defines IS NOT NULL THEN line_no
            WHEN marital_status <> 'never_married' THEN coalesce(wife.wife_line, line_no) END AS own_line
    FROM person LEFT JOIN wife ON wife.household_key = person.household_key AND wife.husband_line = person.line_no
), with_parents AS (
    SELECT own.*, coalesce(own.own_line,
            CASE WHEN mother.defines = 'ever_married_woman' THEN mother.own_line END, father.own_line) AS family_line
    FROM own
    LEFT JOIN own AS mother ON mother.household_key = own.household_key AND mother.line_no = own.mother_line
    LEFT JOIN own AS father ON father.household_key = own.household_key AND father.line_no = own.father_line
), head AS (
    SELECT household_key, coalesce(arg_min(family_line, line_no) FILTER (WHERE relationship = 'head' AND family_line IS NOT NULL),
            min(line_no) FILTER (WHERE relationship = 'head'), min(line_no)) AS head_family_line
    FROM with_parents GROUP BY household_key
), placed AS (
    SELECT household_key, line_no, coalesce(family_line, head_family_line) AS family_line
    FROM with_parents JOIN head USING (household_key)
)
SELECT placed.household_key, placed.line_no,
    dense_rank() OVER (PARTITION BY placed.household_key ORDER BY placed.family_line) AS family_no,
    coalesce(definer.defines, 'other') AS kind
FROM placed JOIN person AS definer
    ON definer.household_key = placed.household_key AND definer.line_no = placed.family_line
"""
