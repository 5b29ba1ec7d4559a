#!/usr/bin/env bash
# Does the package work on a system that has nothing of this one? Makes a minimal Debian 12 with debootstrap in FOLDER, with the
# packages that ours depend on and no others; installs ours there without network, and runs `twofold doctor` and
# `twofold compare` in it as an ordinary user, on a tiny encoder and the lines of text that package_rows.sh finds.
#   tools/try_package.sh FOLDER [PACKAGES_FOLDER]      as root; needs network and debootstrap. FOLDER must not be there yet.
# PACKAGES_FOLDER (build-package/) is what tools/package.sh has filled. Remove FOLDER afterwards by hand.
set -euo pipefail
[[ $# -ge 1 && $# -le 2 && $1 != -* && ! -e $1 ]] || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
root=$(realpath -m "$1") packages=$(realpath -m "${2:-build-package}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/lib.sh
command -v debootstrap >/dev/null || die "there is no debootstrap (apt-get install debootstrap)"
ls "$packages"/twofold_*.deb >/dev/null || die "no package in $packages; tools/package.sh makes it"

needed=$(for package in "$packages"/{twofold,libtwofold[0-9]*}_*.deb; do dpkg-deb -f "$package" Depends; done |
    tr ',' '\n' | sed 's/ (.*//; s/|.*//; s/ //g' | grep -v '^libtwofold' | sort -u | paste -sd ,)
mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^bookworm //p' | head -n 1)
say "Debian 12 in $root with $needed"
mkdir -p "$root"
debootstrap --variant=minbase --include="$needed" bookworm "$root" "$mirror" >"$root.log" 2>&1 || die "debootstrap failed: $root.log"

say "Installing without network"
mkdir "$root/packages"
cp "$packages"/*.deb "$root/packages"
unshare --net chroot "$root" sh -c 'dpkg -i /packages/*.deb'

say "Running as an ordinary user"
cp -r tests/golden/tiny-distilbert "$root/srv/encoder"
tools/package_rows.sh "$root/srv/rows"
chroot "$root" useradd --create-home user
unshare --net chroot --userspec=user:user "$root" env -i HOME=/home/user PATH=/usr/bin:/bin LANG=C.UTF-8 sh -ec '
    cd
    twofold --version
    twofold doctor
    twofold compare --model /srv/encoder --data /srv/rows --output_dir run --max_train_samples 2000 --epochs 1 --batch_size 64
    test -s run/report.html
    twofold predict --model run/tfidf-logreg/model --text "a mail server"'
say "It works"
