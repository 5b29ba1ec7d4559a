#!/usr/bin/env python3
"""Writes tfidf.json: texts, plain and hostile, what scikit-learn's TfidfVectorizer makes of them with several options, and digests
of what Python's str.lower and re make of every code point.

    python make_tfidf_golden.py        (packages: requirements.txt; Python 3.11, Unicode 14)
"""
import hashlib
import json
import pathlib
import random
import re
import sys

from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

PLAIN = """the cat sat on the mat and the dog sat on the log
a dog and a cat are not friends but this cat and that dog are
I feel so loved today, I feel it in every word of it
it's 3.5 times as fast: 10 out of 10, x_1 y_2 __init__
to be or not to be that is the question
The THE the tHe
one two three four five six seven eight nine ten
cat cat cat cat dog dog mat mat mat log log sat sat on on on""".split("\n")
HOSTILE = [
    "", " ", "a", "a b c d", "...", "\x00", "ab\x00cd ab", "İstanbul İ Iİ ŞIŞLI", "ΟΔΟΣ ΟΔΟΣ. ΣΑΣ ΑΣ'Α ΑΣ' Σ ΣΣ ΑΣ\u0301 ΑΣ\u0301Α",
    "Straße STRASSE ẞẞ ﬁsh ﬀ ǅungla Ǆ", "na\u0308ive naïve cafe\u0301 café", "日本語 日本 語 テスト ｔｅｓｔ", "١٢٣ ①② ²³ ½¼ Ⅷ ⅷ", "हिन्दी भाषा",
    "a\u200bb c\u200dd e\u00adf", "👍👍 ok👍ok", "\U0001d400\U0001d401 \U00010400\U00010401 \U0001e900\U0001e922", "x\ufffdy xx\ufffdyy",
    "don't won\u2019t it\u02bcs", "snake_case _ __ ___", "tab\tnew\nline\r\nvt\x0bff\x0cnel\x85ls\u2028end", "ﷺ Ω K Å ſſ",
]


def made_up(count):
    rng = random.Random(5)
    words = ["w%d" % i for i in range(40)] + ["Alpha", "BETA", "beta", "ähnlich", "ÄHNLICH"]
    return [" ".join(rng.choice(words) for _ in range(rng.randrange(1, 12))) for _ in range(count)]


TRAIN = PLAIN + HOSTILE + made_up(12)
OTHERS = ["the cat and the unseen", "unseen only here", "", "BETA ähnlich w1 w2 w1 w2", "οδος ΟΔΟΣ istanbul i̇stanbul"]
OPTIONS = [
    {},
    {"ngram_range": (1, 2), "sublinear_tf": True},
    {"ngram_range": (2, 3), "min_df": 2},
    {"min_df": 0.05, "max_df": 0.15, "sublinear_tf": True},
    {"lowercase": False, "max_df": 3},
    {"ngram_range": (1, 2), "max_features": "no tie"},
]


def without_tie(options):
    """The nearest limit at which the counts really fall: scikit-learn leaves open which of equals it keeps."""
    if options.get("max_features") != "no tie":
        return options
    counts = CountVectorizer(ngram_range=options["ngram_range"]).fit_transform(TRAIN).sum(axis=0).A1
    ranked = sorted(counts, reverse=True)
    limit = next(i for i in range(20, len(ranked)) if ranked[i] < ranked[i - 1])
    return options | {"max_features": limit}


def make_case(options):
    vectorizer = TfidfVectorizer(**options).fit(TRAIN)
    rows = vectorizer.transform(TRAIN + OTHERS)
    rows.sort_indices()
    return {
        "options": options,
        "vocabulary": vectorizer.get_feature_names_out().tolist(),
        "starts": rows.indptr.tolist(),
        "indices": rows.indices.tolist(),
        "values": rows.data.tolist(),
    }


def digest_of_every_code_point(what):
    digest = hashlib.sha256()
    for code in range(sys.maxunicode + 1):
        if not 0xD800 <= code < 0xE000:
            digest.update(what(chr(code)).encode() + b"\n")
    return digest.hexdigest()


def main():
    word = re.compile(r"(?u)\b\w\w+\b")
    golden = {
        "lower": digest_of_every_code_point(lambda c: f"{c} A{c}Σ A{c}Σ{c}A AΣ{c}A AΣ{c} {c}Σ".lower()),
        "words": digest_of_every_code_point(lambda c: "|".join(word.findall(f"{c} {c}{c} x{c} x{c}y xy{c}zz"))),
        "train": TRAIN,
        "others": OTHERS,
        "cases": [make_case(without_tie(options)) for options in OPTIONS],
    }
    path = pathlib.Path(__file__).with_name("tfidf.json")
    path.write_text(json.dumps(golden, separators=(",", ":")).replace('{"options"', '\n{"options"') + "\n")
    print(path, path.stat().st_size, "bytes")


main()
