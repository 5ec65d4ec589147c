//go:build e2e

package differential

import (
	"maps"

	"github.com/graphql-go/graphql"
)

// thing is the source of every object with an identity.
type thing struct {
	Kind  string `json:"-"`
	ID    string
	Name  *string
	Label *string
	Title string
	Size  any
	Tags  []string
}

var (
	ann  = &thing{Kind: "User", ID: "ann", Name: new("Ann"), Label: new("first"), Size: 5}
	ben  = &thing{Kind: "User", ID: "ben"}
	post = &thing{Kind: "Post", ID: "7", Label: new("news"), Title: "Hello", Size: 12, Tags: []string{"a", "b"}}
	bot  = &thing{Kind: "Bot", Name: new("R2"), Size: "small"}
	lost = &thing{Kind: "Lost"}
)

// found is a thing by its key; nil without one.
func found(key any) any {
	things := map[string]*thing{"ann": ann, "ben": ben, "post": post, "bot": bot, "lost": lost}
	key, _ = key.(string)
	if thing, ok := things[key.(string)]; ok {
		return thing
	}
	return nil
}

func self(p graphql.ResolveParams) (any, error) { return p.Source, nil }

func (s *types) resolveType(p graphql.ResolveTypeParams) *graphql.Object {
	switch p.Value.(*thing).Kind {
	case "User":
		return s.user
	case "Post":
		return s.post
	case "Bot":
		return s.bot
	}
	return nil
}

func is(kind string) graphql.IsTypeOfFn {
	return func(p graphql.IsTypeOfParams) bool { return p.Value.(*thing).Kind == kind }
}

func (s *types) makeThings() {
	s.node = graphql.NewInterface(graphql.InterfaceConfig{
		Name:        "Node",
		Description: "What has an ID.",
		ResolveType: s.resolveType,
		Fields: graphql.FieldsThunk(func() graphql.Fields {
			return graphql.Fields{"id": {Type: some(graphql.ID)}, "label": {Type: graphql.String}, "self": {Type: s.node}}
		}),
	})
	s.named = graphql.NewInterface(graphql.InterfaceConfig{
		Name:        "Named",
		ResolveType: s.resolveType,
		Fields: graphql.FieldsThunk(func() graphql.Fields {
			return graphql.Fields{"name": {Type: graphql.String}, "peer": {Type: s.named}}
		}),
	})
	both := []*graphql.Interface{s.named, s.node}
	s.user = s.object(graphql.ObjectConfig{Name: "User", Interfaces: both, IsTypeOf: is("User")}, s.userFields)
	s.post = s.object(graphql.ObjectConfig{Name: "Post", Interfaces: both[1:], IsTypeOf: is("Post")}, func() graphql.Fields {
		return graphql.Fields{
			"author": {Type: some(s.user), Resolve: constant(ann)},
			"editor": {Type: some(s.user), Resolve: fails},
			"id":     {Type: some(graphql.ID)},
			"label":  {Type: graphql.String},
			"self":   {Type: s.node, Resolve: self},
			"size":   {Type: some(graphql.Int)},
			"tags":   {Type: some(list(some(graphql.String)))},
			"title":  {Type: some(graphql.String)},
		}
	})
	s.bot = s.object(graphql.ObjectConfig{Name: "Bot", Interfaces: both[:1], IsTypeOf: is("Bot")}, func() graphql.Fields {
		return graphql.Fields{
			"model": {Type: some(graphql.String), Resolve: constant(nil)},
			"name":  {Type: some(graphql.String)},
			"peer":  {Type: s.named, Resolve: constant(ann)},
			"size":  {Type: some(graphql.String)},
		}
	})
	s.any = graphql.NewUnion(graphql.UnionConfig{
		Name: "Any", Description: "Whatever there is.", Types: []*graphql.Object{s.bot, s.post, s.user}, ResolveType: s.resolveType,
	})
}

func (s *types) userFields() graphql.Fields {
	return graphql.Fields{
		"email": {
			Type:    some(graphql.String),
			Args:    graphql.FieldConfigArgument{"domain": {Type: graphql.String}},
			Resolve: func(p graphql.ResolveParams) (any, error) { return p.Args["domain"], nil },
		},
		"friends": {
			Type: some(list(some(s.user))),
			Args: graphql.FieldConfigArgument{"first": {Type: graphql.Int, DefaultValue: 2}},
			Resolve: func(p graphql.ResolveParams) (any, error) {
				first, _ := p.Args["first"].(int) // A slice in JavaScript takes null for 0, and counts from its end below.
				if first < 0 {
					first = max(0, 3+first)
				}
				return []any{ann, ben, nil}[:min(first, 3)], nil
			},
		},
		"id":    {Type: some(graphql.ID)},
		"label": {Type: graphql.String},
		"name":  {Type: graphql.String},
		"peer": {Type: s.user, Resolve: later(func(p graphql.ResolveParams) (any, error) {
			if p.Source == ann {
				return ben, nil
			}
			return nil, nil
		})},
		"self": {Type: some(s.user), Resolve: self},
		"size": {Type: graphql.Int},
	}
}

// nothing is an object without fields of its own.
type nothing struct{}

// makeNest makes a field for each way in which a value can be missing.
func (s *types) makeNest() {
	thunk := func(value any) any { return func() (any, error) { return value, nil } }
	failing := func() (any, error) { return nil, errFailed }
	nest := nothing{}
	s.nest = s.object(graphql.ObjectConfig{Name: "Nest"}, func() graphql.Fields {
		return graphql.Fields{
			"fail":       {Type: graphql.Int, Resolve: fails},
			"failLater":  {Type: graphql.Int, Resolve: later(fails)},
			"failLaterN": {Type: some(graphql.Int), Resolve: later(fails)},
			"failN":      {Type: some(graphql.Int), Resolve: fails},
			"failNest":   {Type: s.nest, Resolve: func(graphql.ResolveParams) (any, error) { return nest, errFailed }},
			"holes":      {Type: list(some(s.nest)), Resolve: constant([]any{nest, nil, nest})},
			"ints":       {Type: list(graphql.Int), Resolve: constant([]any{1, nil, 3})},
			"intsN":      {Type: list(some(graphql.Int)), Resolve: constant([]any{1, nil, 3})},
			"laters":     {Type: list(some(graphql.Int)), Resolve: constant([]any{1, thunk(2), 3})},
			"latersFail": {Type: list(graphql.Int), Resolve: constant([]any{1, failing, 3})},
			"matrix":     {Type: list(list(some(graphql.Int))), Resolve: constant([]any{[]int{1, 2}, []any{nil}, nil, [][]any{}})},
			"matrixN":    {Type: some(list(some(list(graphql.Int)))), Resolve: constant([]any{[]int{1}, []any{nil, "no"}, [0]int{}})},
			"nest":       {Type: s.nest, Resolve: constant(nest)},
			"nestLater":  {Type: s.nest, Resolve: later(constant(nest))},
			"nestN":      {Type: some(s.nest), Resolve: constant(&nest)},
			"nests":      {Type: list(s.nest), Resolve: constant([]*nothing{&nest, nil, &nest})},
			"nestsN":     {Type: some(list(some(s.nest))), Resolve: constant([]nothing{nest, nest})},
			"nil":        {Type: graphql.Int, Resolve: constant((*int)(nil))},
			"nilLaterN":  {Type: some(graphql.Int), Resolve: later(constant(nil))},
			"nilN":       {Type: some(graphql.Int)},
			"ok":         {Type: graphql.Int, Resolve: constant(1)},
			"okLater":    {Type: graphql.Int, Resolve: later(constant(2))},
			"okN":        {Type: some(graphql.Int), Resolve: constant(3)},
			"single":     {Type: list(graphql.Int), Resolve: constant(1)},
		}
	})
}

func (s *types) makeQuery() {
	s.query = s.object(graphql.ObjectConfig{Name: "Query", Description: "Where it begins."}, func() graphql.Fields {
		fields := s.leafFields()
		maps.Copy(fields, s.rootFields())
		return fields
	})
}

func (s *types) rootFields() graphql.Fields {
	return graphql.Fields{
		"again": {Type: some(s.query), Resolve: constant(nothing{})},
		"any": {
			Type:    s.any,
			Args:    graphql.FieldConfigArgument{"which": {Type: graphql.String, DefaultValue: "bot"}},
			Resolve: func(p graphql.ResolveParams) (any, error) { return found(p.Args["which"]), nil },
		},
		"anys":     {Type: some(list(some(s.any))), Resolve: constant([]*thing{post, ann, bot})},
		"anysHole": {Type: list(s.any), Resolve: constant([]*thing{post, lost, nil, bot})},
		"maybe":    {Type: s.user, Resolve: constant((*thing)(nil))},
		"mistyped": {Type: s.user, Resolve: constant(bot)},
		"named":    {Type: s.named, Resolve: constant(bot)},
		"nameds":   {Type: list(some(s.named)), Resolve: constant([]any{ann, bot})},
		"need": {
			Type:    s.raw,
			Args:    graphql.FieldConfigArgument{"n": {Type: some(graphql.Int)}, "p": {Type: some(s.point)}},
			Resolve: shown,
		},
		"nest":  {Type: s.nest, Resolve: constant(nothing{})},
		"nestN": {Type: some(s.nest), Resolve: constant(nothing{})},
		"node": {
			Type:    s.node,
			Args:    graphql.FieldConfigArgument{"id": {Type: graphql.ID, DefaultValue: "ann"}},
			Resolve: func(p graphql.ResolveParams) (any, error) { return found(p.Args["id"]), nil },
		},
		"nodes": {Type: list(s.node), Resolve: constant([]*thing{ann, nil, post})},
		"old":   {Type: graphql.Int, DeprecationReason: "No longer supported", Resolve: constant(1)},
		"post":  {Type: s.post, Resolve: constant(post)},
		"show": {
			Type:        s.raw,
			Description: "What was given.",
			Args: graphql.FieldConfigArgument{
				"b":     {Type: graphql.Boolean},
				"c":     {Type: s.color, DefaultValue: 0},
				"e":     {Type: s.even},
				"f":     {Type: graphql.Float, Description: "Any number."},
				"i":     {Type: graphql.Int, DefaultValue: 5},
				"id":    {Type: graphql.ID},
				"l":     {Type: list(some(graphql.Int))},
				"ll":    {Type: list(list(graphql.Int)), DefaultValue: []any{[]any{1}}},
				"m":     {Type: some(graphql.Int), DefaultValue: 6},
				"p":     {Type: s.point},
				"r":     {Type: s.raw},
				"s":     {Type: graphql.String, DefaultValue: `a "default"`},
				"shape": {Type: s.shape},
			},
			Resolve: shown,
		},
		"user": {Type: some(s.user), Resolve: constant(ann)},
	}
}
