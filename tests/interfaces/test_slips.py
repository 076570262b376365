"""Slips and the household's explanation: what a family is told, on paper and on the page, in both languages.

Goal: every household gets one page that says what was decided and why, whatever stands in its name. Method: PDFs are
read back with pypdf. Nastaliq's letters are drawn as shapes that do not read back as text, so of Urdu the font and
the ink are tested, and of both languages the numbers.
"""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import typst
from django.utils import timezone
from pypdf import PdfReader

from kafalat.audit.models import AuditEntry
from kafalat.core.identifiers import format_form_number
from kafalat.core.problems import Problem
from kafalat.core.text import Bilingual
from kafalat.engine.explanation import Change, Explanation, Reason, TermLine
from kafalat.interfaces import paper
from kafalat.interfaces.explaining import largest, tell
from kafalat.interfaces.office import Office
from kafalat.interfaces.paper import printing
from kafalat.interfaces.paper.printing import Press, Printed, print_place
from kafalat.interfaces.paper.slips import Slip, SlipLanguage, slips_data
from kafalat.policy.loader import load, shipped
from kafalat.registry.selectors import place_tree
from kafalat.targeting.models import Decision, Run
from kafalat.targeting.slips import places_of, slips_in
from tests.interfaces.people import html, logged_in, somebody

PROGRAMME = load(shipped())
DECIDED = date(2026, 2, 2)
HOSTILE = (
    '#panic("x") $a$ *b* _c_ [d] @e `f` \\ </a>',
    "\u202e123 evil\u202c",
    "W" * 400,
    "زبیدہ " * 90,
    "",
    "\u200b",
)


def texts(pages: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pages)).pages]


def fonts(pages: bytes) -> set[str]:
    """The fonts of a document, all of them embedded."""
    found = set()
    for page in PdfReader(io.BytesIO(pages)).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index] # a page is a dictionary of PDF objects
            descendant = font["/DescendantFonts"][0].get_object()
            assert "/FontFile2" in descendant["/FontDescriptor"]
            found.add(str(descendant["/BaseFont"]).partition("+")[2])
    return found


def explained(
    outcome: str = "ineligible", *, codes: tuple[str, ...] = ("score_above_cutoff",)
) -> Explanation:
    """An explanation made up of every household fact of the programme; of an incomplete one the first has no answer."""
    incomplete = outcome == "incomplete"
    facts = [fact for fact in PROGRAMME.facts if fact.level == "household"][:30]
    four = Bilingual(en="4", ur="4")
    terms = tuple(
        TermLine(fact.name, fact.label, None if incomplete and not place else four,
                 None if incomplete and not place else place % 9 - 2, (fact.name,), 8)
        for place, fact in enumerate(facts)
    )  # fmt: skip
    score = None if incomplete else 41 if outcome == "ineligible" else 12
    category = PROGRAMME.eligibility.categories[0]
    return Explanation(
        household_id=1,
        form_number="1234567890123",
        outcome=outcome,
        score=score,
        base_points=3,
        terms=terms,
        category=None if incomplete else category.code,
        category_label=None if incomplete else category.label,
        cutoff=None if incomplete else Decimal(32),
        distance=None if score is None else score - Decimal(32),
        reasons=tuple(Reason(code, PROGRAMME.eligibility.reasons[code]) for code in codes),
        missing=tuple(Reason(fact.name, fact.label) for fact in facts[:1]) if incomplete else (),
        changes=tuple(Change(fact.name, fact.label, four, four, 31, "eligible") for fact in facts[:3])
        if outcome == "ineligible"
        else (),
        filters=(),
        appeal_days=30,
    )


def slip(made: Explanation, *, held: tuple[Bilingual, ...] = (), name: str = "Zubaida") -> Slip:
    told = tell(made, PROGRAMME, decided_on=DECIDED, held=held, payable=not held)
    place = Bilingual(en="Chunian, Kasur", ur="چونیاں، قصور")
    return Slip(made, told, name, name, place, date(2025, 11, 3), synthetic=True)


def printed(*slips: Slip, language: SlipLanguage = "both") -> bytes:
    data = slips_data(
        slips, programme=PROGRAMME, run=3, digest="ab" * 32, decided_on=DECIDED, language=language
    )
    return paper.render("slip", data)


WITHIN, INCOMPLETE = ("score_within_general",), ("missing_facts",)
CASES = {
    "eligible": (slip(explained("eligible", codes=WITHIN)), "The household is eligible"),
    "ineligible": (slip(explained()), "The household is not eligible"),
    "incomplete": (slip(explained("incomplete", codes=INCOMPLETE)), "No decision yet"),
    "held": (
        slip(explained("eligible", codes=WITHIN), held=(PROGRAMME.eligibility.no_payee[0].label,)),
        "payment is held",
    ),
    "waiting": (slip(explained("eligible", codes=(*WITHIN, "waiting_list"))), "on the waiting list"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_slip_is_one_page_that_says_what_was_decided_until_when_to_appeal_and_that_it_is_free(
    case: str,
) -> None:
    made, headline = CASES[case]
    (text,) = texts(printed(made))
    words = " ".join(text.split())
    assert headline in words
    assert "1234-5678-90123" in words
    assert "Pay nobody" in words
    assert ("4 March 2026" in words) == (case in {"ineligible", "held", "waiting"})
    assert ("Nothing need be done" in words) == (case == "eligible"), "else she would not act"


@pytest.mark.parametrize("language", ["ur", "en", "both"])
def test_each_slip_fits_its_page_and_is_set_in_our_own_embedded_fonts(language: SlipLanguage) -> None:
    pages = printed(*(made for made, _headline in CASES.values()), language=language)
    assert len(texts(pages)) == len(CASES)
    families = {name.partition("-")[0] for name in fonts(pages)}
    assert families == ({"NotoSans"} if language == "en" else {"NotoSans", "NotoNastaliqUrdu"})


def test_the_points_on_a_slip_add_up_to_the_score_and_nothing_missing_is_left_out() -> None:
    for made in (explained(), explained("incomplete", codes=INCOMPLETE)):
        shown, others, points = largest(made.terms, 8)
        assert len(shown) + others == len(made.terms)
        known = sum(term.points or 0 for term in made.terms)
        assert sum(term.points or 0 for term in shown) + points == known
        assert {term for term in made.terms if term.points is None} <= set(shown)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_set_as_it_stands_and_is_never_markup_nor_turns_the_page(name: str) -> None:
    (text,) = texts(printed(slip(explained(), name=name), language="en"))
    assert "The household is not eligible" in text
    if name == HOSTILE[0]:
        assert '#panic("x") $a$ *b* _c_ [d] @e `f` \\ </a>' in " ".join(text.split())
    if name == HOSTILE[1]:
        assert "123 evil" in text


def test_without_the_guard_the_same_name_would_be_read_as_a_program() -> None:
    """The control: put into the source and not into the data, the first hostile name stops the page."""
    compiler = typst.Compiler()
    with pytest.raises(typst.TypstError, match="panicked"):
        compiler.compile(input=HOSTILE[0].partition(" $")[0].encode(), format="pdf")


def test_the_same_slip_has_the_same_bytes() -> None:
    assert printed(CASES["eligible"][0]) == printed(CASES["eligible"][0])


def test_urdu_is_drawn_with_ligatures_and_not_letter_by_letter(tmp_path: Path) -> None:
    """Nastaliq joins: letters take less room together than one by one, which is what a broken font would give."""

    def width(text: str) -> float:
        source = f'#set text(font: "Noto Nastaliq Urdu", lang: "ur", dir: rtl)\n#context [#metadata(measure("{text}").width.pt()) <w>]'
        template = tmp_path / "width.typ"
        template.write_text(source, encoding="utf-8")
        compiler = typst.Compiler(
            input=str(template), font_paths=[str(paper.FONTS)], ignore_system_fonts=True
        )
        return float(json.loads(str(compiler.query("<w>", field="value", one=True))))

    assert width("تحصیل") < sum(width(letter) for letter in "تحصیل")


# ---- a district's worth ------------------------------------------------------------------------------------------


def press(office: Office) -> Press:
    run = Run.objects.latest()
    return Press(
        run=run,
        programme=office.programme_of(run.programme_sha256),
        results=office.folders.results(run),
        work=office.home.work,
        language="en",
        decided_on=timezone.localdate(run.started_at),
    )


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.glob("*.pdf"))}


@pytest.fixture
def province(enrolled: str) -> str:
    """The P-code of the province with fewest decisions, so that little is set."""
    tree = place_tree()
    counts: dict[str, int] = {}
    for pcode in Decision.objects.values_list("household__place_id", flat=True):
        if (node := tree.at(pcode, "province")) is not None:
            counts[node.pcode] = counts.get(node.pcode, 0) + 1
    return min(counts, key=lambda pcode: (counts[pcode], pcode))


def test_a_place_gets_as_many_slips_as_decisions_and_a_stopped_printing_goes_on(
    office: Office, province: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    this = press(office)
    whole = print_place(this, province, tmp_path / "whole", per_file=5)
    expected = files(tmp_path / "whole")
    numbers = set(
        Decision.objects.filter(
            run=this.run, household__place_id__in=place_tree().within(province)
        ).values_list("household__form_number", flat=True)
    )
    read = [text for pages in expected.values() for text in texts(pages)]
    assert len(read) == whole.slips == len(numbers) > 0
    assert all(sum(format_form_number(number) in text for text in read) == 1 for number in numbers)

    class Killed(Exception):  # noqa: N818 - it stands for a kill
        pass

    def dies(*_: object) -> int:
        raise Killed

    out = tmp_path / "stopped"
    print_place(this, province, out, per_file=5)
    lost = max(out.glob("*.pdf"))
    lost.unlink()
    with monkeypatch.context() as patched:
        patched.setattr(printing.Typesetter, "set", dies)
        with pytest.raises(Killed):
            print_place(this, province, out, per_file=5)
    assert not lost.exists()
    again = print_place(this, province, out, per_file=5)
    assert again == Printed(slips=len(numbers), written=1, kept=len(expected) - 1)
    assert files(out) == expected
    with pytest.raises(Problem) as refusal:
        print_place(this, province, out, per_file=6)
    assert refusal.value.code == "targeting.slips_elsewhere"


def test_the_slips_of_a_place_say_what_the_run_decided(office: Office, province: str) -> None:
    this = press(office)
    for pcode, count in places_of(this.run, province):
        found = [
            each
            for batch in slips_in(
                run=this.run,
                programme=this.programme,
                results=this.results,
                pcode=pcode,
                size=7,
                work=this.work,
            )
            for each in batch
        ]
        decided = {
            d.household_id: d for d in Decision.objects.filter(run=this.run, household__place_id=pcode)
        }
        assert len(found) == count == len(decided)
        for each in found:
            decision = decided[each.explained.household_id]
            assert (each.explained.outcome, each.explained.score) == (decision.outcome, decision.score)


# ---- the page -----------------------------------------------------------------------------------------------------


def test_the_page_says_what_the_slip_says_and_the_slip_is_on_record(enrolled: str) -> None:
    known = somebody("ineligible")
    clerk = logged_in("desk_clerk")
    page = html(clerk.get(f"/en/households/{known.household_id}/"))
    answer = clerk.get(f"/en/households/{known.household_id}/slip/?lang=en")
    assert answer["Content-Type"] == "application/pdf"
    (text,) = texts(answer.content)
    words = " ".join(text.split())
    assert "The household is not eligible" in page
    assert "The household is not eligible" in words
    assert format_form_number(known.form_number) in words
    assert known.cnic not in words
    entry = AuditEntry.objects.order_by("-seq").first()
    assert entry is not None
    assert (entry.action, entry.detail["about"]) == ("slips_printed", known.form_number)
    assert "گھرانہ اہل نہیں" in html(clerk.get(f"/ur/households/{known.household_id}/"))


def test_who_may_not_read_households_gets_neither_slip_nor_answer(enrolled: str) -> None:
    known = somebody("ineligible")
    for role in ("analyst", "reconciler"):
        outsider = logged_in(role)
        for page in ("slip", "what-if"):
            assert outsider.get(f"/en/households/{known.household_id}/{page}/").status_code == 403
    assert not AuditEntry.objects.filter(action="slips_printed").exists()


def test_another_answer_is_judged_and_nothing_is_kept(enrolled: str) -> None:
    known = somebody("ineligible")
    clerk = logged_in("desk_clerk")
    before = Decision.objects.get(household_id=known.household_id)
    rooms = html(clerk.get(f"/en/households/{known.household_id}/what-if/?rooms=1&household_size=14"))
    assert "With the changed answers:" in rooms
    assert "Points that would change" in rooms
    assert "بدلے ہوئے جوابات" in html(
        clerk.get(f"/ur/households/{known.household_id}/what-if/?rooms=1&household_size=14")
    )
    assert clerk.get(f"/en/households/{known.household_id}/what-if/?rooms=many").status_code == 400
    after = Decision.objects.get(household_id=known.household_id)
    assert (after.score, after.outcome) == (before.score, before.outcome)
