#!/bin/bash
# Builds Cyrus SASL's client of SRP, which no package has, from the distribution's source, and srp_login.c on it:
#   tests/support/cyrus_srp.sh FOLDER     FOLDER/srp_login; nothing is done where it is there already
# Takes about two minutes on two cores. Wants libssl-dev beside what builds ringpost.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

options=(
  --enable-srp --enable-static --disable-shared --with-openssl --with-dblib=none --with-devrandom=/dev/urandom
  --without-saslauthd --without-authdaemond --without-pwcheck --disable-sample
  --disable-digest --disable-cram --disable-otp --disable-plain --disable-anon --disable-gssapi --disable-scram
  --disable-ntlm --disable-login --disable-ldapdb --disable-sql
)

main() {
  [[ $# -eq 1 ]] || { sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
  local out part
  mkdir -p "$1"
  out=$(cd "$1" && pwd)
  if [[ -x $out/srp_login ]]; then
    echo "cyrus_srp.sh: is here already ($out/srp_login)"
    return
  fi
  "$here/../../deploy/source_package.sh" cyrus-sasl2 "$out"
  cd "$out/source"
  autoreconf --force --install
  ./configure --quiet "${options[@]}" CFLAGS="-O1 -w"
  for part in include common plugins lib; do make --silent -C "$part"; done
  mkdir -p "$out/include/sasl"
  cp include/*.h "$out/include/sasl/"
  cc -O1 -Wall -I"$out/include" "$here/srp_login.c" -o "$out/srp_login" \
    -Wl,--start-group lib/.libs/libsasl2.a plugins/.libs/libsrp.a -Wl,--end-group -lcrypto -ldl -lresolv -lcrypt
  cd /
  rm -rf "$out/source"
  echo "cyrus_srp.sh: built $out/srp_login"
}

main "$@"
