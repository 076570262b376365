"""What a kept copy of a programme did not say in its day, because there was no such thing yet: put in when it is read again.

A run is replayed and a cycle ended under the rules of its day. Where the folder of that day lacks a file or key that every
folder has now, what Kafalat then did without being told is written in, as text, and read and checked like all other text.
Only a folder that is byte for byte the recorded one is read so (`policy/loader.py`); a programme for use never is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kafalat.policy.documents import read_yaml, texts_at

# Every list left on two approvals, of any amount. Since then no list leaves without three people, and lists that waited
# at the change wait for one of each (migration 0003 of payments): so do those that are still made under such a programme.
_APPROVALS: Final = """
quorums:
  - from: 2000-01-01
    levels: [{ approve: 1, authorise: 1, release: 1 }]
    source: "Before approvals.yaml: the fewest people a list can leave by"
"""

# Only the tranche's own quarter was paid, and from one fund: the one that migration wrote into the rows of then.
_CALENDAR: Final = {
    "arrears_quarters": "arrears_quarters: 0",
    "funds": """
funds:
  - code: federal_budget
    label: { en: "Federal budget", ur: "وفاقی بجٹ" }
    from: 2000-01-01
    source: "Before calendar.yaml named funds: all was paid from the budget"
""",
}

# Every bank took the same plain file, on any hour of the day, and answered by the same two messages.
_PROFILE: Final = """
transport: file
pain001_version: "09"
charset: swift_x
name_max: 140
remittance_max: 140
payments_per_file_max: 10000000
purpose: SSBE
category_purpose: SSBE
cut_off: "23:59:59"
answers:
  - { format: pain.002, versions: ["03", "10", "12"] }
  - { format: camt.054, versions: ["02", "08"] }
source: "Before banks had profiles: one form for all of them"
"""


def completed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a folder with what was unknown in its day; a folder of today comes back as it is."""
    whole = {"approvals.yaml": _APPROVALS.encode(), **files}
    calendar, _ = read_yaml("calendar.yaml", files.get("calendar.yaml", b""))
    if calendar is not None:
        missing = [text for key, text in _CALENDAR.items() if key not in calendar]
        whole["calendar.yaml"] = b"\n".join((files["calendar.yaml"], *(text.encode() for text in missing)))
    banks, _ = read_yaml("banks.yaml", files.get("banks.yaml", b""))
    for code in sorted(texts_at(banks, "banks", "code")):
        whole.setdefault(f"banks/{code}/profile.yaml", _PROFILE.encode())
    return whole
