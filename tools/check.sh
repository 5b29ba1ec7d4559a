#!/usr/bin/env bash
# Installs what is missing, builds, gets the encoder and runs every test. Ends with ctest's own summary; exits with 0
# when every test passed.
#   tools/check.sh [--without-model] [--sanitize | --sanitize-all] [--threads]
#   --without-model  download no encoder, and let the tests that need it be skipped (else such a skip fails)
#   --sanitize       first run the tests under AddressSanitizer and UndefinedBehaviorSanitizer, but for the slow ones; and, where clang
#                    is installed, fuzz each parser for a few seconds
#   --sanitize-all   the same with the slow ones too
#   --threads        first run the tests that start threads under ThreadSanitizer, with plain loops in the place of oneDNN
set -euo pipefail
with_model=1 sanitize='' threads=''
for argument; do
    case $argument in
        --without-model) with_model='' ;;
        --sanitize) sanitize=1 ;;
        --sanitize-all) sanitize=all ;;
        --threads) threads=1 ;;
        *)
            sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
            [[ $argument == --help ]] && exit 0 || exit 2 ;;
    esac
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/lib.sh

log=build/check.log
tests_run() { ctest --test-dir "$@" --output-on-failure --no-tests=error --parallel "$(nproc)" 2>&1; }

check_sanitized() {
    say "Building and testing with sanitizers (in build-asan/)"
    local -a generator=()
    [[ -f build-asan/CMakeCache.txt ]] || generator=(-G Ninja)
    cmake -S . -B build-asan "${generator[@]}" -DCMAKE_BUILD_TYPE=Debug -DTWOFOLD_SANITIZE=ON
    cmake --build build-asan --parallel "$(nproc)"
    local -a which=(--label-exclude slow) # these run the same code at real sizes
    [[ $sanitize != all ]] || which=()
    TWOFOLD_TEST_MODEL=${with_model:+$PWD/$encoder} tests_run build-asan "${which[@]}" >build-asan/check.log || {
        cat build-asan/check.log
        die "tests failed under sanitizers; the plain build was not tested"
    }
    say "Every test passes under sanitizers"
}

check_threads() {
    say "Building and testing with ThreadSanitizer (in build-tsan/)"
    local -a generator=()
    [[ -f build-tsan/CMakeCache.txt ]] || generator=(-G Ninja)
    cmake -S . -B build-tsan "${generator[@]}" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DTWOFOLD_SANITIZE=thread -DTWOFOLD_REFERENCE_OPS=ON
    cmake --build build-tsan --parallel "$(nproc)"
    TWOFOLD_TEST_MODEL=/nonexistent tests_run build-tsan --label-regex threads >build-tsan/check.log || {
        cat build-tsan/check.log
        die "tests failed under ThreadSanitizer; the plain build was not tested"
    }
    say "No thread races with another"
}

check_fuzzed() {
    if ! command -v clang >/dev/null; then
        say "No clang: the parsers were not fuzzed (their seeds are among the tests)"
        return
    fi
    say "Fuzzing each parser for a few seconds (in build-fuzz/)"
    tools/fuzz.sh --seconds 5 || die "fuzzing found something; the plain build was not tested"
}

# The lines with which tests said that they left something out, each with its test's name: SKIPPED: and a reason, or
# cmocka's own for one of a test's functions.
list_skipped() { # LAST_TEST_LOG
    awk '/^[0-9]+\/[0-9]+ Test: / { name = $3 }
        (sub(/^SKIPPED: /, "") || /^\[ *SKIPPED *\] [^ ]+$/) && !said[name, $0]++ { print "  " name ": " $0 }' "$1"
}

packages=("${build_packages[@]}" "${test_packages[@]}")
[[ ! $with_model ]] || encoder_there || packages+=("${encoder_packages[@]}")
require_debian "${packages[@]}"
packages_install "${packages[@]}"
[[ ! $with_model ]] || encoder_fetch
[[ ! $sanitize ]] || check_sanitized
[[ ! $sanitize ]] || check_fuzzed
[[ ! $threads ]] || check_threads
build_release all -DTWOFOLD_BENCH=ON # test_benches runs them

say "Running every test"
status=0
tests_run build | tee "$log" | sed '/^[0-9]*% tests passed/,$d' || status=$?
skipped=$(list_skipped build/Testing/Temporary/LastTest.log)
if [[ $skipped ]]; then
    printf '\nSkipped, each with its reason:\n%s\n' "$skipped"
    if [[ $with_model && $skipped == *"real encoder"* ]]; then
        printf '\nThese need the real encoder, which should be in %s: that is a failure here.\n' "$encoder"
        [[ $status != 0 ]] || status=1
    fi
else
    printf '\nNo test was skipped.\n'
fi
printf '\n'
sed -n '/^[0-9]*% tests passed/,$p' "$log"
exit "$status"
