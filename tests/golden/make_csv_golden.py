#!/usr/bin/env python3
"""Writes tests/golden/csv.jsonl: what Python's csv module (strict) reads from odd and random texts.

One line a case: {"csv": text, "sep": one character, "rows": [[cell, ...], ...], "lines": [first line of each row, ...]}, or "error": true
instead of rows. Blank lines are left out of rows, as the reader under test leaves them out. Needs nothing but Python (made with 3.11).
"""

import csv
import io
import json
import pathlib
import random

FIXED = [
    "", "\n", "a", "a,b", "a,b\n", "a,b\r\n", "a,b\rc,d", '"a","b"\n', '"a,b",c\n', '"a""b",c\n', '"a\nb",c\nd,e\n', '"a\r\nb",c\r\nd,e\r\n',
    '"a\rb",c\n', '""', '"",""\n', ",\n", ",,\n\n,\n", 'a"b,c\n', 'a,"b', '"a"b,c\n', '"a" ,c\n', ' "a",c\n', '"a"\r"b"\n', '"\n"\n"\r"\n"\r\n"\nx\n',
    "a,b\n\n\nc,d\n", "a,b\r\r\nc,d", "\u00e9,\u4e2d\n", '"""",""""""\n', "a\x00b,c\n", 'null,NA\n0,"0"\n', "\x0b,\x0c\x1c\n", "a,b\n ", '"\ufeff",x\n',
]


def read(text, sep):
    rows, lines = [], []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sep, strict=True)
    before = 0
    try:
        for row in reader:
            if row:
                rows.append(row)
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error:
        return {"error": True}
    return {"rows": rows, "lines": lines}


def main():
    chance = random.Random(4180)
    cases = [(text, ",") for text in FIXED] + [(text.replace(",", "\t"), "\t") for text in FIXED[:20]]
    for _ in range(600):
        sep = chance.choice(",;\t|")
        alphabet = ["a", "b", "\u00e9", " ", sep, sep, '"', '"', '""', "\n", "\r\n", "\r", "x" * 40]
        cases.append(("".join(chance.choice(alphabet) for _ in range(chance.randint(1, 14))), sep))
    out = pathlib.Path(__file__).with_name("csv.jsonl")
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for text, sep in cases:
            file.write(json.dumps({"csv": text, "sep": sep, **read(text, sep)}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
