#!/bin/bash
# Installs the Debian 12 packages ringpost needs, and nothing that is there already, and builds wolfSSL
# (deploy/wolfssl.sh):
#   deploy/setup.sh            to build
#   deploy/setup.sh --demo     and what deploy/quickstart.sh uses
#   deploy/setup.sh --tests    and what tests/run.sh uses
# Run it as root, or as a user with sudo. It may be run any number of times. Mail servers that come with the tests are
# neither configured nor started, now or at the next boot: port 25 stays free.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
policy=/usr/sbin/policy-rc.d
services=(postfix dovecot slapd postgresql krb5-kdc krb5-admin-server prometheus haproxy)

usage() { sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

as_root() {
  if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

wanted_packages() {  # LIST...: the first word of every line that is not a comment
  local list
  for list in "$@"; do
    sed -e 's/#.*//' -e 's/^\([^[:space:]]*\).*/\1/' -e '/^$/d' "$here/packages-$list.txt"
  done
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null || true) == ii* ]]; }

missing_packages() {  # of the names on stdin, those that are not installed; of "a|b" one is enough, and a is installed
  local line name
  while read -r line; do
    for name in ${line//|/ }; do
      if is_installed "$name"; then continue 2; fi
    done
    echo "${line%%|*}"
  done
}

check_system() {
  local id=unknown version=0
  if [[ -r /etc/os-release ]]; then
    id=$(. /etc/os-release && echo "$ID")
    version=$(. /etc/os-release && echo "${VERSION_ID:-0}")
  fi
  if [[ $id != debian || ${version%%.*} -lt 12 ]]; then
    echo "setup.sh: made for Debian 12, this is $id $version; packages may be missing" >&2
  fi
  if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
    echo "setup.sh: packages are missing and neither root nor sudo is at hand; as root, run: deploy/setup.sh $*" >&2
    exit 1
  fi
}

forbid_service_starts() {  # Debian asks policy-rc.d before a package starts a service; 101 means no
  guard_is_ours=no
  [[ ! -e $policy ]] || return 0
  guard_is_ours=yes
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
  as_root chmod 755 "$policy"
}

allow_service_starts() {
  if [[ ${guard_is_ours:-no} == yes ]]; then as_root rm -f "$policy"; fi
}

keep_services_off() {  # NAME... just installed: not at the next boot either
  local service
  [[ -d /run/systemd/system ]] || return 0
  for service in "${services[@]}"; do
    if [[ " $* " == *" $service"* ]]; then as_root systemctl disable --now "$service" 2>/dev/null || true; fi
  done
}

install_packages() {
  if [[ " $* " == *" postfix "* ]]; then
    echo "postfix postfix/main_mailer_type select No configuration" | as_root debconf-set-selections
  fi
  trap allow_service_starts EXIT
  forbid_service_starts
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
  keep_services_off "$@"
}

build_wolfssl() {  # slower without, and no OCSP stapling, but everything else works
  "$here/wolfssl.sh" ||
    echo "setup.sh: no wolfSSL from its source package; the packaged one will be used, which is slower" >&2
}

main() {
  local lists=(build) missing argument
  for argument in "$@"; do
    case $argument in
      --demo) lists+=(demo) ;;
      --tests) lists+=(demo test) ;;
      -h | --help) usage; exit 0 ;;
      *) usage >&2; exit 2 ;;
    esac
  done
  mapfile -t missing < <(wanted_packages "${lists[@]}" | sort -u | missing_packages)
  if [[ ${#missing[@]} -eq 0 ]]; then
    echo "setup.sh: all packages are here (${lists[*]})"
    build_wolfssl
    return
  fi
  check_system "$@"
  echo "setup.sh: installing ${missing[*]}"
  install_packages "${missing[@]}"
  build_wolfssl
}

main "$@"
