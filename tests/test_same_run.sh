#!/bin/sh
# tests/same_run finds every difference that is not a measured figure, and none that is.
set -eu
judge=$(cd "$(dirname "$0")" && pwd)/same_run
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

# expect same|different NAME FILE TEXT TEXT: two runs that differ in FILE alone.
expect() {
    rm -rf "$folder/a" "$folder/b"
    mkdir -p "$folder/a/finetune" "$folder/b/finetune"
    echo '{}' | tee "$folder/a/compare.json" >"$folder/b/compare.json"
    printf '%s\n' "$4" >"$folder/a/$3"
    printf '%s\n' "$5" >"$folder/b/$3"
    "$judge" "$folder/a" "$folder/b" >"$folder/said" && found=same || found="different: exit $?"
    [ "$found" = "$1" ] || [ "$found" = "$1: exit 1" ] || { echo "$2: $found, expected $1"; cat "$folder/said"; failures=1; }
}

expect same 'equal files' x.csv a a
expect different 'other bytes' x.csv a b
expect same 'env.json' env.json '{"cores": 2}' '{"cores": 64}'
expect different 'not env.json' finetune/xenv.json '{"cores": 2}' '{"cores": 64}'
expect same 'a cost plot' costs_latency.svg '<svg>1</svg>' '<svg>2</svg>'
expect different 'another plot' confusion_matrix.svg '<svg>1</svg>' '<svg>2</svg>'

expect same 'costs' compare.json '{"e": [{"costs": {"train_s": 1, "l": [1, {"a": "}"}]}, "n": 1}]}' \
    '{"e": [{"costs": {"train_s": 22, "l": []}, "n": 1}]}'
expect different 'a value after costs' compare.json '{"costs": {"a": 1}, "n": 1}' '{"costs": {"a": 1}, "n": 2}'
expect different 'a value before costs' compare.json '{"n": 1, "costs": {"a": 1}}' '{"n": 2, "costs": {"a": 1}}'
expect different 'costs only once' compare.json '{"costs": {"a": 1}}' '{}'
expect same 'a runtime last' all_results.json '{"n": 1, "train_runtime": 1.5}' '{"n": 1, "train_runtime": null}'
expect same 'a rate on lines of its own' all_results.json '{
  "steps_per_second": 3.25,
  "loss": 1
}' '{
  "steps_per_second": 3,
  "loss": 1
}'
expect different 'a key that only looks like it' all_results.json '{"runtimes": 1}' '{"runtimes": 2}'
expect different 'a text that names a key' x.json '{"a": "\"costs\": 1"}' '{"a": "\"costs\": 2"}'
expect different 'a value that is the name of a key' x.json '["costs", {"x": 1}]' '["costs", {"x": 2}]'
expect same 'lines' x.jsonl '{"eval_runtime": 1}
{"a": 1}' '{"eval_runtime": 2}
{"a": 1}'

expect same 'a cell' report.html '<td class="measured">1 s</td><td>1</td>' '<td class="measured">2 s</td><td>1</td>'
expect different 'the cell beside it' report.html '<td class="measured">1 s</td><td>1</td>' '<td class="measured">1 s</td><td>2</td>'
expect same 'nested elements of one name' report.html '<div class="plot measured wide"><div>1</div><p>1</p></div>x' \
    '<div class="plot measured wide"><p>3</p></div>x'
expect different 'what follows nested elements' report.html '<div class="measured"><div>1</div></div>x' \
    '<div class="measured"><div>1</div></div>y'
expect same 'a void element' report.html 'a<img class="measured" src="1">b' 'a<img class="measured" src="2">b'
expect different 'what follows a void element' report.html 'a<img class="measured" src="1">b' 'a<img class="measured" src="1">c'
expect same 'an element over lines' report.html "<span
 class='measured'>1
</span>" "<span
 class='measured'>2
</span>"
expect different 'another class' report.html '<td class="measured-not">1</td>' '<td class="measured-not">2</td>'
expect different 'the word in the text' report.html '<td title="measured">1</td>' '<td title="measured">2</td>'
expect same 'Markdown' report.md '| 1 | <span class="measured">1 s</span> |' '| 1 | <span class="measured">9 s</span> |'
expect different 'Markdown beside it' report.md '| 1 | <span class="measured">1 s</span> |' '| 2 | <span class="measured">1 s</span> |'

expect same 'before a missing file' x.csv a a
rm "$folder/b/x.csv"
! "$judge" "$folder/a" "$folder/b" >/dev/null || { echo 'a missing file goes unnoticed'; failures=1; }
exit "$failures"
