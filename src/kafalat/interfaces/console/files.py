"""Bringing a file: what may be brought by whom, kept privately, and taken in by a job that is followed on its page."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from kafalat.core.problems import Problem, problem
from kafalat.interfaces import uploads
from kafalat.interfaces.console.words import bank_labels
from kafalat.interfaces.context import language_in_use
from kafalat.interfaces.jobs.kinds import KINDS
from kafalat.interfaces.jobs.of_files import UPLOADS
from kafalat.interfaces.jobs.services import start_job
from kafalat.interfaces.models import Job
from kafalat.interfaces.office import office
from kafalat.registry.access import refusal, roles_of


def may_bring(user: User) -> list[str]:
    """Return the kinds of files a person may bring."""
    roles = roles_of(user)
    return [kind for kind in UPLOADS if roles & KINDS[kind].roles]


@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest) -> HttpResponse:
    """Offer a form for each kind of file this reader may bring (GET); keep one and start the job that takes it in (POST)."""
    user = cast(User, request.user)
    kinds = may_bring(user)
    if not kinds:
        raise refusal(frozenset().union(*(KINDS[kind].roles for kind in UPLOADS)))
    refused, status, kind = "", 200, ""
    if request.method == "POST":
        kind = request.POST.get("kind", "")
        if kind not in kinds:
            raise refusal(KINDS[kind].roles if kind in UPLOADS else frozenset())
        try:
            return redirect("job", job_id=_brought(request, kind, user).pk)
        except Problem as found:
            refused, status = found.text(language_in_use(get_language())), found.entry.http_status
    context = {
        "forms": [(name, KINDS[name].title, UPLOADS[name], _most(name)) for name in kinds],
        "banks": bank_labels(),
        "refused": refused,
        "refused_kind": kind,
    }
    return render(request, "console/files.html", context, status=status)


def _most(kind: str) -> str:
    return f"{UPLOADS[kind].bytes_max // uploads.MEGABYTE} MB"


def _brought(request: HttpRequest, kind: str, user: User) -> Job:
    """Keep the file and queue its job. The same content is not queued twice at once."""
    upload, folder, wanted = request.FILES.get("file"), office().home.uploads, UPLOADS[kind]
    if not isinstance(upload, UploadedFile):
        raise problem("uploads.missing")
    bank = request.POST.get("bank", "") if wanted.of_bank else ""
    if wanted.of_bank and bank not in bank_labels():
        raise problem("accounts.bank_unknown", bank=uploads.name_of(bank))
    kept = uploads.keep(upload, forms=wanted.forms, bytes_max=wanted.bytes_max, folder=folder)
    try:
        return start_job(
            kind=kind,
            arguments={"upload": kept.token, "name": kept.name, **({"bank": bank} if bank else {})},
            user=user,
            at=timezone.now(),
            subject=bank,
            key=f"{kind}:{kept.sha256}",
        )
    except Problem:
        uploads.discard(folder, kept.token)
        raise
