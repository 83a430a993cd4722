# Sourced by the other scripts: the repository's root, Debian packages, timed stages.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

ARES_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
JOBS=${JOBS:-$(nproc)}

if [ -t 1 ]; then
  BOLD=$'\e[1m' GREEN=$'\e[32m' RED=$'\e[31m' DIM=$'\e[2m' PLAIN=$'\e[0m'
else
  BOLD='' GREEN='' RED='' DIM='' PLAIN=''
fi

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

usage_error() {
  echo "${0##*/}: $* (see --help)" >&2
  exit 2
}

# packages_of SECTION... : the package names of these sections of packages.txt
packages_of() {
  local section
  for section in "$@"; do
    sed -n "/^\[$section\]/,/^\[/{/^[a-z]/{s/ *#.*//;p}}" "$ARES_ROOT/scripts/packages.txt"
  done
}

# install_packages SECTION... : installs what is missing of these sections
install_packages() {
  local wanted missing=() name as_root=()
  mapfile -t wanted < <(packages_of "$@")
  if ! command -v dpkg-query >/dev/null; then
    echo "not a Debian system: these must be there (Debian's names): ${wanted[*]}"
    return 0
  fi
  for name in "${wanted[@]}"; do
    case $(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null) in
      ii*) ;;
      *) missing+=("$name") ;;
    esac
  done
  if [ ${#missing[@]} -eq 0 ]; then
    echo "all ${#wanted[@]} Debian packages are there"
    return 0
  fi
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "packages are missing and this is not root; run: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  echo "installing ${missing[*]}"
  apt_get() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null
  }
  apt_get update || die "apt-get update failed; the packages still to install are: ${missing[*]}"
  apt_get install --no-install-recommends "${missing[@]}" ||
    die "apt-get could not install: ${missing[*]}"
}

# stage TITLE COMMAND... : runs the command with its output in a log; one line with the time it took.
# Returns the command's status; after a failure errors and the end of the log are shown. Needs LOGS, a directory. As in every bash
# condition, `set -e` is off inside: a command that is a function says `|| return` where it matters.
stage() {
  local title=$1 log status=0 from=$SECONDS
  shift
  log=$LOGS/$(tr -cs 'A-Za-z0-9\n' '-' <<<"$title").log
  printf '%-46s' "$title"
  ("$@") >"$log" 2>&1 </dev/null || status=$?
  if [ "$status" -eq 0 ]; then
    printf '%s%6s%s\n' "$GREEN" "$((SECONDS - from)) s" "$PLAIN"
  else
    printf '%sfailed%s after %d s; the end of %s:\n' "$RED" "$PLAIN" "$((SECONDS - from))" "${log#"$ARES_ROOT"/}"
    { grep -m 10 -E '(error|ERROR|FAILED|warning): ' "$log" && echo '...'; tail -n 40 "$log"; } | cut -c1-300 | sed 's/^/    /'
  fi
  return "$status"
}
