#!/bin/bash
# Fetches and unpacks a source package of the distribution, with its security patches, and changes nothing on the
# system:
#   deploy/source_package.sh NAME FOLDER     unpacked as FOLDER/source
# Package lists are read from the system's own sources, as source packages, into FOLDER/apt.
set -euo pipefail

private_sources() {  # FOLDER: the system's package sources, asked for source packages
  local folder=$1 file
  mkdir -p "$folder/sources.list.d" "$folder/lists/partial" "$folder/archives/partial"
  : >"$folder/sources.list"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -r $file ]] || continue
    sed -n -E 's/^deb(-src)?([[:space:]].*debian.*)/deb-src\2/p' "$file" >>"$folder/sources.list"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ -r $file ]] || continue
    grep -qi 'debian' "$file" || continue
    sed -E 's/^Types:.*/Types: deb-src/' "$file" >"$folder/sources.list.d/$(basename "$file")"
  done
}

older_source() {  # NAME: the newest version but one; uses options of main()
  local version
  version=$(apt-cache "${options[@]}" showsrc "$1" | sed -n 's/^Version: //p' | sort -rV | sed -n 2p)
  [[ -n $version ]] || return 1
  apt-get "${options[@]}" source "$1=$version"
}

main() {
  [[ $# -eq 2 ]] || { sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
  local name=$1 folder=$2
  mkdir -p "$folder"
  folder=$(cd "$folder" && pwd)
  private_sources "$folder/apt"
  local options=(-q -o "Dir::Etc::sourcelist=$folder/apt/sources.list"
    -o "Dir::Etc::sourceparts=$folder/apt/sources.list.d"
    -o "Dir::State::lists=$folder/apt/lists" -o "Dir::Cache::archives=$folder/apt/archives" -o APT::Sandbox::User=root)
  cd "$folder"
  apt-get "${options[@]}" update
  rm -rf source
  # A mirror may know of an update whose source it does not have: then the release's own is taken.
  apt-get "${options[@]}" source "$name" || older_source "$name"
  mv "$(find . -mindepth 1 -maxdepth 1 -type d -name "$name-*" | head -1)" source
}

main "$@"
