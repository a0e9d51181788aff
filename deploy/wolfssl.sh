#!/bin/bash
# Builds wolfSSL with assembly from the distribution's source package, as a static library for ringpost alone:
#   deploy/wolfssl.sh [FOLDER]      installed into FOLDER (build/wolfssl); nothing is done where it is there already
# Takes about two minutes on two cores. Where it fails, ringpost is built with the packaged library (CMakeLists.txt).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$(dirname "$here")/build/wolfssl}

options=(
  --enable-static --disable-shared --with-pic --disable-examples --disable-crypttests --disable-benchmark
  --enable-sp=yes,4096 --enable-sp-math-all --enable-sp-asm                       # RSA and elliptic curves in assembly
  --enable-tls13 --disable-oldtls --enable-sni --enable-alpn --enable-session-ticket --enable-extended-master
  --enable-keying-material --enable-renegotiation-indication --enable-supportedcurves
  --enable-ocsp --enable-ocspstapling
  --enable-curve25519 --enable-ed25519 --enable-curve448 --enable-ed448 --enable-hkdf --enable-pwdbased
  --enable-opensslextra --enable-certext                    # fields of certificates, finished messages
  --enable-srp --enable-md4 --disable-des3                                        # SRP, NTLM
  --disable-hashdrbg                                              # wolfssl-random-of-kernel.patch
  --enable-harden
)

definitions=(
  -DWOLFSSL_HAVE_TLS_UNIQUE  # keeps the Finished messages: channel binding of TLS 1.2
  -DWOLFSSL_RANDOM_OF_KERNEL -DCUSTOM_RAND_GENERATE_BLOCK=wc_RandomOfKernel  # wolfssl-random-of-kernel.patch
  -DWOLFSSL_GIVEN_STAPLE     # wolfssl-stapling.patch
  -DWOLFSSL_MAX_SUITE_SZ=1024  # of a hello: there are 350 suites, and scanners offer all of them
  -DHAVE_SERVER_RENEGOTIATION_INFO  # the server's half of RFC 5746, without which OpenSSL refuses TLS 1.2
)

processor_options() {
  case $(uname -m) in
    x86_64) echo --enable-intelasm ;;
    aarch64) echo --enable-armasm ;;
  esac
}

main() {
  local stamp work
  stamp="$(dpkg-query -W -f '${Version}' libwolfssl-dev 2>/dev/null || echo unknown)"
  stamp+=" $(cat "${BASH_SOURCE[0]}" "$here"/wolfssl-*.patch | md5sum | cut -c1-32)"
  if [[ -f $out/lib/libwolfssl.a && -f $out/stamp && $(<"$out/stamp") == "$stamp" ]]; then
    echo "wolfssl.sh: is here already ($out)"
    return
  fi
  work=$out.build
  rm -rf "$work" "$out"
  mkdir -p "$work"
  "$here/source_package.sh" wolfssl "$work"
  cd "$work/source"
  cat "$here"/wolfssl-*.patch | patch --quiet -p1
  autoreconf --force --install
  # Compilers through ccache where it is there: an image or a package is built from the same source again and again.
  PATH=/usr/lib/ccache:$PATH
  # shellcheck disable=SC2046
  ./configure --quiet --prefix="$out" "${options[@]}" $(processor_options) \
    CFLAGS="-O2 -g1 -fstack-protector-strong -fno-omit-frame-pointer ${definitions[*]}"
  make --silent -j"$(nproc)"
  make --silent install
  cd /
  rm -rf "$work"
  echo "$stamp" >"$out/stamp"
  echo "wolfssl.sh: built $(sed -n 's/^Version: //p' "$out/lib/pkgconfig/wolfssl.pc") into $out"
}

main "$@"
