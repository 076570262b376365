"""A small whole programme folder for tests, and ways to break one place of it."""

from __future__ import annotations

from pathlib import Path

FILES: dict[str, str] = {
    "programme.yaml": """\
code: small
label: { en: "Small", ur: "چھوٹا" }
country: PK
currency: PKR
legal_base: { en: "An act", ur: "ایک قانون" }
source: "a test"
""",
    "facts.yaml": """\
facts:
  - name: rooms
    level: household
    kind: collected
    type: integer
    label: { en: "Rooms", ur: "کمرے" }
    minimum: 0
    maximum: 60
    source: "a test"
  - name: toilet
    level: household
    kind: collected
    type: category
    label: { en: "Toilet", ur: "بیت الخلا" }
    categories:
      flush: { en: "Flush", ur: "فلش" }
      dry: { en: "Dry", ur: "خشک" }
      none: { en: "None", ur: "کوئی نہیں" }
    source: "a test"
  - name: owned_land_acres
    level: household
    kind: collected
    type: number
    label: { en: "Land", ur: "زمین" }
    minimum: 0
    source: "a test"
  - name: television
    level: household
    kind: collected
    type: boolean
    label: { en: "Television", ur: "ٹی وی" }
    source: "a test"
  - name: attends_school
    level: person
    kind: collected
    type: boolean
    label: { en: "Attends school", ur: "سکول جاتے ہیں" }
    asked_if: "age_years >= 4"
    source: "a test"
  - name: disabled
    level: person
    kind: collected
    type: boolean
    label: { en: "Disability", ur: "معذوری" }
    source: "a test"
  - name: household_size
    level: household
    kind: derived
    type: integer
    label: { en: "Members", ur: "افراد" }
    over: people
    sql: "count(*)"
    source: "a test"
  - name: disabled_members
    level: household
    kind: derived
    type: integer
    label: { en: "Disabled members", ur: "معذور افراد" }
    over: people
    sql: "count(*) FILTER (WHERE disabled)"
    proxy: false
    not_proxy: { en: "Not asked everywhere", ur: "ہر جگہ نہیں پوچھا گیا" }
    source: "a test"
  - name: crowded
    level: household
    kind: derived
    type: boolean
    label: { en: "Crowded", ur: "گنجان" }
    over: household
    sql: "household_size > 4 * rooms"
    source: "a test"
""",
    "scorecard.yaml": """\
code: small-1
label: { en: "Small card", ur: "چھوٹا کارڈ" }
from: 2024-01-01
base_points: 10
terms:
  - fact: rooms
    bins:
      - { from: 0, to: 1, points: 0 }
      - { from: 2, to: 3, points: 10 }
      - { from: 4, points: 20 }
  - fact: toilet
    bins:
      - { is: [flush], points: 10 }
      - { is: [dry, none], points: 0 }
  - fact: television
    bins:
      - { is: [true], points: 10 }
      - { is: [false], points: 0 }
source: "a test"
""",
    "eligibility.yaml": """\
categories:
  - code: general
    label: { en: "All", ur: "سب" }
    cutoff:
      - { from: 2010-01-01, to: 2019-12-31, value: 16.17, source: "a test" }
      - { from: 2020-01-01, value: 32, source: "a test" }
  - code: disability
    label: { en: "Disability", ur: "معذوری" }
    criterion: disabled_members >= 1
    cutoff:
      - { from: 2020-01-01, value: 37, source: "a test" }
exclusions:
  - code: much_land
    label: { en: "Much land", ur: "زیادہ زمین" }
    criterion: owned_land_acres > 12
    from: 2019-12-24
    source: "a test"
payees:
  - code: ever_married_woman
    label: { en: "Woman", ur: "خاتون" }
    criterion: sex = 'female' AND marital_status <> 'never_married' AND cnic_status = 'valid'
    from: 2010-01-01
    source: "a test"
no_payee:
  - code: cnic_expired
    label: { en: "the card expired", ur: "کارڈ کی میعاد ختم" }
    criterion: cnic_status = 'expired'
    source: "a test"
  - code: no_woman
    label: { en: "no woman", ur: "کوئی خاتون نہیں" }
    source: "a test"
reasons:
  score_within_general: { en: "Within the limit.", ur: "حد کے اندر۔" }
  score_within_disability: { en: "Within the higher limit.", ur: "زیادہ حد کے اندر۔" }
  score_above_cutoff: { en: "Above the limit.", ur: "حد سے زیادہ۔" }
  missing_facts: { en: "Answers are missing.", ur: "جوابات موجود نہیں۔" }
  much_land: { en: "Much land.", ur: "زیادہ زمین۔" }
""",
    "amounts.yaml": """\
components:
  - code: kafalat
    label: { en: "Stipend", ur: "وظیفہ" }
    amount_rupees:
      - { from: 2025-01-01, to: 2025-12-31, value: 13500, source: "a test" }
      - { from: 2026-01-01, value: 14500, source: "a test" }
""",
    "calendar.yaml": """\
fiscal_year_starts_month: 7
appeal_days: 30
arrears_quarters: 2
funds:
  - { code: budget, label: { en: "Budget", ur: "بجٹ" }, from: 2024-01-01, source: "a test" }
phase_plans:
  - from: 2024-04-01
    phases:
      - code: phase_1
        label: { en: "Phase 1", ur: "پہلا مرحلہ" }
        starts_after_days: 0
        places: [PK]
        source: "a test"
      - code: phase_2
        label: { en: "Phase 2", ur: "دوسرا مرحلہ" }
        starts_after_days: 14
        places: [PK617]
        source: "a test"
source: "a test"
""",
    "approvals.yaml": """\
quorums:
  - from: 2024-01-01
    levels:
      - { up_to_rupees: 1000000, approve: 1, authorise: 1, release: 1 }
      - { approve: 2, authorise: 1, release: 1 }
    source: "a test"
holds:
  - code: suspended
    from: 2024-01-01
    text: { en: "suspended", ur: "معطل" }
    source: "a test"
""",
    "banks.yaml": """\
debtor_name: "Test payments"
debtor_iban: PK81NBPA0000004081720010
debtor_bic: NBPAPKKA
banks:
  - code: hbl
    label: { en: "HBL", ur: "ایچ بی ایل" }
    bic: HABBPKKA
    iban_code: HABB
    channel: account
    source: "a test"
clusters:
  - code: punjab
    label: { en: "Punjab", ur: "پنجاب" }
    bank: hbl
    places: [PK6]
    from: 2024-02-21
    source: "a test"
reissue_codes: [AB05, MS03]
attempts_max: 3
source: "a test"
""",
    "banks/hbl/profile.yaml": """\
transport: file
pain001_version: "09"
charset: swift_x
name_max: 70
remittance_max: 140
payments_per_file_max: 1000
cut_off: "15:00"
answers:
  - format: pain.002
    versions: ["10"]
source: "a test"
""",
    "selection.yaml": """\
by: cutoff
tie_break:
  method: hash
  salts:
    - { from: 2024-01-01, value: "drawn", source: "a test" }
source: "a test"
""",
    "validation.yaml": """\
level: tehsil
members_min: 2
near_miss_points: 2
list_households_max: 60
answer_days: 21
shift_points_max: 3
effects:
  confirm: { does: none }
  wrongly_in: { does: resurvey }
  wrongly_out: { does: resurvey }
  unknown_household: { does: resurvey }
reasons:
  other: { en: "Other", ur: "کوئی اور" }
alarms: { other_verdicts_pct: 10, chance_pct: 1, unknown_pct: 30, verdicts_min: 20 }
source: "a test"
""",
    "messages.yaml": """\
messages:
  status_paid: { en: "{amount} paid for {tranche}.", ur: "{tranche} کے {amount} ادا ہوئے۔" }
  status_payment_coming: { en: "Coming.", ur: "آ رہا ہے۔" }
  status_enrolled: { en: "Enrolled.", ur: "شامل۔" }
  status_surveyed: { en: "Surveyed.", ur: "سروے ہو چکا۔" }
  status_eligible: { en: "Eligible.", ur: "اہل۔" }
  status_suspended: { en: "Suspended.", ur: "معطل۔" }
  status_exited: { en: "No longer in the programme.", ur: "اب پروگرام میں شامل نہیں۔" }
  slip_appeal: { en: "Appeal until {appeal_until}.", ur: "{appeal_until} تک اپیل کریں۔" }
  slip_free: { en: "It is free.", ur: "یہ مفت ہے۔" }
  status_payment_returned: { en: "{amount} for {tranche} came back from {bank}.", ur: "{tranche} کے {amount} {bank} سے واپس آئے۔" }
  status_eligible_no_payee: { en: "No payee: {reason}.", ur: "وصول کنندہ نہیں: {reason}۔" }
  status_ineligible: { en: "Not eligible. {reason}", ur: "مستحق نہیں۔ {reason}" }
  status_incomplete: { en: "Incomplete: {facts}.", ur: "نامکمل: {facts}۔" }
  status_not_found: { en: "Not found.", ur: "نہیں ملا۔" }
  payment_sent: { en: "Sent {amount}.", ur: "{amount} بھیجے گئے۔" }
  payment_returned: { en: "Returned {amount}.", ur: "{amount} واپس آئے۔" }
""",
    "places.csv": """\
pcode,level,parent,name_en,name_ur,valid_from,valid_to,population,households,rural_share_pct,tile_row,tile_col
PK,country,,Pakistan,پاکستان,2022-09-09,,,,,,
PK6,province,PK,Punjab,پنجاب,2022-09-09,,,,,,
PK617,district,PK6,Lahore,لاہور,2022-09-09,,11119985,1784820,0,5,10
PK614,district,PK6,Kasur,قصور,2022-09-09,,3454881,525314,74,6,10
PK61701,tehsil,PK617,Lahore City,لاہور شہر,2022-09-09,,,,,,
""",
}


def write(folder: Path) -> Path:
    """Write the small programme into `folder` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def replace(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the one place where `old` stands; return the line (from 1) where the replaced text begins."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1
