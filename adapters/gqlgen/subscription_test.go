package gqlgen_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
	"github.com/fanql/fanql/ports"
)

// subscribe is what a client reads when it subscribes, if that is refused.
func subscribe(ctx context.Context, bound ports.BoundOperation) (string, *formatted) {
	formatted := &formatted{}
	errs := bound.Subscribe(ctx, formatted.format)
	if errs == nil {
		return none, formatted
	}
	return string(errs.AppendJSON(nil)), formatted
}

const none = "none"

func TestSubscription(t *testing.T) {
	var rooms []string
	schema := newSchema(t, &testschema.Resolver{Added: func(ctx context.Context, room string) (<-chan *testschema.Post, error) {
		rooms = append(rooms, room)
		return channel(ctx)
	}})
	bound := bind(t, schema, `subscription($r:String!){new:added(room:$r){title author{name}}}`, `{"r":"go"}`)

	refused, formatted := subscribe(t.Context(), bound)
	wantEqual(t, "refused with", refused, none)
	wantEqual(t, "formatted", formatted.texts(), "")
	for _, title := range []string{"first", "second"} {
		result := bound.Execute(delivering(t.Context(), &testschema.Post{ID: "1", Title: title}), ports.Call{Format: formatted.format, Extensions: map[string]any{"event": map[string]string{"id": "e"}}})
		wantEqual(t, "body", string(result.Body), `{"data":{"new":{"title":"`+title+`","author":{"name":"author of `+title+`"}}},"extensions":{"event":{"id":"e"}}}`)
	}
	wantEqual(t, "rooms", strings.Join(rooms, " "), "go go go")
}

// Nobody waits for what never comes.
func TestNilChannelsFailTheirEvent(t *testing.T) {
	calls := 0
	schema := newSchema(t, &testschema.Resolver{Maybe: func(ctx context.Context) (<-chan *testschema.Post, error) {
		if calls++; calls > 1 {
			return nil, nil
		}
		return channel(ctx)
	}})
	bound := bind(t, schema, `subscription{maybe{title}}`, ``)
	refused, formatted := subscribe(t.Context(), bound)
	wantEqual(t, "refused with", refused, none)
	result := bound.Execute(delivering(t.Context(), &testschema.Post{ID: "1"}), ports.Call{Format: formatted.format})
	wantEqual(t, "body", string(result.Body), `{"data":null,"errors":[{"message":"masked","locations":[{"line":1,"column":14}],"path":["maybe"]}]}`)
	wantEqual(t, "formatted", formatted.texts(), "gqlgen: resolver Subscription.maybe: its channel is nil")
}

func TestSubscriptionWhoseResolverMapsTheChannel(t *testing.T) {
	schema := newSchema(t, &testschema.Resolver{Maybe: func(ctx context.Context) (<-chan *testschema.Post, error) {
		events, err := channel(ctx)
		mapped := make(chan *testschema.Post)
		go func() {
			defer close(mapped)
			for event := range events {
				select {
				case mapped <- &testschema.Post{Title: "mapped " + event.Title}:
				case <-ctx.Done():
					return
				}
			}
		}()
		return mapped, err
	}})
	bound := bind(t, schema, `subscription{maybe{title}}`, ``)
	refused, formatted := subscribe(t.Context(), bound)
	wantEqual(t, "refused with", refused, none)
	result := bound.Execute(delivering(t.Context(), &testschema.Post{Title: "a"}), ports.Call{Format: formatted.format})
	wantEqual(t, "body", string(result.Body), `{"data":{"maybe":{"title":"mapped a"}}}`)
}

func TestSubscriptionRefusedByItsResolver(t *testing.T) {
	for name, test := range map[string]struct {
		err             error
		want, formatted string
	}{
		"for a reason":         {&ports.PublicError{Message: "no", Extensions: map[string]any{"code": "NO"}}, `[{"message":"no","locations":[{"line":1,"column":14}],"path":["maybe"],"extensions":{"code":"NO"}}]`, "no"},
		"by a failure":         {errors.New("dial"), `[{"message":"masked","locations":[{"line":1,"column":14}],"path":["maybe"]}]`, "dial"},
		"with nothing to skip": {ports.ErrSkip, `[{"message":"masked","locations":[{"line":1,"column":14}],"path":["maybe"]}]`, "skip this event"},
	} {
		t.Run(name, func(t *testing.T) {
			schema := newSchema(t, &testschema.Resolver{Maybe: func(context.Context) (<-chan *testschema.Post, error) { return nil, test.err }})
			refused, formatted := subscribe(t.Context(), bind(t, schema, `subscription{maybe{title}}`, ``))
			wantEqual(t, "refused with", refused, test.want)
			wantEqual(t, "formatted", formatted.texts(), test.formatted)
		})
	}
}

func TestSubscriptionRefusedByItsDirective(t *testing.T) {
	schema := newSchema(t, &testschema.Resolver{Maybe: channel})
	bound := bind(t, schema, `subscription{guarded{title}}`, ``)
	refused, _ := subscribe(as(t.Context(), testschema.RoleGuest), bound)
	wantEqual(t, "refused with", refused, `[{"message":"this is for ADMIN","locations":[{"line":1,"column":14}],"path":["guarded"]}]`)
	refused, _ = subscribe(as(t.Context(), testschema.RoleAdmin), bound)
	wantEqual(t, "refused with", refused, none)
}

func TestSubscriptionWithAChannelOfItsOwn(t *testing.T) {
	const want = "gqlgen: resolver Subscription.maybe: its channel does not come from a topic's method Channel, or is not closed when that one is"
	for name, own := range map[string]func(context.Context) <-chan *testschema.Post{
		"waiting": func(ctx context.Context) <-chan *testschema.Post {
			events := make(chan *testschema.Post)
			go func() {
				defer close(events)
				<-ctx.Done()
			}()
			return events
		},
		"sending": func(ctx context.Context) <-chan *testschema.Post {
			events := make(chan *testschema.Post)
			go func() {
				defer close(events)
				for {
					select {
					case <-time.After(time.Millisecond):
					case <-ctx.Done():
						return
					}
					select {
					case events <- &testschema.Post{}:
					case <-ctx.Done():
						return
					}
				}
			}()
			return events
		},
		"holding a value": func(context.Context) <-chan *testschema.Post {
			events := make(chan *testschema.Post, 1)
			events <- &testschema.Post{}
			return events
		},
		"none": func(context.Context) <-chan *testschema.Post { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				schema := newSchema(t, &testschema.Resolver{Maybe: func(ctx context.Context) (<-chan *testschema.Post, error) { return own(ctx), nil }})
				refused, formatted := subscribe(t.Context(), bind(t, schema, `subscription{maybe{title}}`, ``))
				wantEqual(t, "refused with", refused, `[{"message":"masked","locations":[{"line":1,"column":14}],"path":["maybe"]}]`)
				wantEqual(t, "formatted", formatted.texts(), want)
				synctest.Wait() // the goroutines end, or the bubble says that they do not
			})
		})
	}
}

func TestSubscriptionThatSkips(t *testing.T) {
	for name, resolve := range map[string]func(context.Context) (<-chan *testschema.Post, error){
		"by ErrSkip":          func(context.Context) (<-chan *testschema.Post, error) { return nil, ports.ErrSkip },
		"by a wrapped one":    func(context.Context) (<-chan *testschema.Post, error) { return nil, errors.Join(ports.ErrSkip) },
		"by an empty channel": func(ctx context.Context) (<-chan *testschema.Post, error) { return channel(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			formatted := &formatted{}
			for _, options := range [][]gqlgen.Option{nil, {gqlgen.ErrorPresenter(shown)}} {
				schema := newSchema(t, &testschema.Resolver{Maybe: resolve}, options...)
				result := bind(t, schema, `subscription{maybe{title}}`, ``).Execute(t.Context(), ports.Call{Format: formatted.format})
				if !result.Skip || result.Body != nil || result.Rejected != nil {
					t.Errorf("result: %+v", result)
				}
			}
			wantEqual(t, "formatted", formatted.texts(), "")
		})
	}
}

func TestSkipBelowTheOwnFieldIsAnError(t *testing.T) {
	schema := newSchema(t, &testschema.Resolver{
		Maybe:   channel,
		Checked: func(context.Context, *testschema.Post) (string, error) { return "", ports.ErrSkip },
	})
	formatted := &formatted{}
	result := bind(t, schema, `subscription{maybe{title checked}}`, ``).Execute(delivering(t.Context(), &testschema.Post{}), ports.Call{Format: formatted.format})
	wantEqual(t, "body", string(result.Body), `{"data":{"maybe":null},"errors":[{"message":"masked","locations":[{"line":1,"column":26}],"path":["maybe","checked"]}]}`)
}

func TestEventWithErrors(t *testing.T) {
	failing := func(context.Context, *testschema.Post) (string, error) { return "", errors.New("broken") }
	for name, test := range map[string]struct {
		resolver       *testschema.Resolver
		document, want string
	}{
		"below a nullable field": {
			&testschema.Resolver{Maybe: channel, Checked: failing}, `subscription{s:maybe{checked}}`,
			`{"data":{"s":null},"errors":[{"message":"masked","locations":[{"line":1,"column":22}],"path":["s","checked"]}]}`,
		},
		"below one that is not": {
			&testschema.Resolver{Added: func(ctx context.Context, _ string) (<-chan *testschema.Post, error) { return channel(ctx) }, Checked: failing}, `subscription{s:added(room:"r"){checked}}`,
			`{"data":null,"errors":[{"message":"masked","locations":[{"line":1,"column":32}],"path":["s","checked"]}]}`,
		},
		"of its resolver": {
			&testschema.Resolver{Maybe: func(context.Context) (<-chan *testschema.Post, error) { return nil, errors.New("broken") }}, `subscription{s:maybe{checked}}`,
			`{"data":null,"errors":[{"message":"masked","locations":[{"line":1,"column":14}],"path":["s"]}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			formatted := &formatted{}
			result := bind(t, newSchema(t, test.resolver), test.document, ``).Execute(delivering(t.Context(), &testschema.Post{}), ports.Call{Format: formatted.format})
			wantEqual(t, "body", string(result.Body), test.want)
			wantEqual(t, "formatted", formatted.texts(), "broken")
		})
	}
}

func TestEventWhoseContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		schema := newSchema(t, &testschema.Resolver{Maybe: func(context.Context) (<-chan *testschema.Post, error) { return make(chan *testschema.Post), nil }})
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("no time left"))
		defer cancel()
		formatted := &formatted{}
		result := bind(t, schema, `subscription{maybe{title}}`, ``).Execute(ctx, ports.Call{Format: formatted.format})
		wantEqual(t, "body", string(result.Body), `{"data":null,"errors":[{"message":"masked"}]}`)
		wantEqual(t, "formatted", formatted.texts(), "no time left")
	})
}

func TestAroundResponsesOfSubscriptions(t *testing.T) {
	for name, test := range map[string]struct {
		around graphql.ResponseMiddleware
		want   string
	}{
		"that counts on a response": {func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			response := next(ctx)
			response.Extensions["seen"] = len(response.Data)
			return response
		}, none},
		"that refuses": {func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
			graphql.AddError(ctx, &ports.PublicError{Message: "no"})
			return next(ctx)
		}, `[{"message":"no"}]`},
		"that panics": {func(context.Context, graphql.ResponseHandler) *graphql.Response { panic("no") }, `[{"message":"masked"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			schema := newSchema(t, &testschema.Resolver{Maybe: channel}, gqlgen.AroundResponses(test.around))
			refused, _ := subscribe(t.Context(), bind(t, schema, `subscription{maybe{title}}`, ``))
			wantEqual(t, "refused with", refused, test.want)
		})
	}
}

func TestOnlySubscriptionsAreSubscribedTo(t *testing.T) {
	refused, _ := subscribe(t.Context(), bind(t, newSchema(t, nil), `{echo}`, ``))
	wantEqual(t, "refused with", refused, `[{"message":"the operation is no subscription"}]`)
}
