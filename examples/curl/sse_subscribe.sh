#!/usr/bin/env bash
# Follows events with curl alone (server-sent events), and misses none over a restart of the bridge or of the hub.
set -euo pipefail

url=${HTTP_URL:-http://localhost:8080}/v1/events?severities=${SEVERITIES-P0,P1}
cursor=${RESUME_FROM-} # where to go on after a break
attempt=0 slot=0 stopping='' pid='' status=''

declare -A levels=([debug]=0 [info]=1 [warning]=2 [error]=3)
log() { # level, message, further fields as JSON; a line on stderr, for stdout is for the events
  [ "${levels[$1]}" -lt "${levels[${LOG_LEVEL:-info}]}" ] && return
  printf '{"time":"%s","level":"%s","message":"%s"%s}\n' "$(date -u +%FT%TZ)" "$1" "$2" "${3:+,$3}" >&2
}

handle() { printf '%s\n' "$1"; } # your own work with an event

# The token goes by a file descriptor: what stands on the command line, ps shows to everybody.
headers() {
  echo 'Accept: text/event-stream'
  [ -z "$cursor" ] || echo "Last-Event-ID: $cursor"
  [ -z "${AUTH_TOKEN-}" ] || echo "Authorization: Bearer $AUTH_TOKEN"
}

# One connection, from its beginning to its end. A bookmark comes every 15 s; where nothing comes for 45 s the connection is
# dead, though nobody closed it.
follow() {
  local line id='' event='' data=''
  status=000
  exec 3< <(exec curl -sN -w '\nstatus:%{http_code}\n' --speed-limit 1 --speed-time 45 -H @<(headers) "$url")
  pid=$!
  while IFS= read -r line <&3; do
    case $line in
      id:*) id=${line#id:} id=${id# } ;;
      event:*) event=${line#event:} event=${event# } ;;
      data:*) data=${line#data:} data=${data# } ;;
      retry:*) slot=${line#retry:} slot=${slot# } ;; # what the server asks this client to wait, in ms
      status:*) status=${line#status:} ;;
      '') # the end of a message
        case $event in
          event) handle "$data" ;;
          gap) log warning "events are missing" "\"gap\":$data" ;;
        esac
        # Only now: should handling fail, the event comes again after a restart instead of being lost.
        [ -z "$id" ] || cursor=$id attempt=0
        id='' event='' data=''
        ;;
    esac
  done
  exec 3<&-
}

# Waits anywhere between nothing and 0.25 s, 0.5 s, 1 s … 32 s. Jitter spreads the clients of a server that restarts: without
# it all would come back at the same moments.
backoff() {
  local wait=$((slot + RANDOM % (250 << (attempt < 7 ? attempt : 7))))
  log info reconnecting "\"attempt\":$attempt,\"status\":\"$status\",\"wait_ms\":$wait"
  attempt=$((attempt + 1)) slot=0
  sleep "$((wait / 1000)).$(printf %03d $((wait % 1000)))" &
  pid=$!
  wait "$pid" || true # a signal ends this at once
}

stop() { stopping=yes; log info stopping; kill "$pid" 2>/dev/null || true; }
trap stop INT TERM

until [ -n "$stopping" ]; do
  follow
  case $status in
    000 | 200 | 429 | 5??) ;;
    *) log error "refused" "\"status\":$status"; exit 1 ;; # this would come again
  esac
  [ -n "$stopping" ] || backoff
done
log info stopped "\"cursor\":\"$cursor\""
