#!/usr/bin/env bash
# Looks for mistakes without running anything: cppcheck, gcc -fanalyzer, clang-tidy, each where it is installed. Ends with 1 when one of
# them finds something. What is silenced stands in tools/analyze/cppcheck.txt, in .clang-tidy and below, with the reason.
#   tools/analyze.sh [cppcheck] [fanalyzer] [clang-tidy] [FILE...]
#   without a name all three, without a FILE every source outside tests/
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rooms=(common datasets metrics encoder features classifiers finetune compare cli)
passes=() files=()
for argument; do
    case $argument in
        cppcheck | fanalyzer | clang-tidy) passes+=("$argument") ;;
        -*)
            sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
            [[ $argument == --help ]] && exit 0 || exit 2 ;;
        *) files+=("$argument") ;;
    esac
done
((${#passes[@]})) || passes=(cppcheck fanalyzer clang-tidy)
((${#files[@]})) || mapfile -t files < <(printf '%s\n' "${rooms[@]/%//*.c}" | while read -r pattern; do compgen -G "$pattern"; done)
jobs=${JOBS:-$(nproc)}
folder=build-analyze
mkdir -p "$folder"

run_cppcheck() {
    cppcheck --enable=warning,portability,performance --std=c11 --quiet -j "$jobs" -I. -D_GNU_SOURCE '-DTWOFOLD_VERSION="0"' \
        --suppressions-list=tools/analyze/cppcheck.txt --suppress=missingIncludeSystem --inline-suppr --error-exitcode=1 \
        --template='{file}:{line}: {message} [{id}]' "${files[@]}"
}

# Silenced:
#   -Wanalyzer-null-dereference, -Wanalyzer-use-of-uninitialized-value   `return x || FAIL(…)` is false without x: FAIL is in another file,
#                                                                        where gcc 12 does not look, and takes it to be true sometimes
#   -Wanalyzer-malloc-leak                                               what the caller's struct owns from then on: stored through a pointer,
#                                                                        gcc 12 loses it; LeakSanitizer watches these in every sanitizer build
#   -Wanalyzer-too-complex                                               says that it gave up, not that it found something
run_fanalyzer() {
    local flags file
    for file in "${files[@]}"; do
        flags=''
        [[ $file != encoder/kernels_low.c ]] || flags='-mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx512vnni -mavx2 -mfma' # as it is built
        printf '%s %s\n' "$flags" "$file" # a blank at the end of a line would join it with the next
    done | xargs -P "$jobs" -L 1 gcc -std=c11 -D_GNU_SOURCE '-DTWOFOLD_VERSION="0"' -DKERNELS=kernels_analyzed -DLOW_KERNELS=kernels_analyzed \
        '-DKERNELS_NAME="analyzed"' -I. -isystem /usr/include/cairo -isystem /usr/include/fribidi -isystem /usr/include/liblinear -O1 -fanalyzer -Werror \
        -Wno-analyzer-null-dereference -Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-malloc-leak \
        -Wno-analyzer-too-complex -o /dev/null -c
}

run_clang_tidy() {
    [[ -f $folder/compile_commands.json ]] ||
        cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang >/dev/null
    # One file a call: of several, clang 14's va_list checker takes the second's va_start for none (LLVM issue 40656).
    printf '%s\n' "${files[@]}" | xargs -P "$jobs" -n 1 clang-tidy -p "$folder" --quiet 2>/dev/null
}

status=0
for pass in "${passes[@]}"; do
    command=$pass
    [[ $pass != fanalyzer ]] || command=gcc
    if ! command -v "$command" >/dev/null; then
        printf '%s: not installed, left out\n' "$pass"
    elif "run_${pass/-/_}"; then
        printf '%s: nothing found in %d files\n' "$pass" "${#files[@]}"
    else
        status=1
    fi
done
exit "$status"
