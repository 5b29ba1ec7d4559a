"""One part of the bench: twofold beside what one would use instead, in turn in one run.

    python bench/parts.py PART --model MODEL --data DATA --out FILE [--build build] [--rounds 3] [--threads N]

MODEL is a BERT encoder's folder, DATA a folder with train.txt, val.txt and test.txt of `text;label` lines. Downloads nothing. Everything is made in an empty folder
with every cache off; both sides have the same threads and a warm-up. FILE gets the measures as JSON, from which bench/results.py makes RESULTS.md; each is

    {"what", "against", "ours", "theirs", "ratio" or "value", "goal", "note"}

A part whose name is in ALONE needs no rival.
"""

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time

os.environ["HF_HUB_OFFLINE"] = "1"
HAS_AVX512 = " avx512f " in open("/proc/cpuinfo", encoding="utf-8").read()
TRAIN_ROWS, STEPS, WARM_STEPS = 16000, 8, 2


def read_texts(path):
    rows = [line.rsplit(";", 1) for line in open(path, encoding="utf-8").read().splitlines()]
    return [text for text, _ in rows], [label for _, label in rows]


def bench(args, name, *words):
    """What build/bench/NAME prints."""
    env = os.environ | ({"OPENBLAS_CORETYPE": "SkylakeX"} if HAS_AVX512 else {})  # as the program does for itself (cli/restart.h)
    done = subprocess.run([f"{args.build}/bench/{name}", *map(str, words)], capture_output=True, text=True, env=env)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr}")
    print(done.stdout, end="", flush=True)
    return done.stdout


def number(pattern, text):
    return float(re.search(pattern, text).group(1))


def program(args, *words):
    """Seconds of a whole run of twofold."""
    started = time.perf_counter()
    subprocess.run([f"{args.build}/twofold", *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def ratio(what, against, pairs, goal, form, note=""):
    """pairs of (ours, theirs), of which more is better on neither side: seconds."""
    ours, theirs = (statistics.median(side) for side in zip(*pairs))
    found = statistics.median(b / a for a, b in pairs)
    return {"what": what, "against": against, "ours": form(ours), "theirs": form(theirs), "ratio": found, "goal": goal, "note": note}


def value(what, found, shown, goal=None, least=True, against="", note=""):
    return {"what": what, "against": against, "ours": shown, "theirs": "", "value": found, "goal": goal, "least": least, "note": note}


# ---- the encoder: no rival but the processor ----


def encoder(args):
    goals = {("", "float32"): 0.88, ("", "bfloat16"): 0.75, ("", "int8"): 0.55, ("base", "float32"): 0.90, ("base", "bfloat16"): 0.85, ("base", "int8"): 0.70}
    for (size, dtype), goal in goals.items():
        if args.base != bool(size):
            continue
        said = bench(args, "encoder", "--dtype", dtype, "--threads", args.threads, "--rounds", 7, *(["--base"] if size else []))
        name = "base size" if size else "MiniLM's size"
        void = "; void: the matrix rate was below 0.85 of the peak" if "VOID" in said else ""
        rate = re.search(r"(\d+) GFLOP/s", said).group(1)
        shares = re.findall(r"forward +(\d+) tokens a row +([\d.]+) tokens/s +([\d.]+) of the matrix rate(.*)", said)
        for length, speed, share, more in shares:
            if "CLS" in more:
                continue
            yield value(f"forward, {name}, {dtype}, rows of {length}", float(share), f"{share} ({float(speed):,.0f} tokens/s)", goal,
                        against=f"matrix rate, {rate} GFLOP/s", note=more.strip() + void)


# ---- features and one text ----


def features(args):
    import rivals

    yield from rivals.measure(args)


# ---- the training step ----


def trainer_steps(args, texts, labels, bf16, scratch):
    from datasets import Dataset
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainerCallback, TrainingArguments

    class Clock(TrainerCallback):
        def __init__(self):
            self.at = []

        def on_step_end(self, *_, **__):
            self.at.append(time.perf_counter())

    names = sorted(set(labels))
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    rows = Dataset.from_dict({"text": texts, "labels": [names.index(label) for label in labels]})
    rows = rows.map(lambda b: tokenizer(b["text"], truncation=True), batched=True, remove_columns=["text"])
    model = AutoModelForSequenceClassification.from_pretrained(args.model, num_labels=len(names), attn_implementation="sdpa")
    how = TrainingArguments(f"{scratch}/trainer", learning_rate=1e-4, per_device_train_batch_size=64, max_steps=STEPS + WARM_STEPS, save_strategy="no",
                            report_to=[], use_cpu=True, bf16=bf16, disable_tqdm=True, logging_steps=10**6, dataloader_num_workers=0)
    clock = Clock()
    Trainer(model, how, train_dataset=rows, data_collator=DataCollatorWithPadding(tokenizer), callbacks=[clock]).train()
    return statistics.median(b - a for a, b in zip(clock.at[WARM_STEPS - 1:], clock.at[WARM_STEPS:]))


def train(args):
    texts, labels = read_texts(f"{args.data}/train.txt")
    for dtype, goal, share in (("float32", 6, 0.78), ("bfloat16", 5, 0.60)):
        if args.dtype not in (None, dtype):
            continue
        pairs, shares = [], []
        for _ in range(args.rounds):
            said = bench(args, "train", "--model", args.model, "--texts", f"{args.data}/train.txt", "--dtype", dtype, "--threads", args.threads)
            ours = number(r"rows ([\d.]+) s", said)
            shares.append(number(r"([\d.]+) of the matrix rate", said))
            with tempfile.TemporaryDirectory() as scratch:
                pairs.append((ours, trainer_steps(args, texts, labels, dtype == "bfloat16", scratch)))
            print(f"{dtype} Trainer {pairs[-1][1]:.3f} s a step", flush=True)
        yield ratio(f"training step, {dtype}, batch 64, random order", "Trainer", pairs, goal, "{:.3f} s".format)
        yield value(f"training step, {dtype}, emotion rows", statistics.median(shares), f"{statistics.median(shares):.2f}", share, against="matrix rate",
                    note="rows of 4 to 87 tokens, optimiser and packing included")
        yield value(f"optimiser, {dtype}", number(r"([\d.]+) GB/s", said), re.search(r"in (.*)", said.split("optimiser")[1]).group(1))


def cores(args):
    """One core against all. The goal is 1.9 on two, or 0.97 of what the matrix product gains where that is less."""
    gains, products = {"features": [], "training step": []}, []
    for _ in range(args.rounds):
        for what, name in (("features", "features"), ("training step", "train")):
            said = [bench(args, name, "--model", args.model, "--texts", f"{args.data}/val.txt", "--threads", threads) for threads in (1, args.threads)]
            gains[what].append(number(r"([\d.]+) real tokens/s", said[1]) / number(r"([\d.]+) real tokens/s", said[0]))
            if name == "train":
                products.append(number(r"rate of (\d+)", said[1]) / number(r"rate of (\d+)", said[0]))
    product = statistics.median(products)
    for what, found in gains.items():
        gain = statistics.median(found)
        yield value(f"{what}, 1 → {args.threads} cores", gain, f"{gain:.2f} ×", round(min(1.9, 0.97 * product), 2) if args.threads == 2 else None,
                    note=f"the matrix product gained {product:.2f}; rounds: {', '.join(f'{g:.2f}' for g in found)}")


# ---- the tokenizer ----


def tokenizer(args):
    os.environ.update(RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
    from tokenizers import Tokenizer

    theirs = Tokenizer.from_file(f"{args.model}/tokenizer.json")
    theirs.no_padding()
    theirs.enable_truncation(512)
    texts, _ = read_texts(f"{args.data}/train.txt")
    for call, how in (("encode_batch", "with offsets"), ("encode_batch_fast", "without offsets")):
        pairs = []
        for turn in range(args.rounds + 1):
            said = bench(args, "tokenizer", "--model", args.model, "--texts", f"{args.data}/train.txt", "--rows", 1)
            started = time.perf_counter()
            ids = [encoding.ids for encoding in getattr(theirs, call)(texts)]
            seconds = time.perf_counter() - started
            tokens = sum(map(len, ids))
            if turn:
                pairs.append((tokens / number(r"([\d.]+) million tokens/s", said) / 1e6, seconds))
        speed = lambda s, n=tokens: f"{n / s / 1e6:.2f} million tokens/s"
        yield ratio("tokenizer, one thread, text in, ids out", f"Hugging Face tokenizers, {call} ({how})", pairs, 12, speed)


# ---- the linear side ----


def scikit_words(train, test):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    started = time.perf_counter()
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    values = words.fit_transform(train[0])
    answers = LinearSVC(C=1, tol=1e-4).fit(values, train[1]).predict(words.transform(test[0]))
    return time.perf_counter() - started, statistics.fmean(a == b for a, b in zip(answers, test[1]))


def gradient_norm(model, x, labels, C):
    """Of what both minimise: the mean cross entropy and |W|² / (2 C N)."""
    import numpy as np

    scores = x @ model.coef_.T.astype(float) + model.intercept_
    scores -= scores.max(1, keepdims=True)
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    p[np.arange(len(labels)), np.searchsorted(model.classes_, labels)] -= 1
    return max(np.abs(p.T @ x / len(x) + model.coef_ / (C * len(x))).max(), np.abs(p.mean(0)).max())


def linear(args):
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    train, test = read_texts(f"{args.data}/train.txt"), read_texts(f"{args.data}/test.txt")
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(f"{args.data}/train.txt", f"{scratch}/rows.txt")
        program(args, "features", "--model", args.model, "--data", f"{scratch}/rows.txt", "--output_dir", f"{scratch}/features", "--no_cache", "--quiet")
        file = next(os.path.join(f"{scratch}/features", name) for name in sorted(os.listdir(f"{scratch}/features")) if name.endswith(".npy") and "label" not in name)
        x = np.load(file)
        words, many, apart, accuracies = [], [], [], set()
        for turn in range(args.rounds + 1):
            said = bench(args, "linear", "--texts", f"{args.data}/train.txt", "--test", f"{args.data}/test.txt", "--features", file, "--threads", args.threads, "--rounds", 1)
            seconds, accuracy = scikit_words(train, test)
            started = time.perf_counter()
            model = LogisticRegression(C=1, tol=1e-4, max_iter=1000).fit(x, train[1])
            lbfgs = time.perf_counter() - started
            started = time.perf_counter()
            OneVsRestClassifier(LogisticRegression(C=1, tol=1e-4, solver="liblinear"), n_jobs=args.threads).fit(x, train[1])
            liblinear = time.perf_counter() - started
            if not turn:
                continue
            words.append((number(r"terms: ([\d.]+) s", said), seconds))
            apart.append((number(r"liblinear .*classes: ([\d.]+) s", said), liblinear))
            many.append((number(r"multinomial .*classes: ([\d.]+) s", said), lbfgs))
            accuracies = (number(r"accuracy ([\d.]+)", said), accuracy)
        ours = number(r"multinomial .*gradient ([\d.e+-]+)", said)
        theirs = gradient_norm(model, x.astype(float), train[1], 1)
    form = "{:.3f} s".format
    yield ratio("TF-IDF + linear SVM, emotion, text to answers", "scikit-learn, TfidfVectorizer + LinearSVC", words, 4, form,
                "accuracy {:.4f} and {:.4f}".format(*accuracies))
    yield ratio("multinomial logistic regression, [CLS]", "scikit-learn's lbfgs", many, 1, form, f"gradient {ours:.1e} and {theirs:.1e}, stopped at 1e-4")
    yield ratio("one-vs-rest logistic regression, [CLS]", "scikit-learn's liblinear, a process a core", apart, None, form)


# ---- a process, from its start ----


def start(args):
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copy(f"{args.data}/val.txt", f"{scratch}/rows.txt")
        program(args, "train", "--model", args.model, "--data", f"{scratch}/rows.txt", "--C", 1, "--output_dir", f"{scratch}/model", "--no_cache", "--quiet")
        folder = next(os.path.join(root) for root, _, names in os.walk(f"{scratch}/model") if "twofold.json" in names or "classifier.json" in names)
        for dtype in ("float32", "bfloat16", "int8"):
            said = bench(args, "start", "--model", folder, "--program", f"{args.build}/twofold", "--dtype", dtype, "--threads", args.threads)
            shown = re.search(r"process: (.*)", said).group(1)
            first = f"first answer, {dtype}: predict --text, a new process"
            yield value(f"{first}, ms", number(r"process: ([\d.]+) ms", said), shown, 80, least=False)
            yield value(f"{first}, MB", number(r"ms, ([\d.]+) MB", said), shown, 150, least=False)


# ---- a million rows ----


def write_rows(path, rows):
    draw = random.Random(1)
    words = ["".join(draw.choices("etaoinshrdlu", k=2 + i % 8)) for i in range(20000)]
    weights = [1 / (i + 1) for i in range(len(words))]
    bag = draw.choices(words, weights, k=1 << 20)
    with open(path, "w", encoding="utf-8") as file:
        for i in range(rows):
            at = draw.randrange(len(bag) - 40)
            file.write(f"{' '.join(bag[at:at + 8 + i % 24])};class{i % 6}\n")


def rows(args):
    said = bench(args, "tokenizer", "--model", args.model, "--texts", f"{args.data}/train.txt")
    found = re.findall(r"(\d+) rows.* ([\d.]+) µs a row", said)[1:]
    yield flat("tokenising", [(int(n), float(s)) for n, s in found])
    said = bench(args, "linear", "--texts", f"{args.data}/val.txt", "--threads", args.threads, "--rows", 1000000, "--rounds", 1)
    found = re.findall(r"(\d+) rows of.*fit ([\d.]+), transform ([\d.]+)", said)
    yield flat("TF-IDF, fit and transform", [(int(n), float(a) + float(b)) for n, a, b in found], re.findall(r"at most (\d+ MB)", said)[-1] + " at a million")
    with tempfile.TemporaryDirectory() as scratch:
        found, features = [], []
        small = os.path.join(os.path.dirname(__file__), "../tests/golden/tiny-distilbert")
        for count in (1000, 10000, 100000, 1000000):
            write_rows(f"{scratch}/rows.txt", count)
            found.append((count, program(args, "explore", f"{scratch}/rows.txt", "--quiet") / count * 1e6))
            print("explore", found[-1], flush=True)
            seconds = program(args, "features", "--model", small, "--data", f"{scratch}/rows.txt", "--output_dir", f"{scratch}/features", "--no_cache", "--quiet")
            shutil.rmtree(f"{scratch}/features")
            features.append((count, seconds / count * 1e6))
            print("features", features[-1], flush=True)
        yield flat("explore, whole processes", found)
        yield flat("features, an encoder of 3 layers of 16 channels, whole processes", features)
        found = []
        lines = open(f"{args.data}/train.txt", encoding="utf-8").readlines()
        for count in (1000, 4000, 16000):
            open(f"{scratch}/cut.txt", "w", encoding="utf-8").writelines(lines[:count])
            said = bench(args, "features", "--model", args.model, "--texts", f"{scratch}/cut.txt", "--threads", args.threads, "--rounds", 1)
            found.append((count, 1e6 / number(r"([\d.]+) real tokens/s", said)))
        yield flat("features, µs a real token", found)


def flat(what, found, note=""):
    shown = ", ".join(f"{n:,}: {s:.2f}" for n, s in found)
    return value(f"cost per row as rows grow: {what}", found[-1][1] / found[0][1], shown + ("" if "token" in what else " µs"), note=note)


# ---- the whole comparison ----


def compare(args):
    """Ours whole. Theirs from its parts, each measured here (--whole: all of it, some 16 minutes): features in file order, scikit-learn, Trainer."""
    ours = {}
    with tempfile.TemporaryDirectory() as scratch:
        for dtype in ("float32", "bfloat16"):
            if args.dtype not in (None, dtype):
                continue
            seconds = program(args, "compare", "--model", args.model, "--data", args.data, "--output_dir", f"{scratch}/{dtype}", "--learning_rate", "1e-4",
                              "--epochs", 2, "--batch_size", 64, "--dtype", dtype, "--no_cache", "--num_threads", args.threads)
            run = json.load(open(f"{scratch}/{dtype}/compare.json"))
            scores = ", ".join(f"{e['name']} {e['metrics']['test']['accuracy']:.4f}" for e in run["entries"] if e["metrics"])
            ours[dtype] = (seconds, scores)
            print(f"compare {dtype} {seconds:.1f} s: {scores}", flush=True)
    theirs, how = their_comparison(args)
    for dtype, (seconds, scores) in ours.items():
        yield ratio(f"twofold compare, emotion, {dtype}, 2 epochs, batch 64, all entries", "transformers + scikit-learn + Trainer, float32", [(seconds, theirs)],
                    5.5 if dtype == "float32" else 9, "{:.0f} s".format, f"{how}. Test accuracy of ours: {scores}")


def their_comparison(args):
    import numpy as np
    import torch
    from sklearn.linear_model import LogisticRegression
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(args.threads)
    splits = [read_texts(f"{args.data}/{name}.txt") for name in ("train", "val", "test")]
    texts = [text for split in splits for text in split[0]]
    sample = texts if args.whole else texts[:1000]
    tokenizer = AutoTokenizer.from_pretrained(args.model)
    model = AutoModel.from_pretrained(args.model, attn_implementation="sdpa").eval()

    def run(rows):
        started, out = time.perf_counter(), []
        for i in range(0, len(rows), 64):
            batch = tokenizer(rows[i : i + 64], padding=True, truncation=True, return_tensors="pt")
            with torch.inference_mode():
                hidden = model(**batch).last_hidden_state
            mask = batch["attention_mask"][:, :, None]
            out.append(np.concatenate([hidden[:, 0].numpy(), ((hidden * mask).sum(1) / mask.sum(1)).numpy()], 1))
        return time.perf_counter() - started, np.concatenate(out)

    run(sample[:128])
    seconds, found = run(sample)
    frozen = seconds * len(texts) / len(sample)
    x = found if args.whole else np.tile(found, (len(texts) // len(found), 1))
    labels = splits[0][1]
    started = time.perf_counter()
    words, _ = scikit_words(splits[0], splits[2])
    for part in (x[:TRAIN_ROWS, : x.shape[1] // 2], x[:TRAIN_ROWS, x.shape[1] // 2 :]):
        LogisticRegression(max_iter=1000).fit(part, labels)  # one C, where ours tries three
    linear = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as scratch:
        step = trainer_steps(args, *splits[0], False, scratch)
    steps = 2 * TRAIN_ROWS // 64
    asked = 2 * len(splits[1][0]) + len(splits[2][0])  # an evaluation an epoch, and the test rows
    whole = frozen + linear + steps * step + frozen * asked / len(texts)
    how = f"theirs from parts measured in this run: features {frozen:.0f} s, scikit-learn {linear:.0f} s, {steps} steps of {step:.2f} s, evaluations {frozen * asked / len(texts):.0f} s"
    print(how, flush=True)
    return whole, how


PARTS = {f.__name__: f for f in (encoder, features, train, cores, tokenizer, linear, start, rows, compare)}
ALONE = ("encoder", "cores", "start", "rows")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--dtype")
    parser.add_argument("--base", action="store_true")
    parser.add_argument("--whole", action="store_true")
    args = parser.parse_args()
    args.bench = f"{args.build}/bench"
    args.texts = f"{args.data}/val.txt"
    measures, before = list(PARTS[args.part](args)), []
    if args.dtype and os.path.exists(args.out):  # the other precision stays as it was measured before
        names = {m["what"] for m in measures}
        before = [m for m in json.load(open(args.out, encoding="utf-8"))["measures"] if m["what"] not in names]
    with open(args.out, "w", encoding="utf-8") as file:
        json.dump({"part": args.part, "date": time.strftime("%Y-%m-%d"), "measures": before + measures}, file, indent=1)


if __name__ == "__main__":
    main()
