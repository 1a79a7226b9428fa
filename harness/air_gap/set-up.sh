#!/bin/sh
# Sets the harness up from this folder, on a machine without a network: checks every file, then installs into DIR.
#
#     sh set-up.sh DIR
#
# HARNESS_ASSETS: another place for the models than ~/.cache/discharge-harness. PYTHON: another name of @PYTHON@.
set -eu

made_for='@MADE_FOR@'
glibc=@GLIBC@
python=${PYTHON:-@PYTHON@}

fail() {
    printf 'set-up: %s\n  -> %s\n' "$1" "$2" >&2
    exit 1
}

if [ $# -ne 1 ] || [ -z "$1" ]; then
    echo 'usage: sh set-up.sh DIR' >&2
    exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
cd_back=$PWD
cd "$here"

# --- every file is what was exported
if command -v sha256sum >/dev/null; then sums=sha256sum; else sums='shasum -a 256'; fi
[ -f SHA256SUMS ] || fail "$here holds no SHA256SUMS" 'copy the folder again, whole'
printf 'SHA256SUMS: %s\n' "$($sums <SHA256SUMS | cut -d ' ' -f 1)"
echo 'checking every file against it'
checked=$(LC_ALL=C $sums -c SHA256SUMS 2>/dev/null || true)
wrong=$(echo "$checked" | grep -v ': OK$' | head -n 1 || true)
[ -z "$wrong" ] || fail "${wrong%%: *} is not what was exported (missing, or its checksum differs)" \
    'nothing was installed; copy the folder again'
right=$(echo "$checked" | grep -c ': OK$' || true)
[ "$right" -eq @FILES@ ] || fail "SHA256SUMS is torn: it names $right of @FILES@ files" \
    'nothing was installed; copy the folder again'

# --- this machine is of the kind that the packages are for
command -v "$python" >/dev/null || fail "there is no $python here, and the packages are for $made_for" \
    'install it, or say where it is: PYTHON=/path/to/it sh set-up.sh DIR; for another Python export again with that one'
found=$("$python" -c 'import platform, sys; print(sys.implementation.cache_tag, sys.platform + "-" + platform.machine())')
[ "$found" = "$made_for" ] || fail "the packages are for $made_for, and this is $found" \
    'run it with such a Python: PYTHON=/path/to/it sh set-up.sh DIR; or export again on a machine like this, with this one'
if [ "$glibc" -gt 0 ]; then
    has=$(getconf GNU_LIBC_VERSION 2>/dev/null || echo none)
    minor=${has#glibc 2.}
    case $minor in '' | *[!0-9]*) minor=0 ;; esac
    [ "$minor" -ge "$glibc" ] || fail "the packages need glibc 2.$glibc or newer, and this machine has $has" \
        'use a machine with a newer system (Debian 12, Ubuntu 22.04, RHEL 9 or newer), or export on one as old as this'
fi

# --- the harness, in DIR
cd "$cd_back"
mkdir -p "$1" || fail "$1 cannot be made" 'name another folder'
target=$(cd "$1" && pwd)
[ ! -e "$target/.venv/installed" ] || fail "$target is set up already" \
    "use it: cd $target && .venv/bin/harness submit des; or name another folder"
[ -z "$(ls -A "$target")" ] || [ -e "$target/.half" ] || fail "$target holds something else" 'name an empty folder'
: >"$target/.half" || fail "$target cannot be written" 'name another folder'
free=$(df -Pk "$target" | awk 'NR == 2 {print $4}')
[ "$free" -ge @KILOBYTES@ ] || fail "$target has room for $((free * 1024 / 1000000)) MB, and the packages take @MEGABYTES@ MB" \
    'make room, or name a folder on another disk'
tar -xf "$here/checkout.tar" -C "$target" || fail "the checkout could not be unpacked into $target" \
    'make room, and give the same command again'
"$python" -m venv --clear "$target/.venv" || fail "$python could not make $target/.venv" \
    "install its module venv (Debian and Ubuntu: the package $(basename "$python")-venv), and give the same command again"

# No settings of the user's and none of the machine's: pip reads this folder alone, and takes what has its checksum.
pip() {
    PIP_CONFIG_FILE=/dev/null "$target/.venv/bin/python" -m pip --isolated --disable-pip-version-check --no-cache-dir \
        install --quiet --no-index --find-links "$here/wheels" "$@" || fail 'pip could not install the packages' \
        'see what it says above; make room if it wants for that, and give the same command again'
}
echo 'installing @PACKAGES@ packages: some minutes'
pip --require-hashes -r "$here/requirements.txt"
pip --no-build-isolation -e "$target@EXTRAS@"

# --- models, encoders, vocabularies
"$target/.venv/bin/harness" assets import "$here/assets.tar" || fail 'the models were not taken in' \
    'do what it says above, and give the same command again'

touch "$target/.venv/installed"
rm "$target/.half"
printf 'set up. Next: cd %s && .venv/bin/harness submit des\n' "$target"
