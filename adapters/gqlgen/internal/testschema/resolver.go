package testschema

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
)

// Resolver resolves the fields of the schema. A test replaces what it is about;
// the other fields have values that depend on nothing.
type Resolver struct {
	Fails   func(ctx context.Context) (*string, error)
	Checked func(ctx context.Context, post *Post) (string, error)
	Added   func(ctx context.Context, room string) (<-chan *Post, error)
	Maybe   func(ctx context.Context) (<-chan *Post, error)
	// Any, if set, is given the argument of that name of Query.echo.
	Any func(map[string]any)
	// Today is the value of Query.today.
	Today Day
	// Figures is the value of Query.figures, but for n, which is its argument.
	Figures Figures

	mu   sync.Mutex
	sums []int
}

type (
	entityResolver       struct{ *Resolver }
	mutationResolver     struct{ *Resolver }
	postResolver         struct{ *Resolver }
	queryResolver        struct{ *Resolver }
	subscriptionResolver struct{ *Resolver }
	sumResolver          struct{ *Resolver }
)

// Entity implements ResolverRoot.
func (r *Resolver) Entity() EntityResolver { return entityResolver{r} }

// Mutation implements ResolverRoot.
func (r *Resolver) Mutation() MutationResolver { return mutationResolver{r} }

// Post implements ResolverRoot.
func (r *Resolver) Post() PostResolver { return postResolver{r} }

// Query implements ResolverRoot.
func (r *Resolver) Query() QueryResolver { return queryResolver{r} }

// Subscription implements ResolverRoot.
func (r *Resolver) Subscription() SubscriptionResolver { return subscriptionResolver{r} }

// Sum implements ResolverRoot.
func (r *Resolver) Sum() SumResolver { return sumResolver{r} }

func (entityResolver) FindUserByID(_ context.Context, id string) (*User, error) {
	return &User{ID: id, Name: "user " + id}, nil
}

// Add adds a number to those that were added before.
func (r mutationResolver) Add(_ context.Context, n int) (*Sum, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sums = append(r.sums, n)
	return &Sum{So: append([]int{}, r.sums...)}, nil
}

// Now adds 100, so that a mutation that began before the one before it had ended
// would be seen.
func (r sumResolver) Now(context.Context, *Sum) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sums = append(r.sums, 100)
	return len(r.sums), nil
}

func (postResolver) Author(_ context.Context, post *Post) (*User, error) {
	if post.ID == "0" {
		return nil, nil
	}
	return &User{ID: post.ID, Name: "author of " + post.Title}, nil
}

func (r postResolver) Checked(ctx context.Context, post *Post) (string, error) {
	if r.Resolver.Checked != nil {
		return r.Resolver.Checked(ctx, post)
	}
	return "checked " + post.Title, nil
}

// Echo is its arguments as JSON.
func (r queryResolver) Echo(_ context.Context, text *string, n *int, f *float64, id *string, ok *bool, color *Color, day *Day, given map[string]any, point *Point, list [][]*int) (string, error) {
	encoded, err := json.Marshal(struct {
		Text  *string
		N     *int
		F     *float64
		ID    *string
		OK    *bool
		Color *Color
		Day   *Day
		Any   map[string]any
		Point *Point
		List  [][]*int
	}{text, n, f, id, ok, color, day, given, point, list})
	if r.Any != nil {
		r.Any(given)
	}
	return string(encoded), err
}

// Node is a post if its ID is a number, else a user.
func (queryResolver) Node(_ context.Context, id string) (Node, error) {
	if _, err := strconv.Atoi(id); err == nil {
		return &Post{ID: id, Title: "post " + id}, nil
	}
	return &User{ID: id, Name: "user " + id}, nil
}

func (queryResolver) Items(context.Context) ([]Item, error) {
	return []Item{&User{ID: "u", Name: "Ada"}, &Post{ID: "1", Title: "first"}}, nil
}

func (queryResolver) Posts(_ context.Context, first int) ([]*Post, error) {
	posts := make([]*Post, first)
	for i := range posts {
		posts[i] = &Post{ID: strconv.Itoa(i), Title: "post " + strconv.Itoa(i)}
	}
	return posts, nil
}

func (queryResolver) Post(context.Context) (*Post, error) {
	return &Post{ID: "1", Title: "first"}, nil
}

func (queryResolver) Secret(context.Context) (*string, error) {
	secret := "secret"
	return &secret, nil
}

func (queryResolver) Short(_ context.Context, text string) (string, error) { return text, nil }

func (r queryResolver) Fails(ctx context.Context) (*string, error) { return r.Resolver.Fails(ctx) }

func (r queryResolver) Today(context.Context) (*Day, error) { return &r.Resolver.Today, nil }

func (r queryResolver) Figures(_ context.Context, n int) (*Figures, error) {
	figures := r.Resolver.Figures
	if figures.N == 0 {
		figures.N = n
	}
	return &figures, nil
}

func (r subscriptionResolver) Added(ctx context.Context, room string) (<-chan *Post, error) {
	return r.Resolver.Added(ctx, room)
}

func (r subscriptionResolver) Maybe(ctx context.Context) (<-chan *Post, error) {
	return r.Resolver.Maybe(ctx)
}

func (r subscriptionResolver) Guarded(ctx context.Context) (<-chan *Post, error) {
	return r.Resolver.Maybe(ctx)
}
