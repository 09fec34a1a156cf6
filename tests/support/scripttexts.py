"""A few words in every script that documents are drawn in."""
# ruff: noqa: RUF001 - letters that look alike are what this is about

from typing import Final

SAMPLES: Final = {
    "Latin": "Tăng trưởng – naïve, Łódź",
    "Greek": "Η ανάπτυξη είναι ταχύτερη",
    "Cyrillic": "Рост выручки быстрее",
    "Arabic": "النمو أسرع",
    "Persian": "نام‌خانوادگی فارسی",
    "Urdu": "اردو ہے",
    "Hebrew": "הצמיחה מהירה יותר",
    "Devanagari": "राजस्व वृद्धि क्षत्रिय",
    "Bengali": "রাজস্ব বৃদ্ধি",
    "Tamil": "வருவாய் வளர்ச்சி",
    "Telugu": "ఆదాయ వృద్ధి",
    "Gujarati": "આવક વૃદ્ધિ",
    "Gurmukhi": "ਆਮਦਨ ਵਾਧਾ",
    "Kannada": "ಆದಾಯ ಬೆಳವಣಿಗೆ",
    "Malayalam": "വരുമാന വളർച്ച",
    "Odia": "ଆୟ ବୃଦ୍ଧି",
    "Sinhala": "ආදායම් වර්ධනය",
    "Thai": "การเติบโตของรายได้เร็วขึ้น",
    "Lao": "ການເຕີບໂຕຂອງລາຍໄດ້",
    "Khmer": "កំណើនចំណូល",
    "Burmese": "ဝင်ငွေတိုးတက်မှု",
    "Ethiopic": "የገቢ እድገት",
    "Armenian": "Եկամտի աճ",
    "Georgian": "შემოსავლის ზრდა",
    "Simplified": "收入增长更快，直接骨门。",
    "Traditional": "收入增長更快，直接骨門。",
    "Japanese": "収益の成長が速い、カタカナ。",
    "Korean": "매출 성장이 더 빠릅니다",
    "Signs": "✓ → ☺ ₿ ∑ ★",
}
EMOJI: Final = ("😀", "👩‍👩‍👧", "👩🏾‍💻", "🇩🇪", "👍🏽", "1️⃣", "❤️", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🧑‍🚀", "🏳️‍🌈")
