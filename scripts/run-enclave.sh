#!/usr/bin/env bash
# Entry point of the runner container, one a node: starts the enclave, prints its log, watches it, ends it.
#
# Reads ENCLAVE_MEMORY_MB, ENCLAVE_CPU_COUNT, ENCLAVE_CID (required) and the variables of read_settings below.
# Exits 0 after SIGTERM or SIGINT, 1 with one line `run-enclave: …` when the enclave cannot be started or runs no
# longer; Kubernetes then starts the container again, and this script the enclave. An enclave never outlives it but
# for SIGKILL, and the next start ends such an orphan.
set -euo pipefail

say() { printf 'run-enclave: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

# read_number NAME LEAST MOST: NAME is set to a whole number in those bounds, without leading zeros.
read_number() {
  local value=${!1:-}
  [[ -n $value ]] || die "$1 is required: a whole number from $2 to $3"
  if [[ ! $value =~ ^(0|[1-9][0-9]{0,9})$ ]] || ((value < $2 || value > $3)); then
    die "$1 must be a whole number from $2 to $3 (got: $value)"
  fi
}

read_boolean() {
  [[ ${!1} == true || ${!1} == false ]] || die "$1 must be true or false (got: ${!1})"
}

read_settings() {
  read_number ENCLAVE_MEMORY_MB 64 4194304
  read_number ENCLAVE_CPU_COUNT 1 1024
  read_number ENCLAVE_CID 4 4294967294 # 0, 1, 2 and 2^32-1 are reserved, 3 is the parent
  EIF_PATH=${EIF_PATH:-/enclave/nitro-enc-svc.eif}
  HEALTH_CHECK_INTERVAL=${HEALTH_CHECK_INTERVAL:-10} # seconds between looks at the enclave's state
  LOG_LISTEN=${LOG_LISTEN:-vsock:any:8014}           # where the enclave's log stream arrives
  ENCLAVE_HEALTH=${ENCLAVE_HEALTH:-vsock:$ENCLAVE_CID:8015}
  DRAIN_SECS=${DRAIN_SECS:-20}                # what requests in flight get to finish after SIGTERM
  ENCLAVE_DEBUG=${ENCLAVE_DEBUG:-false}       # debug mode and its console; attestation cannot work then
  REQUIRE_STRICT=${REQUIRE_STRICT:-false}     # only images with signed schemas and named clients
  PARENT_CID=${PARENT_CID:-3}                 # the parent as the enclave sees it: 2 under the devkit's nitro-cli
  ENCLAVE_START_SECS=${ENCLAVE_START_SECS:-300} # what run-enclave may take; it waits for the enclave's heartbeat
  NITRO_CLI_SECS=${NITRO_CLI_SECS:-30}        # what any other call of nitro-cli may take
  read_number HEALTH_CHECK_INTERVAL 1 3600
  read_number DRAIN_SECS 0 3600
  read_number PARENT_CID 2 4294967294
  read_number ENCLAVE_START_SECS 1 3600
  read_number NITRO_CLI_SECS 1 3600
  read_boolean ENCLAVE_DEBUG
  read_boolean REQUIRE_STRICT
  ((ENCLAVE_CID != PARENT_CID)) || die "ENCLAVE_CID must differ from PARENT_CID (got: $ENCLAVE_CID)"
}

# Prints the values of a variable baked into the EIF, a line each. The configuration stands there as text, in the
# metadata or in the ramdisk; whoever can write the file can write anything, so this finds mistakes and nothing else.
baked() {
  LC_ALL=C grep --text --only-matching --extended-regexp "(^|\")$1=[^\"]*" -- "$EIF_PATH" | sed 's/^[^=]*=//' | sort -u
}

check_strict() {
  local name value
  for name in SCHEMA_PUBLIC_KEY ENCRYPT_CLIENTS; do
    value=$(baked "$name") || true
    [[ -n $value ]] || die "$name must be set in the image where REQUIRE_STRICT is true"
  done
  for name in ENCRYPT_CLIENTS DECRYPT_CLIENTS; do
    value=$(baked "$name") || true
    [[ $'\n'$value$'\n' != *$'\nanonymous\n'* ]] ||
      die "$name in the image must not be anonymous where REQUIRE_STRICT is true"
  done
}

check_image() {
  local bytes cid
  [[ -f $EIF_PATH && -r $EIF_PATH ]] || die "EIF_PATH: no such file (got: $EIF_PATH)"
  bytes=$(stat --dereference --format=%s -- "$EIF_PATH")
  ((bytes > 0)) || die "EIF_PATH: the file is empty (got: $EIF_PATH)"
  ((ENCLAVE_MEMORY_MB * 1048576 >= 4 * bytes)) ||
    die "ENCLAVE_MEMORY_MB must be at least four times the image: $(((4 * bytes + 1048575) / 1048576))" \
      "(got: $ENCLAVE_MEMORY_MB)"
  cid=$(baked VSOCK_PROXY_CID) || true
  if [[ -z $cid ]]; then
    say "the image does not show its VSOCK_PROXY_CID; it has to be $PARENT_CID"
  elif [[ $cid != "$PARENT_CID" ]]; then
    die "VSOCK_PROXY_CID in the image must be the parent's CID, $PARENT_CID (got: ${cid//$'\n'/, })"
  fi
  if [[ $REQUIRE_STRICT == true ]]; then check_strict; fi
}

# nitro SECONDS COMMAND...: one call of nitro-cli. Its JSON goes to $work/answer, its progress to our stderr, and a
# signal to us is not kept waiting by it. While leaving, signals are ignored, and a `wait` inside the trap of another
# `wait` may return early: the call is made in the foreground.
nitro() {
  if [[ -n $leaving ]]; then
    timeout --kill-after=5 "$1" nitro-cli "${@:2}" >"$work/answer"
  else
    timeout --kill-after=5 "$1" nitro-cli "${@:2}" >"$work/answer" &
    call=$!
    wait "$call"
  fi
}

# Prints the ids of enclaves that are ours: by their CID, or by the name that nitro-cli takes from the file's. Fails
# when nitro-cli does not answer with an array of enclaves.
our_enclaves() {
  jq --exit-status --raw-output --argjson cid "$ENCLAVE_CID" --arg name "$(basename -- "$EIF_PATH" .eif)" \
    'if type != "array" then error("not an array") else . end
     | map(select(.EnclaveCID == $cid or .EnclaveName == $name).EnclaveID | strings) | join("\n")' \
    "$work/answer" 2>/dev/null
}

end_enclave() {
  nitro "$NITRO_CLI_SECS" terminate-enclave --enclave-id "$1" ||
    say "nitro-cli terminate-enclave failed for $1"
}

# An enclave of an earlier container holds our CID and our memory. Ends it, and waits until it is gone.
end_orphans() {
  local ids id round
  for ((round = 0; round < 10; round++)); do
    nitro "$NITRO_CLI_SECS" describe-enclaves || die "nitro-cli describe-enclaves failed; is this a node with enclaves?"
    ids=$(our_enclaves) || die "nitro-cli describe-enclaves did not print a list of enclaves"
    [[ -n $ids ]] || return 0
    for id in $ids; do
      say "ending $id, left over by an earlier container"
      end_enclave "$id"
    done
    pause 1
  done
  die "an enclave of an earlier container does not end: ${ids//$'\n'/, }"
}

# `sleep`, but a signal ends it at once.
pause() {
  sleep "$1" &
  wait "$!" || true
}

# Logs of an enclave leave it over vsock: nitro-cli's console exists in debug mode alone.
start_log_receiver() {
  vsock-proxy logs --listen "$LOG_LISTEN" &
  receiver=$!
}

start_enclave() {
  local -a debug=()
  if [[ $ENCLAVE_DEBUG == true ]]; then
    say "WARNING: debug mode: PCRs are zero, attestation cannot work, and the console shows what the enclave prints"
    debug=(--debug-mode)
  fi
  started=yes
  nitro "$ENCLAVE_START_SECS" run-enclave --eif-path "$EIF_PATH" --memory "$ENCLAVE_MEMORY_MB" \
    --cpu-count "$ENCLAVE_CPU_COUNT" --enclave-cid "$ENCLAVE_CID" "${debug[@]}" || {
    local status=$?
    ((status != 124 && status != 137)) || die "nitro-cli run-enclave did not end within $ENCLAVE_START_SECS s"
    die "nitro-cli run-enclave failed with status $status; its own lines are above"
  }
  enclave_id=$(jq --raw-output '.EnclaveID | strings | select(test("^[A-Za-z0-9._-]+$"))' "$work/answer" \
    2>/dev/null) || enclave_id=''
  [[ -n $enclave_id ]] || die "nitro-cli run-enclave printed no EnclaveID"
  jq --exit-status --argjson cid "$ENCLAVE_CID" '.EnclaveCID == $cid' "$work/answer" >/dev/null 2>&1 ||
    die "nitro-cli run-enclave gave $enclave_id another CID than $ENCLAVE_CID"
  say "started $enclave_id with CID $ENCLAVE_CID"
  if [[ $ENCLAVE_DEBUG == true ]]; then
    nitro-cli console --enclave-id "$enclave_id" &
    console=$!
  fi
}

# Prints the state that nitro-cli gives for our enclave, or MISSING; fails when its answer cannot be read.
enclave_state() {
  nitro "$NITRO_CLI_SECS" describe-enclaves || return 1
  state=$(jq --exit-status --raw-output --arg id "$enclave_id" \
    'if type != "array" then error("not an array") else . end
     | ([.[] | select(.EnclaveID == $id) | .State | strings] + ["MISSING"])[0]' "$work/answer" 2>/dev/null)
}

# Returns never: exits 1 when the enclave runs no longer. One answer that cannot be read says nothing about the
# enclave, three in a row say that nobody watches it.
watch_enclave() {
  local unread=0 state=''
  while true; do
    pause "$HEALTH_CHECK_INTERVAL"
    if enclave_state; then
      unread=0
      [[ $state == RUNNING ]] || die "the enclave $enclave_id is not RUNNING (state: $state)"
    else
      unread=$((unread + 1))
      say "nitro-cli describe-enclaves gave no readable answer, $unread of 3"
      ((unread < 3)) || die "the state of $enclave_id cannot be read"
    fi
    if ! kill -0 "$receiver" 2>/dev/null; then
      say "the log receiver ended; starting it again"
      start_log_receiver
    fi
  done
}

drain() {
  say "draining for $DRAIN_SECS s"
  timeout --kill-after=1 10 vsock-proxy drain --health "$ENCLAVE_HEALTH" ||
    say "the enclave did not take the request to drain"
  sleep "$DRAIN_SECS"
}

# end_process PID: TERM, and KILL for what is still there after seven seconds. Nothing without a PID.
end_process() {
  local round
  if [[ -z $1 ]] || ! kill "$1" 2>/dev/null; then return 0; fi
  for ((round = 0; round < 70; round++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || return 0
}

# Runs on every way out. Never leaves an enclave: one whose start did not end well has no id yet, but has our CID.
clean_up() {
  local status=$? id ids=${enclave_id:-}
  trap '' TERM INT
  set +e
  leaving=yes
  end_process "$call" # what a signal has interrupted
  if [[ -n $stopping && -n $enclave_id ]]; then drain; fi
  if [[ -n $started && -z $enclave_id ]] && nitro "$NITRO_CLI_SECS" describe-enclaves; then ids=$(our_enclaves); fi
  for id in $ids; do end_enclave "$id"; done
  end_process "$console"
  end_process "$receiver"
  rm -rf -- "$work"
  exit "$status"
}

stop() {
  stopping=yes
  exit 0
}

main() {
  started='' stopping='' leaving='' enclave_id='' call='' console='' receiver=''
  read_settings
  check_image
  work=$(mktemp -d)
  trap clean_up EXIT
  trap stop TERM INT
  end_orphans
  start_log_receiver
  pause 1
  kill -0 "$receiver" 2>/dev/null || die "the log receiver does not start; LOG_LISTEN is $LOG_LISTEN"
  start_enclave
  watch_enclave
}

main
