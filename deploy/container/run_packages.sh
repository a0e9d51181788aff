#!/bin/bash
# Prints the packages that programs need at run time, one a line: those of the libraries they are linked with, and
# deploy/packages-run.txt:
#   deploy/container/run_packages.sh PROGRAM...
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

owner() {  # LIBRARY: dpkg knows a file by /lib or by /usr/lib, whichever its package said
  local found
  found=$(dpkg-query -S "$1" 2>/dev/null || dpkg-query -S "/usr$1" 2>/dev/null || dpkg-query -S "${1#/usr}") || {
    echo "run_packages.sh: no package owns $1" >&2
    return 1
  }
  echo "${found%%:*}"
}

main() {
  local library libraries
  libraries=$(ldd "$@")
  if grep 'not found' <<<"$libraries" >&2; then return 1; fi
  while read -r library; do owner "$library"; done < <(grep -o '/[^ ]*' <<<"$libraries" | grep '\.so' | sort -u)
  sed -e 's/#.*//' -e 's/^\([^[:space:]]*\).*/\1/' -e '/^$/d' "$here/../packages-run.txt"
}

[[ $# -gt 0 ]] || { sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
main "$@" | sort -u
