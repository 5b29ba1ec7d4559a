#!/usr/bin/env bash
# Fuzzes the parsers with libFuzzer (clang), under AddressSanitizer and UndefinedBehaviorSanitizer, in build-fuzz/.
#   tools/fuzz.sh [--seconds N] [--coverage] [TARGET...]
#   --seconds N   of processor time for each target (600)
#   --coverage    run nothing: print how many lines of its parser each target has reached so far
#   TARGET        csv, jsonl, config, ... (all of tests/fuzz/fuzz_*.c)
# What was found new is kept in build-fuzz/corpus/TARGET; an input that crashes, hangs or takes too much memory ends the script
# with 1 and lies in build-fuzz/findings/TARGET. Mend the cause and put the input into tests/fuzz/seeds/TARGET.
set -euo pipefail
seconds=600 coverage=''
targets=()
while (($#)); do
    case $1 in
        --seconds) seconds=${2:?--seconds needs a number}; shift ;;
        --coverage) coverage=1 ;;
        -*)
            sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
            [[ $1 == --help ]] && exit 0 || exit 2 ;;
        *) targets+=("$1") ;;
    esac
    shift
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seeds=tests/fuzz/seeds
((${#targets[@]})) || mapfile -t targets < <(cd tests/fuzz && printf '%s\n' fuzz_*.c | sed 's/^fuzz_//; s/\.c$//')

# The files in which a target's parser stands.
parser_of() {
    case $1 in
        csv) echo datasets/{reader_csv,rows,format,columns,input}.c ;;
        jsonl) echo datasets/reader_jsonl.c common/json_reader.c ;;
        config) echo encoder/config.c common/json.c common/json_entries.c ;;
        tokenizer_json) echo encoder/tokenizer_load.c ;;
        vocab) echo encoder/vocabulary.c ;;
        tokenizer) echo encoder/{tokenizer,normalizer,added,levels}.c ;;
        safetensors | index) echo common/safetensors.c ;;
        linear) echo classifiers/classifier_file.c ;;
        tfidf) echo features/tfidf_file.c ;;
        npy) echo features/npy.c ;;
        state) echo finetune/{checkpoint,state}.c ;;
        record) echo compare/entry_record.c ;;
        predictions) echo compare/answers_file.c ;;
        weights) echo encoder/weights_load.c encoder/quantize_folder.c ;;
        calibration) echo compare/calibration_file.c ;;
        tuning) echo compare/tuning_file.c ;;
        report) echo cli/recalled.c ;;
        model) echo compare/text_model_file.c ;;
        curve) echo compare/curve_file.c ;;
        seeds) echo compare/seeds_file.c ;;
        cache) echo features/cache_note.c ;;
        maps) echo compare/maps_file.c ;;
        cascade) echo compare/cascade_file.c ;;
        label_errors) echo compare/label_audit_file.c ;;
        env) echo compare/environment_file.c ;;
        ids) echo cli/ids.c ;;
        *) echo "fuzz.sh: no target '$1'" >&2; return 1 ;;
    esac
}

build() { # FOLDER CMAKE_FLAG TARGET...
    local folder=$1 flag=$2
    shift 2
    local -a generator=()
    [[ -f $folder/CMakeCache.txt ]] || generator=(-G Ninja)
    cmake -S . -B "$folder" "${generator[@]}" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang "$flag" >/dev/null
    cmake --build "$folder" --parallel "${JOBS:-$(nproc)}" --target "$@"
}

# One line a target: executions, and what stands in the corpus. Seconds are the processor's: on a busy machine the clock says little.
run() {
    local target=$1 dictionary=tests/fuzz/$1.dict corpus=build-fuzz/corpus/$1 findings=build-fuzz/findings/$1 log=build-fuzz/$1.log
    local used=0 executed=0 TIMEFORMAT='%U %S'
    mkdir -p "$corpus" "$findings"
    [[ -f $dictionary ]] || dictionary=tests/fuzz/json.dict
    while ((used < 1000 * seconds)); do
        { time ASAN_OPTIONS=allocator_may_return_null=1 build-fuzz/bin/"fuzz_$target" "$corpus" "$seeds/$target" \
            -artifact_prefix="$findings/" -dict="$dictionary" -max_total_time=$((seconds - used / 1000 + 1)) -max_len=4096 \
            -timeout=60 -rss_limit_mb=2048 -malloc_limit_mb=256 -print_final_stats=1 >"$log" 2>&1; } 2>build-fuzz/"$target.time" || {
            tail -n 40 "$log"
            printf '%s: found something, see above and %s\n' "$target" "$findings"
            return 1
        }
        used=$((used + $(awk '{ printf "%d", 1000 * ($1 + $2) }' build-fuzz/"$target.time")))
        executed=$((executed + $(sed -n 's/^stat::number_of_executed_units: *//p' "$log")))
    done
    printf '%-16s %d executions in %d s of processor time, %d inputs kept; nothing found\n' "$target" "$executed" $((used / 1000)) \
        "$(find "$corpus" -type f | wc -l)"
}

# Lines of its parser that a target reaches with seeds and corpus; targets whose parsers stand in one file count together.
report() {
    local target=$1 profile=build-coverage/$1.profdata
    local -a files with=("$target")
    read -ra files < <(parser_of "$target")
    case $target in
        safetensors | index) with=(safetensors index) ;;
        tokenizer_json) with=(tokenizer_json vocab) ;;
    esac
    for each in "${with[@]}"; do
        mkdir -p "build-fuzz/corpus/$each"
        LLVM_PROFILE_FILE=build-coverage/$each.profraw build-coverage/tests/"seeds_$each" "$seeds/$each" \
            "build-fuzz/corpus/$each" >/dev/null
    done
    local -a profiles=("${with[@]/%/.profraw}")
    llvm-profdata merge -sparse -o "$profile" "${profiles[@]/#/build-coverage/}"
    llvm-cov report "build-coverage/tests/seeds_$target" -instr-profile="$profile" "${files[@]}" |
        awk -v target="$target" '$1 == "TOTAL" { printf "%-16s %s of %d lines of its parser\n", target, $10, $8 }'
}

if [[ $coverage ]]; then
    build build-coverage -DTWOFOLD_COVERAGE=ON "${targets[@]/#/seeds_}"
    for target in "${targets[@]}"; do report "$target"; done
    exit
fi
build build-fuzz -DTWOFOLD_FUZZ=ON "${targets[@]/#/fuzz_}"
status=0
for target in "${targets[@]}"; do run "$target" || status=1; done
exit "$status"
