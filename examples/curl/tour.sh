#!/usr/bin/env bash
# Everything that a bridge does, by curl: publish, report an alert, read, follow from a cursor, change, ask by GraphQL. Needs jq.
set -euo pipefail

url=${HTTP_URL:-http://localhost:8080}

# The token goes by a file descriptor: what stands on the command line, ps shows to everybody.
call() { # method, path, curl's further arguments
  local method=$1 path=$2
  shift 2
  echo "$method $path" >&2
  curl -sS --fail-with-body -X "$method" -H @<([ -z "${AUTH_TOKEN-}" ] || echo "Authorization: Bearer $AUTH_TOKEN") \
    -H 'Content-Type: application/json' "$@" "$url$path"
}

# An event. Its id makes a retry safe: the same id is appended once.
event=$(jq -n --arg id "$(cat /proc/sys/kernel/random/uuid)" '{id: $id, type: "incident_created",
  incident: {title: "API gateway down", source: "llm-sentinel", severity: "P0", labels: {env: "production"}}}')
published=$(call POST /v1/events -d "$event")
jq -c . <<<"$published"
cursor=$(jq -r '.events[0].cursor' <<<"$published")
call POST /v1/events -d "$event" | jq -c .

# An alert opens an incident, or joins the one that is open for it.
alert='{"title": "Disk full on db-1", "description": "97 %", "severity": "P1", "source": "prometheus", "alert_type": "Infrastructure"}'
opened=$(call POST /v1/alerts -H "Idempotency-Key: $RANDOM-$RANDOM" -d "$alert")
jq -c . <<<"$opened"
incident=$(jq -r .incident_id <<<"$opened")

# What is open, the newest first.
call GET '/v1/incidents?severity=P0,P1&active_only=true&page_size=5' | jq -c '.incidents[] | {severity, state, title}'

# What has happened after a cursor, as lines of JSON; as server-sent events with Accept: text/event-stream. A stream goes on for
# ever: here for two seconds.
call GET /v1/events -N --no-show-error --max-time 2 -H 'Accept: application/x-ndjson' -H "Last-Event-ID: $cursor" |
  jq -c 'select(.type == "event") | {message_id, event: .event.event_type, title: (.event.incident.title // .event.alert.title)}' || true

# Changes.
call POST "/v1/incidents/$incident/comments" -d '{"author": "ann", "comment": "Old logs deleted."}' | jq -c '.notes[]'
call POST "/v1/incidents/$incident/resolve" -d '{"resolved_by": "ann", "root_cause": "log rotation was off"}' | jq -c .resolution

# GraphQL: just the fields that are asked for.
call POST /graphql -d "$(jq -n --arg id "$incident" '{variables: {id: $id},
  query: "query ($id: UUID!) { incident(id: $id) { title state resolution { rootCause } timeline { timestamp description } } }"}')" | jq -c .data
