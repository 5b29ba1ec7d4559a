#!/bin/sh
# Everything that docs/SPEED.md promises, measured, beside what one would use instead; writes bench/RESULTS.md.
set -eu

usage() {
    cat <<'TEXT'
usage: bench/run.sh --model DIR --data DIR [--part NAME]... [--python PROGRAM] [--whole] [--rounds N] [--note TEXT]

Builds Release in build-bench/, makes a Python environment there with the rivals of bench/requirements.txt, and runs, in turn with ours:

  encoder       share of the processor's matrix rate, MiniLM's size     (no rival)
  encoder-base  the same, base size                                     (no rival)
  features      [CLS] features and one text: torch, onnxruntime, openvino
  train         the training step: Trainer
  compare       the whole comparison: transformers, scikit-learn, Trainer
  tokenizer     tokens a second: Hugging Face tokenizers
  linear        TF-IDF with a linear SVM, logistic regression: scikit-learn
  start         predict --text in a new process                         (no rival)
  cores         one core against all                                    (no rival)
  rows          cost per row from 1,000 rows to a million               (no rival)

  --model DIR       a BERT encoder's folder (all-MiniLM-L6-v2)
  --data DIR        a folder with train.txt, val.txt and test.txt, a `text;label` a line (the emotion tweets)
  --part NAME       only this part (may be given again); RESULTS.md keeps what the other parts measured before
  --python PROGRAM  use this Python, which has the rivals, and make no environment
  --whole           the rivals' side of `compare` from its start to its end, about 16 minutes on two cores; without it, it is put together from
                    its parts, each measured in the same run, and RESULTS.md says so
  --rounds N        measurements of each ratio (3)
  --note TEXT       a sentence about the machine, for RESULTS.md

Nothing is downloaded but the rivals. The parts without a rival also run as programs by themselves: build-bench/bench/NAME says how.
TEXT
}

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
model='' data='' parts='' python='' whole='' rounds=3 note=''
while [ $# -gt 0 ]; do
    case $1 in
    --model) model=$2; shift ;;
    --data) data=$2; shift ;;
    --part) parts="$parts $2"; shift ;;
    --python) python=$2; shift ;;
    --rounds) rounds=$2; shift ;;
    --note) note=$2; shift ;;
    --whole) whole=--whole ;;
    --help | -h) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift
done
[ -n "$model" ] && [ -n "$data" ] || { usage >&2; exit 2; }
[ -n "$parts" ] || parts='encoder encoder-base features train compare tokenizer linear start cores rows'
model=$(cd "$model" && pwd)
data=$(cd "$data" && pwd)

build=$root/build-bench
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DTWOFOLD_BENCH=ON >/dev/null
cmake --build "$build"
if [ -z "$python" ]; then
    [ -x "$build/venv/bin/python" ] || python3 -m venv "$build/venv"
    "$build/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
    python=$build/venv/bin/python
fi

# What would make one side slower than it is: libraries held at an older processor, threads set from outside, caches.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OMP_NUM_THREADS MKL_NUM_THREADS OPENBLAS_NUM_THREADS TWOFOLD_CACHE XDG_CACHE_HOME || true
export HF_HUB_OFFLINE=1 PYTHONDONTWRITEBYTECODE=1
mkdir -p "$build/results"
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
for part in $parts; do
    base=''
    [ "$part" = encoder-base ] && base=--base
    echo "== $part"
    (cd "$empty" && HOME=$empty "$python" "$here/parts.py" "${part%-base}" --model "$model" --data "$data" --build "$build" \
        --rounds "$rounds" --out "$build/results/$part.json" $base $whole)
done
(cd "$root" && "$python" "$here/results.py" "$build/results" --build "$build" --out "$here" --note "$note")
echo "== $here/RESULTS.md"
