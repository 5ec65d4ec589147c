package graphqlgo_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/language/ast"
)

func TestResultsAreCoerced(t *testing.T) {
	text, none := "text", (*string)(nil)
	type color string
	red := color("red")
	colors := graphql.NewEnum(graphql.EnumConfig{Name: "Color", Values: graphql.EnumValueConfigMap{
		"RED": {Value: red}, "BLUE": {Value: 2}, "GREEN": {}, "AZURE": {Value: 2},
	}})
	odd := graphql.NewScalar(graphql.ScalarConfig{Name: "Odd", Serialize: func(v any) any {
		switch v {
		case 1:
			return map[string]any{"b": 1, "a": []int{2}}
		case 3:
			return (*int)(nil)
		case 5:
			return math.NaN()
		}
		return nil
	}})
	ids := object("Item", graphql.Fields{"id": {Type: graphql.ID}})
	for name, test := range map[string]struct {
		of    graphql.Output
		value any
		want  string // "" for an error
	}{
		"Int 2^40": {graphql.Int, 1 << 40, ""}, "Int": {graphql.Int, int64(7), "7"}, "Float +Inf": {graphql.Float, math.Inf(1), ""}, "Float": {graphql.Float, 1.5, "1.5"},
		"NaN": {graphql.Float, math.NaN(), ""}, "Boolean": {graphql.Boolean, true, "true"}, "ID of digits": {graphql.ID, 1795292668348461057, `"1795292668348461057"`},
		"a struct for String": {graphql.String, struct{ A int }{1}, ""}, "a pointer": {graphql.String, &text, `"text"`}, "a nil pointer": {graphql.String, none, "null"},
		"a nil pointer, required": {required(graphql.String), none, ""}, "nil, required": {required(graphql.String), nil, ""},
		"an enum": {colors, red, `"RED"`}, "a pointer to an enum": {colors, &red, `"RED"`}, "an enum without a value": {colors, "GREEN", `"GREEN"`},
		"of two names the first": {colors, 2, `"AZURE"`}, "an unknown enum": {colors, "RED", ""}, "no enum": {colors, []int{1}, ""},
		"a scalar": {odd, 1, `{"a":[2],"b":1}`}, "a scalar that refuses": {odd, 2, ""}, "a scalar that is a nil pointer": {odd, 3, ""}, "a scalar without JSON": {odd, 5, ""},
		"a list": {graphql.NewList(graphql.Int), []int{1, 2}, "[1,2]"}, "an array": {graphql.NewList(graphql.Int), [2]int{1, 2}, "[1,2]"},
		"a pointer to a list": {graphql.NewList(graphql.Int), &[]any{1, nil}, "[1,null]"}, "a nil slice": {graphql.NewList(graphql.Int), []int(nil), "[]"},
		"no list": {graphql.NewList(graphql.Int), "text", ""}, "a map for a list": {graphql.NewList(graphql.Int), map[string]any{}, ""},
		"lists": {graphql.NewList(graphql.NewList(graphql.Int)), [][]int{{1}, nil}, "[[1],[]]"},
	} {
		t.Run(name, func(t *testing.T) {
			schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"f": value(test.of, test.value), "item": value(ids, map[string]any{"id": 1})})})
			got := execute(t, schema, `{f}`, "", nil)
			if _, isRequired := test.of.(*graphql.NonNull); test.want == "" {
				data := `{"data":{"f":null},"errors":[{`
				if isRequired {
					data = `{"data":null,"errors":[{`
				}
				if !strings.HasPrefix(got, data) || !strings.HasSuffix(got, `"path":["f"]}]}`) {
					t.Errorf("got %s", got)
				}
			} else if want := fmt.Sprintf(`{"data":{"f":%s}}`, test.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// Literals of scalars hold no variables for ParseLiteral: they hold their values.
func TestParseLiteralReceivesTheValuesOfVariables(t *testing.T) {
	anything := graphql.NewScalar(graphql.ScalarConfig{
		Name: "Any", Serialize: func(v any) any { return v }, ParseValue: func(v any) any { return v }, ParseLiteral: plain,
	})
	schema := newSchema(t, graphql.SchemaConfig{Query: object("Query", graphql.Fields{"n": {Type: graphql.Int}, "f": {
		Type: anything, Args: graphql.FieldConfigArgument{"v": {Type: anything}}, Resolve: func(p graphql.ResolveParams) (any, error) { return p.Args, nil },
	}})})
	got := execute(t, schema, `query($a:Any,$b:Int,$c:[String],$d:Int){f(v:{a:$a,b:[$b,null,$d],c:$c,d:$d,e:{f:1.5,g:null}})}`, `{"a":{"x":[1,true]},"b":2,"c":["y"]}`, nil)
	if want := `{"data":{"f":{"v":{"a":{"x":[1,true]},"b":[2,null,null],"c":["y"],"e":{"f":1.5,"g":null}}}}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := execute(t, schema, `{f(v:null)}`, "", nil), `{"data":{"f":{"v":null}}}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// plain is what scalars of JSON do in ParseLiteral.
func plain(literal ast.Value) any {
	switch literal := literal.(type) {
	case *ast.ObjectValue:
		members := map[string]any{}
		for _, field := range literal.Fields {
			members[field.Name.Value] = plain(field.Value)
		}
		return members
	case *ast.ListValue:
		items := []any{}
		for _, item := range literal.Values {
			items = append(items, plain(item))
		}
		return items
	case *ast.IntValue:
		var n int
		fmt.Sscan(literal.Value, &n)
		return n
	case *ast.FloatValue:
		var n float64
		fmt.Sscan(literal.Value, &n)
		return n
	case *ast.StringValue:
		return literal.Value
	case *ast.BooleanValue:
		return literal.Value
	default:
		return literal.GetValue()
	}
}
