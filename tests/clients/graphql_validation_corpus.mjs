// Prints random documents or requests of the bridge's schema, each with what npm's graphql makes of it: a JSON object a line.
//   graphql_validation_corpus.mjs SDL_FILE rules|validate|coerce|arguments COUNT SEED
// rules:    {text, rules: {"ScalarLeafs": [[[line, column], …], …], …}}
// validate: {text, places: [[[line, column], …], …]}
// coerce:   {query, variables, verdict: the coerced variables, or "bad"}
// arguments: the same of the arguments of the root field
import { getArgumentValues, getVariableValues, GraphQLError, parse, specifiedRules, validate } from "graphql";
import { makeDocuments } from "./graphql_documents.mjs";
import { choices } from "./graphql_random.mjs";
import { tocsinSchema } from "./graphql_schema.mjs";

const [sdlFile, what, count, seed] = process.argv.slice(2);
const schema = tocsinSchema(sdlFile);
const { pick, ...rest } = choices(Number(seed));
const documents = makeDocuments(schema, { pick, ...rest });

// How far introspection goes is no rule of the specification: the bridge has a bound for it (RequestBounds).
const RULES = specifiedRules.filter(({ name }) => name !== "MaxIntrospectionDepthRule");

const places = (errors) => errors.map(({ locations }) => locations.map(({ line, column }) => [line, column]));
const check = (document, rules) => places(validate(schema, document, rules, { maxErrors: Infinity }));
const byRule = (document) => {
  const broken = RULES.map((rule) => [rule.name.replace(/Rule$/, ""), check(document, [rule])]);
  return Object.fromEntries(broken.filter(([, errors]) => errors.length));
};
const coerced = ({ query, variables }) => {
  const result = getVariableValues(schema, parse(query).definitions[0].variableDefinitions, variables);
  return result.errors ? "bad" : result.coerced;
};

const argumentsOf = ({ query, variables, definition }) => {
  const operation = parse(query).definitions[0];
  const given = getVariableValues(schema, operation.variableDefinitions, variables);
  if (given.errors) return "bad";
  try {
    return getArgumentValues(definition, operation.selectionSet.selections[0], given.coerced);
  } catch {
    return "bad";
  }
};

// One that parses: a break may put a variable into a constant.
const parsed = (make) => {
  for (;;) {
    const text = make();
    try {
      return { text, document: parse(text) };
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
    }
  }
};

for (let i = 0; i < Number(count); ++i) {
  if (what === "coerce") {
    const request = documents.request();
    console.log(JSON.stringify({ ...request, verdict: coerced(request) }));
    continue;
  }
  if (what === "arguments") {
    const { definition, ...request } = documents.call();
    console.log(JSON.stringify({ ...request, verdict: argumentsOf({ ...request, definition }) }));
    continue;
  }
  const { text, document } = parsed(() => (i % 4 === 0 ? documents.good() : documents.broken(1 + (i % 2))));
  console.log(JSON.stringify(what === "rules" ? { text, rules: byRule(document) } : { text, places: check(document, RULES) }));
}
