"""The cover of a payment list: its sums are the list's, and the log it prints is the log its signatories saw."""

from __future__ import annotations

import io
import re

import pytest
from pypdf import PdfReader

from kafalat.audit.selectors import checkpoint, entries_of
from kafalat.core.money import rupees_text
from kafalat.core.text import Language
from kafalat.interfaces.cover_sheet import WORDS, cover_sheet, marks_of
from kafalat.interfaces.office import Office
from kafalat.payments.drill import shares_of
from kafalat.payments.models import PaymentList
from kafalat.payments.selectors import list_by_id
from tests.interfaces.people import logged_in
from tests.payments.steps import approve, authorise, checked, opened, released


def text_of(office: Office, payment_list: PaymentList, language: Language) -> str:
    """The letters of the sheet without the spaces between them: where lines break is the typesetter's business."""
    pdf = cover_sheet(list_by_id(payment_list.pk), office.programme, language)
    pages = PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s", "", "".join(page.extract_text() for page in pages))


@pytest.mark.parametrize("language", ["en", "ur"])
def test_the_sheet_bears_sums_digest_seats_and_the_log_before_and_after_signing(
    office: Office, enrolled: str, language: Language
) -> None:
    payment_list = checked(office, opened(office))
    mark = checkpoint()
    before = text_of(office, payment_list, language)
    for share in shares_of(payment_list):
        assert rupees_text(share.amount_paisa).replace(" ", "") in before
    assert rupees_text(payment_list.amount_paisa).replace(" ", "") in before
    assert payment_list.sha256 in before
    assert mark.root_hex in before
    if language == "en":
        for key in ("heading", "compared", "held", "seats", "signature", "synthetic"):
            assert WORDS[key].en.replace(" ", "") in before, key
    assert "authoriser" not in before, "nobody has signed yet"
    approve(payment_list)
    authorise(payment_list)
    released(office, payment_list)
    after = text_of(office, payment_list, language)
    marks = marks_of(payment_list)
    assert marks["checker"] == mark, "the log she saw when she signed is the one that was printed for her"
    assert [marks[name].size for name in ("checker", "authoriser", "releaser")] == [
        mark.size,
        mark.size + 1,
        mark.size + 2,
    ]
    for name, seen in marks.items():
        assert name in after
        assert seen.root_hex in after


def test_what_is_recorded_with_a_seat_is_in_the_audit_log(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    mark = checkpoint()
    approve(payment_list)
    (entry,) = [
        each for each in entries_of("payment_list", payment_list.pk) if each.action == "list_approved"
    ]
    assert (entry.detail["log_size"], entry.detail["log_root"]) == (mark.size, mark.root_hex)


def test_signatories_and_auditors_open_the_sheet_and_a_clerk_does_not(office: Office, enrolled: str) -> None:
    payment_list = checked(office, opened(office))
    for role, status in (("payment_releaser", 200), ("auditor", 200), ("desk_clerk", 403)):
        answer = logged_in(role).get(f"/ur/lists/{payment_list.pk}/cover/")
        assert answer.status_code == status, role
    assert logged_in("auditor").get("/en/lists/999999/cover/").status_code == 404
