#!/bin/sh
# The man pages and bash's completion hold what the tables of commands and flags hold: every command has a page without a
# warning of the formatter and with every flag of its --help, and completion offers commands, flags, words and folders.
#   tests/test_pages.sh PROGRAM
set -eu
program=$1
for tool in bash groff; do
    command -v "$tool" >/dev/null || { echo "SKIPPED: no $tool to read the pages with"; exit 77; }
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0
fail() { echo "$*"; failures=1; }

# ---- man pages ----

show() { # COMMAND...: the page as a reader sees it, into $folder/page
    "$program" help --output_format man "$@" >"$folder/source" || fail "help --output_format man $*: exit $?"
    groff -man -Kutf8 -Tutf8 -P-cbou -ww -rLL=300n "$folder/source" >"$folder/page" 2>"$folder/warnings"
    [ ! -s "$folder/warnings" ] || { fail "the page of '$*' is not clean:"; cat "$folder/warnings"; }
}
show
commands=$(sed -n 's/^ *twofold-\([a-z]*\)(1)$/\1/p' "$folder/page")
[ "$(echo "$commands" | tr ' ' '\n' | grep -c .)" = "$("$program" --help | grep -c '^  [a-z]* *[a-z]')" ] ||
    fail "the overview names other commands than --help: $commands"
for command in $commands; do
    show "$command"
    "$program" "$command" --help >"$folder/help"
    for section in NAME SYNOPSIS DESCRIPTION EXAMPLE 'EXIT STATUS' 'SEE ALSO'; do
        grep -q "^$section$" "$folder/page" || fail "twofold-$command(1) has no section $section"
    done
    sed -n 's/^  \(--[^ ]*\( [^ ][^ ]*\)\{0,1\}\).*/\1/p' "$folder/help" | sort >"$folder/flags"
    sed -n 's/^\\fB\\-\\-\([^ ]*\)\\fR/--\1/p' "$folder/source" | sed 's/\\-/-/g' | sort >"$folder/described"
    diff "$folder/flags" "$folder/described" || fail "twofold-$command(1) and --help differ in flags"
    [ "$command" = help ] || [ -s "$folder/flags" ] || fail "$command has no flags"
done

# ---- completion ----

"$program" help --output_format bash >"$folder/twofold.bash" || fail "help --output_format bash: exit $?"
mkdir "$folder/place" "$folder/place/sub"
: >"$folder/place/file"
offer() { # WORD...: what is offered for the last of them, sorted, in one line
    (cd "$folder/place" && bash -uec '
        . "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _twofold
        printf "%s\n" "${COMPREPLY[@]-}" | sort | tr "\n" " "' bash "$folder/twofold.bash" twofold "$@")
}
expect() { # OFFERED WORD...
    offered=$1
    shift
    found=$(offer "$@")
    [ "$found" = "$offered " ] || fail "after 'twofold $*' offered '$found', expected '$offered '"
}
expect 'features finetune' f
expect 'predict' pre
expect '--help --version' --
expect 'cls max mean' features --pooling ''
expect 'cls max mean' features --pooling = ''
expect 'cls max mean' features --pooling =
expect 'max mean' features --pooling m
expect 'constant constant_with_warmup cosine' finetune --lr-scheduler-type co
expect '--num_threads --num_train_epochs' finetune --num
expect '--no_normalize' features --no_n
expect 'sub' train --model ''
expect 'sub' train --model_name_or_path ''
expect '' train --learning_rate ''
expect 'compare convert' help co
expect '' predict ''
case " $(offer predict --)" in *' --train_file '*) fail 'predict is offered a flag of train' ;; esac
case " $(offer train --)" in *' --train_file '*) ;; *) fail 'train is not offered --train_file' ;; esac
exit "$failures"
