package document_test

import (
	"strings"
	"testing"

	"github.com/fanql/fanql/internal/graphql/document"
	"github.com/fanql/fanql/ports"
)

// rules has documents that are valid and documents that are not, by rule.
var rules = []struct {
	rule     string
	accepted []string
	refused  []refusal
}{
	{"executable definitions (5.1.1)", []string{`{a}`, `query{a} `, "\ufeff{a}", "{a}#end"}, []refusal{
		{`type T{a:Int} {a}`, `Unexpected Name "type"`},
		{`{a} extend type Query{z:Int}`, `Unexpected Name "extend"`},
		{``, "the document is empty"},
		{`# nothing`, "the document is empty"},
	}},
	{"operation name uniqueness (5.2.1.1)", []string{`query A{a} query B{a}`}, []refusal{
		{`query A{a} query A{b}`, `There can be only one operation named "A".`},
		{`query A{a} mutation A{b}`, `There can be only one operation named "A".`},
	}},
	{"lone anonymous operation (5.2.2.1)", nil, []refusal{
		{`{a} query B{a}`, "This anonymous operation must be the only defined operation."},
		{`{a} {b}`, "This anonymous operation must be the only defined operation."},
	}},
	{"single root field (5.2.3.1)", []string{
		`subscription{s}`, `subscription{s s}`, `subscription{x:s ...F} fragment F on Subscription{x:s}`,
		`subscription{ev{id name}}`, `subscription{...F ...F} fragment F on Subscription{ev{id}}`,
		`subscription{s @skip(if:false)}`, `subscription{s @include(if:true)}`, `subscription{s t @skip(if:true)}`,
		`subscription($x:Boolean!){ev{id @skip(if:$x)}}`,
	}, []refusal{
		{`subscription{s t}`, "Anonymous Subscription must select only one top level field."},
		{`subscription S{a0:s a1:s}`, `Subscription "S" must select only one top level field.`},
		{`subscription{s ...F} fragment F on Subscription{...{t}}`, "Anonymous Subscription must select only one top level field."},
		{`subscription{__typename}`, "Anonymous Subscription must not select an introspection top level field."},
		{`subscription{s __typename}`, "Anonymous Subscription must not select an introspection top level field."},
		{`subscription{...F} fragment F on Subscription{__typename}`, "Anonymous Subscription must not select an introspection top level field."},
		{`subscription{s @skip(if:true)}`, "Anonymous Subscription must select one top level field: @skip and @include leave none."},
		{`subscription{...F @include(if:false)} fragment F on Subscription{s}`, "Anonymous Subscription must select one top level field: @skip and @include leave none."},
		{`subscription($x:Boolean!){s @skip(if:$x)}`, "Anonymous Subscription must not use a variable in @skip at its top level field: use it on the fields below."},
		{`subscription($x:Boolean!){... @include(if:$x){s}}`, "Anonymous Subscription must not use a variable in @include at its top level field: use it on the fields below."},
	}},
	{"field selections (5.3.1)", []string{`{hit{__typename ...on User{id}}}`, `{node{id}}`, `{user{...{name}}}`}, []refusal{
		{`{nope}`, `Cannot query field "nope" on type "Query".`},
		{`{user{nope}}`, `Cannot query field "nope" on type "User".`},
		{`{hit{id}}`, `Cannot query field "id" on type "Hit".`},
		{`{node{title}}`, `Cannot query field "title" on type "Node".`},
		{`{user{...on Post{id}}}`, `Fragment cannot be spread here as objects of type "User" can never be of type "Post".`},
		{`mutation{user{id}}`, `Cannot query field "user" on type "Mutation".`},
		{`{user{__schema{description}}}`, `Cannot query field "__schema" on type "User".`},
	}},
	{"field selection merging (5.3.2)", []string{
		`{a a}`, `{x:a y:b}`, `{echo(s:"1" t:"2") echo(t:"2" s:"1")}`, `query($v:String){echo(s:$v) echo(s:$v)}`,
		`{any(v:{a:1 b:2}) any(v:{b:2 a:1})}`, `{a @skip(if:true) a @include(if:true)}`,
		`{user{name} user{id}}`, `{hit{...on User{x:other} ...on Post{y:other}}}`, `{hit{...on User{x:name} ...on Post{x:other}}}`,
		`{hit{...on User{friends(first:1){id}} ...on Post{other}}}`,
		`{hit{...on User{friends{x:name}} ...on Post{author{x:id}}}}`,
		`{hit{...on User{n:node{x:name}} ...on Post{n:author{x:name}}}}`,
		`{node{node{id}} node{node{name}}}`,
		`{...F ...F} fragment F on Query{a ...G} fragment G on Query{a b}`,
	}, []refusal{
		{`{x:a x:b}`, `Fields "x" conflict because "a" and "b" are different fields. Use different aliases on the fields to fetch both if this was intentional.`},
		{`{x:a ...F} fragment F on Query{...G} fragment G on Query{x:b}`, `Fields "x" conflict because "a" and "b" are different fields.`},
		{`{echo(s:"1") ...F} fragment F on Query{...G} fragment G on Query{echo(s:"2")}`, `Fields "echo" conflict because they have differing arguments.`},
		{`{echo(s:"1") echo}`, `Fields "echo" conflict because they have differing arguments.`},
		{`{echo(s:"1") echo(t:"1")}`, `Fields "echo" conflict because they have differing arguments.`},
		{`query($v:String $w:String){echo(s:$v) echo(s:$w)}`, `Fields "echo" conflict because they have differing arguments.`},
		{`{any(v:[1,2]) any(v:[2,1])}`, `Fields "any" conflict because they have differing arguments.`},
		{`{any(v:{a:1 b:2}) any(v:{b:1 a:2})}`, `Fields "any" conflict because they have differing arguments.`},
		{`{any(v:{a:1}) any(v:{b:1})}`, `Fields "any" conflict because they have differing arguments.`},
		{`{user{x:name} user{x:id}}`, `Fields "x" conflict because`},
		{`{node{id:name ...on User{id}}}`, `Fields "id" conflict because`},
		{`{node{x:name ...on Post{x:other}}}`, `Fields "x" conflict because "name" and "other" are different fields.`},
		{`{hit{...on User{x:id} ...on Post{x:name}}}`, `Fields "x" conflict because they return conflicting types "ID!" and "String".`},
		{`{hit{...on User{size} ...on Post{size}}}`, `Fields "size" conflict because they return conflicting types "Int" and "[Int]".`},
		{`{hit{...on User{x:node{id}} ...on Post{x:other}}}`, `Fields "x" conflict because they return conflicting types "User" and "String".`},
		{`{hit{...on User{x:node{y:name}} ...on Post{x:author{y:size}}}}`, `Fields "y" conflict because they return conflicting types "String" and "Int".`},
		{`{hit{...on User{x:node{y:name}} ...on Post{x:author{y:id}} ...on Node{x:node{y:name}}}}`, `Fields "x" conflict because`},
		{`{node{...on User{x:node{y:name}} ...on Named{x:name}}}`, `Fields "x" conflict because`},
		{`{user{node{node{x:name}}} user{node{node{x:other}}}}`, `Fields "x" conflict because`},
		{`{node{...on User{x:name} ...on Post{x:title}}}`, `Fields "x" conflict because they return conflicting types "String" and "String!".`},
		{`{hit{...on User{node{x:name}} ...on Post{node{x:id}}}}`, `Fields "x" conflict because they return conflicting types "String" and "ID!".`},
		{`{node{...on User{node{x:other}} node{x:name}}}`, `Fields "x" conflict because "other" and "name" are different fields.`},
		{`{echo(s:"a") echo(s:"""a""")}`, `Fields "echo" conflict because they have differing arguments.`},
	}},
	{"leaf field selections (5.3.3)", []string{`{user{id}}`}, []refusal{
		{`{a{b}}`, `Field "a" must not have a selection since type "Int" has no subfields.`},
		{`{user}`, `Field "user" of type "User" must have a selection of subfields. Did you mean "user { ... }"?`},
		{`{hit}`, `Field "hit" of type "Hit" must have a selection of subfields.`},
		{`{__typename{a}}`, `Field "__typename" must not have a selection`},
		{`{user{}}`, `expected at least one definition, found }`},
	}},
	{"argument names (5.4.1)", nil, []refusal{
		{`{a(x:1)}`, `Unknown argument "x" on field "Query.a".`},
		{`{a @skip(if:true unless:1)}`, `Unknown argument "unless" on directive "@skip".`},
	}},
	{"argument uniqueness (5.4.2)", nil, []refusal{
		{`{int(v:1 v:2)}`, `There can be only one argument named "v".`},
		{`{a @skip(if:true if:true)}`, `There can be only one argument named "if".`},
	}},
	{"required arguments (5.4.2.1)", []string{`{must(v:1)}`, `{defaulted}`, `{a @needs(n:1)}`, `{user{friends{id}}}`}, []refusal{
		{`{must}`, `Field "must" argument "v" of type "Int!" is required, but it was not provided.`},
		{`{must(v:null)}`, `Expected value of type "Int!", found null.`},
		{`{defaulted(v:null)}`, `Expected value of type "Int!", found null.`},
		{`{a @skip}`, `Directive "@skip" argument "if" of type "Boolean!" is required, but it was not provided.`},
		{`{a @needs}`, `Directive "@needs" argument "n" of type "Int!" is required, but it was not provided.`},
	}},
	{"fragment name uniqueness (5.5.1.1)", nil, []refusal{
		{`{...F} fragment F on Query{a} fragment F on Query{b}`, `There can be only one fragment named "F".`},
	}},
	{"fragment spread type existence (5.5.1.2)", nil, []refusal{
		{`{...on Nope{a}}`, `Unknown type "Nope".`},
		{`{...F} fragment F on Nope{a}`, `Unknown type "Nope".`},
	}},
	{"fragments on composite types (5.5.1.3)", []string{`{node{...on Node{id}}}`, `{user{...on Hit{...on User{id}}}}`}, []refusal{
		{`{...on Int{a}}`, `Fragment cannot condition on non composite type "Int".`},
		{`{...F} fragment F on Point{x}`, `Fragment "F" cannot condition on non composite type "Point".`},
		{`{...F} fragment F on Color{x}`, `Fragment "F" cannot condition on non composite type "Color".`},
	}},
	{"fragments must be used (5.5.1.4)", []string{`{...F} fragment F on Query{...G} fragment G on Query{a}`}, []refusal{
		{`{a} fragment F on Query{a}`, `Fragment "F" is never used.`},
		{`{a} fragment F on Query{...G} fragment G on Query{a}`, `Fragment "F" is never used.`},
		{`fragment F on Query{a}`, `Fragment "F" is never used.`},
	}},
	{"fragment spread target defined (5.5.2.1)", nil, []refusal{
		{`{...Nope}`, `Unknown fragment "Nope".`},
		{`{...on Query{user{...Nope}}}`, `Unknown fragment "Nope".`},
	}},
	{"fragment spreads must not form cycles (5.5.2.2)", nil, []refusal{
		{`{...F} fragment F on Query{...F}`, `Cannot spread fragment "F" within itself.`},
		{`{...F} fragment F on Query{...G} fragment G on Query{...F}`, `Cannot spread fragment "F" within itself via "G".`},
		{`{a} fragment F on User{node{...F}}`, `Cannot spread fragment "F" within itself.`},
		{`{...A} fragment A on Query{...B} fragment B on Query{...C} fragment C on Query{...D} fragment D on Query{...E} fragment E on Query{...A}`,
			`Cannot spread fragment "A" within itself via others, "C", "D", "E".`},
	}},
	{"fragment spread is possible (5.5.2.3)", []string{
		`{user{...on Node{id}}}`, `{node{...on User{id}}}`, `{node{...on Named{name}}}`, `{hit{...on Node{id}}}`, `{named{...on Hit{...on User{id}}}}`,
	}, []refusal{
		{`{user{...on Post{id}}}`, `objects of type "User" can never be of type "Post"`},
		{`{user{...F}} fragment F on Post{id}`, `Fragment "F" cannot be spread here as objects of type "User" can never be of type "Post".`},
		{`{lonely{...on Node{id}}}`, `objects of type "Lonely" can never be of type "Node"`},
		{`{hit{...on Hermit{alone}}}`, `objects of type "Hit" can never be of type "Hermit"`},
	}},
	{"values of correct type (5.6.1)", []string{
		`{int(v:1)}`, `{int(v:-2147483648)}`, `{int(v:2147483647)}`, `{int(v:null)}`, `{float(v:1)}`, `{float(v:1.5)}`, `{float(v:-1e10)}`, `{float(v:3000000000)}`,
		`{string(v:"x")}`, `{string(v:"""x""")}`, `{bool(v:true)}`, `{bool(v:false)}`, `{id(v:"x")}`, `{id(v:12345678901234567890)}`,
		`{any(v:1)}`, `{any(v:1.5)}`, `{any(v:"x")}`, `{any(v:true)}`, `{any(v:RED)}`, `{any(v:{a:[{b:null}]})}`, `{any(v:[1,"x",null])}`, `{any(v:null)}`,
		`{color(v:RED)}`, `{color(v:null)}`, `{ints(v:[1,null,2])}`, `{ints(v:1)}`, `{ints(v:[])}`, `{strict(v:[1])}`, `{strict(v:1)}`, `{grid(v:1)}`, `{grid(v:[1,2])}`, `{grid(v:[[1],null,2])}`,
		`{point(v:{x:1})}`, `{point(v:{x:1 y:null z:1 more:{x:2 many:3}})}`, `{choice(v:{a:1})}`, `{choice(v:{b:"x"})}`,
		`{echo(s:null)}`,
	}, []refusal{
		{`{int(v:"12")}`, `Int cannot represent non-integer value: "12"`},
		{`{int(v:1.5)}`, `Int cannot represent non-integer value: 1.5`},
		{`{int(v:1.0)}`, `Int cannot represent non-integer value: 1.0`},
		{`{int(v:true)}`, `Int cannot represent non-integer value: true`},
		{`{int(v:RED)}`, `Int cannot represent non-integer value: RED`},
		{`{int(v:[1])}`, `Int cannot represent non-integer value: a list`},
		{`{int(v:{a:1})}`, `Int cannot represent non-integer value: an object`},
		{`{int(v:3000000000)}`, `Int cannot represent non 32-bit signed integer value: 3000000000`},
		{`{int(v:-2147483649)}`, `Int cannot represent non 32-bit signed integer value: -2147483649`},
		{`{int(v:10000000000000000000000)}`, `Int cannot represent non 32-bit signed integer value: 10000000000000000000000`},
		{`{float(v:"1")}`, `Float cannot represent non numeric value: "1"`},
		{`{float(v:true)}`, `Float cannot represent non numeric value: true`},
		{`{float(v:1e400)}`, `Float cannot represent a value that is not finite: 1e400`},
		{`{string(v:1)}`, `String cannot represent a non string value: 1`},
		{`{string(v:RED)}`, `String cannot represent a non string value: RED`},
		{`{string(v:true)}`, `String cannot represent a non string value: true`},
		{`{bool(v:"true")}`, `Boolean cannot represent a non boolean value: "true"`},
		{`{bool(v:1)}`, `Boolean cannot represent a non boolean value: 1`},
		{`{id(v:1.5)}`, `ID cannot represent a non-string and non-integer value: 1.5`},
		{`{id(v:true)}`, `ID cannot represent a non-string and non-integer value: true`},
		{`{color(v:BLUE)}`, `Value "BLUE" does not exist in "Color" enum.`},
		{`{color(v:red)}`, `Value "red" does not exist in "Color" enum.`},
		{`{color(v:"RED")}`, `Enum "Color" cannot represent non-enum value: "RED".`},
		{`{color(v:1)}`, `Enum "Color" cannot represent non-enum value: 1.`},
		{`{ints(v:["x"])}`, `Int cannot represent non-integer value: "x"`},
		{`{ints(v:[[1]])}`, `Int cannot represent non-integer value: a list`},
		{`{strict(v:[null])}`, `Expected value of type "Int!", found null.`},
		{`{strict(v:null)}`, `Expected value of type "[Int!]!", found null.`},
		{`{point(v:1)}`, `Expected value of type "Point", found 1.`},
		{`{point(v:[{x:1}])}`, `Expected value of type "Point", found a list.`},
		{`{point(v:{x:"1"})}`, `Int cannot represent non-integer value: "1"`},
		{`{point(v:{x:1 more:{x:null}})}`, `Expected value of type "Int!", found null.`},
		{`query($v:Int="x"){int(v:$v)}`, `Int cannot represent non-integer value: "x"`},
		{`query($v:Int!=null){must(v:$v)}`, `Expected value of type "Int!", found null.`},
		{`{a @skip(if:"x")}`, `Boolean cannot represent a non boolean value: "x"`},
	}},
	{"input object field names (5.6.2)", nil, []refusal{
		{`{point(v:{x:1 nope:2})}`, `Field "nope" is not defined by type "Point".`},
		{`{point(v:{x:1 more:{x:1 nope:2}})}`, `Field "nope" is not defined by type "Point".`},
	}},
	{"input object field uniqueness (5.6.3)", nil, []refusal{
		{`{point(v:{x:1 x:2})}`, `There can be only one input field named "x".`},
		{`{any(v:{x:1 x:2})}`, `There can be only one input field named "x".`},
		{`{any(v:[{x:{y:1 y:2}}])}`, `There can be only one input field named "y".`},
	}},
	{"input object required fields (5.6.4)", []string{`{point(v:{x:1})}`, `query($v:Point={x:1}){point(v:$v)}`}, []refusal{
		{`{point(v:{})}`, `Field "Point.x" of required type "Int!" was not provided.`},
		{`{point(v:{x:1 more:{y:1}})}`, `Field "Point.x" of required type "Int!" was not provided.`},
		{`{point(v:{x:1 z:null})}`, `Expected value of type "Int!", found null.`},
		{`query($v:Point={y:1}){point(v:$v)}`, `Field "Point.x" of required type "Int!" was not provided.`},
	}},
	{"oneOf input objects", nil, []refusal{
		{`{choice(v:{})}`, `OneOf Input Object "Choice" must specify exactly one key.`},
		{`{choice(v:{a:1 b:"x"})}`, `OneOf Input Object "Choice" must specify exactly one key.`},
		{`{choice(v:{a:null})}`, `Field "Choice.a" must be non-null.`},
		{`query($v:Int){choice(v:{a:$v})}`, `Variable "$v" is of type "Int" but must be non-nullable to be used for OneOf Input Object "Choice".`},
	}},
	{"directives are defined (5.7.1)", nil, []refusal{
		{`{a @nope}`, `Unknown directive "@nope".`},
		{`query @nope {a}`, `Unknown directive "@nope".`},
		{`query($v:Int @nope){int(v:$v)}`, `Unknown directive "@nope".`},
	}},
	{"directives are in valid locations (5.7.2)", []string{
		`query($v:Int @once){int(v:$v)}`, `{...F @skip(if:true) ...on Query @include(if:true){a}} fragment F on Query{a}`,
	}, []refusal{
		{`query @skip(if:true) {a}`, `Directive "@skip" may not be used on QUERY.`},
		{`query($v:Int @skip(if:true)){int(v:$v)}`, `Directive "@skip" may not be used on VARIABLE_DEFINITION.`},
		{`{...F} fragment F on Query @skip(if:true){a}`, `Directive "@skip" may not be used on FRAGMENT_DEFINITION.`},
		{`{a @deprecated}`, `Directive "@deprecated" may not be used on FIELD.`},
	}},
	{"directives are unique per location (5.7.3)", []string{
		`{a @twice @twice(n:1)}`, `query($v:Int @twice @twice){int(v:$v)}`, `{a @skip(if:true) @include(if:true)}`, `{a @once b @once}`,
	}, []refusal{
		{`{a @include(if:true) @include(if:false)}`, `The directive "@include" can only be used once at this location.`},
		{`{a @once @twice @once}`, `The directive "@once" can only be used once at this location.`},
		{`query($v:Int @once @once){int(v:$v)}`, `The directive "@once" can only be used once at this location.`},
	}},
	{"variable uniqueness (5.8.1)", nil, []refusal{
		{`query($v:Int $v:Int){int(v:$v)}`, `There can be only one variable named "$v".`},
	}},
	{"variables are input types (5.8.2)", nil, []refusal{
		{`query($v:User){any(v:$v)}`, `Variable "$v" cannot be non-input type "User".`},
		{`query($v:[Node!]){any(v:$v)}`, `Variable "$v" cannot be non-input type "[Node!]".`},
		{`query($v:Nope){any(v:$v)}`, `Unknown type "Nope".`},
	}},
	{"all variable uses defined (5.8.3)", []string{
		`query A($v:Int){...F} query B($v:Int){...F} fragment F on Query{int(v:$v)}`,
		`query($v:Int){any(v:{a:[$v]})}`, `query($v:Boolean!){a @skip(if:$v)}`, `query($v:Int){...F} fragment F on Query{...G} fragment G on Query{int(v:$v)}`,
	}, []refusal{
		{`{int(v:$v)}`, `Variable "$v" is not defined.`},
		{`query Q{int(v:$v)}`, `Variable "$v" is not defined by operation "Q".`},
		{`query A($v:Int){...F} query B{...F} fragment F on Query{int(v:$v)}`, `Variable "$v" is not defined by operation "B".`},
		{`{...F} fragment F on Query{...G} fragment G on Query{user{friends(first:$v){id}}}`, `Variable "$v" is not defined.`},
		{`{any(v:{a:[$v]})}`, `Variable "$v" is not defined.`},
		{`{a @skip(if:$v)}`, `Variable "$v" is not defined.`},
		{`{point(v:{x:$v})}`, `Variable "$v" is not defined.`},
		{`query($v:Int=$w $w:Int){int(v:$v)}`, `Unexpected $`},
		{`query($v:Int @twice(n:$w) $w:Int){int(v:$v) b:int(v:$w)}`, `Unexpected variable "$w" in constant value.`},
	}},
	{"all variables used (5.8.4)", nil, []refusal{
		{`query($v:Int){a}`, `Variable "$v" is never used.`},
		{`query Q($v:Int){a}`, `Variable "$v" is never used in operation "Q".`},
		{`query A($v:Int){...F} query B($v:Int){a} fragment F on Query{int(v:$v)}`, `Variable "$v" is never used in operation "B".`},
	}},
	{"all variable usages are allowed (5.8.5)", []string{
		`query($v:Int!){int(v:$v)}`, `query($v:Int!){must(v:$v)}`, `query($v:Int){defaulted(v:$v)}`, `query($v:Int=1){must(v:$v)}`, `query($v:Int!=3){must(v:$v)}`,
		`query($v:[Int!]!){ints(v:$v)}`, `query($v:[Int!]){ints(v:$v)}`, `query($v:[Int!]=[1]){strict(v:$v)}`, `query($v:Int){ints(v:[$v])}`, `query($v:Int){point(v:{x:1 z:$v})}`,
		`query($v:Int!){strict(v:[$v])}`, `query($v:Point){point(v:$v)}`, `query($v:[[Int]]){grid(v:$v)}`, `query($v:Int){any(v:[$v])}`,
		`query($v:Int){a @needs(n:1 d:$v)}`, `query($v:Int=1){a @needs(n:$v)}`, `query($v:Int=1){strict(v:[$v])}`,
	}, []refusal{
		{`query($v:Int){must(v:$v)}`, `Variable "$v" of type "Int" used in position expecting type "Int!".`},
		{`query($v:Int=null){must(v:$v)}`, `Variable "$v" of type "Int" used in position expecting type "Int!".`},
		{`query($v:String){int(v:$v)}`, `Variable "$v" of type "String" used in position expecting type "Int".`},
		{`query($v:Int){float(v:$v)}`, `Variable "$v" of type "Int" used in position expecting type "Float".`},
		{`query($v:Int){ints(v:$v)}`, `Variable "$v" of type "Int" used in position expecting type "[Int]".`},
		{`query($v:[Int]){int(v:$v)}`, `Variable "$v" of type "[Int]" used in position expecting type "Int".`},
		{`query($v:[Int]=[1]){strict(v:$v)}`, `Variable "$v" of type "[Int]" used in position expecting type "[Int!]!".`},
		{`query($v:[Int!]){strict(v:$v)}`, `Variable "$v" of type "[Int!]" used in position expecting type "[Int!]!".`},
		{`query($v:Int){strict(v:[$v])}`, `Variable "$v" of type "Int" used in position expecting type "Int!".`},
		{`query($v:Int){point(v:{x:$v})}`, `Variable "$v" of type "Int" used in position expecting type "Int!".`},
		{`query($v:Boolean){a @skip(if:$v)}`, `Variable "$v" of type "Boolean" used in position expecting type "Boolean!".`},
		{`query($v:Int){...F} fragment F on Query{must(v:$v)}`, `Variable "$v" of type "Int" used in position expecting type "Int!".`},
	}},
	{"syntax", []string{`{echo(s:"\uD83D\uDE00")}`, `{echo(s:"\u{1F600}")}`, `{echo(s:"")}`, `{echo(s:"""""")}`, `{a,,,b}`, "{a\r\n b}"}, []refusal{
		{`{`, "Expected Name, found <EOF>"},
		{`{a`, "Expected Name, found <EOF>"},
		{`{a(}`, "Expected Name, found }"},
		{`{a()}`, "expected at least one definition, found )"},
		{`{int(v:1a)}`, `Invalid number, expected digit but got: "a".`},
		{`{int(v:0x1)}`, `Invalid number, expected digit but got: "x".`},
		{`{int(v:01)}`, `Invalid number, expected digit but got: "1".`},
		{`{int(v:-)}`, `Invalid number, expected digit but got: ")".`},
		{`{float(v:1.)}`, `Invalid number, expected digit but got: ")".`},
		{`{float(v:1e+)}`, `Invalid number, expected digit but got: ")".`},
		{`{a} 1`, "Unexpected Int"},
		{`{a} -`, "Invalid number, expected digit but got: <EOF>."},
		{`{float(v:1.0.0)}`, `Invalid number, expected digit but got: ".".`},
		{`{echo(s:"a` + "\n" + `")}`, "Unterminated string."},
		{`{echo(s:"a)}`, "Unterminated string."},
		{`{echo(s:"""a)}`, "Unterminated string."},
		{`{echo(s:"""a"""")}`, "Unexpected quotation mark after a block string."},
		{`{echo(s:"\uD83D")}`, `Invalid Unicode escape sequence: "\\uD83D".`},
		{`{echo(s:"\uDE00\uD83D")}`, `Invalid Unicode escape sequence: "\\uDE00".`},
		{`{echo(s:"\uD83Dx")}`, `Invalid Unicode escape sequence: "\\uD83D".`},
		{`{echo(s:"\x")}`, `Invalid character escape sequence: "\\x".`},
		{`{echo(s:"\u12")}`, `Invalid Unicode escape sequence: "\\u12".`},
		{`{echo(s:"\u12g4")}`, `Invalid Unicode escape sequence: "\\u12".`},
		{`{echo(s:"\u{}")}`, `Invalid Unicode escape sequence: "\\u{".`},
		{`{echo(s:"\u{110000}")}`, `Invalid Unicode escape sequence: "\\u{110000".`},
		{`{echo(s:"\u{D83D}")}`, `Invalid Unicode escape sequence: "\\u{D83D".`},
		{`{echo(s:"a` + "\x00" + `")}`, `Invalid character within String: "\x00".`},
		{`{echo(s:"""a` + "\x00" + `""")}`, `Invalid character within String: "\x00".`},
		{`{...F} fragment F($v:Int) on Query{int(v:$v)}`, "a fragment cannot define variables"},
		{`fragment on on Query{a}`, `Unexpected Name "on"`},
		{"{\xff}", "the document is not UTF-8"},
		{`{a ? b}`, `Unexpected character: "?".`},
		{`{a .. b}`, `Unexpected character: ".".`},
		{`{a é}`, `Unexpected character: "é".`},
	}},
}

type refusal struct{ document, message string }

// TestSetsThatComeAgainAreMergedOnce: 2^30 fields in place, of 90 fields.
func TestSetsThatComeAgainAreMergedOnce(t *testing.T) {
	text := template{
		"", "{user{...f0}}", " fragment f~ on User{x:node{...on User{...f^}} y:node{...on User{...f^}} ...on Node{x:node{id} y:node{id}}}", " fragment f~ on User{id}",
	}.make(30)
	if _, errs := document.Prepare(load(t, sdl), text, ports.Limits{}); errs != nil {
		t.Errorf("%s", errs.AppendJSON(nil))
	}
}

// TestManyDifferentSets: what cannot be merged in proportion to the document is
// refused.
func TestManyDifferentSets(t *testing.T) {
	chain := template{"", "", "query q~($v:Int){...f0} fragment f~ on Query{...f^}", "fragment f~ on Query{must(v:1) int(v:$v)}"}.make
	if _, errs := document.Prepare(load(t, sdl), chain(100), ports.Limits{}); errs != nil {
		t.Errorf("%s", errs.AppendJSON(nil))
	}
	_, errs := document.Prepare(load(t, sdl), chain(1000), ports.Limits{})
	if len(errs) != 1 || errs[0].Message != "the document's fragments overlap too much to be validated" {
		t.Errorf("%s", errs.AppendJSON(nil))
	}
}

func TestRules(t *testing.T) {
	schema := load(t, sdl)
	for _, rule := range rules {
		t.Run(rule.rule, func(t *testing.T) {
			for _, text := range rule.accepted {
				if _, errs := document.Prepare(schema, text, ports.Limits{}); errs != nil {
					t.Errorf("%s: %s", text, errs.AppendJSON(nil))
				}
			}
			for _, refused := range rule.refused {
				prepared, errs := document.Prepare(schema, refused.document, ports.Limits{})
				if prepared != nil || len(errs) == 0 {
					t.Errorf("%s: accepted", refused.document)
				} else if !strings.Contains(errs[0].Message, refused.message) {
					t.Errorf("%s: %s, not %s", refused.document, errs.AppendJSON(nil), refused.message)
				}
			}
		})
	}
}
