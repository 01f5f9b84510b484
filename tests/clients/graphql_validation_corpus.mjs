// Prints random documents or requests of the bridge's schema, each with what npm's graphql makes of it: a JSON object a line.
//   graphql_validation_corpus.mjs SDL_FILE rules|validate|coerce COUNT SEED
// rules:    {text, rules: {"ScalarLeafs": [[[line, column], …], …], …}}
// validate: {text, places: [[[line, column], …], …]}
// coerce:   {query, variables, verdict: the coerced variables, or "bad"}
import { getVariableValues, GraphQLError, parse, specifiedRules, validate } from "graphql";
import { makeDocuments } from "./graphql_documents.mjs";
import { choices } from "./graphql_random.mjs";
import { tocsinSchema } from "./graphql_schema.mjs";

const [sdlFile, what, count, seed] = process.argv.slice(2);
const schema = tocsinSchema(sdlFile);
const { pick, ...rest } = choices(Number(seed));
const documents = makeDocuments(schema, { pick, ...rest });

const places = (errors) => errors.map(({ locations }) => locations.map(({ line, column }) => [line, column]));
const check = (document, rules) => places(validate(schema, document, rules, { maxErrors: Infinity }));
const byRule = (document) => {
  const broken = specifiedRules.map((rule) => [rule.name.replace(/Rule$/, ""), check(document, [rule])]);
  return Object.fromEntries(broken.filter(([, errors]) => errors.length));
};
const coerced = ({ query, variables }) => {
  const result = getVariableValues(schema, parse(query).definitions[0].variableDefinitions, variables);
  return result.errors ? "bad" : result.coerced;
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
  const { text, document } = parsed(() => (i % 4 === 0 ? documents.good() : documents.broken(1 + (i % 2))));
  console.log(JSON.stringify(what === "rules" ? { text, rules: byRule(document) } : { text, places: check(document, specifiedRules) }));
}
