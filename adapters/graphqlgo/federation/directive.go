package federation

import (
	"strings"

	"github.com/fanql/fanql/internal/graphql/sdl"
)

// Directive is a directive of Federation 2 that is applied to a definition.
type Directive struct {
	name, arguments string
	// fields is a set of fields in GraphQL's syntax, without its outer braces.
	fields       string
	unresolvable bool
	repeatable   bool
	// problem is what is wrong with an argument.
	problem string
	places  place
	// since is the minor version of Federation 2 that has the directive.
	since int
}

// String is the directive as SDL has it.
func (d Directive) String() string {
	if d.arguments == "" {
		return "@" + d.name
	}
	return "@" + d.name + "(" + d.arguments + ")"
}

// Key makes an object type or an interface an entity, which other subgraphs refer to by
// the fields: "id", "sku brand", "organization { id }". Repeatable. The type needs
// a resolver in Config.Entities, an interface only if representations are of it.
func Key(fields string) Directive {
	return Directive{name: "key", arguments: argument("fields", fields), fields: fields, repeatable: true, places: atObject | atInterface}
}

// UnresolvableKey is a key by which this subgraph refers to the entities of others,
// and cannot resolve any itself. Repeatable.
func UnresolvableKey(fields string) Directive {
	d := Key(fields)
	d.arguments += ", resolvable: false"
	d.unresolvable = true
	return d
}

// Shareable lets other subgraphs resolve the field, or all fields of the object type,
// as well. The fields of the Subscription type cannot be shared.
func Shareable() Directive { return Directive{name: "shareable", places: atObject | atField} }

// External says that the field, or each field of the object type, is resolved by
// another subgraph. It is here for a Key, Requires or Provides.
func External() Directive { return Directive{name: "external", places: atObject | atField} }

// Requires names the external fields of the type without which the field cannot be
// resolved. Representations have them when the field is selected.
func Requires(fields string) Directive {
	return Directive{name: "requires", arguments: argument("fields", fields), fields: fields, places: atField}
}

// Provides names the external fields of the field's type that this subgraph can resolve
// here.
func Provides(fields string) Directive {
	return Directive{name: "provides", arguments: argument("fields", fields), fields: fields, places: atField}
}

// Override takes the field over from the subgraph of that name.
func Override(from string) Directive {
	return Directive{name: "override", arguments: argument("from", from), places: atField, problem: required("the subgraph that a field is taken over from", from)}
}

// ProgressiveOverride takes the field over from the subgraph of that name for the
// requests that the router gives the label: "percent(10)" is a tenth of them.
func ProgressiveOverride(from, label string) Directive {
	d := Override(from)
	d.arguments, d.since = d.arguments+", "+argument("label", label), 7
	if d.problem == "" {
		d.problem = required("the label", label)
	}
	return d
}

// Inaccessible leaves the definition out of what the clients of the router see.
func Inaccessible() Directive { return Directive{name: "inaccessible", places: anywhere} }

// Tag gives the definition a name, for contracts and tools. Repeatable.
func Tag(name string) Directive {
	return Directive{name: "tag", arguments: argument("name", name), repeatable: true, places: anywhere, problem: required("the tag", name)}
}

// Extends says that the type is defined by another subgraph. Federation 2 does not need
// it; routers of Federation 1 do.
func Extends() Directive { return Directive{name: "extends", places: atObject | atInterface} }

// InterfaceObject says that the object type, which has a Key, stands for an entity
// interface of another subgraph.
func InterfaceObject() Directive {
	return Directive{name: "interfaceObject", places: atObject, since: 3}
}

// Authenticated asks the router for a request that is authenticated. Composition refuses
// it, RequiresScopes and Policy on interfaces, and on what stands for one (InterfaceObject).
func Authenticated() Directive {
	return Directive{name: "authenticated", places: protected, since: 5}
}

// RequiresScopes asks the router for a request that has all scopes of at least one of
// the sets.
func RequiresScopes(anyOf ...[]string) Directive {
	return Directive{name: "requiresScopes", arguments: sets("scopes", anyOf), places: protected, since: 5, problem: filled("scopes", anyOf)}
}

// Policy asks the router for a request that fulfils all policies of at least one of the
// sets.
func Policy(anyOf ...[]string) Directive {
	return Directive{name: "policy", arguments: sets("policies", anyOf), places: protected, since: 6, problem: filled("policies", anyOf)}
}

// sinceInterfaceKey is the minor version of Federation 2 from which an interface may have
// a key.
const sinceInterfaceKey = 3

func argument(name, value string) string { return name + ": " + sdl.Quote(value) }

func sets(name string, anyOf [][]string) string {
	lists := make([]string, len(anyOf))
	for i, all := range anyOf {
		quoted := make([]string, len(all))
		for j, text := range all {
			quoted[j] = sdl.Quote(text)
		}
		lists[i] = "[" + strings.Join(quoted, ", ") + "]"
	}
	return name + ": [" + strings.Join(lists, ", ") + "]"
}

func filled(what string, anyOf [][]string) string {
	if len(anyOf) == 0 {
		return "there are no " + what
	}
	for _, all := range anyOf {
		if len(all) == 0 {
			return "a set of " + what + " is empty"
		}
	}
	return ""
}

func required(what, value string) string {
	if value == "" {
		return what + " has no name"
	}
	return ""
}
