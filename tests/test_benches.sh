#!/bin/sh
# Every bench runs to its end and says what it has measured, here on inputs that take no time: that its figures are some, not what they are.
#   tests/test_benches.sh BUILD
set -eu
LC_ALL=C
export LC_ALL
build=$1
root=$(cd "$(dirname "$0")/.." && pwd)
encoder=$root/tests/golden/tiny-distilbert
work=$build/tests/test_benches
failures=0
fail() { echo "$*"; failures=1; }
said() { # STATUS PATTERN... -- BENCH WORD...: how it ends, and lines that it prints
    expected=$1 status=0
    shift
    : >patterns
    while [ "$1" != -- ]; do
        printf '%s\n' "$1" >>patterns
        shift
    done
    shift
    bench=$1
    shift
    "$build/bench/$bench" "$@" >out 2>&1 || status=$?
    [ $status = "$expected" ] || { fail "$bench $*: exit $status, expected $expected:"; cat out; }
    while IFS= read -r pattern; do
        grep -qxE -e "$pattern" out || { fail "$bench $*: expected a line '$pattern', found:"; cat out; }
    done <patterns
}
rm -rf "$work"
mkdir -p "$work"
cd "$work"
i=0
while [ $i -lt 20 ]; do
    printf 'good sun %d;glad\nbad rain %d;sad\na day %d;calm\n' $i $i $i
    i=$((i + 1))
done >rows.txt
number='[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?'

said 0 "float32, 2 threads: 60 texts, [1-9][0-9]* real tokens/s" -- features --model "$encoder" --texts rows.txt --threads 2 --rounds 1
said 0 "1 threads:      60 rows, .* million tokens/s a thread, .* MB/s a thread, $number µs a row" "1 threads:    1000 rows, .*" \
    -- tokenizer --model "$encoder" --texts rows.txt --rounds 1 --rows 1000
said 0 "liblinear    60 rows, 384 channels, 3 classes: $number s, [1-9][0-9]* iterations, gradient $number" \
    "multinomial  60 rows, 384 channels, 3 classes: $number s, [1-9][0-9]* iterations, gradient $number" \
    "tfidf           1000 rows of 200 characters, [1-9][0-9]* terms .* fit $number, transform $number µs a row; at most [1-9][0-9]* MB" \
    -- linear --texts rows.txt --test rows.txt --threads 2 --rounds 1 --rows 1000
said 0 "float32, 2 threads: loaded in $number ms; one text p50 $number ms, p95 $number ms" "float32: predict --text in a new process: [0-9]+ ms, [1-9][0-9]* MB" \
    -- start --model "$encoder" --texts rows.txt --program "$build/twofold" --threads 2
said 0 "float32, 2 threads: a step of 4 rows $number s, [1-9][0-9]* real tokens/s, .*" "optimiser    0\.0 million parameters in $number ms, $number GB/s" \
    -- train --model "$encoder" --texts rows.txt --threads 2 --batch 4 --steps 2
said 0 ".*, 2 threads, 6 layers × 48, float32" "matrix rate    float32 [1-9][0-9]* GFLOP/s \(1024 × 1024\).*" \
    "forward          22 tokens a row .* tokens/s  $number of the matrix rate" "training step   128 tokens a row .* of the matrix rate" -- encoder --short --threads 2
# The other types where the processor has them.
for dtype in bfloat16 int8; do
    if "$build/twofold" predict --model "$encoder" --text 'good sun' --dtype $dtype >out 2>&1; then
        said 0 ".*, 2 threads, 6 layers × 48, $dtype" "forward         512 tokens a row .*" -- encoder --short --threads 2 --dtype $dtype
        said 0 "$dtype, 2 threads: 60 texts, .*" -- features --model "$encoder" --texts rows.txt --threads 2 --rounds 1 --dtype $dtype
    fi
done

# What is wrong is said, and nothing is measured.
said 2 'usage: features --model PATH --texts PATH .*' -- features --model "$encoder"
said 2 'usage: tokenizer .*' -- tokenizer --model "$encoder" --texts rows.txt --rounds 0
said 2 'usage: train .*' -- train --model
said 2 'usage: start .*' -- start --dtype float64
said 2 'usage: encoder .*' -- encoder --long
said 1 'bench: nowhere: .*' -- linear --texts nowhere
said 1 'bench: .*' -- features --model nowhere --texts rows.txt
said 1 'bench: --steps is at most 991, and int8 does not train' -- train --model "$encoder" --texts rows.txt --steps 5000
said 1 'bench: --rounds is at most 99' -- tokenizer --model "$encoder" --texts rows.txt --rounds 100
said 1 'bench: predict failed: .*' -- start --model nowhere --program "$build/twofold"
: >empty.txt
said 1 'bench: no texts' -- linear --texts empty.txt
exit "$failures"
