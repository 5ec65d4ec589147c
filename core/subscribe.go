package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/graphql-go/graphql"

	"github.com/fanql/fanql/ports"
)

// MaxTopicBytes is the longest topic there may be. It leaves room for an
// adapter's prefix in DynamoDB's 2,048 byte partition keys.
const MaxTopicBytes = 2000

// ErrSkip is what a subscription's Resolve returns to send nothing for an event.
var ErrSkip = errors.New("core: skip this event")

var (
	errNotSubscribing = errors.New("core.Subscribe: not called from a Subscribe resolver that an Engine runs")
	errNoTopic        = errors.New("the Subscribe resolver registered no topic")
	errSecondInitial  = errors.New("core.Initial: given twice")
)

// subscription collects what a Subscribe resolver asks for.
type subscription struct {
	topics  []ports.Topic
	initial func(context.Context) (any, error)
	filters filters
}

// filters is what a delivery must know of a subscription besides its request,
// kept with it in the store.
type filters struct {
	PerSubscriber bool        `json:"perSubscriber,omitempty"`
	Where         []condition `json:"where,omitempty"`
}

// encode is nil where there is nothing to know. What it fails on is the schema
// author's doing.
func (f filters) encode() ([]byte, error) {
	if !f.PerSubscriber && len(f.Where) == 0 {
		return nil, nil
	}
	encoded, err := json.Marshal(f)
	if len(f.Where) > maxConditions || len(encoded) > maxConditionBytes {
		return nil, fmt.Errorf("a subscription may have at most %d conditions of %d bytes in all", maxConditions, maxConditionBytes)
	}
	return encoded, err
}

// SubscribeOption shapes one subscription.
type SubscribeOption func(*subscription) error

// Initial sends a first result: fn runs once the subscription is in place, and
// what it returns is delivered to this subscriber like the payload of an event.
// Nothing published since is lost. An event may come before the initial result,
// and may be part of it already. When fn returns ErrSkip nothing is sent; any
// other error ends the subscription with it.
func Initial(fn func(ctx context.Context) (any, error)) SubscribeOption {
	return func(s *subscription) error {
		if s.initial != nil {
			return errSecondInitial
		}
		s.initial = fn
		return nil
	}
}

// PerSubscriber has every event executed for this subscriber alone. It is only
// needed where resolvers depend on something other than the event, the request
// and ConnectionFrom.
func PerSubscriber() SubscribeOption {
	return func(s *subscription) error {
		s.filters.PerSubscriber = true
		return nil
	}
}

// Subscribe registers topics for the subscription whose Subscribe resolver is
// running; ctx is the resolver's p.Context. The resolver returns Subscribe's
// results as its own. Several calls add up.
//
// A topic is a non-empty string of UTF-8 of at most MaxTopicBytes. The error,
// which the client sees, says what is wrong with the topics or the options.
func Subscribe(ctx context.Context, topics []string, options ...SubscribeOption) (any, error) {
	x := executionFrom(ctx)
	if x == nil || x.subscription == nil {
		return nil, errNotSubscribing
	}
	for _, name := range topics {
		topic, err := checkTopic(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(x.subscription.topics, topic) {
			x.subscription.topics = append(x.subscription.topics, topic)
		}
	}
	for _, option := range options {
		if err := option(x.subscription); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func checkTopic(name string) (ports.Topic, error) {
	switch {
	case name == "":
		return "", Public("a topic must not be empty")
	case len(name) > MaxTopicBytes:
		return "", Public("a topic must have at most %d bytes, not %d", MaxTopicBytes, len(name))
	case isReserved(name):
		return "", Public("a topic must not begin with %q", reserved)
	case !utf8.ValidString(name):
		return "", Public("a topic must be valid UTF-8")
	}
	return ports.Topic(name), nil
}

// newSubscribeSchema derives the schema that runs Subscribe resolvers: the same
// types, but for the fields of the subscription type, which resolve by calling
// the Subscribe of the original. So arguments, variables, fragments, directives
// and panics are graphql-go's own affair, and a Subscribe resolver is executed
// on the spot, without the channel and the goroutine of graphql.Subscribe.
func newSubscribeSchema(schema graphql.Schema) (graphql.Schema, error) {
	original := schema.SubscriptionType()
	if original == nil {
		return schema, nil
	}
	fields := graphql.Fields{}
	for name, definition := range original.Fields() {
		fields[name] = &graphql.Field{
			// The result is null, so no selection is ever made on this type.
			Type:    graphql.Boolean,
			Args:    arguments(definition.Args),
			Resolve: subscribeResolver(schema, original, definition),
		}
	}
	var types []graphql.Type
	for name, kind := range schema.TypeMap() {
		if name != original.Name() {
			types = append(types, kind)
		}
	}
	return graphql.NewSchema(graphql.SchemaConfig{
		Query:        schema.QueryType(),
		Mutation:     schema.MutationType(),
		Subscription: graphql.NewObject(graphql.ObjectConfig{Name: original.Name(), Fields: fields}),
		Types:        types,
		Directives:   schema.Directives(),
	})
}

func arguments(definitions []*graphql.Argument) graphql.FieldConfigArgument {
	config := graphql.FieldConfigArgument{}
	for _, definition := range definitions {
		config[definition.Name()] = &graphql.ArgumentConfig{
			Type: definition.Type, DefaultValue: definition.DefaultValue,
		}
	}
	return config
}

func subscribeResolver(schema graphql.Schema, parent *graphql.Object, definition *graphql.FieldDefinition) graphql.FieldResolveFn {
	return func(p graphql.ResolveParams) (any, error) {
		if definition.Subscribe == nil {
			return nil, Public("the field %q has no Subscribe resolver", definition.Name)
		}
		p.Info.Schema, p.Info.ParentType, p.Info.ReturnType = schema, parent, definition.Type
		_, err := definition.Subscribe(p)
		return nil, err
	}
}
