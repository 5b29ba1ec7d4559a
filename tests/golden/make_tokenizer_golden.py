"""Writes what Hugging Face's BertTokenizerFast makes of texts, for tests/test_tokenizer.c and tests/test_tokenizer_model.c.

Run from this folder with the versions of requirements.txt:

    python make_tokenizer_golden.py [--train] [--real NAME=FOLDER …]

Three small folders are tokenized always: tokenizer-uncased (vocab.txt), tokenizer-cased (tokenizer.json, with truncation and padding that must be
ignored) and tokenizer-added (tokens added in every way). --train makes them anew; else the committed ones stand. --real adds digests for the real
vocabularies: real-uncased (the quick start's encoder) and real-cased (bert-base-cased); what stands for them in the files is kept otherwise.

    tokenizer_lines.json     the texts: the ids of each by each small folder, and what they decode to
    tokenizer_digests.json   {"folder part": [CRC-32, …]} of many more:
        codepoints   a digest for 4,096 code points: of each (no surrogates) alone, then inside a word, "a.b"
        mutated      a digest for 100 of 20,000 texts with mutated bytes
        lines        a digest for each of the texts
    and "normalize CHSL" for the normaliser with the flags clean, chinese, strip, lower (0 or 1): a digest for 4,096 code points inside "a.b".

A digest runs over, for each text, the number of ids and the ids as 32-bit little-endian words; for the normaliser over the number of bytes and
the bytes.
"""

import argparse
import glob
import json
import os
import struct
import zlib

from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece
from tokenizers.trainers import WordPieceTrainer
from transformers import BertTokenizerFast

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SMALL = ["tokenizer-uncased", "tokenizer-cased", "tokenizer-added"]
BLOCK, MUTATED, MUTATED_BLOCK, SEED = 4096, 20000, 100, 20261122

PLAIN = [
    "The quick brown fox jumps over the lazy dog.", "i feel so loved today, and i didn't expect it!", "Don't stop believing; it's 9 o'clock.",
    "My card hasn't arrived: what's the exchange rate for 1,234.56 EUR?", "Re: [ILUG] unsubscribe <a href=\"http://example.org/?q=1&r=2\">here</a>",
    "Größe, Übermut und Straßenbahn – „Anführung“ …", "El niño comió piñas; ¿por qué? ¡Así fue!", "Ça va? Où est l'œuvre, s'il vous plaît?",
    "Příliš žluťoučký kůň úpěl ďábelské ódy.", "Zażółć gęślą jaźń, Łódź.", "İstanbul'da ışık, ILIK IŞIK", "Việt Nam: tiếng Việt có nhiều dấu.",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία. ΟΔΥΣΣΕΥΣ ΣΑΣ", "Съешь ещё этих мягких французских булок, да выпей чаю.", "שלום עולם, מה שלומך היום?",
    "السلام عليكم ورحمة الله وبركاته؟ ١٢٣", "नमस्ते दुनिया, आप कैसे हैं?", "সোনার বাংলা আমি তোমায় ভালোবাসি", "வணக்கம் உலகம்", "สวัสดีชาวโลก",
    "你好，世界！我们今天去北京大学。", "吾輩は猫である。名前はまだ無い。ガギグゲゴ", "안녕하세요 세계, 한국어 문장입니다.", "Բարեւ աշխարհ", "გამარჯობა მსოფლიო",
    "emoji 👩‍👩‍👧‍👦 and 🏳️‍🌈 and ❤️ and 🇩🇪", "math: ∑ ≠ ≤ ∫ x² + y³ = ½ ℵ₀ ﬁne ﬀ", "code: if (a[i] != b->c) { return ~x ^ y | z; } // done",
]
HOSTILE = [
    "", " ", "\n\t\r ", "\0", "a\0b", "\0\0", "a\u0000[SEP]\u0000b", "\u00ad\u200b\u2060\ufeff", "\ufffd", "a\ufffdb", "\u0085x\u000bx\u000cx\u001cx", "\u00a0\u2003\u3000x\u2028y\u2029z",
    "[CLS] [SEP] [PAD] [UNK] [MASK]", "[CLS][SEP][MASK]", "x[MASK]y", "[mask] [Mask] [MASK", "[[MASK]]", "[MA[MASK]SK]", "[MASK]\u0301", "e[SEP]\u0301", "##ing", "un##ing ## #", "[UNK]ing",
    "a" * 99, "a" * 100, "a" * 101, "é" * 100, "é" * 101, "e\u0301" * 100, "e\u0301" * 101, "中" * 150, "\U00010400" * 100, "\U00010400" * 101, "x" * 5000, "a\u200d" * 150, "İ" * 60, "ﷺ" * 20,
    "\u0301", "a\u0301\u0300\u0323", "a\u0323\u0301", "q\u0307\u0323", "Å\u0301", "\u1e9b\u0323", "\u0344", "\u0f77\u0f71\u0f72", "\u302e\u302f\u3099", "가\u302e\u302fa", "a\u302f\u0301\u16ff0", "\u16ff0\u302f",
    "a\u302e\u034f\U00016ff0", "a\U0001d16d\U0001d165b", "a\u302f\U00016ff0\U0001d165\u0301c", "\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab", "ΑΣ ΑΣΑ Σ ὈΔΥΣΣΕΎΣ", "ſ K Å Ω", "ẞ ß ŉ ǰ ΐ", "Ǆ ǅ ǆ", "\u037e\u0387\u1fef\u2260",
    "豈\uf900\ufa0e\U0002f800\U0002ebf0", "々〆ヶ「」・ー", "a中b国c", "\u06dd\u070f\u08e2\u110bd", "\ue000\U000f0000\U0010ffff\ufdd0\uffff", "\u0378\u0380\U000e0080", "\u180e\u061c\u2066\u2069", "\U000e0001\U000e0020\U000e007f",
    "don't won't it's we've they're I'm do not n't 's", "a . b ? c ! d , e ' f", "$1,000.00 100% #tag @user ~ ` ^ | \\ < >", "_under_score__", "<script>alert('x')</script>", "a-b–c—d‐e", "½ ² ³ ¹ ⁰ ① Ⅷ",
    "foo foobar Foo FOO barfoo x", "new york NEW YORK new  york newyork", "[FOO] [foo] a[FOO]b", "wörd Wörd WORD wo\u0308rd", "alone xalone alonex alone.alone (alone)", "<s> </s> <s>x</s>", "🏽 🏿\ufe0f\u20e3",
]
TEXTS = PLAIN + HOSTILE


# ---- the small folders ----


def trained(folder, lower):
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lower)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    alphabet = [chr(c) for first, last in [(0x21, 0x7E), (0xA1, 0xFF), (0x100, 0x17F), (0x386, 0x3CE), (0x410, 0x44F), (0x5D0, 0x5EA), (0x620, 0x64A), (0x905, 0x939),
                                           (0x1100, 0x1112), (0x1161, 0x1175), (0x11A8, 0x11C2), (0x2010, 0x2027), (0x3041, 0x3096), (0x4E00, 0x4E20)] for c in range(first, last + 1)]
    words = PLAIN * 20 + [" ".join(alphabet), "".join(alphabet[:90]) * 2]
    for text in PLAIN:  # every word whole and with the ends that the pieces grow from
        words += [w + end for w in text.split() for end in ("", "s", "ed", "ing")]
    trainer = WordPieceTrainer(vocab_size=2400, special_tokens=SPECIAL, initial_alphabet=alphabet, limit_alphabet=1200, show_progress=False)
    tokenizer.train_from_iterator(words, trainer)
    os.makedirs(folder, exist_ok=True)
    vocab = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    if lower:
        with open(f"{folder}/vocab.txt", "w", encoding="utf-8") as file:
            file.writelines(token + "\n" for token, _ in vocab)
    else:
        tokenizer.add_special_tokens(SPECIAL)
        tokenizer.enable_truncation(8)
        tokenizer.enable_padding(length=8)
        with open(f"{folder}/tokenizer.json", "w", encoding="utf-8") as file:
            file.write(tokenizer.to_str())
    write_json(f"{folder}/tokenizer_config.json", {"do_lower_case": lower, "model_max_length": 512 if lower else 1e30})


def added(folder):
    vocab = SPECIAL + ["foo", "##bar", "new", "york", "w", "##o", "##r", "##d", "alone", "x", "##x", "a", "b", "[", "]", "!", "'", "s", ".", "(", ")", "##alone", "##foo", "<", ">", "/"]
    os.makedirs(folder, exist_ok=True)
    flags = dict(lstrip=False, rstrip=False, normalized=False, single_word=False, special=True)
    tokens = [dict(flags, id=i, content=t) for i, t in enumerate(SPECIAL)]
    tokens += [dict(flags, id=len(vocab), content="New York", normalized=True, special=False), dict(flags, id=len(vocab) + 1, content="[FOO]", lstrip=True, rstrip=True),
               dict(flags, id=len(vocab) + 2, content="wörd", normalized=True, special=False), dict(flags, id=vocab.index("alone"), content="alone", single_word=True, special=False),
               dict(flags, id=len(vocab) + 3, content="<s>"), dict(flags, id=len(vocab) + 4, content="</s>")]
    bert = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": {t: i for i, t in enumerate(vocab)}}
    write_json(f"{folder}/tokenizer.json", {"version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens, "normalizer": bert, "pre_tokenizer": {"type": "BertPreTokenizer"},
                                            "post_processor": None, "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True}, "model": model})
    write_json(f"{folder}/tokenizer_config.json", {"do_lower_case": True, "clean_up_tokenization_spaces": True, "additional_special_tokens": ["<s>", "</s>"], "model_max_length": 16})


def write_json(path, value, **how):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, **(how or {"indent": 1}))
        file.write("\n")


# ---- texts ----


def block_texts(block):
    points = [c for c in range(block * BLOCK, (block + 1) * BLOCK) if not 0xD800 <= c < 0xE000]
    return [chr(c) for c in points], ["a" + chr(c) + "b" for c in points]


class Chance:
    """splitmix64, which the test repeats."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return ((z ^ (z >> 31)) & mask) % bound


def mutated():
    chance, lines = Chance(SEED), [text.encode() for text in TEXTS]
    for _ in range(MUTATED):
        text = bytearray(lines[chance.below(len(lines))])
        for _ in range(1 + chance.below(8)):
            kind, place, byte, point = chance.below(4), chance.below(len(text) + 1), chance.below(256), chance.below(0x110000 - 0x800)
            if kind == 0 and place < len(text):
                text[place] = byte
            elif kind == 1:
                text[place:place] = bytes([byte])
            elif kind == 2:
                del text[place : place + 1]
            elif kind == 3:
                text[place:place] = chr(point + 0x800 if point >= 0xD800 else point).encode()
        yield bytes(text).decode("utf-8", "replace")


# ---- digests ----


def digest_ids(rows):
    crc = 0
    for ids in rows:
        crc = zlib.crc32(struct.pack(f"<I{len(ids)}i", len(ids), *ids), crc)
    return crc


def digest_texts(texts):
    crc = 0
    for text in texts:
        crc = zlib.crc32(struct.pack("<I", len(text.encode())) + text.encode(), crc)
    return crc


def load(folder):
    tokenizer = BertTokenizerFast.from_pretrained(folder)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def encode(tokenizer, texts):
    return [encoding.ids for encoding in tokenizer.backend_tokenizer.encode_batch(texts)]


def digests_of(name, folder):
    tokenizer, strange = load(folder), list(mutated())
    codepoints = [digest_ids(encode(tokenizer, sum(block_texts(block), []))) for block in range(0x110000 // BLOCK)]
    rows = encode(tokenizer, strange)
    return {f"{name} codepoints": codepoints, f"{name} mutated": [digest_ids(rows[i : i + MUTATED_BLOCK]) for i in range(0, MUTATED, MUTATED_BLOCK)],
            f"{name} lines": [digest_ids([ids]) for ids in encode(tokenizer, TEXTS)]}


def normalizer_digests():
    found = {}
    for flags in range(16):
        clean, chinese, strip, lower = (bool(flags & bit) for bit in (8, 4, 2, 1))
        normalize = normalizers.BertNormalizer(clean_text=clean, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower).normalize_str
        found[f"normalize {flags:04b}"] = [digest_texts(normalize(text) for text in block_texts(block)[1]) for block in range(0x110000 // BLOCK)]
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--real", nargs="*", default=[], metavar="NAME=FOLDER")
    options = parser.parse_args()
    if options.train:
        trained("tokenizer-uncased", True)
        trained("tokenizer-cased", False)
        added("tokenizer-added")

    digests = json.load(open("tokenizer_digests.json")) if glob.glob("tokenizer_digests.json") else {}
    digests.update(normalizer_digests())
    for name in SMALL:
        digests.update(digests_of(name, name))
    for real in options.real:
        digests.update(digests_of(*real.split("=", 1)))
    with open("tokenizer_digests.json", "w") as file:
        lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(digests[key], separators=(',', ':'))}" for key in sorted(digests))
        file.write("{\n" + lines + "\n}\n")

    tokenizers = {name: load(name) for name in SMALL}
    with open("tokenizer_lines.json", "w", encoding="utf-8") as file:
        rows = []
        for text in TEXTS:
            row = {"text": text}
            for name, tokenizer in tokenizers.items():
                ids = encode(tokenizer, [text])[0]
                row[name] = {"ids": ids, "decoded": tokenizer.decode(ids), "skipping": tokenizer.decode(ids, skip_special_tokens=True)}
            rows.append(json.dumps(row, separators=(",", ":")))
        file.write("[\n" + ",\n".join(rows) + "\n]\n")


main()
