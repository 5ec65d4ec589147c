//go:build e2e

package differential

import (
	"errors"
	"math"
	"reflect"
	"strconv"

	"github.com/graphql-go/graphql"
	"github.com/graphql-go/graphql/language/ast"
)

// root is what the operations of one execution share.
type root struct{ Log []int }

var errFailed = errors.New("failed")

func some(of graphql.Type) graphql.Output { return graphql.NewNonNull(of) }
func list(of graphql.Type) graphql.Output { return graphql.NewList(of) }

// constant resolves to a value.
func constant(value any) graphql.FieldResolveFn {
	return func(graphql.ResolveParams) (any, error) { return value, nil }
}

func fails(graphql.ResolveParams) (any, error) { return nil, errFailed }

// later resolves by a thunk.
func later(resolve graphql.FieldResolveFn) graphql.FieldResolveFn {
	return func(p graphql.ResolveParams) (any, error) {
		return func() (any, error) { return resolve(p) }, nil
	}
}

// hook sees each resolver before it is called; nil means none.
type hook func(p *graphql.ResolveParams)

// types makes the schema of schema.mjs.
type types struct {
	hook                  hook
	color                 *graphql.Enum
	even, raw             *graphql.Scalar
	point, shape          *graphql.InputObject
	node, named           *graphql.Interface
	user, post, bot, nest *graphql.Object
	any                   *graphql.Union
	query                 *graphql.Object
}

func newSchema(hook hook) (graphql.Schema, error) {
	s := &types{hook: hook}
	s.makeLeaves()
	s.makeInputs()
	s.makeThings()
	s.makeNest()
	s.makeQuery()
	return graphql.NewSchema(graphql.SchemaConfig{
		Query: s.query, Mutation: s.mutation(), Subscription: s.subscription(),
		Types: []graphql.Type{s.user, s.post, s.bot},
	})
}

// hooked puts the hook before each resolver.
func (s *types) hooked(fields graphql.Fields) graphql.Fields {
	if s.hook == nil {
		return fields
	}
	for _, field := range fields {
		if resolve := field.Resolve; resolve != nil {
			field.Resolve = func(p graphql.ResolveParams) (any, error) {
				s.hook(&p)
				return resolve(p)
			}
		}
	}
	return fields
}

func (s *types) object(config graphql.ObjectConfig, fields func() graphql.Fields) *graphql.Object {
	config.Fields = graphql.FieldsThunk(func() graphql.Fields { return s.hooked(fields()) })
	return graphql.NewObject(config)
}

func (s *types) makeLeaves() {
	s.color = graphql.NewEnum(graphql.EnumConfig{
		Name:        "Color",
		Description: "What a shape is painted with.",
		Values: graphql.EnumValueConfigMap{
			"BLUE":  {Value: 2, DeprecationReason: "faded"},
			"GREEN": {Value: "g", Description: "The default."},
			"RED":   {Value: 0},
		},
	})
	s.even = graphql.NewScalar(graphql.ScalarConfig{
		Name:        "Even",
		Description: "A whole number that two divides.",
		Serialize: func(value any) any {
			switch whole := reflect.ValueOf(value); {
			case whole.CanInt():
				return 2 * whole.Int()
			case whole.CanUint():
				return 2 * whole.Uint()
			case whole.CanFloat() && whole.Float() == math.Trunc(whole.Float()) && !math.IsInf(whole.Float(), 0):
				return 2 * whole.Float()
			case whole.Kind() == reflect.String: // A panic is an error, like nil.
				panic(errFailed)
			}
			return nil
		},
		ParseValue: func(value any) any {
			if value, ok := value.(int); ok && value%2 == 0 {
				return value / 2
			}
			return nil
		},
		ParseLiteral: func(node ast.Value) any {
			if node, ok := node.(*ast.IntValue); ok {
				if value, err := strconv.Atoi(node.Value); err == nil && value%2 == 0 {
					return value / 2
				}
			}
			return nil
		},
	})
	s.raw = graphql.NewScalar(graphql.ScalarConfig{
		Name:         "Raw",
		Serialize:    func(value any) any { return value },
		ParseValue:   func(value any) any { return value },
		ParseLiteral: untyped,
	})
}

// untyped is the JSON of a literal.
func untyped(node ast.Value) any {
	switch node := node.(type) {
	case *ast.IntValue, *ast.FloatValue:
		number, _ := strconv.ParseFloat(node.GetValue().(string), 64)
		return number
	case *ast.ListValue:
		items := make([]any, len(node.Values))
		for i := range items {
			items[i] = untyped(node.Values[i])
		}
		return items
	case *ast.ObjectValue:
		fields := make(map[string]any)
		for _, field := range node.Fields {
			fields[field.Name.Value] = untyped(field.Value)
		}
		return fields
	}
	return node.GetValue()
}

func (s *types) makeInputs() {
	s.point = graphql.NewInputObject(graphql.InputObjectConfig{
		Name: "Point",
		Fields: graphql.InputObjectConfigFieldMap{
			"label": {Type: graphql.String, DefaultValue: "dot"},
			"x":     {Type: some(graphql.Int), DefaultValue: 7},
			"y":     {Type: graphql.Int},
			"z":     {Type: graphql.Float, DefaultValue: 1.5},
		},
	})
	s.shape = graphql.NewInputObject(graphql.InputObjectConfig{
		Name:        "Shape",
		Description: "Points,\nin some order.",
		Fields: graphql.InputObjectConfigFieldMapThunk(func() graphql.InputObjectConfigFieldMap {
			return graphql.InputObjectConfigFieldMap{
				"at": {
					Type:         s.point,
					DefaultValue: map[string]any{"label": "at", "x": 1, "y": 2, "z": 0.5},
					Description:  "Its middle.",
				},
				"color": {Type: s.color, DefaultValue: "g"},
				"even":  {Type: s.even},
				"flag":  {Type: some(graphql.Boolean), DefaultValue: true},
				"grid":  {Type: list(list(graphql.Int)), DefaultValue: []any{[]any{1, nil}, []any{}}},
				"id":    {Type: graphql.ID},
				"name":  {Type: some(graphql.String)},
				"next":  {Type: s.shape},
				"path":  {Type: list(some(s.point))},
				"raw":   {Type: s.raw},
			}
		}),
	})
}

// shown is what a resolver has been given.
func shown(p graphql.ResolveParams) (any, error) { return p.Args, nil }

func newLeafValues() []any {
	return []any{
		nil, nil, 0, int8(1), int64(-5), uint32(math.MaxInt32), int64(math.MaxInt32) + 1, int64(math.MinInt32) - 1, 4.0, float32(1.5), -0.25,
		1e15, math.NaN(), math.Inf(1), "", "abc", "12", "1.5", "7", true, false, "g", "RED", []any{1}, map[string]any{"a": 1},
		"é😀\u2028\"\\\n<&>", 123456789012,
	}
}

// leafFields echo each leaf in each wrapping, and return what may not fit.
func (s *types) leafFields() graphql.Fields {
	values := newLeafValues()
	echo := func(p graphql.ResolveParams) (any, error) { return p.Args["v"], nil }
	out := func(p graphql.ResolveParams) (any, error) {
		pick := p.Args["pick"].(int)
		if pick < 0 {
			return nil, errFailed
		}
		if pick >= len(values) {
			return nil, nil
		}
		return values[pick], nil
	}
	outs := func(p graphql.ResolveParams) (any, error) {
		var picked []any
		for _, pick := range p.Args["picks"].([]any) {
			if pick := pick.(int); pick >= 0 && pick < len(values) {
				picked = append(picked, values[pick])
				continue
			}
			picked = append(picked, nil)
		}
		return append([]any{}, picked...), nil
	}
	fields := graphql.Fields{}
	for name, leaf := range map[string]graphql.Type{
		"boolean": graphql.Boolean, "color": s.color, "even": s.even, "float": graphql.Float, "id": graphql.ID,
		"int": graphql.Int, "raw": s.raw, "string": graphql.String,
	} {
		for suffix, wrapped := range map[string]graphql.Output{
			"": leaf, "N": some(leaf), "s": list(leaf), "sN": some(list(some(leaf))), "Grid": list(list(some(leaf))),
		} {
			fields[name+suffix] = &graphql.Field{
				Type: wrapped, Args: graphql.FieldConfigArgument{"v": {Type: wrapped}}, Resolve: echo,
			}
		}
		pick := graphql.FieldConfigArgument{"pick": {Type: some(graphql.Int)}}
		picks := graphql.FieldConfigArgument{"picks": {Type: some(list(some(graphql.Int)))}}
		fields[name+"Out"] = &graphql.Field{Type: leaf, Args: pick, Resolve: out}
		fields[name+"OutN"] = &graphql.Field{Type: some(leaf), Args: pick, Resolve: out}
		fields[name+"Outs"] = &graphql.Field{Type: list(leaf), Args: picks, Resolve: outs}
	}
	return fields
}

func (s *types) mutation() *graphql.Object {
	v := graphql.FieldConfigArgument{"v": {Type: some(graphql.Int)}}
	add := func(p graphql.ResolveParams) (any, error) {
		root := p.Source.(*root)
		v, _ := p.Args["v"].(int)
		root.Log = append(root.Log, v)
		return append([]int{}, root.Log...), nil
	}
	addFail := func(p graphql.ResolveParams) (any, error) {
		_, _ = add(p)
		return nil, errFailed
	}
	return s.object(graphql.ObjectConfig{Name: "Mutation"}, func() graphql.Fields {
		return graphql.Fields{
			"append":      {Type: some(list(some(graphql.Int))), Args: v, Resolve: add},
			"appendFail":  {Type: graphql.Int, Args: v, Resolve: addFail},
			"appendFailN": {Type: some(graphql.Int), Args: v, Resolve: later(addFail)},
			"appendLater": {
				Type: list(graphql.Int), Args: graphql.FieldConfigArgument{"v": {Type: graphql.Int, DefaultValue: 9}}, Resolve: later(add),
			},
			"nest": {Type: s.nest, Resolve: constant(nothing{})},
		}
	})
}

func (s *types) subscription() *graphql.Object {
	by := graphql.FieldConfigArgument{"by": {Type: graphql.Int, DefaultValue: 1}}
	fields := func() graphql.Fields {
		return graphql.Fields{
			"fail": {Type: some(graphql.Int), Resolve: fails},
			"nest": {Type: s.nest, Resolve: constant(nothing{})},
			"node": {Type: s.node, Resolve: constant(ann)},
			"tick": {Type: graphql.Int, Args: by, Resolve: func(p graphql.ResolveParams) (any, error) { return p.Args["by"], nil }},
		}
	}
	return s.object(graphql.ObjectConfig{Name: "Subscription"}, func() graphql.Fields {
		fields := fields()
		for _, field := range fields {
			field.Subscribe = constant(nil)
		}
		return fields
	})
}
