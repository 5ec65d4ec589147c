package graphqlgo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/adapters/graphqlgo"
	"github.com/fanql/fanql/ports"
)

// tree is the source of a Node: what each field comes to.
type tree struct {
	fails    map[string]bool // fields whose resolver fails
	later    map[string]bool // fields whose value a thunk returns
	children map[string]*tree
	lists    map[string][]*tree
}

// nodeFields are the fields of a Node: each kind of place, nullable and not.
func nodeFields() []string {
	return []string{"leaf", "leafNN", "node", "nodeNN", "list", "listNN", "listOfNN", "listNNOfNN"}
}

var errBroken = errors.New("broken")

// nodeSchema is a schema whose Node has all kinds of places.
func nodeSchema(t testing.TB) *graphqlgo.Schema {
	t.Helper()
	node := object("Node", graphql.Fields{"x": {Type: graphql.Int}})
	resolve := func(p graphql.ResolveParams) (any, error) {
		source, _ := p.Source.(*tree)
		value, err := source.value(p.Info.FieldName)
		if source.later[p.Info.FieldName] {
			return func() (any, error) { return value, err }, nil
		}
		return value, err
	}
	for name, of := range map[string]graphql.Output{
		"leaf": graphql.Int, "leafNN": required(graphql.Int), "node": node, "nodeNN": required(node),
		"list": graphql.NewList(node), "listNN": required(graphql.NewList(node)),
		"listOfNN": graphql.NewList(required(node)), "listNNOfNN": required(graphql.NewList(required(node))),
	} {
		node.AddFieldConfig(name, &graphql.Field{Type: of, Resolve: resolve})
	}
	return newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"root": {Type: node, Resolve: func(p graphql.ResolveParams) (any, error) { return p.Info.RootValue, nil }}})})
}

func (n *tree) value(name string) (any, error) {
	switch {
	case n.fails[name]:
		return nil, errBroken
	case strings.HasPrefix(name, "leaf"):
		return 1, nil
	case strings.HasPrefix(name, "node"):
		if child := n.children[name]; child != nil {
			return child, nil
		}
		return nil, nil
	default:
		items, ok := n.lists[name]
		if !ok {
			return nil, nil
		}
		list := make([]any, len(items))
		for i, item := range items {
			if item == nil {
				continue
			}
			list[i] = item
			if n.later[name+"Items"] {
				list[i] = func() (any, error) { return item, nil }
			}
		}
		return list, nil
	}
}

// expected is what section 6.4.4 makes of a tree, written as the specification has
// it; ok is false when a null spreads to the parent.
func (n *tree) expected(depth int) (data map[string]any, ok bool) {
	data = map[string]any{}
	for _, name := range nodeFields() {
		if depth == 0 && !strings.HasPrefix(name, "leaf") {
			continue
		}
		value, err := n.value(name)
		result := any(nil)
		switch {
		case err != nil || value == nil:
		case strings.HasPrefix(name, "leaf"):
			result = 1
		case strings.HasPrefix(name, "node"):
			if child, ok := value.(*tree).expected(depth - 1); ok {
				result = child
			}
		default:
			if list, ok := expectedList(n.lists[name], strings.HasSuffix(name, "OfNN"), depth); ok {
				result = list
			}
		}
		if result == nil && (strings.HasSuffix(name, "NN") && !strings.HasSuffix(name, "listOfNN") || name == "listNNOfNN") {
			return nil, false
		}
		data[name] = result
	}
	return data, true
}

func expectedList(items []*tree, itemsRequired bool, depth int) ([]any, bool) {
	list := make([]any, len(items))
	for i, item := range items {
		if item != nil {
			if child, ok := item.expected(depth - 1); ok {
				list[i] = child
			}
		}
		if list[i] == nil && itemsRequired {
			return nil, false
		}
	}
	return list, true
}

func selection(depth int) string {
	if depth == 0 {
		return "{leaf leafNN}"
	}
	below := selection(depth - 1)
	return fmt.Sprintf("{leaf leafNN node%s nodeNN%s list%s listNN%s listOfNN%s listNNOfNN%s}", below, below, below, below, below, below)
}

func grow(random *rand.Rand, depth int, failures, thunks float64) *tree {
	n := &tree{fails: map[string]bool{}, later: map[string]bool{}, children: map[string]*tree{}, lists: map[string][]*tree{}}
	for _, name := range nodeFields() {
		n.fails[name] = random.Float64() < failures
		n.later[name] = random.Float64() < thunks
		n.later[name+"Items"] = random.Float64() < thunks
		switch {
		case depth == 0 || strings.HasPrefix(name, "leaf"):
		case strings.HasPrefix(name, "node"):
			if random.Float64() >= failures {
				n.children[name] = grow(random, depth-1, failures, thunks)
			}
		default:
			if random.Float64() < failures {
				continue
			}
			n.lists[name] = make([]*tree, random.IntN(3))
			for i := range n.lists[name] {
				if random.Float64() >= failures {
					n.lists[name][i] = grow(random, depth-1, failures, thunks)
				}
			}
		}
	}
	return n
}

// Whatever fails, at once or later: the data is what the specification says, the
// errors are the same each time, and none is in a place that has a value.
func TestNullsSpreadAsSpecified(t *testing.T) {
	schema := nodeSchema(t)
	const depth = 2
	bound := bind(t, schema, "{root"+selection(depth)+"}", "")
	spread, nulls := 0, 0
	for seed := range uint64(600) {
		random := rand.New(rand.NewPCG(seed, 1))
		root := grow(random, depth, []float64{0, 0.01, 0.03, 0.1}[seed%4], []float64{0, 0.2, 0.8}[seed%3])
		first := bound.Execute(t.Context(), ports.Call{Root: root, Format: masked})
		second := bound.Execute(t.Context(), ports.Call{Root: root, Format: masked})
		if string(first.Body) != string(second.Body) {
			t.Fatalf("seed %d:\nfirst  %s\nsecond %s", seed, first.Body, second.Body)
		}
		var got struct {
			Data   map[string]any
			Errors []struct{ Path []any }
		}
		if err := json.Unmarshal(first.Body, &got); err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, first.Body)
		}
		want := map[string]any{"root": nil}
		if data, ok := root.expected(depth); ok {
			want["root"] = data
		} else {
			spread++
		}
		if encode(t, got.Data) != encode(t, want) {
			t.Fatalf("seed %d:\ngot  %s\nwant %s", seed, encode(t, got.Data), encode(t, want))
		}
		for _, e := range got.Errors {
			nulls++
			if v := at(got.Data, e.Path); v != nil {
				t.Fatalf("seed %d: an error at %v, which is %v", seed, e.Path, v)
			}
		}
	}
	if spread < 50 || nulls < 500 {
		t.Errorf("%d nulls spread to the root, %d errors: the test proves little", spread, nulls)
	}
}

// at is the value at a path; nil where a null is above.
func at(data any, path []any) any {
	for _, key := range path {
		switch parent := data.(type) {
		case map[string]any:
			data = parent[key.(string)]
		case []any:
			data = parent[int(key.(float64))]
		}
	}
	return data
}

func encode(t *testing.T, value any) string {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}
