#!/bin/bash
# From a fresh Debian 12 to a running relay that has delivered a message:
#   deploy/quickstart.sh               leaves the relay in the foreground; Ctrl-C ends it
#   deploy/quickstart.sh --once        ends it after the demonstration; exit status 0 only if everything was seen
#   deploy/quickstart.sh --dir DIR     keeps configuration, queue and mail in DIR (build/quickstart)
# Installs packages (deploy/setup.sh), builds, writes a sample configuration with a self-signed certificate and two
# users, starts ringpost on loopback ports, sends a message through submission with STARTTLS and AUTH, shows the
# delivered file, and shows who is refused: a colleague with somebody else's address, and strangers.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=$root/build/quickstart
once=no
domain=quickstart.example
client=127.0.0.1
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
  program=$root/build/release/ringpost
  "$program" version || give_up "ringpost does not start"
}

free_port() {  # FIRST: the first port from there on where nobody answers
  local port=$1
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
  echo "$port"
}

write_configuration() {
  mx_port=$(free_port 2525)
  submission_port=$(free_port 2587)
  submissions_port=$(free_port 2465)
  admin_port=$(free_port 8025)
  config=$dir/ringpost.toml
  mkdir -p "$dir/data" "$dir/mail" "$dir/tls"
  cat >"$config" <<TOML
# Written by deploy/quickstart.sh; every key is explained in docs/configuration.md.
hostname = "mx.$domain"
data_dir = "$dir/data"
user     = ""                                # stay the user who started it

[[listener]]                                 # mail from other servers (port 25)
address = "127.0.0.1:$mx_port"
role    = "mx"

[[listener]]                                 # our users: STARTTLS, then AUTH (port 587)
address = "127.0.0.1:$submission_port"
role    = "submission"

[[listener]]                                 # our users: TLS from the first octet, then AUTH (port 465)
address = "127.0.0.1:$submissions_port"
role    = "submissions"

[tls]
certificates = [{ certificate = "tls/certificate.pem", key = "tls/key.pem" }]

[auth]
users = "file:users.toml"                    # ringpost user add ...

[relay]
trusted_networks = []                        # nobody relays without AUTH

[[domain]]                                   # mail for it is delivered here
name    = "$domain"
deliver = "maildir:$dir/mail/{domain}/{local}"

[admin]
address = "127.0.0.1:$admin_port"            # /metrics /health/live /health/ready
TOML
}

make_certificate() {
  [[ ! -s $dir/tls/key.pem ]] || return 0
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 -subj "/CN=mx.$domain" \
    -addext "subjectAltName=DNS:mx.$domain" -keyout "$dir/tls/key.pem" -out "$dir/tls/certificate.pem" \
    2>>"$dir/build.log" ||
    give_up "no certificate could be made, see $dir/build.log"
}

add_users() {
  say "two users: ringpost user add ann@$domain, ringpost user add bob@$domain"
  rm -f "$dir/users.toml"
  local name
  for name in ann bob; do
    "$program" user add "$name@$domain" -c "$config" --name "${name^} Example" --address "$name@$domain" \
      --password-stdin <<<"$name-secret" || give_up "user $name could not be added"
  done
}

http_status() {  # PATH: the status of the admin address, 000 when nobody answers
  curl --noproxy '*' -s -o /dev/null -m 5 -w '%{http_code}' "http://127.0.0.1:$admin_port$1" || true
}

start_server() {
  say "start: build/release/ringpost serve -c $config"
  "$program" check-config -c "$config" || give_up "the configuration is refused"
  "$program" serve -c "$config" >"$dir/ringpost.log" 2>&1 &
  server_pid=$!
  trap stop_server EXIT
  trap 'exit 130' INT TERM
  local try
  for ((try = 0; try < 150; try++)); do
    kill -0 "$server_pid" 2>/dev/null || give_up "ringpost ended while starting"
    if [[ $(http_status /health/ready) == 200 ]]; then
      echo "ready: SMTP on 127.0.0.1:$mx_port, submission on :$submission_port and :$submissions_port (TLS)," \
        "admin on http://127.0.0.1:$admin_port"
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

send() {  # SWAKS ARGUMENTS...: one message; the SMTP dialogue on stdout
  swaks --server 127.0.0.1 --local-interface "$client" --helo client.example.net \
    --body "Hello from deploy/quickstart.sh." "$@" 2>&1
}

as_ann() {  # one who has proved that she is ann, over STARTTLS
  send --port "$submission_port" --tls --auth PLAIN --auth-user "ann@$domain" --auth-password ann-secret "$@"
}

as_bob() {
  send --port "$submissions_port" --tls-on-connect --auth PLAIN \
    --auth-user "bob@$domain" --auth-password bob-secret "$@"
}

show_delivery() {
  local subject="quickstart $$ $RANDOM" file= try
  say "ann sends as herself: STARTTLS and AUTH on port $submission_port"
  as_ann --from "ann@$domain" --to "hello@$domain" --header "Subject: $subject" || give_up "ann's message was refused"
  for ((try = 0; try < 100; try++)); do
    file=$(grep -rlsF "Subject: $subject" "$dir/mail/$domain/hello/new" || true)
    [[ -z $file ]] || break
    sleep 0.1
  done
  [[ -n $file ]] || give_up "the message was not delivered within 10 seconds"
  say "delivered: $file"
  cat "$file"
}

refused() {  # WHAT EXPECTED COMMAND...: shows the dialogue, which must hold the reply
  local what=$1 expected=$2 dialogue
  shift 2
  say "$what"
  dialogue=$("$@") && give_up "this was not refused: $dialogue"
  echo "$dialogue"
  grep -q "$expected" <<<"$dialogue" || give_up "not refused with $expected"
}

show_refusals() {
  refused "bob may not use ann's address in MAIL FROM" '553 5\.7\.1' \
    as_bob --from "ann@$domain" --to "hello@$domain"
  refused "bob may not use ann's address in From:" '550 5\.7\.1' \
    as_bob --from "bob@$domain" --h-From "Ann <ann@$domain>" --to "hello@$domain"
  refused "a stranger may not use an address of ours" '550 5\.7\.1' \
    send --port "$mx_port" --from "ann@$domain" --to "hello@$domain"
  refused "a stranger may not relay" '550 5\.7\.1' \
    send --port "$mx_port" --from "someone@example.net" --to "someone@elsewhere.example"
}

show_next_steps() {
  local program=build/release/ringpost
  cat <<TEXT

== next
  configuration     $config  (docs/configuration.md)
  users             $program user list -c $config  (docs/accounts.md, docs/senders.md)
  the queue         $program queue summary -c $config
  metrics, health   curl http://127.0.0.1:$admin_port/metrics    curl http://127.0.0.1:$admin_port/health/ready
  log               $dir/ringpost.log  (docs/log.md)
  operation         docs/operations.md
  in a container    docker build -f deploy/container/Dockerfile -t ringpost .    (docs/containers.md)
TEXT
}

main() {
  parse_arguments "$@"
  build
  write_configuration
  make_certificate
  add_users
  start_server
  show_delivery
  show_refusals
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
