#!/bin/sh
# tools/package_rows.sh makes of what apt knows one row a package: the newest version, the sections asked for, quoted.
set -eu
command -v dpkg >/dev/null || { echo 'SKIPPED: no dpkg to compare versions with'; exit 77; }
maker=$(cd "$(dirname "$0")/../tools" && pwd)/package_rows.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0
fail() { echo "$*"; failures=1; }

# package NAME VERSION SECTION DESCRIPTION: as dumpavail prints it.
package() { printf 'Package: %s\nVersion: %s\nSection: %s\nDescription: %s\nDescription-md5: 0\nDepends: x\n y\n\n' "$@"; }

mkdir "$folder/bin"
printf '#!/bin/sh\n[ "$*" = dumpavail ] && cat "%s/available"\n' "$folder" >"$folder/bin/apt-cache"
chmod +x "$folder/bin/apt-cache"
PATH=$folder/bin:$PATH
{
    package zebra 1:0.9 net 'the one with the epoch is newer'
    package zebra 9.0 net 'the one without is older'
    package apple 1.0~rc1 net 'a candidate'
    package apple 1.0 contrib/mail 'says "hello", twice'
    package fonts-x 1 non-free/fonts 'plain'
    package libdull 1 libs 'not asked for'
    package nothing 1 net ''
    printf 'Package: broken\nVersion: 1\nSection: web\nDescription: a \377 byte\n\n'
    i=0
    while [ $i -lt 1200 ]; do
        package "many-$i" 1 science "many of them"
        i=$((i + 1))
    done
} >"$folder/available"

"$maker" "$folder/data/rows" >"$folder/said" || fail "exit $?"
cat "$folder"/data/rows/*.csv | grep -v '^text,label,package$' | sort >"$folder/rows"
grep -v many "$folder/rows" >"$folder/few" || true
cat >"$folder/expected" <<'END'
"a  byte",web,broken
"plain",fonts,fonts-x
"says ""hello"", twice",mail,apple
"the one with the epoch is newer",net,zebra
END
diff "$folder/expected" "$folder/few" || fail 'the rows differ'
[ "$(wc -l <"$folder/rows")" = 1204 ] || fail "$(wc -l <"$folder/rows") rows"
grep -q '^1204 rows; sha256 ' "$folder/said" || fail "said $(cat "$folder/said")"
[ "$(head -n 1 "$folder/data/rows/test.csv")" = 'text,label,package' ] || fail 'no header'
[ "$(cd "$folder/data" && ls)" = rows ] || fail 'something is left beside the rows'

# Which split: by the name alone, near 72, 8 and 20 of 100.
for share in train:820:910 validation:65:130 test:190:290; do
    least=${share#*:}
    rows=$(grep -c many "$folder/data/rows/${share%%:*}.csv")
    { [ "$rows" -ge "${least%:*}" ] && [ "$rows" -le "${least#*:}" ]; } || fail "$rows rows in ${share%%:*}"
done
cp -R "$folder/data/rows" "$folder/before"
package added 1 web 'a new one' >>"$folder/available"
"$maker" "$folder/data/rows" >/dev/null || fail "exit $?"
[ "$(diff -r "$folder/before" "$folder/data/rows" | grep -c '^[<>]')" = 1 ] || fail 'a new package moves others'

# Without package lists nothing is made.
: >"$folder/available"
"$maker" "$folder/data/none" >/dev/null && fail 'no rows are no failure' || [ $? = 3 ] || fail 'another exit code than 3'
[ "$(cd "$folder/data" && ls)" = rows ] || fail 'something is left of the failure'
exit "$failures"
