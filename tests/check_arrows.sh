#!/bin/sh
# Checks what the compiler does not: that the rooms use only what CONTRIBUTING.md's table allows, in includes and in CMake;
# that every third-party header is included in one file; that no source is left out of the build; that no file names a
# path of somebody's machine or a package host. Prints each violation and exits with 1 when there is one.
#   tests/check_arrows.sh [ROOT]
#   tests/check_arrows.sh --self-test    plants each kind of violation and looks whether it is found
set -eu
LC_ALL=C
export LC_ALL

# Every file that belongs to the project, from its root.
list_files() {
    if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$PWD" ]; then
        git ls-files --cached --others --exclude-standard | while IFS= read -r file; do [ ! -f "$file" ] || printf '%s\n' "$file"; done
    else
        find . \( -path ./.git -o -path './build*' -o -path ./models -o -path ./data -o -path ./runs \) -prune -o -type f -print |
            sed 's|^\./||'
    fi
}

# Reads the table, then the sources and CMake lists of the rooms.
# shellcheck disable=SC2046 # the names of sources hold no blanks
check_rooms() { # FILES_LIST
    awk -v files="$1" '
        function complain(text) { print FILENAME ":" FNR ": " text }
        function room_of(path) { return path ~ /\// ? substr(path, 1, index(path, "/") - 1) : "" }
        function may_use(room, other) { return room == other || (room, other) in arrow }

        # C11, POSIX, Linux and the compiler itself: everything else in angle brackets is somebody else'"'"'s.
        BEGIN {
            n = split("assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg " \
                "stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype " \
                "dirent dlfcn fcntl fnmatch ftw glob getopt libgen poll pthread pwd regex sched semaphore strings " \
                "syslog termios unistd cpuid immintrin x86intrin arm_neon malloc", names, " ")
            for (i = 1; i <= n; i++) own[names[i] ".h"]
        }
        function is_third_party(header) { return !(header in own) && header !~ /^(sys|linux|arpa|netinet|net|asm)\// }

        FILENAME == "CONTRIBUTING.md" {
            if ($0 !~ /^\| [a-z]+\/ \|/) next
            split($0, cell, /[ \t]*\|[ \t]*/)
            room = cell[2]
            sub(/\//, "", room)
            n = split(cell[4], used, /, */)
            for (i = 1; i <= n; i++)
                if (used[i] == "all above") for (other in is_room) arrow[room, other]
                else if (used[i] in is_room) arrow[room, used[i]]
                else if (used[i] != "nothing") complain("the table names " used[i] " before it has a row of that name")
            is_room[room]
            rooms++
            next
        }
        FNR == 1 { room = room_of(FILENAME); list = "" }
        FILENAME ~ /\/CMakeLists\.txt$/ { # USES room ... of twofold_room
            gsub(/[()]/, " & ")
            for (i = 1; i <= NF; i++) {
                if ($i == "USES" && room in is_room) list = "USES"
                else if ($i ~ /^[A-Z_]+$/ || $i == ")") list = ""
                else if (list && !may_use(room, $i)) complain(room "/ may not use " $i "/")
                if ($i ~ /^[A-Za-z0-9_]+(\.c|\.sh)?$/) built[room "/" $i]
            }
            next
        }
        /^[ \t]*#[ \t]*include/ {
            header = $0
            sub(/^[^"<]*["<]/, "", header)
            sub(/[">].*/, "", header)
            if ($0 ~ /"/) {
                if (!(room in is_room)) next
                if (header !~ /\//) complain("\"" header "\" is not written from the root")
                else if (!may_use(room, room_of(header))) complain(room "/ may not use " room_of(header) "/")
            } else if (is_third_party(header) && room in is_room) {
                if (header in user && user[header] != FILENAME) complain("<" header "> is also included in " user[header])
                user[header] = FILENAME
            }
        }
        END {
            if (rooms < 2) print "CONTRIBUTING.md: found no table of rooms"
            while ((getline path < files) > 0) {
                name = path
                sub(/.*\//, "", name)
                room = room_of(path)
                base = name
                sub(/\.[a-z]+$/, "", base)
                if (path ~ /^[a-z]+\/[^\/]*\.c$/ && room in is_room && !((room "/" name) in built))
                    print path ": is in no CMakeLists.txt"
                if (path ~ /^tests\/test_[^\/]*\.(c|sh)$/ && !(("tests/" base) in built) && !(("tests/" name) in built))
                    print path ": is in no CMakeLists.txt, so nobody runs it"
            }
        }' CONTRIBUTING.md $(grep -E '^[a-z]+/([^/]*\.[ch]|CMakeLists\.txt)$' "$1")
}

# The brackets keep this file from matching itself.
check_strings() { # FILES_LIST
    hosts='pypi[.]org|pythonhosted[.]|(deb|snapshot|security)[.]debian[.]|registry[.]npmjs|crates[.]io|proxy[.]golang'
    paths='(^|[^[:alnum:]_.-])/(root|work|Users|home/[a-z][a-z0-9_-]*)/'
    tr '\n' '\0' <"$1" | xargs -0 grep -nIE "$hosts|$paths" /dev/null | sed 's/$/   <- a machine'"'"'s path or a package host/' || true
}

check() { # ROOT
    cd "$1"
    list=$(mktemp)
    list_files >"$list"
    found=$(check_rooms "$list"; check_strings "$list")
    rm -f "$list"
    [ -z "$found" ] || { printf '%s\n' "$found"; return 1; }
}

# plant FILE LINE EXPECTED: adds LINE to FILE of a clean tree, and looks for EXPECTED among the violations found.
plant() {
    rm -rf "$trees/planted"
    cp -R "$trees/clean" "$trees/planted"
    [ -z "$1" ] || printf '%s\n' "$2" >>"$trees/planted/$1"
    said=$( (check "$trees/planted") 2>&1) && status=0 || status=$?
    case $status:$said in
        0:) [ -z "$3" ] || { echo "not found in $1: $2"; failures=1; } ;;
        1:*"${3:-nothing is planted}"*) ;;
        *) echo "$1: $2: expected '$3', was told '$said'"; failures=1 ;;
    esac
}

self_test() {
    trees=$(mktemp -d)
    trap 'rm -rf "$trees"' EXIT
    failures=0
    mkdir -p "$trees/clean/common" "$trees/clean/encoder" "$trees/clean/tests"
    cp "$1/CONTRIBUTING.md" "$trees/clean"
    cd "$trees/clean"
    printf '#include "common/a.h"\n#include <stdio.h>\n#include <other.h>\n' >common/a.c
    : >common/a.h
    printf '#include "common/a.h"\n#include "encoder/b.h"\n#include <sys/stat.h>\n' >encoder/b.c
    : >encoder/b.h
    printf 'twofold_room(common\n  FILES a.c\n  LIBRARIES m)\n' >common/CMakeLists.txt
    printf 'twofold_room(encoder FILES b.c USES common)\n' >encoder/CMakeLists.txt
    printf '#include "check.h"\n#include <other.h>\n' >tests/test_a.c
    printf 'twofold_test(test_a USES encoder)\n' >tests/CMakeLists.txt

    plant '' '' ''
    plant common/a.c '#include "encoder/b.h"' 'common/a.c:4: common/ may not use encoder/'
    plant common/a.h '#  include  "metrics/scores.h"' 'common/a.h:1: common/ may not use metrics/'
    plant encoder/b.c '#include "b.h"' 'encoder/b.c:4: "b.h" is not written from the root'
    plant encoder/b.c '#include <other.h>' '<other.h> is also included in'
    plant encoder/b.h '#include "tests/check.h"' 'encoder/ may not use tests/'
    plant encoder/c.c 'int x;' 'encoder/c.c: is in no CMakeLists.txt'
    plant tests/test_b.c 'int x;' 'tests/test_b.c: is in no CMakeLists.txt'
    plant tests/test_b.sh 'true' 'tests/test_b.sh: is in no CMakeLists.txt'
    plant common/CMakeLists.txt 'twofold_room(common FILES a.c USES metrics LIBRARIES m)' 'common/ may not use metrics/'
    plant README.md 'see http://deb''.debian.org' 'README.md:1:'
    plant tests/test_a.c '/* /ro''ot/x */' 'tests/test_a.c:3:'
    plant CONTRIBUTING.md '| later/ | x | nowhere |' 'the table names nowhere'
    return "$failures"
}

root=$(cd "$(dirname "$0")/.." && pwd)
case ${1-} in
    --self-test) self_test "$root" ;;
    *) check "${1:-$root}" ;;
esac
