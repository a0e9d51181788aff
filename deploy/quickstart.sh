#!/bin/bash
# From a fresh Debian 12 to a running relay that has delivered a message:
#   deploy/quickstart.sh               leaves the relay in the foreground; Ctrl-C ends it
#   deploy/quickstart.sh --once        ends it after the demonstration; exit status 0 only if everything was seen
#   deploy/quickstart.sh --dir DIR     keeps configuration, queue and mail in DIR (build/quickstart)
# Installs packages (deploy/setup.sh), builds, writes a sample configuration, starts ringpost on loopback ports, sends a
# message to a local mailbox, shows the delivered file, and shows that a stranger may not relay.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=$root/build/quickstart
once=no
domain=quickstart.example
trusted=127.0.0.1
stranger=127.0.0.2
server_pid=

usage() { sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
say() { printf '\n== %s\n' "$*"; }

give_up() {
  echo "quickstart.sh: $*" >&2
  if [[ -s $dir/ringpost.log ]]; then
    echo "--- end of $dir/ringpost.log" >&2
    tail -20 "$dir/ringpost.log" >&2
  fi
  exit 1
}

parse_arguments() {
  while (($#)); do
    case $1 in
      --once) once=yes ;;
      --dir) dir=${2:?--dir DIR}; shift ;;
      -h | --help) usage; exit 0 ;;
      *) usage >&2; exit 2 ;;
    esac
    shift
  done
  mkdir -p "$dir"
  dir=$(cd "$dir" && pwd)
}

build() {
  say "packages"
  "$root/deploy/setup.sh" --demo
  say "build (the first one takes some minutes)"
  cd "$root"
  cmake --preset release -DRINGPOST_TESTS=ON >"$dir/build.log" 2>&1 || give_up "cmake failed, see $dir/build.log"
  cmake --build --preset release --parallel "$(nproc)" --target ringpost ringpost-bench >>"$dir/build.log" 2>&1 ||
    give_up "the build failed, see $dir/build.log"
  "$root/build/release/ringpost" version || give_up "ringpost does not start"
}

free_port() {  # FIRST: the first port from there on where nobody answers
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  echo "$port"
}

write_configuration() {
  mx_port=$(free_port 2525)
  admin_port=$(free_port 8025)
  config=$dir/ringpost.toml
  mkdir -p "$dir/data" "$dir/mail"
  cat >"$config" <<TOML
# Written by deploy/quickstart.sh; every key is explained in docs/configuration.md.
hostname = "mx.$domain"
data_dir = "$dir/data"
user     = ""                                # stay the user who started it

[[listener]]
address = "127.0.0.1:$mx_port"
role    = "mx"

[relay]
trusted_networks = ["$trusted/32"]           # who may send to foreign domains

[[domain]]                                   # mail for it is delivered here
name    = "$domain"
deliver = "maildir:$dir/mail/{domain}/{local}"

[admin]
address = "127.0.0.1:$admin_port"            # /metrics /health/live /health/ready
TOML
}

http_status() {  # PATH: the status of the admin address, 000 when nobody answers
  if command -v curl >/dev/null; then
    curl --noproxy '*' -s -o /dev/null -m 5 -w '%{http_code}' "http://127.0.0.1:$admin_port$1" || true
    return
  fi
  local status=000
  if exec 3<>"/dev/tcp/127.0.0.1/$admin_port"; then
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
    read -r -t 5 _ status _ <&3 || true
    exec 3>&-
  fi 2>/dev/null
  echo "$status"
}

start_server() {
  say "start: build/release/ringpost serve -c $config"
  "$root/build/release/ringpost" check-config -c "$config" || give_up "the configuration is refused"
  "$root/build/release/ringpost" serve -c "$config" >"$dir/ringpost.log" 2>&1 &
  server_pid=$!
  trap stop_server EXIT
  trap 'exit 130' INT TERM
  local try
  for ((try = 0; try < 150; try++)); do
    kill -0 "$server_pid" 2>/dev/null || give_up "ringpost ended while starting"
    if [[ $(http_status /health/ready) == 200 ]]; then
      echo "ready: SMTP on 127.0.0.1:$mx_port, admin on http://127.0.0.1:$admin_port"
      return
    fi
    sleep 0.2
  done
  give_up "ringpost was not ready within 30 seconds"
}

stop_server() {
  local status=0
  if [[ -z $server_pid ]]; then return; fi
  kill -TERM "$server_pid" 2>/dev/null || true
  wait "$server_pid" || status=$?
  server_pid=
  return "$status"
}

send() {  # SOURCE RECIPIENT SUBJECT: one message; the SMTP dialogue on stdout
  if command -v swaks >/dev/null; then
    swaks --server 127.0.0.1 --port "$mx_port" --local-interface "$1" \
      --helo client.example.net --from app@client.example.net \
      --to "$2" --header "Subject: $3" --body "Hello from deploy/quickstart.sh." 2>&1
    return
  fi
  python3 - "$mx_port" "$@" 2>&1 <<'PYTHON'
import smtplib, sys
port, source, recipient, subject = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port), "client.example.net", source_address=(source, 0)) as smtp:
    smtp.set_debuglevel(1)
    body = f"Subject: {subject}\r\n\r\nHello from deploy/quickstart.sh.\r\n"
    smtp.sendmail("app@client.example.net", [recipient], body)
PYTHON
}

show_delivery() {
  local subject="quickstart $$ $RANDOM" file= try
  say "a message from $trusted to hello@$domain"
  send "$trusted" "hello@$domain" "$subject" || give_up "the test message was refused"
  for ((try = 0; try < 100; try++)); do
    file=$(grep -rlsF "Subject: $subject" "$dir/mail/$domain/hello/new" || true)
    [[ -z $file ]] || break
    sleep 0.1
  done
  [[ -n $file ]] || give_up "the message was not delivered within 10 seconds"
  say "delivered: $file"
  cat "$file"
}

show_refusal() {
  local dialogue
  say "a message from the stranger $stranger to a foreign domain"
  dialogue=$(send "$stranger" "someone@elsewhere.example" "not for you") && give_up "a stranger could relay: $dialogue"
  echo "$dialogue"
  grep -q '550[- ]5\.7\.1' <<<"$dialogue" || give_up "the stranger was not refused with 550 5.7.1"
}

show_next_steps() {
  local program=build/release/ringpost
  cat <<TEXT

== next
  configuration     $config  (docs/configuration.md)
  the queue         $program queue summary -c $config
  metrics, health   curl http://127.0.0.1:$admin_port/metrics    curl http://127.0.0.1:$admin_port/health/ready
  log               $dir/ringpost.log  (docs/log.md)
  operation         docs/operations.md
TEXT
}

main() {
  parse_arguments "$@"
  build
  write_configuration
  start_server
  show_delivery
  show_refusal
  show_next_steps
  if [[ $once == yes ]]; then
    stop_server || give_up "ringpost did not end cleanly after SIGTERM"
    say "all seen; ringpost has ended"
    return
  fi
  say "ringpost runs in the foreground (pid $server_pid); Ctrl-C ends it"
  wait "$server_pid"
}

main "$@"
