#!/usr/bin/env bash
# Makes a labelled text set of what every Debian machine has: the packages' one-line descriptions, with the archive's
# section as the label. Writes OUTPUT_DIR/{train,validation,test}.csv with the columns text, label, package, sorted by
# package. Which split a package falls into depends on its name alone: about 72, 8 and 20 of 100. Texts that occur twice
# stay in: the data is as real data is.
#   tools/package_rows.sh OUTPUT_DIR
# Needs apt's package lists (apt-get update). Exits with 3 when these hold fewer than a thousand rows.
set -euo pipefail
export LC_ALL=C

sections='net science admin games text sound graphics fonts web math mail editors database video electronics'

# One line a package version that apt knows: name, version, section without its area (contrib/net is net), description.
list_packages() {
    apt-cache dumpavail | awk '
        function emit() { if (name != "" && text != "") print name "\t" version "\t" section "\t" text; name = text = section = "" }
        /^Package: /     { emit(); name = substr($0, 10) }
        /^Version: /     { version = substr($0, 10) }
        /^Section: /     { section = substr($0, 10); sub(/.*\//, "", section) }
        /^Description: / { text = substr($0, 14); gsub(/\t/, " ", text) }
        END              { emit() }'
}

# Of lines sorted by name, the one with the newest version, as dpkg orders versions (epochs, tildes).
keep_newest() {
    local name version rest last_name='' last_version='' last_rest=''
    while IFS=$'\t' read -r name version rest; do
        if [[ $name != "$last_name" ]]; then
            [[ ! $last_name ]] || printf '%s\t%s\n' "$last_name" "$last_rest"
        elif [[ $version == "$last_version" ]] || dpkg --compare-versions "$version" le "$last_version"; then
            continue
        fi
        last_name=$name last_version=$version last_rest=$rest
    done
    [[ ! $last_name ]] || printf '%s\t%s\n' "$last_name" "$last_rest"
}

# Writes the three files into FOLDER, and prints how many rows they hold.
write_splits() { # FOLDER
    awk -F '\t' -v folder="$1" -v sections="$sections" '
        function bucket(name,   h, i) { # 0 to 99
            for (i = 1; i <= length(name); i++) h = (h * 31 + code[substr(name, i, 1)]) % 1000003
            return h % 100
        }
        BEGIN {
            for (i = 1; i < 128; i++) code[sprintf("%c", i)] = i
            for (n = split(sections, list, " "); n; n--) wanted[list[n]]
            n = split("train validation test", splits, " ")
            for (; n; n--) print "text,label,package" > (folder "/" splits[n] ".csv")
        }
        $2 in wanted {
            part = bucket($1)
            gsub(/"/, "\"\"", $3)
            print "\"" $3 "\"," $2 "," $1 > (folder "/" (part < 20 ? "test" : part < 28 ? "validation" : "train") ".csv")
            rows++
        }
        END { print rows + 0 }'
}

[[ $# == 1 ]] || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
output=$1
mkdir -p "$(dirname "$output")"
folder=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$folder"' EXIT
# iconv fails when it has left a broken character out, which is what it is for here.
rows=$(list_packages | { iconv -c -f UTF-8 -t UTF-8 || true; } | sort -t $'\t' -k 1,1 -s | keep_newest |
    write_splits "$folder")
[[ $rows -ge 1000 ]] || exit 3
chmod 755 "$folder"
rm -rf "$output"
mv "$folder" "$output"
trap - EXIT
printf '%s rows; sha256 of train, validation and test, one after the other: %s\n' "$rows" \
    "$(cat "$output"/{train,validation,test}.csv | sha256sum | cut -d ' ' -f 1)"
