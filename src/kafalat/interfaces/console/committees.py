"""What committees are asked and say: the lists of a secretary, one list on paper, on a tablet or as a plain form, statistics
and alarms by committee, and the households that wait for a new interview."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kafalat.core.problems import Problem, problem
from kafalat.interfaces import programmes
from kafalat.interfaces.committee_paper import list_pdf
from kafalat.interfaces.context import language_in_use
from kafalat.policy.model import Programme
from kafalat.registry.access import access_figures, access_households, may_read_households, roles_of
from kafalat.registry.selectors import place_tree
from kafalat.targeting import committee_selectors as reads
from kafalat.targeting.access import access_entering, access_list, access_lists, may_enter, may_read_lists
from kafalat.targeting.committee_selectors import Row
from kafalat.targeting.community import Answer, enter
from kafalat.targeting.models import ValidationList, Verdict

PAGE_SIZE = 25
BODY_BYTES_MAX = 512 * 1024


@dataclass(frozen=True, slots=True)
class EntryForm:
    """One household of the form: what holds, what was chosen just now, and a refusal."""

    row: Row
    client_id: UUID
    choices: tuple[str, ...]
    chosen: Mapping[str, str]
    refused: str = ""


def _forms(rows: list[Row], chosen: Mapping[str, str], refused: Mapping[int, str]) -> list[EntryForm]:
    forms = []
    for row in rows:
        held = row.verdict
        values = {
            "verdict": held.verdict if held else "",
            "reason": held.reason if held else "",
            "note": held.note if held else "",
            "member": str(held.member_id) if held else "",
            "conflict": "",
        }
        values |= {
            name: chosen[f"{name}_{row.entry_id}"] for name in values if f"{name}_{row.entry_id}" in chosen
        }
        forms.append(
            EntryForm(
                row=row,
                client_id=uuid4(),
                choices=("confirm", "wrongly_in" if row.proposed else "wrongly_out", "unknown_household"),
                chosen=values,
                refused=refused.get(row.entry_id, ""),
            )
        )
    return forms


@require_safe
def lists(request: HttpRequest) -> HttpResponse:
    """List the lists a person may read, newest first, with how many households of each have a verdict."""
    page = Paginator(access_lists(cast(User, request.user)), PAGE_SIZE).get_page(request.GET.get("page"))
    tree = place_tree()
    done = reads.answered([entry.pk for entry in page])
    rows = [(entry, tree.nodes.get(entry.committee.place_id), *done.get(entry.pk, (0, 0))) for entry in page]
    return render(
        request, "console/committee_lists.html", {"page": page, "rows": rows, "today": timezone.localdate()}
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, list_id: int) -> HttpResponse:
    """Show one list, and take its verdicts as a plain form (POST): all that was changed, or nothing."""
    user = cast(User, request.user)
    found = access_entering(user, list_id) if request.method == "POST" else access_list(user, list_id)
    programme = programmes.stamped(found.run.programme_sha256)
    rows = reads.rows_of(found)
    refused: dict[int, str] = {}
    if request.method == "POST":
        answers = [answer for row in rows if (answer := _from_form(row, request.POST)) is not None]
        for answer in answers:  # the sentence belongs beside the household it is about
            try:
                _enter(programme, found, [answer], user)
            except Problem as refusal:
                refused[answer.entry_id] = refusal.text(language_in_use(get_language()))
        saved = len(answers) - len(refused)
        if saved:
            done = ngettext("%(n)s answer was saved.", "%(n)s answers were saved.", saved) % {"n": saved}
            messages.success(request, done)
        if not refused:
            return redirect("committee_list", list_id=found.pk)
        rows = reads.rows_of(found)
    context = {
        "list": found,
        "place": place_tree().nodes.get(found.committee.place_id),
        "forms": _forms(rows, request.POST if refused else {}, refused),
        "members": reads.members_of(found),
        "reasons": programme.validation.reasons,
        "refused": len(refused),
        "synthetic": any(row.synthetic for row in rows),
        "open": may_enter(user, found) and timezone.localdate() <= found.deadline,
        "said": sum(row.verdict is not None for row in rows),
    }
    return render(request, "console/committee_list.html", context, status=400 if refused else 200)


def _enter(
    programme: Programme, validation_list: ValidationList, answers: list[Answer], user: User
) -> list[Verdict]:
    now = timezone.now()
    return enter(
        programme=programme,
        validation_list=validation_list,
        answers=answers,
        today=timezone.localtime(now).date(),
        actor=user.get_username(),
        at=now,
    )


def _from_form(row: Row, sent: Mapping[str, str]) -> Answer | None:
    """Return what the form says of a household, or None where it says nothing new."""
    field = {
        name: sent.get(f"{name}_{row.entry_id}", "").strip()
        for name in ("verdict", "reason", "note", "member", "conflict", "replaces", "client")
    }
    held = row.verdict
    same = held is not None and (held.verdict, held.reason, held.note, str(held.member_id)) == (
        field["verdict"],
        field["reason"],
        field["note"],
        field["member"],
    )
    if (same or not field["verdict"]) and not field["conflict"]:
        return None
    return _answer(
        {
            **field,
            "entry": row.entry_id,
            "verdict": "" if same else field["verdict"],
            "client_id": field["client"],
        }
    )


def _answer(sent: Mapping[str, Any]) -> Answer:
    """Return an answer as it was sent. Raises the problem `community.unreadable`."""

    def number(name: str) -> int | None:
        value = sent.get(name)
        return None if value in {None, ""} else int(cast("str | int", value))

    try:
        return Answer(
            entry_id=int(sent["entry"]),
            verdict=str(sent.get("verdict") or ""),
            reason=str(sent.get("reason") or ""),
            note=str(sent.get("note") or "")[:200],
            member_id=number("member"),
            replaces=number("replaces"),
            client_id=UUID(str(sent["client_id"])),
            conflict=number("conflict"),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise problem("community.unreadable") from None


@require_POST
def receive(request: HttpRequest, list_id: int) -> JsonResponse:
    """Take answers that a tablet kept (JSON), each for itself, and say what became of each; one sent twice is one."""
    user = cast(User, request.user)
    found = access_entering(user, list_id)
    programme = programmes.stamped(found.run.programme_sha256)
    try:
        sent = json.loads(request.body[:BODY_BYTES_MAX])["answers"]
        answers = [_answer(each) for each in sent]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise problem("community.unreadable") from None
    outcomes: list[dict[str, object]] = []
    for answer in answers:
        outcome: dict[str, object] = {"entry": answer.entry_id, "client_id": str(answer.client_id)}
        try:
            given = _enter(programme, found, [answer], user)
            outcome |= {"saved": True, "verdict": given[0].pk if given else None}
        except Problem as refusal:
            outcome |= {"saved": False, "sentence": refusal.text(language_in_use(get_language()))}
        outcomes.append(outcome)
    return JsonResponse({"outcomes": outcomes})


@require_safe
def paper(request: HttpRequest, list_id: int) -> HttpResponse:
    """Give a list as PDF, in the language of the page."""
    found = access_list(cast(User, request.user), list_id)
    programme = programmes.stamped(found.run.programme_sha256)
    content = list_pdf(found, programme, language_in_use(get_language()))
    return HttpResponse(
        content,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="list-{found.pk}.pdf"'},
    )


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Give the tablet's worker, which keeps a list readable without a connection; from the root, so that it may serve any list."""
    del request
    script = Path(str(finders.find("committee-worker.js"))).read_text(encoding="utf-8")
    return HttpResponse(script, content_type="text/javascript", headers={"Cache-Control": "no-cache"})


@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """Show what each committee has said so far, and which to look into. No household stands here."""
    user = cast(User, request.user)
    access_figures(user)
    rules = programmes.in_force().validation
    tree = place_tree()
    found = reads.statistics(rules.alarms)
    context = {
        "rows": [(entry, tree.nodes.get(entry.place)) for entry in found],
        "alarms": sum(bool(entry.alarms) for entry in found),
        "rules": rules,
        "source": rules.source,
        "reads_lists": may_read_lists(roles_of(user)),
        "reads_queue": may_read_households(roles_of(user)),
    }
    return render(request, "console/committee_statistics.html", context)


@require_safe
def resurvey(request: HttpRequest) -> HttpResponse:
    """List the households a committee's verdict sends to a new interview, the longest waiting first."""
    access_households(cast(User, request.user))
    tree = place_tree()
    queue = reads.resurvey_queue(reads.QUEUE_LIMIT + 1)
    reasons = programmes.in_force().validation.reasons
    context = {
        "rows": [
            (entry, tree.nodes.get(entry.place), reasons.get(entry.reason))
            for entry in queue[: reads.QUEUE_LIMIT]
        ],
        "more": len(queue) > reads.QUEUE_LIMIT,
        "limit": reads.QUEUE_LIMIT,
    }
    return render(request, "console/committee_resurvey.html", context)
