#!/usr/bin/env python3
"""Writes features/word_tables.c: what Python's re and str.lower make of every code point, so that bags of words are the same
whichever version of Unicode the system's libraries know.

    python make_word_tables.py        (Python 3.11: Unicode 14)
"""
import pathlib
import re
import sys
import unicodedata

WORD, IGNORABLE, CASED = 1, 2, 4
SIGMA, FINAL_SIGMA = "\u03a3", "\u03c2"


def flags_of(character):
    """A capital sigma becomes a final one behind a cased letter, ignorable characters between them left out of account."""
    flags = WORD if re.fullmatch(r"(?u)\w", character) else 0
    if (character + SIGMA).lower().endswith(FINAL_SIGMA):
        return flags | CASED
    return flags | (IGNORABLE if ("A" + character + SIGMA).lower().endswith(FINAL_SIGMA) else 0)


def class_runs():
    runs = []
    for code in range(sys.maxunicode + 1):
        flags = 0 if 0xD800 <= code < 0xE000 else flags_of(chr(code))
        if not runs or runs[-1] & 7 != flags:
            runs.append(code << 3 | flags)
    return runs


def lower_runs():
    """[first, last, stride, delta] of the code points whose lower case is one other code point."""
    runs = []
    for code in range(128, sys.maxunicode + 1):
        lower = chr(code).lower()
        if len(lower) > 1:
            assert code == 0x130 and lower == "i\u0307", "one special case is known, and written in words.c"
            continue
        delta = ord(lower) - code
        if not delta:
            continue
        if runs and runs[-1][3] == delta:
            first, last, stride, _ = runs[-1]
            if (first == last and code - last <= 2) or code - last == stride:
                runs[-1] = [first, code, code - last, delta]
                continue
        runs.append([code, code, 1, delta])
    return runs


def lines(items, width=124):
    line = "   "
    for item in items:
        if len(line) + len(item) + 1 > width:
            yield line
            line = "   "
        line += " " + item
    yield line


def main():
    classes, lower = class_runs(), lower_runs()
    out = [
        f"/* Made by tests/golden/make_word_tables.py with Python {sys.version_info[0]}.{sys.version_info[1]}, Unicode "
        f"{unicodedata.unidata_version}. */",
        '#include "features/words.h"',
        "",
        "const uint32_t WORD_CLASS_RUNS[] = {",
        *lines(f"0x{run:x}," for run in classes),
        "};",
        f"const int WORD_CLASS_RUN_COUNT = {len(classes)};",
        "",
        "const WordLowerRun WORD_LOWER_RUNS[] = {",
        *lines("{" + ", ".join(map(str, run)) + "}," for run in lower),
        "};",
        f"const int WORD_LOWER_RUN_COUNT = {len(lower)};",
    ]
    path = pathlib.Path(__file__).parents[2] / "features" / "word_tables.c"
    path.write_text("\n".join(out) + "\n")
    print(path, len(classes), "runs of classes,", len(lower), "runs of lower case")


main()
