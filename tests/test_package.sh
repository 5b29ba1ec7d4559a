#!/bin/sh
# cpack makes Debian packages in which lintian finds nothing, and what lies in them runs.
#   tests/test_package.sh BUILD
set -eu
for tool in lintian dpkg-buildflags dpkg-shlibdeps ninja file; do
    command -v "$tool" >/dev/null || { echo "SKIPPED: no $tool to make or judge packages with"; exit 77; }
done
root=$(cd "$(dirname "$0")/.." && pwd)
home=$1/tests/test_package
"$root/tools/package.sh" "$home" >"$home.log" 2>&1 || { echo "tools/package.sh: exit $?"; tail -n 60 "$home.log"; exit 1; }
grep -q 'lintian has nothing to say' "$home.log" || { echo 'lintian was not run'; exit 1; }

failures=0
fail() { echo "$*"; failures=1; }
rm -rf "$home/there"
for package in "$home"/*.deb; do
    dpkg-deb -x "$package" "$home/there"
done
[ "$(find "$home" -maxdepth 1 -name '*.deb' | wc -l)" = 3 ] || fail 'expected three packages'
program=$(find "$home" -maxdepth 1 -name 'twofold_*.deb')
for library in libdnnl liblinear libopenblas libcjson libutf8proc zlib1g libcairo libfontconfig libfribidi libc6; do
    dpkg-deb -f "$program" Depends | grep -q "$library" || fail "twofold does not depend on $library"
done
"$home/there/usr/bin/twofold" predict --model "$root/tests/golden/tiny-distilbert" --text hello >"$home/said" || fail "predict: exit $?"
grep -q '"label"' "$home/said" || fail "predict said $(cat "$home/said")"
exit "$failures"
