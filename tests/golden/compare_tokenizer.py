"""Compares `twofold tokenize --json` with Hugging Face's BertTokenizerFast, id by id, over whole files.

    python compare_tokenizer.py TWOFOLD MODEL FILE…

MODEL is a folder that both read. FILE is .csv, .tsv, .jsonl (plain, .gz or .xz) or lines of text: every cell or string in it is a text, and line
breaks within one become spaces, since the program reads a text a line. Besides the files: every code point alone and inside a word, and 20,000
random strings with mutated bytes. Prints the numbers and the first differences; the exit status is 1 when there is one.
"""

import csv
import gzip
import json
import lzma
import random
import subprocess
import sys

from transformers import BertTokenizerFast

BLOCK = 20000


def texts_of(path):
    opener = {"gz": gzip.open, "xz": lzma.open}.get(path.rsplit(".", 1)[-1], open)
    name = path.removesuffix(".gz").removesuffix(".xz")
    with opener(path, "rb") as file:
        lines = file.read().decode("utf-8", "replace").split("\n")
    if name.endswith(".jsonl"):
        return [value for line in lines if line for value in json.loads(line).values() if isinstance(value, str)]
    if name.endswith((".csv", ".tsv")):
        csv.field_size_limit(1 << 30)
        return [cell for row in csv.reader(lines, delimiter="\t" if name.endswith(".tsv") else ",") for cell in row]
    return lines


def code_points():
    points = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    return points + ["a" + point + "b" for point in points]


def mutated(texts, count=20000):
    chance, made = random.Random(1), []
    for _ in range(count):
        text = bytearray(chance.choice(texts).encode("utf-8", "replace")[:300])
        for _ in range(chance.randrange(1, 12)):
            place = chance.randrange(len(text) + 1)
            text[place : place + chance.randrange(2)] = chance.choice([b"", bytes([chance.randrange(256)]), chr(chance.randrange(0xD800)).encode()])
        made.append(bytes(text).decode("utf-8", "replace"))
    return made


def ours(program, model, texts):
    lines = "".join(text + "\n" for text in texts).encode("utf-8")
    out = subprocess.run([program, "tokenize", "--model", model, "--json", "-"], input=lines, stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line)["ids"] for line in out.decode("utf-8").split("\n")[:-1]]


def main():
    program, model, files = sys.argv[1], sys.argv[2], sys.argv[3:]
    tokenizer = BertTokenizerFast.from_pretrained(model)
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    parts = {path: texts_of(path) for path in files}
    every = [text for texts in parts.values() for text in texts] or ["The quick brown fox jumps over the lazy dog."]
    parts["mutated strings"] = mutated(every)
    parts["code points"] = code_points()
    wrong = 0
    for name, texts in parts.items():
        texts = [text.encode("utf-8", "replace").decode("utf-8").replace("\n", " ") for text in texts]
        ids = different = 0
        for start in range(0, len(texts), BLOCK):
            block = texts[start : start + BLOCK]
            judged = [encoding.ids for encoding in tokenizer.backend_tokenizer.encode_batch(block)]
            found = ours(program, model, block)
            assert len(found) == len(block), f"{name}: {len(found)} lines for {len(block)} texts"
            for text, expected, got in zip(block, judged, found):
                ids += len(expected)
                if expected != got:
                    different += 1
                    if different <= 5:
                        print(f"{name}: {text[:100]!r}\n  expected {expected[:30]}\n  found    {got[:30]}")
        print(f"{name}: {len(texts):,} texts, {ids:,} ids, {different:,} texts differ", flush=True)
        wrong += different
    sys.exit(1 if wrong else 0)


main()
