#!/usr/bin/env bash
# From a fresh clone on Debian 12 to a report: installs what is missing, builds, gets a pretrained encoder and real
# texts, and compares a frozen encoder with a linear model against fine-tuning on the same rows.
#   tools/quickstart.sh
#   TWOFOLD_MODEL=folder TWOFOLD_DATA=path tools/quickstart.sh
# TWOFOLD_MODEL: your own encoder, a folder as Hugging Face writes them. It is trained with twofold's defaults.
# TWOFOLD_DATA: your own labelled texts: one CSV, TSV or JSONL file, or a folder with train and test files.
# What is there already is not made again: a second run installs nothing, downloads nothing and needs no network.
set -euo pipefail
if [[ $# != 0 ]]; then
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
    [[ $* == --help ]] && exit 0 || exit 2
fi

# What the user named lies where the user stood.
absolute() { if [[ -e $1 ]]; then realpath -- "$1"; else printf '%s\n' "$1"; fi; }
model=$(absolute "${TWOFOLD_MODEL-}") data=$(absolute "${TWOFOLD_DATA-}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. tools/lib.sh

[[ ! $data || -e $data ]] || die "TWOFOLD_DATA: $data: no such file or folder"
[[ $model != */* || -d $model ]] || die "TWOFOLD_MODEL: $model: no such folder"

make_data() {
    local status=0
    data=data/packages
    [[ ! -d $data ]] || return 0
    say "Making a data set of the Debian packages' one-line descriptions, in $data"
    tools/package_rows.sh "$data" || status=$?
    if [[ $status == 3 ]]; then
        packages_update
        status=0
        tools/package_rows.sh "$data" || status=$?
    fi
    [[ $status == 0 ]] || die "apt's package lists could not be made into a data set. With network, run this again; or name
data of your own: TWOFOLD_DATA=path tools/quickstart.sh"
}

# The encoder as the DistilBERT that computes the same.
make_model() {
    encoder_fetch
    model=models/minilm-distilbert
    [[ ! -f $model/config.json ]] || return 0
    say "Converting the encoder to DistilBERT, in $model"
    rm -rf "$model.new"
    build/twofold convert --model "$encoder" --to distilbert --output_dir "$model.new" ||
        die "the encoder could not be converted. When $encoder is damaged, remove it, then run this again"
    rm -rf "$model"
    mv "$model.new" "$model"
}

packages=("${build_packages[@]}")
[[ $model ]] || encoder_there || packages+=("${encoder_packages[@]}")
require_debian "${packages[@]}"
packages_install "${packages[@]}"
build_release twofold
name=packages flags=()
if [[ $data ]]; then
    name=${data##*/}
    [[ -d $data ]] || name=${name%%.*}
else
    make_data
fi
if [[ $model ]]; then
    name+=-$(basename "$model")
else
    make_model
    flags=(--learning_rate 3e-4 --num_train_epochs 4 --per_device_train_batch_size 64) # for a small encoder, short texts
fi

compare=(build/twofold compare --model "$model" --data "$data" --output_dir "runs/$name" "${flags[@]}")
say "$(printf '%q ' "${compare[@]}")"
status=0
"${compare[@]}" || status=$?
if [[ $status != 0 ]]; then
    printf '\n%s: the comparison ended with exit code %s; the reason stands above.\n' "${0##*/}" "$status" >&2
    printf 'Once that is mended, run this again: what is finished is kept.\n' >&2
    exit "$status"
fi
say "The report: $PWD/runs/$name/report.html"
