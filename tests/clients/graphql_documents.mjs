// Random documents of the bridge's schema: valid ones, and ones that are broken in one or two ways.
import { isEnumType, isInputObjectType, isLeafType, isListType, isNonNullType, isObjectType, getNamedType, Kind, parse, print, visit } from "graphql";

const UUIDS = ['"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"', '"0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5C"'];

export const makeDocuments = (schema, { random, pick, chance, several }) => {
  const fragmentNames = ["F0", "F1", "F2", "F3"];
  let variables, variableTypes = [], fragments, made;

  const scalar = (name) => ({
    Int: () => pick(["0", "-7", "2147483647"]),
    Float: () => pick(["1", "0.5", "-1e3"]),
    String: () => pick(['"a"', '"db-1"', '"""block"""']),
    Boolean: () => pick(["true", "false"]),
    UUID: () => pick(UUIDS),
    DateTime: () => pick(['"2026-01-02T03:04:05Z"', '"2026-01-02T03:04:05.25+01:00"']),
    Map: () => pick(["{}", '{env: "prod"}', '{a: "b", c: "d"}']),
    UInt53: () => pick(["0", "9007199254740991"]),
  })[name]();

  const literal = (type, depth, constant) => {
    if (isNonNullType(type)) return literal(type.ofType, depth, constant);
    if (isListType(type)) return chance(25) ? value(type.ofType, depth - 1, constant) : `[${several(() => value(type.ofType, depth - 1, constant), 2)}]`;
    if (isEnumType(type)) return pick(type.getValues()).name;
    if (!isInputObjectType(type)) return scalar(type.name);
    const fields = Object.values(type.getFields()).filter((field) => isNonNullType(field.type) || (depth > 0 && chance(30)));
    return `{${fields.map((field) => `${field.name}: ${value(field.type, depth - 1, constant, field.defaultValue !== undefined)}`).join(", ")}}`;
  };
  // A literal, null, or a variable that is declared for it.
  const value = (type, depth, constant, hasDefault = false) => {
    if (!constant && chance(25)) return variable(type, hasDefault);
    return !isNonNullType(type) && chance(10) ? "null" : literal(type, depth, constant);
  };
  const variable = (type, hasDefault) => {
    const name = `v${variables.length}`;
    const stricter = !isNonNullType(type) && chance(30) ? `${type}!` : String(type);
    const looser = isNonNullType(type) && (hasDefault || chance(30)) ? String(type.ofType) : stricter;
    variableTypes.push({ name, type });
    const needsDefault = isNonNullType(type) && looser === String(type.ofType) && !hasDefault;
    const withDefault = needsDefault || chance(30) ? ` = ${literal(type, 1, true)}` : "";
    variables.push(`$${name}: ${looser}${withDefault}`);
    return `$${name}`;
  };

  const args = (definitions) => {
    const given = definitions.filter((argument) => isNonNullType(argument.type) && argument.defaultValue === undefined || chance(40));
    if (!given.length) return "";
    return `(${given.map((argument) => `${argument.name}: ${value(argument.type, 2, false, argument.defaultValue !== undefined)}`).join(", ")})`;
  };
  const condition = () => (chance(8) ? ` @${pick(["include", "skip"])}(if: ${value(schema.getDirective("skip").args[0].type, 1, false)})` : "");

  const field = (definition, depth, taken, root) => {
    const text = `${definition.name}${args(definition.args)}`;
    let alias = "";
    if (taken.has(definition.name) || chance(10)) alias = `a${made++}: `;
    else taken.add(definition.name);
    return `${alias}${text}${root ? "" : condition()}${isLeafType(getNamedType(definition.type)) ? "" : ` ${selections(getNamedType(definition.type), depth - 1)}`}`;
  };
  const introspection = () => (chance(50) ? `__schema ${selections(schema.getType("__Schema"), 3)}` : `__type(name: "Incident") ${selections(schema.getType("__Type"), 3)}`);

  const selection = (type, depth, taken, root) => {
    const fields = Object.values(type.getFields()).filter(({ type: of }) => depth > 0 || isLeafType(getNamedType(of)));
    const kind = random(20);
    if (!root && kind === 0) return "__typename";
    if (!root && kind === 1 && depth > 0) return `...${chance(60) ? ` on ${type}` : ""}${condition()} { ${selection(type, depth - 1, taken, root)} }`;
    if (!root && kind === 2) {
      const fits = fragments.filter((fragment) => fragment.type === type);
      if (fits.length) return `...${pick(fits).name}${condition()}`;
    }
    if (type === schema.getQueryType() && kind === 3 && !taken.has("intro")) { taken.add("intro"); return introspection(); }
    return fields.length ? field(pick(fields), depth, taken, root) : "__typename";
  };
  const selections = (type, depth, root = false) => {
    const taken = new Set();
    return `{ ${Array.from({ length: root ? 1 : 1 + random(4) }, () => selection(type, depth, taken, root)).join(" ")} }`;
  };

  const fragment = (name) => {
    const type = pick(Object.values(schema.getTypeMap()).filter((one) => isObjectType(one) && !one.name.startsWith("__") && one.name !== "Subscription"));
    const before = fragments;
    fragments = [];  // none within: no cycle
    const text = `fragment ${name} on ${type} ${selections(type, 2)}`;
    fragments = [...before, { name, type, text }];
  };

  const operation = (name) => {
    variables = [];
    variableTypes = [];
    const kind = pick(["query", "query", "mutation", "subscription", "subscription"]);
    const type = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[kind];
    const body = selections(type, 3, kind === "subscription");
    const declared = variables.length ? `(${variables.join(", ")})` : "";
    return `${kind} ${name}${declared} ${body}`;
  };

  const good = () => {
    made = 0;
    fragments = [];
    variables = [];
    for (const name of fragmentNames.slice(0, random(4))) {
      const known = variables.length;
      fragment(name);
      if (variables.length > known) { fragments.pop(); variables.length = known; }  // an operation would have to declare them
    }
    const operations = [operation("A"), ...(chance(15) ? [operation("B")] : [])];
    const text = operations.join("\n");
    return [text, ...fragments.filter(({ name }) => text.includes(`...${name}`)).map((one) => one.text)].join("\n");
  };

  // ---- breaking ----

  const nodes = (document, ...kinds) => {
    const found = [];
    visit(document, { enter(node) { if (kinds.includes(node.kind)) found.push(node); } });
    return found;
  };
  const one = (document, kinds, good = () => true) => {
    const found = nodes(document, ...kinds).filter(good);
    return found.length ? pick(found) : undefined;
  };
  const nameNode = (value) => ({ kind: Kind.NAME, value });
  const typeNames = ["Incident", "Alert", "Health", "Severity", "String", "UUID", "AlertInput", "Boolean", "Nothing", "__Type", "ID", "Query"];
  const parseArgument = (text) => parse(`{a(${text})}`).definitions[0].selectionSet.selections[0].arguments[0];
  const randomValue = () => parseArgument(`a: ${pick(["1", "-1", "1.5", '"x"', "true", "null", "P0", "P9", "[]", "{}", "[P0, 1]", "[[P0]]", '{a: "b"}', "{a: 1}", "{severities: P0}",
    "{severities: [P0, null]}", "2147483648", "9007199254740992", '"2026-01-02T03:04:05Z"', UUIDS[0], "$v0", "[$v0]", "{labels: {a: $v0}}", '{a: "b", a: "c"}', "{source: \"a\", title: null}"])}`).value;
  const randomField = () => parse(`{ ${pick(["id", "title", "hub", "x: id", "x: title", "__typename", "severity", "nothing", "source(a: 1)", "... on Incident { id }", "... on Alert { id }", "...F0", "...F9", "incidents { total }",
    "incidents { items { id } }", "newIncidents { id }", "alerts { id }"])} }`).definitions[0].selectionSet.selections[0];
  const randomDirective = () => parse(`{ a ${pick(["@skip(if: true)", "@include(if: false)", "@skip", "@skip(if: 1)", "@skip(if: $v0)", "@nothing", "@deprecated", "@include(if: true, zz: 1)", '@specifiedBy(url: "x")', "@include(if: null)"])} }`)
    .definitions[0].selectionSet.selections[0].directives[0];

  const BREAKS = {
    renameField: (document) => { const node = one(document, [Kind.FIELD]); node.name = nameNode(pick(["id", "nothing", "titel", "severity", "hub", "__typename", "__schema"])); },
    aliasToSibling: (document) => {
      const set = one(document, [Kind.SELECTION_SET], (node) => node.selections.filter(({ kind }) => kind === Kind.FIELD).length > 1);
      if (!set) return;
      const fields = set.selections.filter(({ kind }) => kind === Kind.FIELD);
      pick(fields).alias = nameNode((pick(fields).alias ?? pick(fields).name).value);
    },
    duplicateField: (document) => {
      const set = one(document, [Kind.SELECTION_SET], (node) => node.selections.some(({ kind }) => kind === Kind.FIELD));
      const copy = structuredClone(pick(set.selections.filter(({ kind }) => kind === Kind.FIELD)));
      if (chance(60) && copy.arguments.length) pick(copy.arguments).value = randomValue();
      if (chance(30) && copy.selectionSet) copy.selectionSet.selections.push(randomField());
      set.selections.push(copy);
    },
    addField: (document) => { one(document, [Kind.SELECTION_SET]).selections.splice(random(2), 0, randomField()); },
    addSelection: (document) => { const node = one(document, [Kind.FIELD], ({ selectionSet }) => !selectionSet); if (node) node.selectionSet = { kind: Kind.SELECTION_SET, selections: [randomField()] }; },
    dropSelection: (document) => { const node = one(document, [Kind.FIELD], ({ selectionSet }) => selectionSet); if (node) delete node.selectionSet; },
    wrapInline: (document) => {
      const set = one(document, [Kind.SELECTION_SET]);
      const typeCondition = chance(80) ? { kind: Kind.NAMED_TYPE, name: nameNode(pick(typeNames)) } : undefined;
      set.selections.push({ kind: Kind.INLINE_FRAGMENT, typeCondition, directives: [], selectionSet: { kind: Kind.SELECTION_SET, selections: [randomField(), randomField()] } });
    },
    renameArgument: (document) => { const node = one(document, [Kind.ARGUMENT]); if (node) node.name = nameNode(pick(["id", "filter", "severties", "zz", "if"])); },
    addArgument: (document) => { const node = one(document, [Kind.FIELD]); node.arguments.push(parseArgument(`${pick(["id", "filter", "zz", "severities"])}: 1`)); },
    duplicateArgument: (document) => { const node = one(document, [Kind.FIELD, Kind.DIRECTIVE], (has) => has.arguments?.length); if (node) node.arguments.push(structuredClone(pick(node.arguments))); },
    dropArgument: (document) => { const node = one(document, [Kind.FIELD, Kind.DIRECTIVE], (has) => has.arguments?.length); if (node) node.arguments.splice(random(node.arguments.length), 1); },
    changeValue: (document) => { const node = one(document, [Kind.ARGUMENT, Kind.OBJECT_FIELD]); if (node) node.value = randomValue(); },
    changeDefault: (document) => { const node = one(document, [Kind.VARIABLE_DEFINITION]); if (node) { const made = randomValue(); if (!nodes(made, Kind.VARIABLE).length) node.defaultValue = made; } },
    duplicateObjectField: (document) => { const node = one(document, [Kind.OBJECT], ({ fields }) => fields.length); if (node) node.fields.push(structuredClone(pick(node.fields))); },
    renameObjectField: (document) => { const node = one(document, [Kind.OBJECT_FIELD]); if (node) node.name = nameNode(pick(["severities", "sevrities", "title", "zz"])); },
    dropObjectField: (document) => { const node = one(document, [Kind.OBJECT], ({ fields }) => fields.length); if (node) node.fields.splice(random(node.fields.length), 1); },
    addDirective: (document) => {
      const node = one(document, [Kind.FIELD, Kind.FRAGMENT_SPREAD, Kind.INLINE_FRAGMENT, Kind.OPERATION_DEFINITION, Kind.FRAGMENT_DEFINITION, Kind.VARIABLE_DEFINITION]);
      const directive = randomDirective();
      if (node.kind !== Kind.VARIABLE_DEFINITION || !nodes(directive, Kind.VARIABLE).length) node.directives.push(directive);
    },
    duplicateDirective: (document) => { const node = one(document, [Kind.FIELD, Kind.FRAGMENT_SPREAD, Kind.INLINE_FRAGMENT], ({ directives }) => directives.length); if (node) node.directives.push(structuredClone(node.directives[0])); },
    changeType: (document) => { const node = one(document, [Kind.NAMED_TYPE]); if (node) node.name = nameNode(pick(typeNames)); },
    wrapType: (document) => {
      const node = one(document, [Kind.VARIABLE_DEFINITION]);
      if (!node) return;
      if (node.type.kind === Kind.NON_NULL_TYPE) node.type = node.type.type;
      else node.type = chance(50) ? { kind: Kind.NON_NULL_TYPE, type: node.type } : { kind: Kind.LIST_TYPE, type: node.type };
    },
    renameVariable: (document) => { const node = one(document, [Kind.VARIABLE]); if (node) node.name = nameNode(pick(["v0", "v1", "zz"])); },
    dropVariable: (document) => { const node = one(document, [Kind.OPERATION_DEFINITION], ({ variableDefinitions }) => variableDefinitions.length); if (node) node.variableDefinitions.splice(random(node.variableDefinitions.length), 1); },
    addVariable: (document) => {
      const node = one(document, [Kind.OPERATION_DEFINITION]);
      node.variableDefinitions.push(parse(`query ($${pick(["v0", "v1", "zz"])}: ${pick(["Int", "[Severity!]", "UUID!", "Incident", "Nothing", "[Query]!", "ID"])}) { a }`).definitions[0].variableDefinitions[0]);
    },
    renameFragment: (document) => { const node = one(document, [Kind.FRAGMENT_SPREAD, Kind.FRAGMENT_DEFINITION]); if (node) node.name = nameNode(pick([...fragmentNames, "F9"])); },
    addFragment: (document) => { document.definitions.push(parse(`fragment ${pick(fragmentNames)} on ${pick(typeNames)} { ${pick(["id", "title ...F0", "...F1", "...F2 ...F0", "id { a }"])} }`).definitions[0]); },
    duplicateFragment: (document) => {
      const node = one(document, [Kind.FRAGMENT_DEFINITION]) ?? parse("fragment F3 on Health { hub }").definitions[0];
      document.definitions.push(node, structuredClone(node));
    },
    spreadInFragment: (document) => {
      const node = one(document, [Kind.FRAGMENT_DEFINITION]);
      if (node) node.selectionSet.selections.push(parse(`{ ...${pick(fragmentNames)} }`).definitions[0].selectionSet.selections[0]);
    },
    dropDefinition: (document) => { if (document.definitions.length > 1) document.definitions.splice(random(document.definitions.length), 1); },
    duplicateOperation: (document) => { const node = one(document, [Kind.OPERATION_DEFINITION]); if (node) document.definitions.push(structuredClone(node)); },
    addAnonymous: (document) => { document.definitions.push(parse(pick(["{ health { hub } }", "{ nothing }", "query ($v0: Int) { __typename }"])).definitions[0]); },
    nameOperation: (document) => { const node = one(document, [Kind.OPERATION_DEFINITION]); if (node) node.name = chance(50) ? undefined : nameNode(pick(["A", "B"])); },
    changeOperation: (document) => { const node = one(document, [Kind.OPERATION_DEFINITION]); if (node) node.operation = pick(["query", "mutation", "subscription"]); },
    dropOperation: (document) => { if (document.definitions.length > 1) document.definitions.shift(); },
  };

  // graphql 16 still looks at @skip and @include on a subscription's root fields, and throws where a variable decides; the
  // specification does not let them stand there.
  const dropConditions = (selections) => {
    for (const selection of selections) {
      selection.directives = selection.directives.filter(({ name }) => name.value !== "skip" && name.value !== "include");
      if (selection.kind === Kind.INLINE_FRAGMENT) dropConditions(selection.selectionSet.selections);
    }
  };

  const broken = (times) => {
    const document = structuredClone(parse(good(), { noLocation: true }));
    for (let i = 0; i < times; ++i) {
      try { BREAKS[pick(Object.keys(BREAKS))](document); } catch (error) { if (!(error instanceof TypeError)) throw error; }  // nothing is left to break
    }
    for (const { operation, selectionSet } of document.definitions) {
      if (operation === "subscription") dropConditions(selectionSet.selections);
    }
    return print(document);
  };

  // ---- values of variables ----

  const json = (type, depth) => {
    if (chance(4)) return pick([null, 1, -1, 1.5, "x", true, [], {}, [null], { a: "b" }, { zz: 1 }, "P9", 2147483648, 9007199254740992, 3.0, 1e3]);
    if (isNonNullType(type)) return json(type.ofType, depth);
    if (chance(6)) return null;
    if (isListType(type)) return chance(25) ? json(type.ofType, depth) : Array.from({ length: random(3) }, () => json(type.ofType, depth - 1));
    if (isEnumType(type)) return pick(type.getValues()).name;
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter((field) => (isNonNullType(field.type) && !chance(3)) || (depth > 0 && chance(30)));
      return Object.fromEntries([...fields.map((field) => [field.name, json(field.type, depth - 1)]), ...(chance(3) ? [["zz", 1]] : [])]);
    }
    return pick({
      Int: [0, -7, 2147483647, -2147483648, 3.0, 2147483648], Float: [1, 0.5, -1e3, 1e300], String: ["a", "", "é😀"], Boolean: [true, false],
      UUID: UUIDS.map((text) => JSON.parse(text)).concat(["0190a1b2c3d47e5f8a9b0c1d2e3f4a5b"]), ID: ["a", 7, 1.5], UInt53: [0, 9007199254740991, 9007199254740992, -1],
      DateTime: ["2026-01-02T03:04:05Z", "2026-01-02t03:04:05.123456789-23:59", "2024-02-29T23:59:59+01:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-02", "0001-01-01T00:00:00+01:00"],
      Map: [{}, { a: "b" }, { a: 1 }, []],
    }[type.name]);
  };
  const request = () => {
    const inputs = ["Int", "Float", "String", "Boolean", "UUID", "UInt53", "DateTime", "Map", "Severity", "IncidentFilter", "EventFilter", "AlertInput", "IncidentInput", "IncidentPatch", "ResolutionInput"];
    const wanted = Array.from({ length: 1 + random(3) }, (_, i) => {
      const name = pick(inputs);
      const written = pick([name, name, `${name}!`, `[${name}!]`, `[${name}]!`, `[[${name}]]`]);
      return { name: `v${i}`, written, type: schema.getType(name), list: written.includes("[") };
    });
    const query = `query (${wanted.map(({ name, written, type }) => `$${name}: ${written}${chance(15) ? ` = ${literal(type, 1, true)}` : ""}`).join(", ")}) { __typename }`;
    const given = wanted.filter(() => chance(85)).map(({ name, type, list }) => [name, list && chance(75) ? Array.from({ length: random(3) }, () => json(type, 2)) : json(type, 2)]);
    return { query, variables: Object.fromEntries(given) };
  };

  // A root field with arguments and, for its variables, values. It selects nothing: only its arguments are looked at.
  const call = () => {
    variables = [];
    variableTypes = [];
    const kind = pick(["query", "mutation", "subscription"]);
    const root = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[kind];
    const definition = pick(Object.values(root.getFields()).filter(({ args: has }) => has.length));
    const text = `${definition.name}${args(definition.args)}`;
    const given = variableTypes.filter(() => chance(80)).map(({ name, type }) => [name, json(type, 1)]);
    return { query: `${kind}${variables.length ? ` (${variables.join(", ")})` : ""} { ${text} }`, variables: Object.fromEntries(given), definition };
  };

  return { good, broken, request, call };
};
