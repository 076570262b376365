"""A committee's list on paper: numbers, two names and boxes to tick; no score, no reason, no identifier."""

from __future__ import annotations

from kafalat.core.text import Bilingual, Language
from kafalat.interfaces.paper import JSON, render
from kafalat.policy.model import Programme
from kafalat.registry.selectors import place_tree
from kafalat.targeting.committee_selectors import members_of, rows_of
from kafalat.targeting.models import ValidationList

WORDS: dict[str, Bilingual] = {
    "title": Bilingual(en="List for the committee", ur="کمیٹی کے لیے فہرست"),
    "list": Bilingual(en="List", ur="فہرست"),
    "until": Bilingual(en="Bring it back by", ur="واپس لانے کی آخری تاریخ"),
    "how": Bilingual(
        en="Talk about each household and tick one box. You do not decide: what you say leads to a new interview at most, "
        "or moves a rank a little. Leave out whoever is kin, employer, debtor or opponent: write her name at the household. "
        "Nobody pays anything for being on this list or off it.",
        ur="ہر گھرانے پر بات کر کے ایک خانے پر نشان لگائیں۔ فیصلہ آپ کا نہیں: آپ کی رائے سے زیادہ سے زیادہ دوبارہ انٹرویو ہوتا ہے یا "
        "نمبر کچھ آگے پیچھے ہوتا ہے۔ رشتہ دار، مالک، قرض دار یا مخالف رکن اس گھرانے پر بات نہ کرے: اس کا نام وہاں لکھیں۔ "
        "فہرست میں آنے یا نکلنے کا کوئی پیسہ نہیں۔",
    ),
    "number": Bilingual(en="No.", ur="نمبر"),
    "head": Bilingual(en="Head of household", ur="گھرانے کے سربراہ"),
    "woman": Bilingual(en="Woman", ur="خاتون"),
    "proposal": Bilingual(en="Proposal", ur="تجویز"),
    "proposed": Bilingual(en="In", ur="شامل"),
    "not_proposed": Bilingual(en="Out", ur="شامل نہیں"),
    "right": Bilingual(en="Right", ur="درست"),
    "wrong": Bilingual(en="Wrong", ur="غلط"),
    "unknown": Bilingual(en="Unknown", ur="نامعلوم"),
    "why": Bilingual(en="Why / who does not speak", ur="وجہ / کون رائے نہیں دے گا"),
    "members": Bilingual(en="Members present", ur="حاضر ارکان"),
    "leader": Bilingual(en="leader", ur="سربراہ"),
    "synthetic": Bilingual(en="Synthetic names: they belong to nobody.", ur="نام فرضی ہیں: یہ کسی کے نہیں۔"),
    "sign": Bilingual(
        en="I have spoken of no household in which I have an interest.",
        ur="میں نے کسی ایسے گھرانے پر رائے نہیں دی جس سے میرا کوئی تعلق ہے۔",
    ),
}


def list_pdf(validation_list: ValidationList, programme: Programme, language: Language) -> bytes:
    """Return a list as PDF in one language. The caller has checked who asks."""
    place = place_tree().nodes.get(validation_list.committee.place_id)
    name = place.name if place else Bilingual(en="", ur="")
    words: dict[str, JSON] = {key: text.in_(language) for key, text in WORDS.items() if key != "title"}
    rows = rows_of(validation_list)
    households: list[JSON] = [
        {
            "number": row.number,
            "head": row.head.in_(language),
            "woman": row.woman.in_(language),
            "proposed": row.proposed,
        }
        for row in rows
    ]
    members: list[JSON] = [{"name": m.name, "leader": m.leader} for m in members_of(validation_list)]
    data: dict[str, JSON] = {
        "lang": language,
        "programme": {"en": programme.label.en, "ur": programme.label.ur},
        "title": {"en": WORDS["title"].en, "ur": WORDS["title"].ur},
        "digest": validation_list.run.digest[:16],
        "place": name.in_(language),
        "list": validation_list.pk,
        "deadline": validation_list.deadline.isoformat(),
        "words": words,
        "synthetic": any(row.synthetic for row in rows),
        "households": households,
        "members": members,
    }
    return render("committee_list", data)
