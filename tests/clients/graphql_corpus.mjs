// Prints random GraphQL documents, every second one broken, each with the verdict of npm's graphql: a JSON object a line.
//   graphql_corpus.mjs COUNT SEED
// The verdict is "ok", "types" where types are defined, or line and column of the first error.
import { parse, GraphQLError } from "graphql";
import { choices } from "./graphql_random.mjs";

const [count, seed] = process.argv.slice(2).map(Number);
const { random, pick, maybe, several } = choices(seed);

const NAMES = ["a", "b", "incident", "on", "type", "query", "null", "true", "fragment", "_x", "A9", "input", "severity", "__typename"];
const name = () => pick(NAMES);
const gap = () => pick([" ", " ", " ", "\n", "\r\n", "\r", ",", "\t", " # a note é\n", "\ufeff", ", "]);
const number = () => pick(["0", "-0", "7", "-12", "1.5", "-0.25e+10", "1E3", "1e-2", "123456789012345678901"]);
const ESCAPES = ["\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\u{1F600}", "\\uD83D\\uDE00", "\\u{0}", "\\t"];
const text = () => Array.from({ length: random(5) }, () => pick(["a", " ", "é", "😀", "#", "{", "}", "\t", "'", ...ESCAPES])).join("");
const blockText = () => Array.from({ length: random(7) }, () => pick(["a", " ", "  ", "\n", "\r\n", "\r", "é", "\\n", "\\\"\"\"", "\"", "\n    b", "\t"])).join("").replace(/"+$/, "");
const string = () => (random(3) ? `"${text()}"` : `"""${blockText()}"""`);
const value = (depth, constant) => {
  const kind = random(depth > 0 ? 7 : 5);
  if (kind === 0) return number();
  if (kind === 1) return string();
  if (kind === 2) return pick(["true", "false", "null"]);
  if (kind === 3) return name();
  if (kind === 4) return constant ? "1" : "$" + name();
  if (kind === 5) return `[${maybe(() => several(() => value(depth - 1, constant), 3, gap()))}]`;
  return `{${maybe(() => several(() => `${name()}: ${value(depth - 1, constant)}`, 3, gap()))}}`;
};
const args = (constant) => maybe(() => `(${several(() => `${name()}${maybe(gap, 20)}:${gap()}${value(2, constant)}`, 3, gap())})`, 40);
const directives = (constant = false) => maybe(() => several(() => `@${name()}${args(constant)}`, 2, gap()), 20);
const type = (depth) => (depth > 0 && random(3) === 0 ? `[${type(depth - 1)}]` : name()) + maybe(() => "!", 40);
const selections = (depth) => `{${gap()}${several(() => selection(depth - 1), 4, gap())}${gap()}}`;
const selection = (depth) => {
  const kind = random(6);
  if (kind === 0) return `...${maybe(gap)}${pick(["Some", "b", "x"])}${gap()}${directives()}`;
  if (kind === 1 && depth > 0) return `... ${maybe(() => `on ${name()}`)} ${directives()} ${selections(depth)}`;
  return `${maybe(() => `${name()}${maybe(gap, 20)}:${gap()}`, 30)}${name()}${args(false)} ${directives()}${depth > 0 ? maybe(() => selections(depth), 40) : ""}`;
};
const variables = () => maybe(() => `(${several(() => `${maybe(() => string() + gap(), 5)}$${name()}: ${type(2)} ${maybe(() => `= ${value(2, true)}`, 40)} ${directives(true)}`, 3, gap())})`, 40);
const operation = () => (random(4) === 0 ? selections(3)
  : `${pick(["query", "mutation", "subscription"])} ${maybe(name)}${variables()} ${directives()} ${selections(3)}`);
const fragment = () => `fragment ${pick(["Some", "b", "x"])} on ${name()} ${directives()} ${selections(2)}`;
const described = (make) => maybe(() => string() + gap(), 5) + make();
const document = () => several(() => described(random(3) ? operation : fragment), 3, gap());

const JUNK = ["{", "}", "(", ")", "[", "]", "!", "$", "@", ":", "=", "...", "..", ".", "|", "&", "\"", "\"\"\"", "\\", "~", "?", "é", "😀", "0", "01", "1.", "1e",
  "-", "1a", "#", "\n", "on", "\u0007", "\\u", "\"\\u{110000}\"", "\"\\uD800\"", "\"\\x\"", "\"\\u12\"", "$x", "%"];
const broken = (good) => {
  const characters = [...good];
  for (let n = 1 + random(2); n > 0; --n) {
    const at = random(characters.length + 1);
    const how = random(3);
    if (how === 0) characters.splice(at, 1);
    else if (how === 1) characters.splice(at, 0, pick(JUNK));
    else characters.length = at;
  }
  return characters.join("");
};

const isExecutable = (parsed) => parsed.definitions.every(({ kind }) => kind === "OperationDefinition" || kind === "FragmentDefinition");

for (let i = 0; i < count; ++i) {
  const text = i % 2 ? broken(document()) : document();
  let verdict;
  try {
    verdict = isExecutable(parse(text, { noLocation: true })) ? "ok" : "types";
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    verdict = `${error.locations[0].line} ${error.locations[0].column}`;
  }
  console.log(JSON.stringify({ text, verdict }));
}
