// The schema of schema_test.go for the reference, with the same resolvers.
import {
  GraphQLBoolean, GraphQLDeprecatedDirective, GraphQLDirective, GraphQLEnumType, GraphQLFloat, GraphQLID,
  GraphQLIncludeDirective, GraphQLInputObjectType, GraphQLInt, GraphQLInterfaceType, GraphQLList, GraphQLNonNull, GraphQLObjectType,
  GraphQLScalarType, GraphQLSchema, GraphQLSkipDirective, GraphQLSpecifiedByDirective, GraphQLString, GraphQLUnionType,
  __Directive, __DirectiveLocation, __Schema, __Type, lexicographicSortSchema, valueFromASTUntyped,
} from 'graphql';

const list = (type) => new GraphQLList(type);
const some = (type) => new GraphQLNonNull(type);
const fails = () => { throw new Error('failed'); };
const later = (resolve) => async (...given) => { await null; return resolve(...given); };

const Color = new GraphQLEnumType({
  name: 'Color',
  description: 'What a shape is painted with.',
  values: {
    BLUE: { value: 2, deprecationReason: 'faded' },
    GREEN: { value: 'g', description: 'The default.' },
    RED: { value: 0 },
  },
});

// Even is half of itself inside the program.
const half = (value) => {
  if (!Number.isSafeInteger(value) || value % 2 !== 0) throw new TypeError('not even');
  return value / 2;
};
const Even = new GraphQLScalarType({
  name: 'Even',
  description: 'A whole number that two divides.',
  serialize(value) {
    if (typeof value !== 'number' || !Number.isInteger(value)) throw new TypeError('no number');
    return value * 2;
  },
  parseValue: half,
  parseLiteral(node) {
    if (node.kind !== 'IntValue') throw new TypeError('no number');
    return half(Number(node.value));
  },
});

// sorted is a value with the keys of its objects in order.
const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
};
const encodable = (value) => {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('has no JSON');
  return sorted(value);
};

// Raw is any JSON.
const Raw = new GraphQLScalarType({
  name: 'Raw', serialize: encodable, parseValue: (value) => value, parseLiteral: valueFromASTUntyped,
});

const Point = new GraphQLInputObjectType({
  name: 'Point',
  fields: {
    label: { type: GraphQLString, defaultValue: 'dot' },
    x: { type: some(GraphQLInt), defaultValue: 7 },
    y: { type: GraphQLInt },
    z: { type: GraphQLFloat, defaultValue: 1.5 },
  },
});

const Shape = new GraphQLInputObjectType({
  name: 'Shape',
  description: 'Points,\nin some order.',
  fields: () => ({
    at: { type: Point, defaultValue: { label: 'at', x: 1, y: 2, z: 0.5 }, description: 'Its middle.' },
    color: { type: Color, defaultValue: 'g' },
    even: { type: Even },
    flag: { type: some(GraphQLBoolean), defaultValue: true },
    grid: { type: list(list(GraphQLInt)), defaultValue: [[1, null], []] },
    id: { type: GraphQLID },
    name: { type: some(GraphQLString) },
    next: { type: Shape },
    path: { type: list(some(Point)) },
    raw: { type: Raw },
  }),
});

// shown is what a resolver has been given.
const shown = (_, args) => args;

const things = {
  ann: { kind: 'User', id: 'ann', name: 'Ann', label: 'first', size: 5 },
  ben: { kind: 'User', id: 'ben', name: null, label: null, size: null },
  post: { kind: 'Post', id: '7', label: 'news', title: 'Hello', size: 12, tags: ['a', 'b'] },
  bot: { kind: 'Bot', name: 'R2', size: 'small', model: null },
  lost: { kind: 'Lost' },
};

const found = (key) => (Object.hasOwn(things, key) ? things[key] : null);

const Node = new GraphQLInterfaceType({
  name: 'Node',
  description: 'What has an ID.',
  fields: () => ({ id: { type: some(GraphQLID) }, label: { type: GraphQLString }, self: { type: Node } }),
  resolveType: (thing) => thing.kind,
});

const Named = new GraphQLInterfaceType({
  name: 'Named',
  fields: () => ({ name: { type: GraphQLString }, peer: { type: Named } }),
  resolveType: (thing) => thing.kind,
});

const User = new GraphQLObjectType({
  name: 'User',
  interfaces: [Named, Node],
  isTypeOf: (thing) => thing.kind === 'User',
  fields: () => ({
    email: { type: some(GraphQLString), args: { domain: { type: GraphQLString } }, resolve: (_, { domain }) => domain },
    friends: {
      type: some(list(some(User))),
      args: { first: { type: GraphQLInt, defaultValue: 2 } },
      resolve: (_, { first }) => [things.ann, things.ben, null].slice(0, first),
    },
    id: { type: some(GraphQLID) },
    label: { type: GraphQLString },
    name: { type: GraphQLString },
    peer: { type: User, resolve: later((thing) => (thing === things.ann ? things.ben : null)) },
    self: { type: some(User), resolve: (thing) => thing },
    size: { type: GraphQLInt },
  }),
});

const Post = new GraphQLObjectType({
  name: 'Post',
  interfaces: [Node],
  isTypeOf: (thing) => thing.kind === 'Post',
  fields: () => ({
    author: { type: some(User), resolve: () => things.ann },
    editor: { type: some(User), resolve: fails },
    id: { type: some(GraphQLID) },
    label: { type: GraphQLString },
    self: { type: Node, resolve: (thing) => thing },
    size: { type: some(GraphQLInt) },
    tags: { type: some(list(some(GraphQLString))) },
    title: { type: some(GraphQLString) },
  }),
});

const Bot = new GraphQLObjectType({
  name: 'Bot',
  interfaces: [Named],
  isTypeOf: (thing) => thing.kind === 'Bot',
  fields: () => ({
    model: { type: some(GraphQLString) },
    name: { type: some(GraphQLString) },
    peer: { type: Named, resolve: () => things.ann },
    size: { type: some(GraphQLString) },
  }),
});

const Any = new GraphQLUnionType({
  name: 'Any', description: 'Whatever there is.', types: [Bot, Post, User], resolveType: (thing) => thing.kind,
});

// Nest has a field for each way in which a value can be missing.
const Nest = new GraphQLObjectType({
  name: 'Nest',
  fields: () => ({
    fail: { type: GraphQLInt, resolve: fails },
    failLater: { type: GraphQLInt, resolve: later(fails) },
    failLaterN: { type: some(GraphQLInt), resolve: later(fails) },
    failN: { type: some(GraphQLInt), resolve: fails },
    failNest: { type: Nest, resolve: fails },
    holes: { type: list(some(Nest)), resolve: () => [{}, null, {}] },
    ints: { type: list(GraphQLInt), resolve: () => [1, null, 3] },
    intsN: { type: list(some(GraphQLInt)), resolve: () => [1, null, 3] },
    laters: { type: list(some(GraphQLInt)), resolve: () => [1, later(() => 2)(), 3] },
    latersFail: { type: list(GraphQLInt), resolve: () => [1, later(fails)(), 3] },
    matrix: { type: list(list(some(GraphQLInt))), resolve: () => [[1, 2], [null], null, []] },
    matrixN: { type: some(list(some(list(GraphQLInt)))), resolve: () => [[1], [null, 'no'], []] },
    nest: { type: Nest, resolve: () => ({}) },
    nestLater: { type: Nest, resolve: later(() => ({})) },
    nestN: { type: some(Nest), resolve: () => ({}) },
    nests: { type: list(Nest), resolve: () => [{}, null, {}] },
    nestsN: { type: some(list(some(Nest))), resolve: () => [{}, {}] },
    nil: { type: GraphQLInt },
    nilLaterN: { type: some(GraphQLInt), resolve: later(() => null) },
    nilN: { type: some(GraphQLInt) },
    ok: { type: GraphQLInt, resolve: () => 1 },
    okLater: { type: GraphQLInt, resolve: later(() => 2) },
    okN: { type: some(GraphQLInt), resolve: () => 3 },
    single: { type: list(GraphQLInt), resolve: () => 1 },
  }),
});

const leaves = {
  boolean: GraphQLBoolean, color: Color, even: Even, float: GraphQLFloat, id: GraphQLID, int: GraphQLInt, raw: Raw,
  string: GraphQLString,
};

// What resolvers return for the leaves; values() of schema_test.go has the same.
const values = [
  null, undefined, 0, 1, -5, 2147483647, 2147483648, -2147483649, 4, 1.5, -0.25, 1e15, NaN, Infinity, '', 'abc', '12', '1.5',
  '7', true, false, 'g', 'RED', [1], { a: 1 }, 'é😀\u2028"\\\n<&>', 123456789012,
];

const echo = (_, { v }) => v;
const out = (_, { pick }) => (pick < 0 ? fails() : values[pick]);

// leafFields echo each leaf in each wrapping, and return what may not fit.
const leafFields = () => Object.fromEntries(Object.entries(leaves).flatMap(([name, type]) => [
  [name, { type, args: { v: { type } }, resolve: echo }],
  [`${name}N`, { type: some(type), args: { v: { type: some(type) } }, resolve: echo }],
  [`${name}s`, { type: list(type), args: { v: { type: list(type) } }, resolve: echo }],
  [`${name}sN`, { type: some(list(some(type))), args: { v: { type: some(list(some(type))) } }, resolve: echo }],
  [`${name}Grid`, { type: list(list(some(type))), args: { v: { type: list(list(some(type))) } }, resolve: echo }],
  [`${name}Out`, { type, args: { pick: { type: some(GraphQLInt) } }, resolve: out }],
  [`${name}OutN`, { type: some(type), args: { pick: { type: some(GraphQLInt) } }, resolve: out }],
  [`${name}Outs`, {
    type: list(type),
    args: { picks: { type: some(list(some(GraphQLInt))) } },
    resolve: (_, { picks }) => picks.map((pick) => values[pick]),
  }],
]));

const Query = new GraphQLObjectType({
  name: 'Query',
  description: 'Where it begins.',
  fields: () => ({
    ...leafFields(),
    again: { type: some(Query), resolve: () => ({}) },
    any: {
      type: Any,
      args: { which: { type: GraphQLString, defaultValue: 'bot' } },
      resolve: (_, { which }) => found(which),
    },
    anys: { type: some(list(some(Any))), resolve: () => [things.post, things.ann, things.bot] },
    anysHole: { type: list(Any), resolve: () => [things.post, things.lost, null, things.bot] },
    maybe: { type: User, resolve: () => null },
    mistyped: { type: User, resolve: () => things.bot },
    named: { type: Named, resolve: () => things.bot },
    nameds: { type: list(some(Named)), resolve: () => [things.ann, things.bot] },
    need: { type: Raw, args: { n: { type: some(GraphQLInt) }, p: { type: some(Point) } }, resolve: shown },
    nest: { type: Nest, resolve: () => ({}) },
    nestN: { type: some(Nest), resolve: () => ({}) },
    node: {
      type: Node,
      args: { id: { type: GraphQLID, defaultValue: 'ann' } },
      resolve: (_, { id }) => found(id),
    },
    nodes: { type: list(Node), resolve: () => [things.ann, null, things.post] },
    old: { type: GraphQLInt, deprecationReason: 'No longer supported', resolve: () => 1 },
    post: { type: Post, resolve: () => things.post },
    show: {
      type: Raw,
      description: 'What was given.',
      args: {
        b: { type: GraphQLBoolean },
        c: { type: Color, defaultValue: 0 },
        e: { type: Even },
        f: { type: GraphQLFloat, description: 'Any number.' },
        i: { type: GraphQLInt, defaultValue: 5 },
        id: { type: GraphQLID },
        l: { type: list(some(GraphQLInt)) },
        ll: { type: list(list(GraphQLInt)), defaultValue: [[1]] },
        m: { type: some(GraphQLInt), defaultValue: 6 },
        p: { type: Point },
        r: { type: Raw },
        s: { type: GraphQLString, defaultValue: 'a "default"' },
        shape: { type: Shape },
      },
      resolve: shown,
    },
    user: { type: some(User), resolve: () => things.ann },
  }),
});

const append = ({ log }, { v }) => { log.push(v ?? 0); return [...log]; };

const Mutation = new GraphQLObjectType({
  name: 'Mutation',
  fields: {
    append: { type: some(list(some(GraphQLInt))), args: { v: { type: some(GraphQLInt) } }, resolve: append },
    appendFail: {
      type: GraphQLInt,
      args: { v: { type: some(GraphQLInt) } },
      resolve: (root, args) => { append(root, args); fails(); },
    },
    appendFailN: {
      type: some(GraphQLInt),
      args: { v: { type: some(GraphQLInt) } },
      resolve: later((root, args) => { append(root, args); fails(); }),
    },
    appendLater: { type: list(GraphQLInt), args: { v: { type: GraphQLInt, defaultValue: 9 } }, resolve: later(append) },
    nest: { type: Nest, resolve: () => ({}) },
  },
});

const Subscription = new GraphQLObjectType({
  name: 'Subscription',
  fields: {
    fail: { type: some(GraphQLInt), resolve: fails },
    nest: { type: Nest, resolve: () => ({}) },
    node: { type: Node, resolve: () => things.ann },
    tick: { type: GraphQLInt, args: { by: { type: GraphQLInt, defaultValue: 1 } }, resolve: (_, { by }) => by },
  },
});

// What graphql-js has beyond October 2021 is taken away.
delete __Type.getFields().isOneOf;
delete __Directive.getFields().isDeprecated;
delete __Directive.getFields().deprecationReason;
__Schema.getFields().directives.args = [];
__DirectiveLocation._values = __DirectiveLocation.getValues().filter(({ name }) => name !== 'DIRECTIVE_DEFINITION');
const deprecated = new GraphQLDirective({
  ...GraphQLDeprecatedDirective.toConfig(),
  locations: ['FIELD_DEFINITION', 'ARGUMENT_DEFINITION', 'INPUT_FIELD_DEFINITION', 'ENUM_VALUE'],
});

// Sorted, because the fields of graphql-go are in a map.
export const schema = lexicographicSortSchema(new GraphQLSchema({
  query: Query, mutation: Mutation, subscription: Subscription,
  directives: [deprecated, GraphQLIncludeDirective, GraphQLSkipDirective, GraphQLSpecifiedByDirective],
}));
