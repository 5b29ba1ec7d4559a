#!/bin/sh
# The installed tree is all that a user of the library needs: the examples are built against it by pkg-config, by the CMake
# package and with the static library, and run on a tiny encoder.
#   tests/test_install.sh BUILD COMPILER [FLAG]...    FLAG: what the library was built with and its users need (sanitizers)
set -eu
LC_ALL=C
export LC_ALL
build=$1 compiler=$2
shift 2
for tool in cmake pkg-config nm readelf; do
    command -v "$tool" >/dev/null || { echo "SKIPPED: no $tool to use or look at the installed library with"; exit 77; }
done
root=$(cd "$(dirname "$0")/.." && pwd)
encoder=$root/tests/golden/tiny-distilbert
home=$build/tests/test_install
failures=0
fail() { echo "$*"; failures=1; }
expect() { # FILE PATTERN...: every pattern is a line of the file
    file=$1
    shift
    for pattern; do grep -qxE "$pattern" "$file" || { fail "expected '$pattern', found:"; cat "$file"; }; done
}

# Installed in one place and then moved: nothing in it may depend on where it was put first.
rm -rf "$home"
mkdir -p "$home"
cmake --install "$build" --prefix "$home/before" >"$home/log" || { cat "$home/log"; exit 1; }
mv "$home/before" "$home/installed"
prefix=$home/installed
config=$(find "$prefix" -name twofold.pc)
library=$(find "$prefix" -name libtwofold.so)
PKG_CONFIG_PATH=$(dirname "$config")
LD_LIBRARY_PATH=$(dirname "$library")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_PATH LD_LIBRARY_PATH
cd "$home"

# ---- what is visible ----

headers=$prefix/include/twofold
find "$headers" -name '*.h' -printf '%P\n' | sort >installed.list
(cd "$root" && grep -lx '#pragma GCC visibility push(default)' ./*/*.h | sed 's|^\./||' | sort) >public.list
diff public.list installed.list || fail 'the headers that say they are public (<) are not those installed (>)'
while IFS= read -r header; do
    printf '#include "%s"\n' "$header" >one.c
    "$compiler" -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$headers" one.c || fail "$header does not stand alone"
done <installed.list

# AddressSanitizer and clang's counters add their own; the linker three, when a library that it links (oneDNN 3) asks for them.
nm -D --defined-only "$library" | sed -n 's/.* [TDRBV] \([^@]*\).*/\1/p' | grep -Ev '^(__odr_asan.*|__llvm_.*|__st(art|op)___llvm_.*|lprof.*|__bss_start|_edata|_end)$' >names
[ "$(wc -l <names)" -gt 100 ] || fail "$(wc -l <names) names are exported, expected the public functions"
find "$headers" -name '*.h' -exec cat {} + | grep -oE '[A-Za-z_0-9]+' | sort -u >words
sort -u names | comm -23 - words >strangers
[ ! -s strangers ] || fail "exported, and in no public header: $(tr '\n' ' ' <strangers)"
version=$("$prefix/bin/twofold" --version | sed -n '1s/^twofold \([0-9]*\.[0-9]*\).*/\1/p')
readelf -d "$library" | grep -q "SONAME.*\[libtwofold\.so\.$version\]" || fail "the SONAME is not libtwofold.so.$version"

for file in man/man1/twofold.1.gz man/man1/twofold-compare.1.gz bash-completion/completions/twofold; do
    [ -s "$prefix/share/$file" ] || fail "share/$file is not installed"
done

# ---- four ways to link ----

# The words of pkg-config are to be split.
# shellcheck disable=SC2046
compile() { # FOLDER WORD...: the examples, linked as the words say
    folder=$1
    shift
    mkdir -p "$folder"
    for example in classify train compare; do
        "$compiler" -std=c11 -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags twofold) -o "$folder/$example" \
            "$root/examples/$example.c" "$@" || fail "examples/$example.c does not compile"
    done
}
# shellcheck disable=SC2046
compile shared $(pkg-config --libs twofold) "$@"
# shellcheck disable=SC2046
compile static $(pkg-config --static --libs twofold | sed 's/-ltwofold/-l:libtwofold.a/') "$@"
# the generator that made the build under test: a machine may have no other
CMAKE_GENERATOR=$(sed -n 's/^CMAKE_GENERATOR:INTERNAL=//p' "$build/CMakeCache.txt")
export CMAKE_GENERATOR
by_package() { # FOLDER TARGET FLAG...: linked with twofold::TARGET
    folder=$1 target=$2
    shift 2
    {
        cmake -S "$root/examples" -B "$folder" -DTWOFOLD_EXAMPLES_LINK="$target" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" \
            -DCMAKE_C_FLAGS="$*" && cmake --build "$folder"
    } >log 2>&1 || { fail "find_package(twofold) and twofold::$target do not lead to programs"; cat log; }
}
by_package package twofold "$@"
by_package package-static static "$@"
for folder in shared static package package-static; do
    linked=$(readelf -d "$folder/classify" | grep -c 'NEEDED.*\[libtwofold\.so' || :)
    case $folder in
        *static) [ "$linked" = 0 ] || fail "$folder/classify asks for libtwofold.so" ;;
        *) [ "$linked" = 1 ] || fail "$folder/classify does not ask for libtwofold.so" ;;
    esac
done

# ---- what they do ----

{
    echo text,label
    i=0
    while [ $i -lt 20 ]; do
        printf 'good sun %d,glad\nbad rain %d,sad\na day %d,calm\n' $i $i $i
        i=$((i + 1))
    done
} >rows.csv
for folder in shared static package package-static; do
    "$folder/classify" "$encoder" 'good sun' 'good sun' >said || fail "$folder/classify: exit $?"
    expect said 'cosine 1\.0000' '(calm|glad|sad) 0\.[0-9]{4}'
    cp said "$folder.classify"
    "$folder/train" "$encoder" rows.csv "$folder/model" 'bad rain' >"$folder.train" || fail "$folder/train: exit $?"
    expect "$folder.train" 'calm 0\.[0-9]{4}' 'glad 0\.[0-9]{4}' 'sad 0\.[0-9]{4}'
    "$folder/compare" "$folder/model" "$encoder" rows.csv >"$folder.compare" || fail "$folder/compare: exit $?"
    expect "$folder.compare" 'A: [0-9]+ of 60 right, .*' 'B: [0-9]+ of 60 right, .*' 'only A right: [0-9]+, only B right: [0-9]+, p .*'
done
for example in classify train compare; do
    for folder in static package package-static; do
        cmp "shared.$example" "$folder.$example" || fail "$example: linked in another way it says something else"
    done
done

# The program and the library agree, and a failure is a sentence and its exit status.
"$prefix/bin/twofold" predict --model "$encoder" --text 'good sun' >answer 2>log || { fail "twofold predict: exit $?"; cat log; }
label=$(sed -n '2s/ .*//p' shared.classify)
grep -q "\"label\": *\"$label\"" answer || { fail "the library says '$label', the program says:"; cat answer; }
status=0
shared/train "$encoder" nowhere.csv shared/none text >said 2>&1 || status=$?
if [ $status != 5 ] || ! grep -q nowhere.csv said; then
    fail "a missing file: exit $status and:"
    cat said
fi
exit "$failures"
