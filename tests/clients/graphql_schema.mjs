// The bridge's schema in npm's graphql, with scalars that take what the bridge's take.
import { readFileSync } from "node:fs";
import { buildSchema, Kind } from "graphql";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|([+-])(\d\d):(\d\d))$/i;

const refuse = (value) => { throw new Error(`not ${JSON.stringify(value)}`); };
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

const daysIn = (year, month) => new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
const time = (text) => {
  const parts = typeof text === "string" && RFC3339.exec(text);
  if (!parts) return refuse(text);
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number);
  const good = year > 0 && month > 0 && month < 13 && day > 0 && day <= daysIn(year, month) && hour < 24 && minute < 60 && second < 60 &&
    (!parts[9] || (Number(parts[10]) < 24 && Number(parts[11]) < 60));
  if (!good) return refuse(text);
  const offset = parts[9] ? (parts[9] === "+" ? -1 : 1) * (Number(parts[10]) * 60 + Number(parts[11])) : 0;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute + offset, second);
  if (date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999) return refuse(text);
  const micros = ((parts[7] ?? ".") + "000000").slice(1, 7);
  return `${date.toISOString().slice(0, 19)}.${micros}Z`;
};

const PARSE = {
  UUID: (value) => (typeof value === "string" && UUID.test(value) ? value.toLowerCase() : refuse(value)),
  DateTime: time,
  Map: (value) => (isObject(value) && Object.values(value).every((text) => typeof text === "string") ? value : refuse(value)),
  UInt53: (value) => (Number.isSafeInteger(value) && value >= 0 ? value : refuse(value)),
};
const LITERAL = { UUID: Kind.STRING, DateTime: Kind.STRING, UInt53: Kind.INT };

// A variable within a map is looked at when it has a value.
const mapLiteral = (node, variables) => {
  if (node.kind !== Kind.OBJECT) return refuse(node.kind);
  const fields = node.fields.filter(({ value }) => value.kind !== Kind.VARIABLE || variables?.[value.name.value] !== undefined);
  return PARSE.Map(Object.fromEntries(fields.map(({ name, value }) => [name.value,
    value.kind === Kind.STRING ? value.value : value.kind === Kind.VARIABLE ? variables[value.name.value] : null])));
};

export const tocsinSchema = (sdlFile) => {
  const schema = buildSchema(readFileSync(sdlFile, "utf8"));
  for (const [name, parseValue] of Object.entries(PARSE)) {
    const type = schema.getType(name);
    type.parseValue = parseValue;
    type.parseLiteral = name === "Map" ? mapLiteral
      : (node) => (node.kind === LITERAL[name] ? parseValue(name === "UInt53" ? Number(node.value) : node.value) : refuse(node.kind));
  }
  return schema;
};
