"""Writes audit.json: normalised forms, and near pairs by comparing every text with every other, as tests/test_audit.c wants them.

    python tests/golden/make_audit_golden.py        (standard library only)
"""

import itertools
import json
import pathlib
import random
import unicodedata

IGNORABLE = {0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10)}
APOSTROPHES = "'\u2018\u2019\u02bc"


def nfkc_casefold(text):
    """Unicode 3.13, D146: fold and normalise until nothing changes, without default-ignorable code points."""
    before = None
    while text != before:
        before = text
        text = unicodedata.normalize("NFKC", "".join(c for c in text if ord(c) not in IGNORABLE)).casefold()
    return unicodedata.normalize("NFKC", text)


def normalized(text):
    out = []
    for c in nfkc_casefold(text):
        category = unicodedata.category(c)
        if c in APOSTROPHES:
            continue
        out.append(" " if category[0] in "PZ" or category == "Cc" else c)
    return " ".join(part for part in "".join(out).split(" ") if part)


def shingles(form):
    words = form.split(" ")
    return set(zip(words, words[1:])) if len(words) > 1 else {(form,)}


FORMS = [
    "Hello, World!", "  two\t spaces\n", "don't", "don’t", "rock‘n’roll", "ﬁne", "①②", "Ａｂｃ", "STRASSE", "straße", "İstanbul", "ΣΊΣΥΦΟΣ",
    "cafe\u0301", "café", "CAFÉ", "c++", "c#", "#happy @you", "snake_case", "$5 != 5€", "soft\u00adhyphen", "zero\u200bwidth", "naïve—quote",
    "大きい、猫。", "ｶﾞ", "한국어", "\u1112\u1161\u11ab", "x²", "½ cup", "!!!", "", "…", "a\u00a0b", "a\u3000b", "«guillemets»", "e\u0327\u0301", "e\u0301\u0327",
    "🙂 ok", "👍🏽", "tab\x0bbed", "ὈΔΥΣΣΕΎΣ", "ŉ", "ẞ", "ǅ", "a\u0345", "x\ufe0f",
]


def rows(count):
    """Sentences of a small vocabulary, some of them edited copies of earlier ones."""
    draw = random.Random(5)
    words = [f"w{i}" for i in range(60)]
    made = []
    while len(made) < count:
        if made and draw.random() < 0.7:
            text = draw.choice(made).split(" ")
            for _ in range(draw.randrange(1, 3)):
                place = draw.randrange(len(text))
                text[place : place + draw.randrange(2)] = draw.sample(words, 1)
            if draw.random() < 0.1:
                text[0] = text[0].upper()
        else:
            text = draw.choices(words, k=draw.choice([1, 2, 5, 10, 20, 40]))
        made.append(" ".join(text))
    return made


def near(texts):
    forms = list(dict.fromkeys(form for form in map(normalized, texts) if form))
    sets = [shingles(form) for form in forms]
    pairs = []
    for earlier, later in itertools.combinations(range(len(forms)), 2):
        shared = len(sets[earlier] & sets[later])
        every = len(sets[earlier] | sets[later])
        if 5 * shared >= 4 * every:
            pairs.append([later, earlier, shared, every])
    return len(forms), sorted(pairs)


def main():
    texts = rows(400)
    count, pairs = near(texts)
    golden = {"forms": [[text, normalized(text)] for text in FORMS], "rows": texts, "distinct": count, "pairs": pairs}
    path = pathlib.Path(__file__).parent / "audit.json"
    path.write_text(json.dumps(golden, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
