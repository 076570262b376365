"""The error catalogue: every error a user can meet, one clear sentence in English and Urdu.

Each entry says what is wrong, where, and what to do; the comment above it gives the shape of its details.
Raise with `raise problem("survey.table_missing", table="housing", folder="...")`. The command line prints both
languages and exits with `exit_code`; the console answers with `http_status`. A problem always means that
nothing was changed.
"""

from __future__ import annotations

from kafalat.core.entries import Entry
from kafalat.core.problems_of_accounts import OF_ACCOUNTS
from kafalat.core.problems_of_bank_files import OF_BANK_FILES
from kafalat.core.problems_of_channels import OF_CHANNELS
from kafalat.core.problems_of_counter import OF_COUNTER
from kafalat.core.problems_of_cycles import OF_CYCLES
from kafalat.core.problems_of_jobs import OF_JOBS
from kafalat.core.problems_of_recalls import OF_RECALLS
from kafalat.core.problems_of_reconciliation import OF_RECONCILIATION
from kafalat.core.problems_of_targeting import OF_TARGETING
from kafalat.core.problems_of_uploads import OF_UPLOADS
from kafalat.core.text import LANGUAGES, Language


class Problem(Exception):
    """A refusal from the catalogue. `code` names the entry, `details` fills its sentences, `place` begins them."""

    def __init__(self, code: str, details: dict[str, object], place: str = "") -> None:
        self.code = code
        self.place = place
        self.entry = CATALOGUE[code]
        self.details = details
        missing = self.entry.fields() - details.keys()
        if missing:
            msg = f"problem {code} lacks details: {sorted(missing)}"
            raise KeyError(msg)
        super().__init__(self.text("en"))

    def text(self, language: Language) -> str:
        """Return the whole sentence in `language`."""
        template = self.entry.ur if language == "ur" else self.entry.en
        sentence = template.format(**self.details)
        return f"{self.place}: {sentence}" if self.place else sentence

    def within(self, place: str) -> Problem:
        """Return the same problem saying in which file or folder it was met; as it is where it names that already."""
        return self if place in self.text("en") else Problem(self.code, self.details, place)

    def both(self) -> str:
        """Return the sentence in English and in Urdu, a line each."""
        return "\n".join(self.text(language) for language in LANGUAGES)


def problem(code: str, **details: object) -> Problem:
    """Return the problem `code` with its details, ready to raise. Raises KeyError for an unknown code or a missing detail."""
    return Problem(code, details)


CATALOGUE: dict[str, Entry] = {
    # ---- input files in general --------------------------------------------------------------------------
    # { path: "the file or folder that was asked for" }
    "input.not_found": Entry(
        en="{path} does not exist; check the path and try again.",
        ur="{path} موجود نہیں؛ راستہ دیکھ کر دوبارہ کوشش کریں۔",
    ),
    # { path: "the file to be written", reason: "what the system said" }
    "output.not_written": Entry(
        en="{path} could not be written ({reason}); nothing was changed. Give a file in a folder you may write to.",
        ur="{path} نہیں لکھی جا سکی ({reason})؛ کچھ تبدیل نہیں ہوا۔ ایسے فولڈر کی فائل دیں جس میں آپ لکھ سکتے ہیں۔",
    ),
    # ---- survey ------------------------------------------------------------------------------------------
    # { profile: "what was asked for", known: "names of the shipped profiles" }
    "survey.profile_unknown": Entry(
        en="There is no survey profile '{profile}'. Shipped profiles: {known}. Name one of them, or the path of your own .sql file.",
        ur="سروے پروفائل «{profile}» موجود نہیں۔ دستیاب پروفائل: {known}۔ ان میں سے کوئی نام لکھیں یا اپنی .sql فائل کا راستہ دیں۔",
    ),
    # { profile, reason_en, reason_ur: "what is wrong with the file" }
    "survey.profile_invalid": Entry(
        en="The survey profile {profile} cannot be used: {reason_en} Correct the profile.",
        ur="سروے پروفائل {profile} استعمال نہیں ہو سکتا: {reason_ur} پروفائل درست کریں۔",
    ),
    # { profile, folder, reason: "the engine's own words" }
    "survey.profile_failed": Entry(
        en="The survey in {folder} cannot be read with the profile {profile}: {reason}. Nothing was read; correct the data or the profile.",
        ur="{folder} کا سروے پروفائل {profile} سے پڑھا نہیں جا سکا: {reason}۔ کچھ بھی نہیں پڑھا گیا؛ ڈیٹا یا پروفائل درست کریں۔",
    ),
    # { table: "raw table", folder, profile }
    "survey.table_missing": Entry(
        en="The survey folder {folder} has no table '{table}', which the profile {profile} needs. Put {table}.parquet or {table}.csv there.",
        ur="سروے فولڈر {folder} میں جدول «{table}» نہیں، جو پروفائل {profile} کو درکار ہے۔ وہاں {table}.parquet یا {table}.csv رکھیں۔",
    ),
    # { file: "raw file", column, nearest_en, nearest_ur: "a hint, or nothing" }
    "survey.column_missing": Entry(
        en="{file} has no column '{column}', which the profile needs.{nearest_en} Use the file as its publisher gives it.",
        ur="{file} میں کالم «{column}» نہیں، جو پروفائل کو درکار ہے۔{nearest_ur} فائل اسی طرح استعمال کریں جیسے شائع ہوئی ہے۔",
    ),
    # { file, reason: "the engine's own words" }
    "survey.file_unreadable": Entry(
        en="{file} cannot be read; it is cut off or damaged ({reason}). Get the file again.",
        ur="{file} پڑھی نہیں جا سکتی؛ وہ ادھوری یا خراب ہے ({reason})۔ فائل دوبارہ حاصل کریں۔",
    ),
    # { profile, table: "households or people", column: "what the profile did not make" }
    "survey.output_missing": Entry(
        en="The profile {profile} makes no column '{column}' in the table {table}; it must.",
        ur="پروفائل {profile} جدول {table} میں کالم «{column}» نہیں بناتا؛ یہ ضروری ہے۔",
    ),
    # { profile, table, column, nearest_en, nearest_ur }
    "survey.output_unknown": Entry(
        en="The profile {profile} makes the column '{column}' in the table {table}, which is no fact of the programme.{nearest_en} Rename or remove it.",
        ur="پروفائل {profile} جدول {table} میں کالم «{column}» بناتا ہے جو پروگرام کے کوائف میں نہیں۔{nearest_ur} نام درست کریں یا اسے نکال دیں۔",
    ),
    # { profile, folder }
    "survey.empty": Entry(
        en="The survey in {folder}, read with the profile {profile}, has no household. Check that the files are whole.",
        ur="{folder} کے سروے میں، پروفائل {profile} سے پڑھنے پر، کوئی گھرانہ نہیں۔ دیکھیں کہ فائلیں پوری ہیں۔",
    ),
    # { place_en, place_ur: "table, household, member", column, count: "rows like it" }
    "survey.answer_missing": Entry(
        en="{place_en}: '{column}' is empty ({count} such). Every household and member needs it; complete the data.",
        ur="{place_ur}: «{column}» خالی ہے (ایسے اندراج: {count})۔ ہر گھرانے اور فرد کے لیے یہ ضروری ہے؛ ڈیٹا مکمل کریں۔",
    ),
    # { place_en, place_ur, column, value, kind: "the type expected", count }
    "survey.value_type": Entry(
        en="{place_en}: '{column}' is '{value}', which is no {kind} ({count} such). Correct the data or the profile.",
        ur="{place_ur}: «{column}» کی قدر «{value}» ہے، جو {kind} نہیں (ایسے اندراج: {count})۔ ڈیٹا یا پروفائل درست کریں۔",
    ),
    # { place_en, place_ur, column, value, nearest_en, nearest_ur, count }
    "survey.category_unknown": Entry(
        en="{place_en}: '{column}' is '{value}', which is none of its values ({count} such).{nearest_en} Correct the data or the profile.",
        ur="{place_ur}: «{column}» کی قدر «{value}» ہے، جو اس کی قدروں میں نہیں (ایسے اندراج: {count})۔{nearest_ur} ڈیٹا یا پروفائل درست کریں۔",
    ),
    # { place_en, place_ur, column, value, minimum, maximum, count }
    "survey.value_out_of_range": Entry(
        en="{place_en}: '{column}' is {value}; it lies between {minimum} and {maximum} ({count} such). Correct the data.",
        ur="{place_ur}: «{column}» کی قدر {value} ہے؛ اسے {minimum} اور {maximum} کے درمیان ہونا چاہیے (ایسے اندراج: {count})۔ ڈیٹا درست کریں۔",
    ),
    # { place_en, place_ur, age, count }
    "survey.age_impossible": Entry(
        en="{place_en}: the age is {age} years; nobody is younger than 0 or older than 130 ({count} such). Correct the data.",
        ur="{place_ur}: عمر {age} سال ہے؛ عمر 0 سے کم یا 130 سے زیادہ نہیں ہو سکتی (ایسے اندراج: {count})۔ ڈیٹا درست کریں۔",
    ),
    # { household, times, count }
    "survey.household_repeated": Entry(
        en="Table households, household {household}: it is there {times} times ({count} households are repeated). Each household comes once; remove the repeats.",
        ur="جدول households، گھرانہ {household}: یہ {times} بار آیا ہے (ایسے گھرانے {count})۔ ہر گھرانہ ایک ہی بار ہوتا ہے؛ تکرار ہٹائیں۔",
    ),
    # { household, line, count }
    "survey.member_repeated": Entry(
        en="Table people, household {household}: line {line} is there more than once ({count} such). Each member has a line of their own; correct the roster.",
        ur="جدول people، گھرانہ {household}: سطر {line} ایک سے زیادہ بار ہے (ایسے اندراج: {count})۔ ہر فرد کی اپنی سطر ہوتی ہے؛ فہرست درست کریں۔",
    ),
    # { household, count }
    "survey.household_without_members": Entry(
        en="Table households, household {household}: it has no members ({count} such households). Add its roster or leave it out.",
        ur="جدول households، گھرانہ {household}: اس کا کوئی فرد نہیں (ایسے گھرانے {count})۔ افراد کی فہرست شامل کریں یا گھرانہ نکال دیں۔",
    ),
    # { household, line, count }
    "survey.member_without_household": Entry(
        en="Table people, line {line} of household {household}: there is no such household ({count} such members). Add the household or leave the member out.",
        ur="جدول people، گھرانہ {household} کی سطر {line}: ایسا کوئی گھرانہ نہیں (ایسے افراد {count})۔ گھرانہ شامل کریں یا فرد کو نکال دیں۔",
    ),
    # { household, place: "what stands for the place", nearest_en, nearest_ur, count }
    "survey.place_unknown": Entry(
        en="Table households, household {household}: the place '{place}' is no P-code of the programme's places.csv ({count} such).{nearest_en}",
        ur="جدول households، گھرانہ {household}: مقام «{place}» پروگرام کی places.csv میں کوئی P-code نہیں (ایسے اندراج: {count})۔{nearest_ur}",
    ),
    # { place_en, place_ur, column, count }
    "survey.nul_character": Entry(
        en="{place_en}: '{column}' holds a NUL character ({count} such), which no text has; the file is damaged. Get it again.",
        ur="{place_ur}: «{column}» میں NUL نشان ہے (ایسے اندراج: {count}) جو کسی تحریر میں نہیں ہوتا؛ فائل خراب ہے۔ دوبارہ حاصل کریں۔",
    ),
    # ---- programme ---------------------------------------------------------------------------------------
    # { folder: "the programme folder", first_en, first_ur: "the first finding: file, line, what is wrong, nearest valid name",
    #   more_en, more_ur: "how many findings follow it, or nothing" }
    "programme.invalid": Entry(
        en="The programme folder {folder} has an error and was not used. {first_en}{more_en} "
        "Correct it, and list everything that is wrong with: kafalat programme check {folder}",
        ur="پروگرام فولڈر {folder} میں غلطی ہے، اس لیے استعمال نہیں ہوا۔ {first_ur}{more_ur} "
        "درستی کریں؛ تمام غلطیوں کی فہرست کے لیے چلائیں: kafalat programme check {folder}",
    ),
    # { expression: "the rule as written", fault_en, fault_ur: "what the rule language refuses in it" }
    "programme.expression": Entry(
        en='The rule "{expression}" cannot be used. {fault_en} Correct it in the programme folder.',
        ur="شرط «{expression}» استعمال نہیں ہو سکتی۔ {fault_ur} پروگرام فولڈر میں اسے درست کریں۔",
    ),
    # ---- bank files --------------------------------------------------------------------------------------
    # { file: "the answer file's name", line: "where reading stopped, from 1", reason: "the XML reader's own words" }
    "bank.unreadable": Entry(
        en="{file}, line {line}: the file cannot be read, it is cut off or damaged ({reason}). "
        "Nothing was booked; ask the bank to send it again.",
        ur="{file}، سطر {line}: فائل پڑھی نہیں جا سکتی، یہ ادھوری یا خراب ہے ({reason})۔ "
        "کچھ درج نہیں کیا گیا؛ بینک سے دوبارہ بھیجنے کو کہیں۔",
    ),
    # { file: "the answer file's name" }
    "bank.doctype_refused": Entry(
        en="{file}: the file holds a DOCTYPE, which bank messages never do and attacks use. "
        "Nothing was read from it; do not open it, and report it to the system administrator.",
        ur="{file}: فائل میں DOCTYPE ہے، جو بینک کے پیغام میں کبھی نہیں ہوتا اور حملوں میں استعمال ہوتا ہے۔ "
        "اس سے کچھ نہیں پڑھا گیا؛ اسے نہ کھولیں اور منتظمِ نظام کو اطلاع دیں۔",
    ),
    # { file: "the answer file's name", encoding: "the encoding it is in or says it is in" }
    "bank.encoding_refused": Entry(
        en="{file}: the file is in the encoding {encoding}, but bank messages are in UTF-8. "
        "Nothing was booked; ask the bank to send it in UTF-8.",
        ur="{file}: فائل کی انکوڈنگ {encoding} ہے، جبکہ بینک کے پیغامات UTF-8 میں ہوتے ہیں۔ "
        "کچھ درج نہیں کیا گیا؛ بینک سے UTF-8 میں بھیجنے کو کہیں۔",
    ),
    # { file: "the file's name", expected: "the kind of message wanted, as in pain.002.001.*", found: "the kind it is" }
    "bank.wrong_message": Entry(
        en="{file}: this is not a {expected} message but {found}. Nothing was booked; check which file belongs here.",
        ur="{file}: یہ {expected} پیغام نہیں بلکہ {found} ہے۔ کچھ درج نہیں کیا گیا؛ دیکھیں کہ یہاں کون سی فائل آنی ہے۔",
    ),
    # { file: "the file's name", place: "path of the element that is needed, as in GrpHdr/MsgId" }
    "bank.element_missing": Entry(
        en="{file}: {place} is missing or empty. Nothing was booked; ask the bank to send the file again with it.",
        ur="{file}: {place} موجود نہیں یا خالی ہے۔ کچھ درج نہیں کیا گیا؛ بینک سے کہیں کہ اسے شامل کر کے فائل دوبارہ بھیجے۔",
    ),
    # { file: "the file's name", place: "path of the element", value: "what it says", expected: "the right notation" }
    "bank.value_invalid": Entry(
        en="{file}: {place} says “{value}”, expected is {expected}. Nothing was booked; ask the bank to correct the file.",
        ur="{file}: {place} میں ”{value}“ لکھا ہے، ہونا چاہیے: {expected}۔ کچھ درج نہیں کیا گیا؛ بینک سے فائل درست کرنے کو کہیں۔",
    ),
    # { file: "the file's name", place: "path of the amount", found: "its currency" }
    "bank.currency_wrong": Entry(
        en="{file}: the amount at {place} is in “{found}”, but the programme pays in PKR only. "
        "Nothing was booked; ask the bank what it paid.",
        ur="{file}: {place} پر رقم ”{found}“ میں ہے، جبکہ پروگرام صرف PKR میں ادائیگی کرتا ہے۔ "
        "کچھ درج نہیں کیا گیا؛ بینک سے پوچھیں کہ اس نے کیا ادا کیا۔",
    ),
    # { file: "the file's name", place: "path of the total", stated: "what it says", found: "what its lines add up to" }
    "bank.totals_differ": Entry(
        en="{file}: {place} states {stated}, but the lines give {found}. "
        "Nothing was booked; ask the bank for a file whose totals agree.",
        ur="{file}: {place} میں {stated} لکھا ہے، مگر سطروں سے {found} بنتا ہے۔ "
        "کچھ درج نہیں کیا گیا؛ بینک سے ایسی فائل مانگیں جس کے میزان درست ہوں۔",
    ),
    # { file: "the file's name", place: "path of the line", above: "the status of the whole", below: "the line's" }
    "bank.status_contradicts": Entry(
        en="{file}: {place} has the status {below}, but the file or block it belongs to has {above}. "
        "Nothing was booked; ask the bank which of the two holds.",
        ur="{file}: {place} کی حالت {below} ہے، مگر جس فائل یا حصے میں یہ ہے اس کی حالت {above} ہے۔ "
        "کچھ درج نہیں کیا گیا؛ بینک سے پوچھیں کہ دونوں میں سے کون سی درست ہے۔",
    ),
    # { name: "the file", message: "its message id" }
    "bank.repeated": Entry(
        en="{name}: this answer (message {message}) was taken in before; nothing was changed and nothing need be done.",
        ur="{name}: یہ جواب (پیغام {message}) پہلے وصول ہو چکا ہے؛ کچھ تبدیل نہیں ہوا اور کچھ کرنے کی ضرورت نہیں۔",
        http_status=409,
    ),
    # { name: "the file", message: "its message id" }
    "bank.no_lines": Entry(
        en="{name}: message {message} neither names payments nor accepts or rejects the whole file; nothing was changed. "
        "Ask the bank for a report by payment.",
        ur="{name}: پیغام {message} نہ کسی ادائیگی کا نام لیتا ہے نہ پوری فائل قبول یا رد کرتا ہے؛ کچھ تبدیل نہیں ہوا۔ "
        "بینک سے ہر ادائیگی کی الگ رپورٹ مانگیں۔",
    ),
    # { name: "the file", message: "its message id" }
    "bank.altered": Entry(
        en="{name}: message {message} was taken in before with other content; nothing was changed. Ask the bank which one is right.",
        ur="{name}: پیغام {message} پہلے کسی اور مواد کے ساتھ وصول ہو چکا ہے؛ کچھ تبدیل نہیں ہوا۔ بینک سے پوچھیں کون سا درست ہے۔",
        http_status=409,
    ),
    # { name: "the file", message: "the message id it answers" }
    "bank.unknown_file": Entry(
        en="{name} answers message {message}, which we did not send; nothing was changed. Ask the bank whose answer it is.",
        ur="{name} پیغام {message} کا جواب ہے جو ہم نے نہیں بھیجا؛ کچھ تبدیل نہیں ہوا۔ بینک سے پوچھیں یہ کس کا جواب ہے۔",
    ),
    **OF_BANK_FILES,
    # ---- registry ----------------------------------------------------------------------------------------
    # { household: "what was asked for" }
    "registry.household_unknown": Entry(
        en="No household {household} is known; give a form number (13 digits) or the survey's own household id.",
        ur="گھرانہ {household} معلوم نہیں؛ فارم نمبر (13 ہندسے) یا سروے کا اپنا گھرانہ نمبر دیں۔",
        http_status=404,
    ),
    # { what: "which rule of the registry was broken, as the database names it", detail: "the offending value" }
    "registry.refused": Entry(
        en="The registry refused the import ({what}: {detail}); correct the survey files and import again, nothing was changed.",
        ur="رجسٹری نے درآمد قبول نہیں کی ({what}: {detail})؛ سروے کی فائلیں درست کر کے دوبارہ درآمد کریں، کچھ تبدیل نہیں ہوا۔",
    ),
    # { path: "the file", reason_en, reason_ur: "what is wrong with it, and in which feature" }
    "registry.boundaries_invalid": Entry(
        en="{path} cannot be used as boundaries ({reason_en}); give a GeoJSON FeatureCollection whose features name a P-code.",
        ur="{path} حدود کے طور پر استعمال نہیں ہو سکتی ({reason_ur})؛ ایسی GeoJSON فائل دیں جس میں ہر مقام کا P-code ہو۔",
    ),
    # {}
    "registry.empty": Entry(
        en="The registry holds no household yet; import a survey first.",
        ur="رجسٹری میں ابھی کوئی گھرانہ نہیں؛ پہلے سروے درآمد کریں۔",
    ),
    # ---- enrolment and payments --------------------------------------------------------------------------
    # { place: "P-code of the place no cluster covers" }
    "enrolment.no_bank": Entry(
        en="No bank cluster covers the place {place}; add it to banks.yaml of the programme, no account was opened.",
        ur="مقام {place} کسی بینک کلسٹر میں شامل نہیں؛ اسے پروگرام کی banks.yaml میں شامل کریں، کوئی کھاتہ نہیں کھولا گیا۔",
    ),
    # { cycle: "its tranche" }
    "payments.cycle_closed": Entry(
        en="Cycle {cycle} is closed; nothing can be added to it. Open the next tranche's cycle instead.",
        ur="دورِ ادائیگی {cycle} بند ہو چکا ہے؛ اس میں کچھ شامل نہیں ہو سکتا۔ اگلی سہ ماہی کا دور کھولیں۔",
        http_status=409,
    ),
    # { cycle: "its tranche", recorded: "digest of the programme it was opened under" }
    "payments.programme_differs": Entry(
        en="Cycle {cycle} was opened under programme {recorded}; prepare it with that folder, nothing was generated.",
        ur="دورِ ادائیگی {cycle} پروگرام {recorded} کے تحت کھولا گیا تھا؛ اسی فولڈر سے تیار کریں، کچھ تیار نہیں ہوا۔",
        http_status=409,
    ),
    # { cycle: "its tranche" }
    "payments.no_amount": Entry(
        en="The programme has no amount in force on the first day of {cycle}; add it to amounts.yaml.",
        ur="{cycle} کے پہلے دن پروگرام میں کوئی رقم نافذ نہیں؛ اسے amounts.yaml میں شامل کریں۔",
    ),
    # { cycle: "its tranche" }
    "payments.nothing_to_pay": Entry(
        en="Cycle {cycle}: no payment is due that is not already on its way; enrol families or decide on returned payments first.",
        ur="دورِ ادائیگی {cycle}: کوئی ایسی ادائیگی باقی نہیں جو بھیجی نہ جا چکی ہو؛ پہلے خاندان شامل کریں یا واپس آئی رقوم کا فیصلہ کریں۔",
        http_status=409,
    ),
    # { cycle: "its tranche", payments: "how many have not come to an end" }
    "payments.cycle_unfinished": Entry(
        en="Cycle {cycle} cannot be closed: {payments} payments have not come to an end; take in the banks' answers and decide on returns.",
        ur="دورِ ادائیگی {cycle} بند نہیں ہو سکتا: {payments} ادائیگیاں مکمل نہیں؛ بینکوں کے جواب وصول کریں اور واپسیوں کا فیصلہ کریں۔",
        http_status=409,
    ),
    # { number: "the list's number" }
    "payments.list_unknown": Entry(
        en="There is no payment list {number}; choose one on the cycle's page.",
        ur="ادائیگی فہرست {number} موجود نہیں؛ دور کے صفحے سے فہرست چنیں۔",
        http_status=404,
    ),
    # { number: "the list's number", status: "the state it is in" }
    "payments.list_not_waiting": Entry(
        en="Payment list {number} is not waiting for this step (it is {status}); reload the page, nothing was changed.",
        ur="ادائیگی فہرست {number} اس مرحلے کی منتظر نہیں (حالت: {status})؛ صفحہ دوبارہ کھولیں، کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # { number: "the list's number" }
    "payments.list_changed": Entry(
        en="Payment list {number} is not the one that was prepared or seen: its digest differs. Stop, and tell the auditor.",
        ur="ادائیگی فہرست {number} وہ نہیں جو تیار ہوئی یا دیکھی گئی تھی: اس کی مہر مختلف ہے۔ کام روکیں اور آڈیٹر کو بتائیں۔",
        http_status=409,
    ),
    # { number: "the list's number", payment: "identity of the first payment in question" }
    "payments.list_exception": Entry(
        en="Payment list {number} holds an exception at payment {payment} (paid twice, a closed account, or a family held back since); reject it and prepare anew.",
        ur="ادائیگی فہرست {number} میں ادائیگی {payment} پر اعتراض ہے (دہری ادائیگی، بند کھاتہ یا بعد میں روکا گیا خاندان)؛ فہرست رد کر کے دوبارہ تیار کریں۔",
        http_status=409,
    ),
    # { number: "the list's number" }
    "payments.approved_already": Entry(
        en="You have already decided on payment list {number}; every seat under a list is another person's.",
        ur="آپ ادائیگی فہرست {number} پر فیصلہ دے چکے ہیں؛ ہر منظوری الگ فرد کی ہوتی ہے۔",
        http_status=409,
    ),
    # {}
    "payments.reason_missing": Entry(
        en="A rejection needs a reason; write why, in a sentence the maker can act on.",
        ur="رد کرنے کی وجہ لکھنا لازم ہے؛ ایک جملے میں لکھیں تاکہ تیار کرنے والا درستی کر سکے۔",
    ),
    # { file: "message id of the bank file" }
    "payments.file_changed": Entry(
        en="Bank file {file} no longer renders to the bytes that were dispatched; it was not sent. Stop, and tell the auditor.",
        ur="بینک فائل {file} اب وہ نہیں جو روانگی کے وقت بنی تھی؛ یہ نہیں بھیجی گئی۔ کام روکیں اور آڈیٹر کو بتائیں۔",
        http_status=409,
    ),
    # ---- the console ---------------------------------------------------------------------------------------
    # { roles_en: "the roles that open it, in English", roles_ur: "the same in Urdu" }
    "access.refused": Entry(
        en="Your login does not open this. It takes one of these roles: {roles_en}. "
        "If your work needs it, ask the administrator; nothing was changed.",
        ur="آپ کے لاگ اِن کو یہاں تک رسائی نہیں۔ اس کے لیے ان میں سے کوئی ایک ذمہ داری درکار ہے: {roles_ur}۔ "
        "اگر آپ کے کام کو اس کی ضرورت ہے تو منتظم سے کہیں؛ کچھ تبدیل نہیں ہوا۔",
        http_status=403,
    ),
    # { cycle: "the tranche, as in 2026Q1", number: "the list's number" }
    "access.own_list": Entry(
        en="You made list {number} of cycle {cycle}, so somebody else must decide about it; nothing was changed.",
        ur="دورِ ادائیگی {cycle} کی فہرست {number} آپ نے بنائی ہے، اس لیے فیصلہ کسی اور کو کرنا ہے؛ کچھ تبدیل نہیں ہوا۔",
        http_status=403,
    ),
    # { what_en: "what was asked for, as in cycle 7", what_ur: "the same in Urdu" }
    "console.not_found": Entry(
        en="There is no {what_en}. It may have been typed wrongly; go back to the list and choose from there.",
        ur="{what_ur} موجود نہیں۔ شاید نمبر غلط لکھا گیا ہے؛ فہرست پر واپس جا کر وہاں سے چنیں۔",
        http_status=404,
    ),
    # ---- installation ------------------------------------------------------------------------------------
    # { login: "the user name given" }
    "access.login_unknown": Entry(
        en="There is no login {login}; name one that exists, with the role the work needs.",
        ur="لاگ اِن {login} موجود نہیں؛ ایسا لاگ اِن دیں جو موجود ہو اور جس کے پاس یہ ذمہ داری ہو۔",
    ),
    # {}
    "demo.extra_missing": Entry(
        en="The demo's simulated bank is not installed; install it with: pip install 'kafalat[demo]'.",
        ur="نمائش کا فرضی بینک نصب نہیں؛ اسے یوں نصب کریں: pip install 'kafalat[demo]'",
    ),
    # { size: "entries the checkpoint covered", root: "its root", found: "the root of as many entries now" }
    "audit.past_edited": Entry(
        en="The audit log is not the one the checkpoint was taken of: its first {size} entries have root {found}, not {root}. "
        "Stop work, keep the database as it is, and tell the auditor.",
        ur="آڈٹ کا ریکارڈ وہ نہیں جس کی مہر لی گئی تھی: اس کے پہلے {size} اندراجات کی مہر {found} ہے، {root} نہیں۔ "
        "کام روکیں، ڈیٹا بیس جوں کا توں رکھیں اور آڈیٹر کو بتائیں۔",
        http_status=409,
    ),
    # { seq: "number of the first entry in question" }
    "audit.entry_edited": Entry(
        en="Entry {seq} of the audit log says something else than what was sealed when it was written. "
        "Stop work, keep the database as it is, and tell the auditor.",
        ur="آڈٹ کے ریکارڈ کا اندراج {seq} اُس سے مختلف ہے جو لکھتے وقت مہر بند ہوا تھا۔ "
        "کام روکیں، ڈیٹا بیس جوں کا توں رکھیں اور آڈیٹر کو بتائیں۔",
        http_status=409,
    ),
    # {}
    "demo.survey_and_profile": Entry(
        en="A survey needs its profile and a profile its survey; give both --survey and --profile, or neither.",
        ur="سروے کے ساتھ پروفائل اور پروفائل کے ساتھ سروے لازم ہے؛ دونوں دیں یا دونوں نہ دیں۔",
    ),
    # { tranche: "what was typed" }
    "payments.tranche_invalid": Entry(
        en="{tranche} is not a tranche; write year and quarter as in 2026Q1.",
        ur="{tranche} درست سہ ماہی نہیں؛ سال اور سہ ماہی یوں لکھیں: 2026Q1۔",
    ),
    # { path: "the home folder" }
    "demo.home_in_use": Entry(
        en="{path} holds a registry that is not a demo's; set KAFALAT_HOME to another folder for the demo, nothing was changed.",
        ur="{path} میں ایسی رجسٹری ہے جو نمائشی نہیں؛ نمائش کے لیے KAFALAT_HOME کوئی اور فولڈر رکھیں، کچھ تبدیل نہیں ہوا۔",
        http_status=409,
    ),
    # { reason: "what the server or its client said" }
    "installation.database": Entry(
        en="The database cannot be reached ({reason}); check the server or KAFALAT_DATABASE_URL and try again.",
        ur="ڈیٹا بیس تک رسائی نہیں ہو سکی ({reason})؛ سرور یا KAFALAT_DATABASE_URL دیکھ کر دوبارہ کوشش کریں۔",
        http_status=503,
    ),
    # {}
    "installation.owner_url_missing": Entry(
        en="KAFALAT_DATABASE_URL is set but KAFALAT_OWNER_DATABASE_URL is not; name the owner role's connection too.",
        ur="KAFALAT_DATABASE_URL دیا گیا ہے مگر KAFALAT_OWNER_DATABASE_URL نہیں؛ مالک کردار کا کنکشن بھی بتائیں۔",
    ),
    # { purpose: "what the sealed value is, as in person.cnic" }
    "sealing.unreadable": Entry(
        en="A sealed value ({purpose}) does not open: either the key in the home folder is not the one it was sealed with, "
        "or the value was altered. Put the right key back from the key holder's copy; if the key is right, tell the auditor.",
        ur="ایک مہر بند اندراج ({purpose}) نہیں کھلتا: یا تو ہوم فولڈر کی کلید وہ نہیں جس سے مہر لگی تھی، یا اندراج بدل دیا گیا ہے۔ "
        "کلید بردار کی نقل سے درست کلید واپس رکھیں؛ کلید درست ہو تو آڈیٹر کو اطلاع دیں۔",
        http_status=500,
    ),
    # ---- scorecards, lists from outside, targeting, committees, simulations --------------------------------
    **OF_ACCOUNTS,
    **OF_CYCLES,
    **OF_JOBS,
    **OF_RECALLS,
    **OF_RECONCILIATION,
    **OF_TARGETING,
    **OF_UPLOADS,
    # ---- the counter, devices, withdrawals, alerts -----------------------------------------------------------
    **OF_COUNTER,
    # ---- sending ------------------------------------------------------------------------------------------
    **OF_CHANNELS,
}
