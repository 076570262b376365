"""Checks a whole programme folder and lists everything that is wrong in it, file by file and line by line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from kafalat.policy import places as places_csv
from kafalat.policy.accounts import AccountRules
from kafalat.policy.alerts import Alerts
from kafalat.policy.approvals import Approvals
from kafalat.policy.bank_profile import BankProfile, profile_paths
from kafalat.policy.crosscheck import cross_check
from kafalat.policy.documents import read_yaml
from kafalat.policy.files import folder_sha256, read_folder
from kafalat.policy.findings import Finding, nearest
from kafalat.policy.model import (
    Banks,
    Calendar,
    Eligibility,
    Programme,
    Relation,
    Scorecard,
    Selection,
    Validation,
)
from kafalat.policy.parts import AmountsFile, FactsFile, FiltersFile, Header, MessagesFile, Part, read_part
from kafalat.policy.reconciliation import Reconciliation
from kafalat.policy.sheaf import Sheaf
from kafalat.policy.verification import Verification

M = TypeVar("M", bound=BaseModel)


def check(folder: Path) -> list[Finding]:
    """Return all findings of a programme folder, in order of file and line; none means it can be used.

    Raises the problem `input.not_found` where there is no such folder.
    """
    files = read_folder(folder)
    return examine(files, folder_sha256(files))[1]


def examine(files: Mapping[str, bytes], sha256: str) -> tuple[Programme | None, list[Finding]]:
    """Return the programme the files make, if they make one, with all findings in order of file and line."""
    findings: list[Finding] = []

    def part(file: str, model: type[M]) -> Part[M]:
        if file not in files:
            findings.append(_missing(file, files))
            return Part.absent(file)
        tree, written_wrong = read_yaml(file, files[file])
        findings.extend(written_wrong)
        if tree is None:
            return Part.absent(file)
        typed, shaped_wrong = read_part(file, model, tree)
        findings.extend(shaped_wrong)
        return typed

    if places_csv.FILE in files:
        places, wrong_places = places_csv.read_places(files[places_csv.FILE])
    else:
        places, wrong_places = places_csv.Places(), [_missing(places_csv.FILE, files)]
    findings += wrong_places
    sheaf = Sheaf(
        header=part("programme.yaml", Header),
        facts=part("facts.yaml", FactsFile),
        scorecard=part("scorecard.yaml", Scorecard),
        eligibility=part("eligibility.yaml", Eligibility),
        amounts=part("amounts.yaml", AmountsFile),
        calendar=part("calendar.yaml", Calendar),
        approvals=part("approvals.yaml", Approvals),
        banks=part("banks.yaml", Banks),
        selection=part("selection.yaml", Selection),
        validation=part("validation.yaml", Validation),
        messages=part("messages.yaml", MessagesFile),
        places=places,
        # It serves simulations alone; a programme without one is whole.
        relation=part("relation.yaml", Relation)
        if "relation.yaml" in files
        else Part.absent("relation.yaml"),
        bank_profiles={code: part(file, BankProfile) for code, file in profile_paths(files).items()},
        verification=part("verification.yaml", Verification)
        if "verification.yaml" in files
        else Part.absent("verification.yaml"),
        reconciliation=part("reconciliation.yaml", Reconciliation)
        if "reconciliation.yaml" in files
        else Part.absent("reconciliation.yaml"),
        accounts=part("accounts.yaml", AccountRules)
        if "accounts.yaml" in files
        else Part.absent("accounts.yaml"),
        alerts=part("alerts.yaml", Alerts) if "alerts.yaml" in files else Part.absent("alerts.yaml"),
        # A programme need not look at lists from outside.
        filters=part("filters.yaml", FiltersFile) if "filters.yaml" in files else Part.absent("filters.yaml"),
    )
    findings += cross_check(sheaf)
    ordered = sorted(dict.fromkeys(findings), key=lambda finding: (finding.file, finding.line))
    return sheaf.programme(sha256), ordered


def _missing(file: str, files: Mapping[str, bytes]) -> Finding:
    return Finding(
        file, 1, "The file is missing from the folder.", "یہ فائل فولڈر میں موجود نہیں۔", nearest(file, files)
    )
