"""Writes encoder/unicode_exceptions.h: the code points where utf8proc 2.8's tables say something else than those the judge
(Hugging Face `tokenizers`) was built with. Run from the repository's root with tests/golden/requirements.txt installed and
libutf8proc.so.2 on the system; the judge is asked about every code point, one property at a time.
"""

import ctypes

import tokenizers
from tokenizers import normalizers, pre_tokenizers


def bert(**on):
    flags = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**flags, **on}).normalize_str


CLEAN, STRIP, LOWER, CHINESE = bert(clean_text=True), bert(strip_accents=True), bert(lowercase=True), bert(handle_chinese_chars=True)
NFD = normalizers.NFD().normalize_str
SPLIT = pre_tokenizers.BertPreTokenizer().pre_tokenize_str

UTF8PROC = ctypes.CDLL("libutf8proc.so.2")
UTF8PROC.utf8proc_category_string.restype = ctypes.c_char_p
UTF8PROC.utf8proc_version.restype = ctypes.c_char_p
UTF8PROC.utf8proc_decompose_char.restype = ctypes.c_ssize_t
UTF8PROC.utf8proc_get_property.restype = ctypes.POINTER(ctypes.c_int16)  # category, combining class, …
DECOMPOSE = 1 << 4

CHINESE_BLOCKS = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
                  (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)]


def kind_of_judge(cp):
    text = chr(cp)
    cleaned = CLEAN(text)
    if cleaned == "":
        return "CONTROL"
    if cleaned == " ":
        return "SPACE"
    if [piece for piece, _ in SPLIT("a" + text + "b")] == ["a", text, "b"]:
        return "PUNCTUATION"
    return "MARK" if STRIP(text) == "" else "OTHER"


def kind_of_utf8proc(cp):
    category = UTF8PROC.utf8proc_category_string(cp).decode()
    if chr(cp) in "\t\n\r" or category in ("Zs", "Zl", "Zp"):
        return "SPACE"
    if cp in (0, 0xFFFD) or category in ("Cc", "Cf", "Co", "Cs"):
        return "CONTROL"
    if category[0] == "P" or (cp < 128 and category[0] == "S"):
        return "PUNCTUATION"
    return "MARK" if category == "Mn" else "OTHER"


def decomposition_of_utf8proc(cp):
    out, boundary = (ctypes.c_int32 * 20)(), ctypes.c_int(0)
    return list(out[: UTF8PROC.utf8proc_decompose_char(cp, out, 20, DECOMPOSE, ctypes.byref(boundary))])


def class_of_utf8proc(cp):
    return UTF8PROC.utf8proc_get_property(cp)[1]


LOWEST, HIGHEST = "\u0334", "\u0345"  # classes 1 and 240


def has_class_for_judge(cp):
    """Canonical ordering tells: behind one base, a mark of a lower class moves before one of a higher class."""
    text = chr(cp)
    return text in (LOWEST, HIGHEST) or NFD("a" + HIGHEST + text) != "a" + HIGHEST + text or NFD("a" + text + LOWEST) != "a" + text + LOWEST


def class_of_judge(cp, references):
    if not has_class_for_judge(cp):
        return 0
    for value, reference in references:
        if NFD("a" + chr(cp) + reference) == "a" + chr(cp) + reference:  # not above the reference's class
            return value
    raise AssertionError(f"U+{cp:04X} stands above every class")


def ranges(values):
    """{code point: value} as (first, last, value) where the values are equal, in order."""
    found = []
    for cp in sorted(values):
        if found and found[-1][1] == cp - 1 and found[-1][2] == values[cp]:
            found[-1][1] = cp
        else:
            found.append([cp, cp, values[cp]])
    return found


def table(comment, declaration, rows):
    return f"/* {comment} */\nstatic const {declaration}[] = {{\n" + "".join(f"    {row},\n" for row in rows) + "};\n"


def main():
    every = [cp for cp in range(0x110000) if not 0xD800 <= cp < 0xE000]
    references = {}
    for cp in every:  # one mark a class, which both tables know
        if class_of_utf8proc(cp) and has_class_for_judge(cp):
            references.setdefault(class_of_utf8proc(cp), chr(cp))
    references = sorted(references.items())

    kinds, whole, classes, lower = {}, {}, {}, {}
    for cp in every:
        kind = kind_of_judge(cp)
        if kind != kind_of_utf8proc(cp):
            kinds[cp] = kind
        ours, theirs = decomposition_of_utf8proc(cp), [ord(c) for c in NFD(chr(cp))]
        if ours != theirs:
            assert theirs == [cp], f"U+{cp:04X} decomposes only for the judge"
            whole[cp] = None
        if theirs == [cp]:
            combining = class_of_judge(cp, references)
            if combining != class_of_utf8proc(cp):
                classes[cp] = combining
        lowered = [ord(c) for c in LOWER(chr(cp))]
        if lowered != [UTF8PROC.utf8proc_tolower(cp)] and cp != 0x130:
            assert len(lowered) == 1, f"U+{cp:04X} has {len(lowered)} lower-case letters"
            lower[cp] = lowered[0] - cp
        chinese = any(first <= cp <= last for first, last in CHINESE_BLOCKS)
        assert chinese == (CHINESE(chr(cp)) != chr(cp)), f"U+{cp:04X}: the Chinese blocks have changed"
    assert LOWER("\u0130") == "i\u0307"

    head = f"""/* Where the judge's Unicode tables (Hugging Face tokenizers {tokenizers.__version__}) differ from those of utf8proc {UTF8PROC.utf8proc_version().decode()}.
 * Made by tests/golden/make_unicode_exceptions.py; included by encoder/unicode.c alone. Sorted, without overlaps. */
#ifndef TWOFOLD_ENCODER_UNICODE_EXCEPTIONS_H
#define TWOFOLD_ENCODER_UNICODE_EXCEPTIONS_H

#include "encoder/unicode.h"

typedef struct UnicodeRange {{
    uint32_t first, last;
    int32_t value;
}} UnicodeRange;

"""
    parts = [
        table("value: the UnicodeKind", "UnicodeRange KIND_EXCEPTIONS",
              [f"{{0x{a:04X}, 0x{b:04X}, UNICODE_{value}}}" for a, b, value in ranges(kinds)]),
        table("value: the canonical combining class", "UnicodeRange CLASS_EXCEPTIONS",
              [f"{{0x{a:04X}, 0x{b:04X}, {value}}}" for a, b, value in ranges(classes)]),
        table("code points that stay whole under NFD; no value", "UnicodeRange WHOLE_EXCEPTIONS",
              [f"{{0x{a:04X}, 0x{b:04X}, 0}}" for a, b, _ in ranges(whole)]),
        table("value: the distance to the lower-case letter", "UnicodeRange LOWER_EXCEPTIONS",
              [f"{{0x{a:04X}, 0x{b:04X}, {value}}}" for a, b, value in ranges(lower)]),
    ]
    with open("encoder/unicode_exceptions.h", "w", encoding="utf-8") as file:
        file.write(head + "\n".join(parts) + "\n#endif\n")
    print(f"{len(kinds)} kinds, {len(classes)} combining classes, {len(whole)} decompositions, {len(lower)} lower-case letters")


main()
