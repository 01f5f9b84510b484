// Prints random operations over random events, each with what npm's graphql answers: a JSON object a line.
//   graphql_oracle.mjs SCHEMA COUNT SEED
// The schema's SDL is executed over the event's own JSON, by resolvers that know nothing but the rules of docs/protocol.md.
import { readFileSync } from "node:fs";
import { buildSchema, execute, getNamedType, getNullableType, isEnumType, isLeafType, isListType, isNonNullType, parse } from "graphql";

const [schemaFile, ...numbers] = process.argv.slice(2);
const [count, seed] = numbers.map(Number);
const schema = buildSchema(readFileSync(schemaFile, "utf8"));
let state = seed >>> 0 || 1;
const random = (n) => {
  state ^= state << 13; state >>>= 0; state ^= state >>> 17; state ^= state << 5; state >>>= 0;
  return state % n;
};
const pick = (list) => list[random(list.length)];
const chance = (percent) => random(100) < percent;

// ---- events, in the contract's JSON ----

const hex = (digits) => Array.from({ length: digits }, () => random(16).toString(16)).join("");
const uuid = () => `${hex(8)}-${hex(4)}-7${hex(3)}-8${hex(3)}-${hex(12)}`;
const time = () => `20${10 + random(80)}-0${1 + random(9)}-1${random(10)}T0${random(10)}:${10 + random(50)}:${10 + random(50)}.${100000 + random(900000)}Z`;
const text = () => Array.from({ length: random(6) }, () => pick(["a", "\"", "\\", "\n", "\u0001", "é", "😀", "\u2028", "</", " b ", "\u007f"])).join("");
const several = (make) => Array.from({ length: random(4) }, make);
const map = () => Object.fromEntries(several(() => [pick(["z", "b", "a", "é", "k\"", "0"]), text()]));
const SEVERITIES = ["P0", "P1", "P2", "P3", "P4"];
const STATES = ["Detected", "Triaged", "Investigating", "Remediating", "Resolved", "Closed"];
const KINDS = ["Infrastructure", "Application", "Security", "Data", "Performance", "Availability", "Compliance", "Unknown"];
// What may be left out often is; what must be there is missing now and then, so that null goes up.
const object = (fields, mayMiss, missing) => Object.fromEntries(Object.entries(fields).filter(([name]) => !chance(mayMiss.includes(name) ? 40 : missing.includes(name) ? 8 : 0)).map(([name, make]) => [name, make()]));

const resolution = () => object({ resolved_at: time, resolved_by: text, resolution_method: () => pick(["Automated", "Manual", "AutoAssistedManual"]), root_cause: text, notes: text },
  ["resolution_method", "notes"], ["resolved_at"]);
const entry = () => object({ timestamp: time, event_type: text, actor: text, description: text, metadata: map }, ["metadata"], ["timestamp"]);
const note = () => object({ id: uuid, author: text, content: text, created_at: time }, [], ["id", "created_at"]);
const incident = () => object({
  id: uuid, created_at: time, updated_at: time, state: () => pick(STATES), severity: () => pick(SEVERITIES), incident_type: () => pick(KINDS), source: text, title: text,
  description: text, affected_resources: () => several(text), labels: map, metadata: map, related_incidents: () => several(uuid), active_playbook: uuid, resolution,
  timeline: () => several(entry), assignees: () => several(text), notes: () => several(note), fingerprint: text, correlation_score: () => random(1000) / 8,
}, ["created_at", "incident_type", "active_playbook", "resolution", "fingerprint", "correlation_score", "severity"], ["id"]);
const alert = () => object({
  id: uuid, external_id: text, source: text, timestamp: time, received_at: time, severity: () => pick(SEVERITIES), alert_type: () => pick(KINDS), title: text, description: text,
  labels: map, affected_services: () => several(text), runbook_url: text, annotations: map, incident_id: uuid, deduplicated: () => chance(50), parent_alert_id: uuid,
  status: () => pick(["Firing", "Acknowledged", "Resolved"]), fingerprint: text,
}, ["runbook_url", "incident_id", "parent_alert_id", "status", "timestamp", "alert_type"], ["id"]);

const PAYLOADS = {
  incident_created: () => ({}), incident_resolved: () => ({}), incident_closed: () => ({}),
  incident_updated: () => (chance(50) ? { previous_state: pick(STATES) } : {}),
  alert_received: () => ({ alert: alert() }),
  alert_converted: (id) => ({ alert: alert(), incident_id: id }),
  escalated: (id) => ({ incident_id: id, from_severity: pick(SEVERITIES), to_severity: pick(SEVERITIES), reason: text() }),
  playbook_started: (id) => ({ incident_id: id, playbook_id: uuid(), playbook_name: text() }),
  playbook_action_executed: (id) => ({ incident_id: id, playbook_id: uuid(), action_name: text(), success: chance(50), message: text() }),
  playbook_completed: (id) => ({ incident_id: id, playbook_id: uuid(), success: chance(50), actions_executed: random(9) }),
  notification_sent: (id) => ({ incident_id: id, channel: text(), success: chance(50) }),
  assignment_changed: (id) => ({ incident_id: id, assignees: several(text) }),
  comment_added: (id) => ({ incident_id: id, author: text(), comment: text() }),
  system_event: () => ({ category: text(), message: text(), metadata: map() }),
};
const event = () => {
  const type = pick(Object.keys(PAYLOADS));
  const about = type === "alert_received" || type === "system_event" ? undefined : incident();
  const made = object({ id: uuid, sequence: () => 1 + random(1e9), epoch: () => 1 + random(2 ** 31), time, type: () => type, priority: () => pick(["Low", "Normal", "High", "Critical"]),
    actor: text, traceparent: text }, [], ["id", "time", "priority"]);
  if (about) made.incident = about;
  if (about && chance(40)) made.before = { state: pick(STATES) };
  return { ...made, ...PAYLOADS[type](about?.id ?? uuid()) };
};

// ---- what the schema's fields say of them ----

const snake = (name) => name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
const enumName = (name) => name.replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase();
const sorted = (value) => Object.fromEntries(Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
const stateBefore = (of) => of.previous_state ?? of.before?.state;
const changesState = (of) => stateBefore(of) !== undefined && stateBefore(of) !== of.incident?.state;
const updateType = (of) => ({
  incident_created: "CREATED", incident_resolved: "RESOLVED", incident_closed: "STATE_CHANGED", assignment_changed: "ASSIGNED", comment_added: "COMMENT_ADDED",
  incident_updated: changesState(of) ? "STATE_CHANGED" : "UPDATED",
})[of.type] ?? "UPDATED";

let inSubscription = false;
const special = {
  "Incident.assignedTo": (of) => of.assignees?.[0] ?? null,
  "Incident.resolvedAt": (of) => of.resolution?.resolved_at ?? null,
  "Incident.timeline": (of) => (inSubscription ? null : of.timeline ?? []),
  "Incident.notes": (of) => (inSubscription ? null : of.notes ?? []),
  "Incident.alerts": (of) => (inSubscription ? null : of.alerts ?? []),
  "Event.incidentId": (of) => of.incident_id ?? of.incident?.id ?? null,
  "Event.cursor": (of) => `${of.epoch.toString(16)}-${of.sequence.toString(16)}`,
};
const whenLeftOut = (type) => {
  const named = getNamedType(type).name;
  if (!isNonNullType(type)) return null;
  if (isListType(getNullableType(type))) return [];
  return { Map: {}, String: "", Boolean: false, Int: 0, AlertStatus: "FIRING" }[named] ?? null;
};
const fieldResolver = (of, _args, _context, { parentType, fieldName, returnType }) => {
  const own = special[`${parentType.name}.${fieldName}`];
  const root = ["Query", "Subscription"].includes(parentType.name);
  let value = own ? own(of) : of[root ? fieldName : snake(fieldName)];
  if (value === undefined) value = whenLeftOut(returnType);
  const named = getNamedType(returnType);
  if (named.name === "UUID" && value === "") return null;
  if (named.name === "Map" && value !== null) return sorted(value);
  return isEnumType(named) && typeof value === "string" ? enumName(value) : value;
};

// ---- operations ----

let fragments = [];
const directive = () => (chance(12) ? ` ${pick(["@skip", "@include"])}(if: ${pick(["true", "false", "$yes", "$no"])})` : "");
const selectField = (field, depth) => {
  const named = getNamedType(field.type);
  if (!isLeafType(named) && depth === 0) return "__typename";
  const alias = chance(20) ? `x_${field.name}: ` : "";
  return `${alias}${field.name}${directive()}${isLeafType(named) ? "" : ` {${selections(named, depth - 1)}}`}`;
};
const selection = (type, depth) => {
  const kind = random(12);
  if (kind === 0) return chance(50) ? "__typename" : "x__typename: __typename";
  if (kind === 1 && depth > 0) return `...${chance(60) ? ` on ${type.name}` : ""}${directive()} {${selections(type, depth - 1)}}`;
  if (kind === 2 && depth > 0) {
    const known = fragments.filter((fragment) => fragment.on === type.name && fragment.text);
    if (known.length && chance(50)) return `...${pick(known).name}${directive()}`;
    const made = { name: `f${fragments.length}`, on: type.name };
    fragments.push(made);
    made.text = `fragment ${made.name} on ${type.name} {${selections(type, depth - 1)}}`;
    return `...${made.name}${directive()}`;
  }
  return selectField(pick(Object.values(type.getFields())), depth);
};
const selections = (type, depth) => ["__typename", ...Array.from({ length: 1 + random(5) }, () => selection(type, depth))].slice(random(2)).join(pick([" ", ", ", "\n"]));
const VARIABLES = "$yes: Boolean! = true, $no: Boolean!";
const used = (body) => { // every variable that is defined is used
  const of = VARIABLES.split(", ").filter((variable) => body.includes(variable.slice(0, variable.indexOf(":"))));
  return of.length ? `(${of.join(", ")})` : "";
};
const operation = () => {
  fragments = [];
  inSubscription = chance(70);
  const field = inSubscription ? pick(Object.values(schema.getSubscriptionType().getFields())) : schema.getQueryType().getFields().incident;
  const id = inSubscription ? "" : "(id: \"0190a000-0000-7000-8000-0000000000aa\")";
  const root = () => `${field.name}${id} {${selections(getNamedType(field.type), 4)}}`;
  const roots = inSubscription ? (chance(20) ? `r: ${root()}` : root()) : Array.from({ length: 1 + random(3) }, root).join(" ");
  const body = `{ ${roots} }\n${fragments.map((fragment) => fragment.text).join("\n")}`;
  return { field: field.name, query: `${inSubscription ? "subscription" : "query"} Q${used(body)} ${body}` };
};

const valueOf = (field, of) => {
  const incidentId = of.incident?.id;
  switch (field) {
    case "incidentUpdates": return { update_type: updateType(of), incident_id: incidentId, timestamp: of.time ?? "1970-01-01T00:00:00.000000Z", incident: of.incident };
    case "incidentStateChanges": return { incident_id: incidentId, old_state: stateBefore(of), new_state: of.incident?.state, changed_by: of.actor, timestamp: of.time ?? "1970-01-01T00:00:00.000000Z" };
    case "alerts": return of.type === "alert_received" ? of.alert : null;
    case "events": return of;
    default: return of.incident ?? null;
  }
};

for (let made = 0; made < count; ++made) {
  const { field, query } = operation();
  const of = event();
  const variables = { no: false };
  const line = { query, variables: query.includes("$no:") ? variables : {}, event: of };
  if (field === "incidentStateChanges" && !changesState(of)) {
    line.result = null;
  } else {
    const { data, errors = [] } = execute({ schema, document: parse(query), rootValue: { [field]: valueOf(field, of) }, variableValues: line.variables, fieldResolver });
    line.result = { data, paths: errors.map((error) => error.path), places: errors.map((error) => error.locations) };
  }
  console.log(JSON.stringify(line));
}
