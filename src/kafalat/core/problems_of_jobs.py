"""The error catalogue's part for work in the background."""

from __future__ import annotations

from kafalat.core.entries import Entry

OF_JOBS: dict[str, Entry] = {
    # { number: "the job that was asked for" }
    "jobs.unknown": Entry(
        en="There is no job {number}. Choose one from the list of background work.",
        ur="کام {number} موجود نہیں۔ پسِ منظر کے کاموں کی فہرست سے کوئی کام منتخب کریں۔",
        http_status=404,
    ),
    # { number: "the job that is under way" }
    "jobs.under_way": Entry(
        en="The same work is under way as job {number}; nothing new was started. Follow that job.",
        ur="یہی کام پہلے سے کام {number} کے طور پر جاری ہے؛ کچھ نیا شروع نہیں کیا گیا۔ اسی کام کو دیکھیں۔",
        http_status=409,
    ),
    # { number }
    "jobs.ended": Entry(
        en="Job {number} has ended already; there was nothing left to cancel.",
        ur="کام {number} پہلے ہی ختم ہو چکا ہے؛ منسوخ کرنے کو کچھ نہ رہا۔",
        http_status=409,
    ),
    # { number }
    "jobs.fault": Entry(
        en="A fault of ours stopped job {number}; what it had begun was undone. Tell whoever runs this installation, then start it again.",
        ur="ہماری طرف کی خرابی سے کام {number} رک گیا؛ جو شروع ہوا تھا واپس کر دیا گیا۔ اس تنصیب کے ذمہ دار کو بتائیں، پھر دوبارہ شروع کریں۔",
        http_status=500,
    ),
    # { number, attempts: "how often it was begun" }
    "jobs.gave_up": Entry(
        en="Job {number} was begun {attempts} times and its worker died each time; it will not be begun again. Tell whoever runs this installation.",
        ur="کام {number} {attempts} بار شروع ہوا اور ہر بار کام کرنے والا عمل بند ہو گیا؛ اب دوبارہ شروع نہیں ہوگا۔ اس تنصیب کے ذمہ دار کو بتائیں۔",
        http_status=500,
    ),
}
