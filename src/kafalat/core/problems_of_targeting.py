"""The part of the error catalogue about scorecards, lists from outside, targeting, committees and simulations."""

from __future__ import annotations

from kafalat.core.entries import Entry

OF_TARGETING: dict[str, Entry] = {
    # ---- scorecards --------------------------------------------------------------------------------------
    # { file: "the file", line, first_en, first_ur: "the first finding", more_en, more_ur: "how many follow, or nothing" }
    "scorecard.invalid": Entry(
        en="{file} has an error and was not used; nothing was written. {first_en}{more_en}",
        ur="{file} میں غلطی ہے، اس لیے استعمال نہیں ہوئی؛ کچھ نہیں لکھا گیا۔ {first_ur}{more_ur}",
    ),
    # { command: "the command's name" }
    "scorecard.extra_missing": Entry(
        en="kafalat scorecard {command} needs packages for analysts that are not installed; install them with: pip install 'kafalat[fit]'.",
        ur="kafalat scorecard {command} کے لیے تجزیے کے پیکج درکار ہیں جو نصب نہیں؛ انہیں یوں نصب کریں: pip install 'kafalat[fit]'",
    ),
    # { reason_en/reason_ur: "which fact, and why it may not be used" }
    "scorecard.fact_refused": Entry(
        en="No scorecard was fitted. {reason_en}",
        ur="اسکور کارڈ نہیں بنایا گیا۔ {reason_ur}",
    ),
    # { fact: "the name given as stratum" }
    "scorecard.stratum_refused": Entry(
        en="'{fact}' gives no strata: name a category of the household that every household has answered, with at least two usual answers.",
        ur="«{fact}» سے strata نہیں بنتے: گھرانے کا ایسا زمرہ دیں جس کا جواب ہر گھرانے نے دیا ہو اور جس کے کم از کم دو عام جواب ہوں۔",
    ),
    # { households: "how many are known in full", minimum: "how many it takes", folds: "folds of sampling units" }
    "scorecard.too_few": Entry(
        en="Only {households} households have both their spending and every fact; a fit takes {minimum} or more, in {folds} sampling units or more.",
        ur="صرف {households} گھرانوں کا خرچ اور تمام کوائف معلوم ہیں؛ کم از کم {minimum} گھرانے اور {folds} نمونہ اکائیاں درکار ہیں۔",
    ),
    # {}
    "scorecard.line_missing": Entry(
        en="The programme states no poverty line yet; give --line, --line-from (as in 2024-07-01), --line-source and --poor-people.",
        ur="پروگرام میں ابھی خطِ غربت درج نہیں؛ ‎--line، ‎--line-from (جیسے 2024-07-01)، ‎--line-source اور ‎--poor-people دیں۔",
    ),
    # { profile: "the survey", scorecard: "the card's code" }
    "scorecard.nothing_known": Entry(
        en="No household of {profile} has both a score by {scorecard} and known spending; give a survey that asked for both.",
        ur="{profile} کے کسی گھرانے کا {scorecard} سے اسکور اور خرچ دونوں معلوم نہیں؛ ایسا سروے دیں جس میں دونوں ہوں۔",
    ),
    # { scorecard: "the programme's card", fact: "a fact it uses that the survey does not declare" }
    "scorecard.fact_not_asked": Entry(
        en="This survey has no fact {fact}, which the programme's card {scorecard} uses; give a card of its own with --scorecard.",
        ur="اس سروے میں {fact} نہیں جو پروگرام کا کارڈ {scorecard} استعمال کرتا ہے؛ ‎--scorecard سے اس سروے کا اپنا کارڈ دیں۔",
    ),
    # { value: "what was typed" }
    "scorecard.coverage_invalid": Entry(
        en="{value} is no list of shares; write shares between 0 and 1 as in 0.1,0.2,0.3.",
        ur="{value} حصوں کی فہرست نہیں؛ 0 اور 1 کے درمیان حصے یوں لکھیں: ‎0.1,0.2,0.3۔",
    ),
    # { country: "the survey's", own: "the programme's" }
    "survey.other_country": Entry(
        en="This survey is of {country}, the programme of {own}: it serves to fit and judge scorecards, not for the registry.",
        ur="یہ سروے {country} کا ہے جبکہ پروگرام {own} کا: اس سے اسکور کارڈ بنائے اور جانچے جا سکتے ہیں، رجسٹری میں نہیں آتا۔",
    ),
    # ---- lists from outside ------------------------------------------------------------------------------
    # { filter: "what was asked for", known: "the programme's filters", nearest: "the one most like it, or -" }
    "lists.filter_unknown": Entry(
        en="The programme has no filter '{filter}' (nearest: {nearest}); it has: {known}.",
        ur="پروگرام میں چھان بین «{filter}» نہیں (قریب ترین: {nearest})؛ یہ ہیں: {known}۔",
    ),
    # { date: "what was given" }
    "lists.date_invalid": Entry(
        en="'{date}' cannot be the date of a list; give the day it was made, not after today, as 2026-01-31.",
        ur="«{date}» فہرست کی تاریخ نہیں ہو سکتی؛ فہرست بننے کا دن لکھیں جو آج کے بعد نہ ہو، جیسے 2026-01-31۔",
    ),
    # { file: "the list", line: "from 1", reason_en, reason_ur: "what is wrong there" }
    "lists.file_invalid": Entry(
        en="{file}, line {line}: {reason_en}; correct the list and import it again, nothing of it was taken in.",
        ur="{file}، سطر {line}: {reason_ur}؛ فہرست درست کر کے دوبارہ درآمد کریں، اس کا کچھ بھی شامل نہیں کیا گیا۔",
    ),
    # ---- targeting ---------------------------------------------------------------------------------------
    # { path: "the snapshot's folder" }
    "targeting.snapshot_missing": Entry(
        en="There is no snapshot in {path}; restore the folder from a backup or take a new snapshot.",
        ur="{path} میں کوئی عکسِ وقت موجود نہیں؛ فولڈر بیک اپ سے بحال کریں یا نیا عکس لیں۔",
    ),
    # { path: "the snapshot's folder", file: "the file that is not as the manifest says" }
    "targeting.snapshot_changed": Entry(
        en="Snapshot {path}: the file {file} is not as the manifest says; restore it from a backup, nothing was decided.",
        ur="عکسِ وقت {path}: فائل {file} فہرستِ مندرجات کے مطابق نہیں؛ اسے بیک اپ سے بحال کریں، کوئی فیصلہ نہیں کیا گیا۔",
    ),
    # { path: "the snapshot's folder", found: "format of the snapshot", needed: "format that is read" }
    "targeting.snapshot_format": Entry(
        en="Snapshot {path} has format {found}; this version reads format {needed}. Take a new snapshot.",
        ur="عکسِ وقت {path} کی ترتیب {found} ہے؛ یہ ورژن ترتیب {needed} پڑھتا ہے۔ نیا عکسِ وقت لیں۔",
    ),
    # { name: "what was given", nearest: "the fact most like it, or -" }
    "targeting.answer_unknown": Entry(
        en="'{name}' is no answer that can be given here (nearest: {nearest}); nothing was computed.",
        ur="«{name}» ایسا کوئی جواب نہیں جو یہاں دیا جا سکے (قریب ترین: {nearest})؛ کچھ شمار نہیں کیا گیا۔",
    ),
    # { fact_en, fact_ur: "the fact's label", value: "what was given", expected_en, expected_ur: "what it can be" }
    "targeting.answer_invalid": Entry(
        en="{fact_en}: '{value}' cannot be the answer; give {expected_en}. Nothing was computed.",
        ur="{fact_ur}: «{value}» جواب نہیں ہو سکتا؛ یہ دیں: {expected_ur}۔ کچھ شمار نہیں کیا گیا۔",
    ),
    # { engine: "what was asked for", engines: "those there are" }
    "targeting.engine_unknown": Entry(
        en="There is no engine {engine}; choose one of: {engines}.",
        ur="انجن {engine} موجود نہیں؛ ان میں سے ایک چنیں: {engines}۔",
    ),
    # {}
    "targeting.spark_missing": Entry(
        en="The engine spark needs a package that is not installed; install it with: pip install 'kafalat[spark]', "
        "or leave --engine out.",
        ur="انجن spark کے لیے درکار پیکج نصب نہیں؛ یوں نصب کریں: pip install 'kafalat[spark]'، یا --engine کے بغیر چلائیں۔",
    ),
    # {}
    "targeting.java_missing": Entry(
        en="The engine spark needs Java 17 or newer, and there is none; install it, set JAVA_HOME, or leave --engine out.",
        ur="انجن spark کے لیے Java 17 یا اس سے نیا درکار ہے جو نہیں ملا؛ اسے نصب کریں، JAVA_HOME مقرر کریں، یا --engine کے بغیر چلائیں۔",
    ),
    # { master: "URL of Spark's master", reason: "first line of what Spark said" }
    "targeting.spark_failed": Entry(
        en="Spark did not start at {master}: {reason}. Check the address and Java (17 or newer); nothing was decided.",
        ur="{master} پر Spark شروع نہیں ہوا: {reason}۔ پتہ اور Java (17 یا نیا) دیکھیں؛ کوئی فیصلہ نہیں کیا گیا۔",
    ),
    # { run: "what was asked for" }
    "targeting.run_unknown": Entry(
        en="There is no run {run}; list the runs in the console or use the word latest.",
        ur="دورِ انتخاب {run} موجود نہیں؛ کنسول میں انتخاب کے ادوار کی فہرست دیکھیں یا لفظ latest استعمال کریں۔",
        http_status=404,
    ),
    # { day: "what was typed" }
    "targeting.day_invalid": Entry(
        en="{day} is not a day; write it as in 2026-01-01.",
        ur="{day} درست تاریخ نہیں؛ تاریخ یوں لکھیں: 2026-01-01۔",
    ),
    # { run: "the run's number", recorded: "digest on record", found: "digest recomputed", district: "first that differs",
    #   household: "form number or id of the first that differs", kept_en, kept_ur: "what differs from the recomputed" }
    "targeting.replay_differs": Entry(
        en="Run {run} does not replay: digest {found} instead of {recorded}; first difference in district {district}, "
        "household {household}, against {kept_en}. Keep all results and tell the auditor.",
        ur="دورِ انتخاب {run} دوبارہ چلانے پر یکساں نہیں: {recorded} کی جگہ {found}؛ پہلا فرق ضلع {district}، "
        "گھرانہ {household}، بمقابلہ: {kept_ur}۔ تمام نتائج محفوظ رکھیں اور آڈیٹر کو بتائیں۔",
    ),
    # { run: "the run's number", recorded: "programme digest on record", found: "programme digest given", file: "first that differs" }
    "targeting.programme_differs": Entry(
        en="Run {run} was made under programme {recorded}, but the folder given is {found}; the first file that differs "
        "from the copy kept of that time: {file}. Give the folder of that time.",
        ur="دورِ انتخاب {run} پروگرام {recorded} کے تحت ہوا تھا مگر دیا گیا فولڈر {found} ہے؛ اُس وقت کی محفوظ نقل سے "
        "پہلی مختلف فائل: {file}۔ اُس وقت کا فولڈر دیں۔",
    ),
    # { run: "the run's number", path: "folder of its result files" }
    "targeting.results_changed": Entry(
        en="Run {run}: the result files in {path} are incomplete or damaged; restore the folder from a backup.",
        ur="دورِ انتخاب {run}: {path} میں نتائج کی فائلیں نامکمل یا خراب ہیں؛ فولڈر بیک اپ سے بحال کریں۔",
    ),
    # { path: "the file with what committees said", run }
    "targeting.verdicts_changed": Entry(
        en="{path} is not the file of verdicts that run {run} heard; restore it from a backup.",
        ur="{path} وہ فائل نہیں جس میں دورِ انتخاب {run} کے لیے کمیٹیوں کی آراء تھیں؛ اسے بیک اپ سے بحال کریں۔",
    ),
    # { day }
    "targeting.no_amount": Entry(
        en="The programme has no amount for {day}, so a budget cannot be turned into families; add the amount or choose another day.",
        ur="پروگرام میں {day} کے لیے کوئی رقم درج نہیں، اس لیے بجٹ سے خاندانوں کی تعداد نہیں نکل سکتی؛ رقم درج کریں یا دوسری تاریخ چنیں۔",
    ),
    # { day }
    "targeting.no_salt": Entry(
        en="selection.yaml has no salt for {day}, so equal scores cannot be ordered; draw one in public and add it.",
        ur="selection.yaml میں {day} کے لیے قرعے کا لفظ (salt) درج نہیں، اس لیے برابر اسکور والوں کی ترتیب نہیں بن سکتی؛ کھلے عام قرعہ نکال کر درج کریں۔",
    ),
    # { place: "P-code", day }
    "targeting.no_share": Entry(
        en="No quota or budget of selection.yaml covers {place} on {day}; add one for the place or for one above it.",
        ur="selection.yaml میں {day} کو {place} کے لیے کوئی کوٹہ یا بجٹ درج نہیں؛ اس مقام یا اس سے اوپر کے مقام کے لیے درج کریں۔",
    ),
    # { path: "the folder" }
    "targeting.slips_elsewhere": Entry(
        en="{path} holds slips of another run, language or size; give an empty folder. Nothing was written.",
        ur="{path} میں کسی اور دور، زبان یا تقسیم کی پرچیاں ہیں؛ خالی فولڈر دیں۔ کچھ نہیں لکھا گیا۔",
    ),
    # ---- community validation ----------------------------------------------------------------------------
    # { members: "how many were named", least: "how many there must be" }
    "community.committee_small": Entry(
        en="A committee needs at least {least} members, not {members}; name the others too.",
        ur="کمیٹی کے کم از کم {least} ارکان ہونے چاہییں، {members} نہیں؛ باقی ارکان کے نام بھی دیں۔",
    ),
    # { place: "P-code", level_en, level_ur: "the level lists are made for" }
    "community.place_level": Entry(
        en="{place} is no {level_en}; lists are made for one {level_en} at a time.",
        ur="{place} {level_ur} نہیں؛ فہرست ایک وقت میں ایک {level_ur} کے لیے بنتی ہے۔",
    ),
    # { place: "P-code" }
    "community.no_committee": Entry(
        en="No committee is on record for {place}; record one with kafalat community form.",
        ur="{place} کی کوئی کمیٹی درج نہیں؛ kafalat community form سے درج کریں۔",
    ),
    # { place: "P-code", run }
    "community.nothing_to_list": Entry(
        en="Run {run} selected nobody in {place} and has no near-miss there; there is no list to make.",
        ur="دورِ انتخاب {run} میں {place} سے نہ کوئی منتخب ہوا نہ کوئی حد کے قریب ہے؛ فہرست نہیں بن سکتی۔",
    ),
    # { number: "the list's number as asked for" }
    "community.list_unknown": Entry(
        en="There is no list {number} for you to see; open it from the page of lists.",
        ur="فہرست {number} موجود نہیں یا آپ کے لیے نہیں؛ فہرستوں کے صفحے سے کھولیں۔",
        http_status=404,
    ),
    # { deadline: "last day for verdicts" }
    "community.list_closed": Entry(
        en="Verdicts on this list were due by {deadline}; it is closed. What you wish to add belongs in an appeal.",
        ur="اس فہرست پر رائے {deadline} تک دی جا سکتی تھی؛ فہرست بند ہے۔ اب جو کہنا ہو، اپیل میں کہیں۔",
        http_status=409,
    ),
    # { number: "position in the list" }
    "community.entry_unknown": Entry(
        en="Household {number} is not in this list; load the list again.",
        ur="گھرانہ {number} اس فہرست میں نہیں؛ فہرست دوبارہ کھولیں۔",
    ),
    # { number: "position in the list" }
    "community.verdict_unfit": Entry(
        en="Household {number}: this verdict cannot be given of it. 'Wrongly in' is said of a household that is proposed, 'wrongly out' of one that is not.",
        ur="گھرانہ {number}: یہ رائے اس کے بارے میں نہیں دی جا سکتی۔ «غلط شامل» تجویز شدہ گھرانے کے لیے ہے اور «غلط رہ گیا» اس کے لیے جو تجویز نہیں۔",
    ),
    # { number: "position in the list" }
    "community.reason_missing": Entry(
        en="Household {number}: give the reason of this verdict; only a confirmation needs none.",
        ur="گھرانہ {number}: اس رائے کی وجہ لکھیں؛ صرف تصدیق کے لیے وجہ ضروری نہیں۔",
    ),
    # { number: "position in the list" }
    "community.member_unknown": Entry(
        en="Household {number}: choose a member of this committee who speaks for it.",
        ur="گھرانہ {number}: کمیٹی کی رکن چنیں جو رائے دے رہی ہیں۔",
    ),
    # { number: "position in the list" }
    "community.conflict": Entry(
        en="Household {number}: this member has declared an interest in the household and cannot speak about it; choose another member.",
        ur="گھرانہ {number}: یہ رکن اس گھرانے سے اپنا تعلق ظاہر کر چکی ہیں اور اس پر رائے نہیں دے سکتیں؛ دوسری رکن چنیں۔",
        http_status=409,
    ),
    # { number: "position in the list" }
    "community.meanwhile": Entry(
        en="Household {number}: another verdict was recorded meanwhile; load the list again, look at it, and correct it if need be.",
        ur="گھرانہ {number}: اس دوران ایک اور رائے درج ہو چکی ہے؛ فہرست دوبارہ کھول کر دیکھیں اور ضرورت ہو تو درستی کریں۔",
        http_status=409,
    ),
    # { number: "position in the list" }
    "community.sent_before": Entry(
        en="Household {number}: this answer was already received with another content; load the list again.",
        ur="گھرانہ {number}: یہی جواب پہلے کسی اور مضمون کے ساتھ موصول ہو چکا ہے؛ فہرست دوبارہ کھولیں۔",
        http_status=409,
    ),
    # {}
    "community.unreadable": Entry(
        en="The verdicts sent cannot be read; load the list again and send them once more.",
        ur="بھیجی گئی آراء پڑھی نہیں جا سکیں؛ فہرست دوبارہ کھول کر پھر بھیجیں۔",
    ),
    # ---- simulation --------------------------------------------------------------------------------------
    # { option: "the option", text: "what was given" }
    "simulation.setting_invalid": Entry(
        en="{option} {text} is not a setting; write it as code=value, as in --cutoff general=34.",
        ur="{option} {text} درست ترتیب نہیں؛ اسے کوڈ=قدر کی صورت میں لکھیں، جیسے --cutoff general=34۔",
    ),
    # { name: "the code given", kind_en, kind_ur: "category, component or phase", known: "the codes there are",
    #   nearest_en, nearest_ur: "a hint, or nothing" }
    "simulation.name_unknown": Entry(
        en="The programme has no {kind_en} '{name}'.{nearest_en} There are: {known}.",
        ur="پروگرام میں {kind_ur} «{name}» موجود نہیں۔{nearest_ur} دستیاب: {known}۔",
    ),
    # { name: "the setting", value: "what was given", expected_en, expected_ur: "what it may be" }
    "simulation.value_invalid": Entry(
        en="{name}: '{value}' cannot be used; give {expected_en}.",
        ur="{name}: «{value}» استعمال نہیں ہو سکتا؛ یہ دیں: {expected_ur}۔",
    ),
    # { phase: "its code", pcode: "what was given" }
    "simulation.place_unknown": Entry(
        en="Phase {phase}: {pcode} is no place of the programme's places.csv; give P-codes from there.",
        ur="مرحلہ {phase}: {pcode} پروگرام کی places.csv میں کوئی مقام نہیں؛ وہاں کے P-code دیں۔",
    ),
    # { pcode, first, second: "the two phases" }
    "simulation.district_twice": Entry(
        en="{pcode} is given to the phases {first} and {second}; a place belongs to one phase.",
        ur="{pcode} دو مراحل {first} اور {second} کو دیا گیا ہے؛ ایک مقام ایک ہی مرحلے میں ہوتا ہے۔",
    ),
    # { scorecard: "its code", fact: "what it asks" }
    "simulation.fact_missing": Entry(
        en="The scorecard {scorecard} asks for the fact '{fact}', which the run's results do not have; simulate it on a run whose programme declares that fact.",
        ur="اسکور کارڈ {scorecard} کو «{fact}» درکار ہے جو اس دورِ انتخاب کے نتائج میں نہیں؛ ایسے دور پر آزمائیں جس کے پروگرام میں یہ کوائف ہوں۔",
    ),
    # { path: "the run's folder of results" }
    "simulation.results_missing": Entry(
        en="The result files of this run are not at {path}; restore them from a backup, or start a new run and simulate that.",
        ur="اس دورِ انتخاب کے نتائج {path} پر موجود نہیں؛ بیک اپ سے بحال کریں یا نیا دور چلا کر اس پر آزمائیں۔",
    ),
    # { name: "what was asked for" }
    "simulation.unknown": Entry(
        en="There is no saved simulation '{name}'; the console lists those there are.",
        ur="«{name}» نام کا کوئی محفوظ آزمائشی حساب نہیں؛ دستیاب حساب کنسول میں دیکھیں۔",
        http_status=404,
    ),
    # { name: "the name given" }
    "simulation.name_taken": Entry(
        en="A simulation named '{name}' is saved already and is never changed; choose another name.",
        ur="«{name}» نام کا آزمائشی حساب پہلے سے محفوظ ہے اور بدلا نہیں جاتا؛ کوئی اور نام چنیں۔",
        http_status=409,
    ),
    # { name: "the name given" }
    "simulation.name_invalid": Entry(
        en="'{name}' is no name for a simulation; use 1 to 80 letters, digits, spaces or hyphens.",
        ur="«{name}» آزمائشی حساب کا نام نہیں ہو سکتا؛ 1 سے 80 تک حروف، ہندسے، خالی جگہ یا ہائفن استعمال کریں۔",
    ),
}
