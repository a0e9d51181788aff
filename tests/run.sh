#!/bin/bash
# From a fresh Debian 12 to a finished test run:  tests/run.sh
#   --fast               release build only, no sanitizers, no fuzzers
#   --preset NAME        only this build: release, asan or tsan
#   --only STAGE...      only these stages: setup tidy build unit dialogue scenario fuzz
#   --filter TEXT        only tests whose name contains TEXT
#   --fuzz SECONDS       each fuzzer that long (10)
# Every single test is a line PASS name or FAIL name; the last line is "N passed, N failed", and the exit status is 1
# when anything failed. Logs, and what failing tests left behind, stay under build/.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
logs=$root/build/test-logs
export CCACHE_DIR=${CCACHE_DIR:-$root/build/ccache} CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-pch_defines,time_macros}
# ccache tells builds of different languages apart: this is the one in which the container image is built (its
# Dockerfile), so that the release build here has compiled most of it.
export LANG=C.UTF-8
unset LC_ALL LC_CTYPE LC_MESSAGES
jobs=2
stages=(setup tidy build unit dialogue scenario fuzz)
presets=(release asan tsan)
only=()
filter=
fuzz_seconds=10
passed=0
failed=0

usage() { sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

bad_usage() {
  echo "run.sh: $1" >&2
  usage >&2
  exit 2
}

parse_arguments() {
  while (($#)); do
    case $1 in
      --fast) presets=(release); stages=(setup tidy build unit dialogue scenario) ;;
      --preset) [[ ${2:-} =~ ^(release|asan|tsan)$ ]] || bad_usage "--preset release|asan|tsan"
        presets=("$2"); stages=(setup build unit dialogue scenario); shift ;;
      --only) while [[ ${2:-} =~ ^[a-z] ]]; do only+=("$2"); shift; done ;;
      --filter) filter=${2:?--filter TEXT}; shift ;;
      --fuzz) fuzz_seconds=${2:?--fuzz SECONDS}; shift ;;
      -h | --help) usage; exit 0 ;;
      *) bad_usage "unknown argument $1" ;;
    esac
    shift
  done
  local stage
  for stage in "${only[@]}"; do
    [[ " setup tidy build unit dialogue scenario fuzz " == *" $stage "* ]] || bad_usage "no stage $stage"
  done
  if ((${#only[@]})); then stages=("${only[@]}"); fi
}

wants() { [[ " ${stages[*]} " == *" $1 "* ]]; }

# count LOG STATUS NAME: adds a stage's lines to the sums. A stage that failed without saying which test, or that ran
# nothing although nothing was filtered, is a failed test itself.
count() {
  local log=$1 status=$2 name=$3 good bad
  good=$(grep -c '^PASS ' "$log" || true)
  bad=$(grep -c '^FAIL ' "$log" || true)
  if [[ $status -ne 0 && $bad -eq 0 ]]; then
    echo "FAIL $name (ended with $status; log: $log)"
    bad=1
  elif [[ $good -eq 0 && $bad -eq 0 && -z $filter ]]; then
    echo "FAIL $name (nothing ran; log: $log)"
    bad=1
  fi
  passed=$((passed + good))
  failed=$((failed + bad))
}

# tests NAME SECONDS COMMAND...: a stage of many tests; its own lines go to the screen and into its log.
tests() {
  local name=$1 seconds=$2 status=0 log=$logs/$1.log
  shift 2
  echo "== $name"
  timeout --kill-after=30 "$seconds" "$@" 2>&1 </dev/null | tee "$log" |
    sed -u -E '/^[0-9]+ passed, [0-9]+ failed$/d' || status=$?
  count "$log" "$status" "$name"
}

# step NAME SECONDS COMMAND...: a stage that is one test; its output is shown only when it fails.
step() {
  local name=$1 seconds=$2 log=$logs/$1.log begin=$SECONDS status=0
  shift 2
  echo "== $name"
  timeout --kill-after=30 "$seconds" "$@" >"$log" 2>&1 </dev/null || status=$?
  if [[ $status -eq 0 ]]; then
    echo "PASS $name ($((SECONDS - begin)) s)"
    passed=$((passed + 1))
  else
    grep -E -A5 'error:|FAILED:|warning:' "$log" | head -60 || tail -30 "$log"
    echo "FAIL $name (ended with $status; log: $log)"
    failed=$((failed + 1))
  fi
  return "$status"
}

fuzzers() { basename --suffix=.cc --multiple "$root"/tests/fuzz/*_fuzz.cc; }

targets() {  # PRESET: the micro-benchmarks are built once only
  if [[ $1 == release ]]; then echo all; return; fi
  echo ringpost ringpost-bench
  "$root/tests/unit/run.py" --preset "$1" --list
  if [[ $1 == asan ]] && wants fuzz; then fuzzers; fi
}

build() {  # PRESET TARGET...
  local preset=$1
  shift
  step "configure.$preset" 300 cmake -S "$root" --preset "$preset" &&
    step "build.$preset" 1800 cmake --build "$root/build/$preset" --parallel "$jobs" --target "$@"
}

python_tests() {  # FOLDER PRESET SECONDS
  tests "$1.$2" "$3" "$root/tests/$1/run.py" --preset "$2" --filter "$filter"
}

run_preset() {  # PRESET: a build that fails ends it, and is the one failure that says so
  if wants build; then build "$1" $(targets "$1") || return 0; fi
  if wants unit; then python_tests unit "$1" 900; fi
  if wants dialogue; then python_tests dialogue "$1" 600; fi
  if wants scenario; then python_tests scenario "$1" 1800; fi
}

run_fuzzers() {  # they are built with the address sanitizer's build, if that was asked for
  if ! wants build; then build asan $(fuzzers) || return 0; fi
  tests fuzz $((fuzz_seconds * 30 + 600)) "$root/tests/fuzz/run.py" --seconds "$fuzz_seconds" --filter "$filter"
}

main() {
  local preset
  parse_arguments "$@"
  mkdir -p "$logs"
  if wants setup; then step setup 1200 "$root/deploy/setup.sh" --tests || true; fi
  if wants tidy; then tests tidy 900 "$root/tests/tidy/run.py" --filter "$filter"; fi
  for preset in "${presets[@]}"; do run_preset "$preset"; done
  if wants fuzz; then run_fuzzers; fi
  echo "$passed passed, $failed failed"
  [[ $failed -eq 0 ]]
}

main "$@"
