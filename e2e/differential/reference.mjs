// Answers the cases that it reads, one JSON a line: the reference's outcome.
// Its first line is the schema, and the document that tools ask for one with.
import { createInterface } from 'node:readline';
import { execute, getIntrospectionQuery, GraphQLEnumType, isScalarType, parse, printSchema, specifiedRules, validate } from 'graphql';
import { schema } from './schema.mjs';

// What was coerced since the case began, and how that ended.
const coercions = new Set();

function count(holder, method, name) {
  const coerce = holder[method];
  holder[method] = function counted(...given) {
    try {
      const value = coerce.apply(this, given);
      coercions.add(`${name ?? this.name}.${method} ok`);
      return value;
    } catch (error) {
      coercions.add(`${name ?? this.name}.${method} refused`);
      throw error;
    }
  };
}

for (const method of ['parseLiteral', 'parseValue', 'serialize']) {
  count(GraphQLEnumType.prototype, method);
  Object.values(schema.getTypeMap()).filter(isScalarType).forEach((type) => count(type, method));
}

async function outcome({ query, operation, variables }) {
  let document;
  try {
    document = parse(query);
  } catch {
    return { refused: true, rules: ['Syntax'] };
  }
  let errors;
  try {
    errors = validate(schema, document);
  } catch { // SingleFieldSubscriptionsRule, about a directive with a variable
    return { refused: true, rules: ['Thrown'] };
  }
  if (errors.length > 0) {
    const broken = specifiedRules.filter((rule) => validate(schema, document, [rule]).length > 0);
    return { refused: true, rules: broken.map((rule) => rule.name) };
  }
  const log = [];
  const body = await execute({
    schema, document, rootValue: { log }, operationName: operation || undefined, variableValues: variables,
  });
  if (!('data' in body)) return { refused: true, rules: ['Request'] };
  return { body, log };
}

async function answer(line) {
  coercions.clear();
  const { id, ...request } = JSON.parse(line);
  const answered = await outcome(request);
  process.stdout.write(`${JSON.stringify({ id, ...answered, coercions: [...coercions] })}\n`);
}

// Of promises for one null all but the first are left alone.
process.on('unhandledRejection', () => {});

const introspection = getIntrospectionQuery({
  specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true,
});

process.stdout.write(`${JSON.stringify({ schema: printSchema(schema), introspection })}\n`);
for await (const line of createInterface({ input: process.stdin })) await answer(line);
