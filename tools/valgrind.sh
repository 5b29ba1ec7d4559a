#!/usr/bin/env bash
# Runs the small tests of build/ under valgrind's memcheck, one after the other. Ends with 1 when one of them reads or writes what it must not,
# depends on bytes nobody set, or loses memory for good.
#   tools/valgrind.sh [TEST...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tests=("$@")
# Minutes instead of hours: what computes much is for the sanitizers.
((${#tests[@]})) || tests=(test_strangers test_common test_options test_model_folder test_safetensors test_npy test_recommend test_finetune_parts
    test_datasets_readers $(cd build/tests && echo seeds_*))
log=$PWD/build/valgrind.log status=0
for test in "${tests[@]}"; do
    arguments=()
    [[ $test != seeds_* ]] || arguments=("$PWD/tests/fuzz/seeds/${test#seeds_}")
    if (cd build/tests && valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite "./$test" "${arguments[@]}") \
        >"$log" 2>&1; then
        printf '%-24s nothing found\n' "$test"
    else
        cat "$log"
        printf '%-24s see above\n' "$test"
        status=1
    fi
done
exit "$status"
