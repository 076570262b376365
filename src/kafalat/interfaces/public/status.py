"""Am I in the programme? A CNIC and a form number together, one plain sentence, what to do next. No login, no trace.

An unknown number and two numbers that do not belong together get the same page, byte for byte, after the same look-ups.
Nothing that was typed is logged or shown again, nor kept in the address: the form is posted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from string import Formatter

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from kafalat.config.sealing import sealer
from kafalat.core.identifiers import parse_cnic, parse_form_number
from kafalat.core.money import rupees_text
from kafalat.core.text import Bilingual
from kafalat.interfaces import programmes
from kafalat.interfaces.public.budget import spend
from kafalat.interfaces.templatetags.kafalat import MONTHS
from kafalat.payments.standing import Standing, standing_of
from kafalat.policy.model import Programme
from kafalat.policy.vocabulary import WAITING_LIST

# Which of the programme's texts answers each standing, and what the page calls it in a word.
_TEXTS: dict[str, str] = {
    "no_match": "status_not_found",
    "surveyed": "status_surveyed",
    "incomplete": "status_incomplete",
    "ineligible": "status_ineligible",
    "no_payee": "status_eligible_no_payee",
    "eligible": "status_eligible",
    "suspended": "status_suspended",
    "exited": "status_exited",
    "enrolled": "status_enrolled",
    "on_its_way": "status_payment_coming",
    "paid": "status_paid",
    "came_back": "status_payment_returned",
}
_TONES = {"no_match": "ask", "paid": "good", "on_its_way": "good", "enrolled": "good", "eligible": "good"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field of the form: its id and a sentence."""

    field: str
    sentence: object


@sensitive_post_parameters("cnic", "form_number")
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest) -> HttpResponse:
    """Show the form, and answer it."""
    if request.method != "POST":
        return render(request, "public/status.html", {})
    faults, cnic, form_number = _parsed(request)
    if faults:
        return render(request, "public/status.html", {"faults": faults}, status=400)
    if not spend(address=request.META.get("REMOTE_ADDR", ""), at=timezone.now()):
        return render(request, "public/busy.html", {}, status=429)
    programme = programmes.in_force()
    standing = standing_of(cnic=cnic, form_number=form_number, sealer=sealer(), programme_code=programme.code)
    answer = answer_text(standing, programme)
    return render(
        request, "public/answer.html", {"answer": answer, "tone": _TONES.get(standing.code, "wait")}
    )


def _parsed(request: HttpRequest) -> tuple[list[Fault], str, str]:
    faults, cnic, form_number = [], "", ""
    try:
        cnic = parse_cnic(request.POST.get("cnic", ""))
    except ValueError:
        faults.append(Fault("cnic", _("Write all 13 digits of the identity card, as in 35202-1234567-8.")))
    try:
        form_number = parse_form_number(request.POST.get("form_number", ""))
    except ValueError:
        faults.append(
            Fault(
                "form_number",
                _("Write all 13 digits of the form number on your survey slip. One of them may be wrong."),
            )
        )
    return faults, cnic, form_number


def answer_text(standing: Standing, programme: Programme) -> Bilingual:
    """Return the programme's sentence for a standing, filled in, in both languages."""
    if standing.code == "waiting":
        return programme.eligibility.reasons[WAITING_LIST]
    template = programme.messages[_TEXTS[standing.code]]
    return Bilingual(
        en=template.en.format_map(_details(standing, programme, "en", template.en)),
        ur=template.ur.format_map(_details(standing, programme, "ur", template.ur)),
    )


def _details(standing: Standing, programme: Programme, language: str, template: str) -> dict[str, str]:
    """Return what the sentence leaves open; only what it names is worked out."""
    named = {name for _text, name, _spec, _conversion in Formatter().parse(template) if name}
    banks = {bank.code: bank.label for bank in programme.banks.banks}
    facts = {fact.name: fact.label for fact in programme.facts}
    no_payee = programme.unpaid_reasons
    reasons = {**programme.eligibility.reasons, **no_payee}
    comma = "، " if language == "ur" else ", "
    details = {
        # Held together, and isolated from the direction of the words around it.
        "amount": f"\u2068{rupees_text(standing.amount_paisa).replace(' ', chr(0xA0))}\u2069",
        "tranche": _tranche(standing.tranche, language),
        "bank": banks[standing.bank].in_(language) if standing.bank in banks else "",
        "reason": " ".join(reasons[code].in_(language) for code in standing.reasons if code in reasons),
        "facts": comma.join(
            facts[name].in_(language).rstrip("?؟") for name in standing.missing if name in facts
        ),
        "appeal_until": _appeal_until(standing.decided_at, programme, language),
    }
    return {name: details.get(name, "") for name in named}


def _tranche(code: str, language: str) -> str:
    if not code:
        return ""
    first = 3 * (int(code[-1]) - 1)
    months = MONTHS[language]
    return f"{months[first]} {'تا' if language == 'ur' else 'to'} {months[first + 2]} {code[:4]}"


def _appeal_until(decided_at: datetime | None, programme: Programme, language: str) -> str:
    if decided_at is None:
        return ""
    last = timezone.localdate(decided_at) + timedelta(days=programme.calendar.appeal_days)
    return f"{last.day} {MONTHS[language][last.month - 1]} {last.year}"
