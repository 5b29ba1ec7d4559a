#!/usr/bin/env bash
# Builds with clang's counters in build-coverage/, runs the tests, and prints how many lines and branches of each source outside tests/ ran:
# bench/ and examples/ (test_benches and test_install run them) and headers with them. encoder/ops_reference.c belongs to another build
# (TWOFOLD_REFERENCE_OPS), which is made in build-coverage/reference; what ran there counts together with the rest. Ends with 1 when fewer than 92 of 100 lines or 80 of 100 branches did.
#   tools/coverage.sh [--report] [CTEST_ARGUMENT...]
#   --report          run nothing: print what stands there from the last time
#   CTEST_ARGUMENT    which tests (-LE slow); those of the reference build are always all that multiply matrices
set -euo pipefail
report=''
if [[ ${1:-} == --report ]]; then
    report=1
    shift
elif [[ ${1:-} == --help ]]; then
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"
    exit
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=build-coverage profiles=$PWD/build-coverage/profiles
multiplying=(test_encoder test_extract test_attention test_accuracy test_finetune_parts test_bfloat16 test_quantize) # in the reference build

build() { # FOLDER FLAG -- [TARGET...]
    local into=$1 flag=$2
    shift 3
    local -a generator=()
    [[ -f $into/CMakeCache.txt ]] || generator=(-G Ninja)
    cmake -S . -B "$into" "${generator[@]}" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_COMPILER=clang -DTWOFOLD_COVERAGE=ON "$flag" >/dev/null
    cmake --build "$into" --parallel "${JOBS:-$(nproc)}" ${1:+--target "$@"}
}
if [[ ! $report ]]; then
    build "$folder" -DTWOFOLD_BENCH=ON --
    build "$folder/reference" -DTWOFOLD_REFERENCE_OPS=ON -- "${multiplying[@]}"
    rm -rf "$profiles"
    mkdir -p "$profiles"
    # %m: one file for each program, into which every run of it is added.
    export LLVM_PROFILE_FILE=$profiles/%4m.profraw
    ctest --test-dir "$folder" --output-on-failure --parallel "${JOBS:-$(nproc)}" "${@:--LE}" \
        ${1:-slow} || printf 'coverage.sh: tests failed; the figures below are of what ran\n' >&2
    for test in "${multiplying[@]}"; do
        (cd "$folder/reference/tests" && "./$test" >"$test.log" 2>&1) || printf 'coverage.sh: %s failed in the reference build\n' "$test" >&2
    done
    unset LLVM_PROFILE_FILE
fi
llvm-profdata merge -sparse -o "$folder/all.profdata" "$profiles"/*.profraw
objects=()
while read -r program; do objects+=(-object "$program"); done < <(find "$folder/twofold" "$folder/tests" "$folder/bench" "$folder/tests/test_install/shared" \
    "${multiplying[@]/#/$folder/reference/tests/}" -maxdepth 1 -type f -executable)
mapfile -t sources < <(git ls-files -- '*.c' '*.h' ':!tests')
# Columns of llvm-cov's table: regions, functions, lines and branches, each as all, missed and a share.
llvm-cov report "${objects[@]:1}" -instr-profile="$folder/all.profdata" "${sources[@]}" 2>/dev/null >"$folder/report.txt"
awk '
    function share(all, missed) { return all ? 100 * (all - missed) / all : 100 }
    $1 == "TOTAL" || $1 ~ /\.[ch]$/ {
        printf "%6.1f %% of %5d lines  %6.1f %% of %5d branches  %s\n", share($8, $9), $8, share($11, $12), $11, $1
        if ($1 == "TOTAL") bad = share($8, $9) < 92 || share($11, $12) < 80
    }
    END { exit bad }' "$folder/report.txt"
