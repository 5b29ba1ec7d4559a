#!/usr/bin/env bash
# Makes the Debian packages twofold, libtwofold and libtwofold-dev in FOLDER (build-package/) and has lintian look at them, where
# it is installed. Exits with 0 when the packages are there and lintian has nothing to say.
#   tools/package.sh [FOLDER]
set -euo pipefail
[[ $# -le 1 && ${1-} != -* ]] || { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
folder=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../build-package}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/lib.sh

packages_install "${build_packages[@]}" "${package_packages[@]}"
say "Building the packages (in $folder/)"
umask 022
generator=()
[[ -f $folder/CMakeCache.txt ]] || generator=(-G Ninja)
# With the prefix /usr the libraries go where Debian has those of this processor; the flags are those of Debian's own packages.
cmake -S . -B "$folder" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr \
    -DCMAKE_C_FLAGS="$(dpkg-buildflags --get CFLAGS) $(dpkg-buildflags --get CPPFLAGS)" \
    -DCMAKE_EXE_LINKER_FLAGS="$(dpkg-buildflags --get LDFLAGS)" \
    -DCMAKE_SHARED_LINKER_FLAGS="$(dpkg-buildflags --get LDFLAGS)"
cmake --build "$folder" --parallel "$(nproc)" --target twofold twofold_shared twofold_static pages
rm -f "$folder"/*.deb
(cd "$folder" && cpack)
ls -l "$folder"/*.deb
command -v lintian >/dev/null || { say "No lintian here to look at them"; exit 0; }
say "lintian"
lintian --fail-on error,warning,info "$folder"/*.deb
say "lintian has nothing to say"
