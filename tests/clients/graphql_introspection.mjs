// The schema as npm's graphql sees it:
//   graphql_introspection.mjs query             the whole introspection query
//   graphql_introspection.mjs print             the SDL of the introspection's data on the standard input
//   graphql_introspection.mjs print-sdl SCHEMA  the same of a file with SDL
import { readFileSync } from "node:fs";
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema } from "graphql";

const ALL = { descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true };
const [what, file] = process.argv.slice(2);
const print = (schema) => console.log(printSchema(lexicographicSortSchema(schema)));
if (what === "query") console.log(getIntrospectionQuery(ALL));
else if (what === "print") print(buildClientSchema(JSON.parse(readFileSync(0, "utf8"))));
else print(buildSchema(readFileSync(file, "utf8")));
