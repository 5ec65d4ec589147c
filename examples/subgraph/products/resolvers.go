package products

import (
	"context"
	"slices"
	"sync"

	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/core"
)

// New builds the schema, on products in the memory of the process.
func New() (*gqlgen.Schema, error) {
	catalog := &catalog{products: []Product{
		{Upc: "1", Name: "Table", Price: 89900},
		{Upc: "2", Name: "Couch", Price: 129900},
		{Upc: "3", Name: "Chair", Price: 5400},
	}}
	return gqlgen.New(NewExecutableSchema(Config{Resolvers: catalog}))
}

// catalog has the products, and the resolvers.
type catalog struct {
	mu       sync.Mutex
	products []Product
}

var _ ResolverRoot = (*catalog)(nil)

// prices has every product whose price has changed.
func prices() core.Topic[Product] { return core.NewTopic[Product]("prices") }

// Entity implements ResolverRoot.
func (c *catalog) Entity() EntityResolver { return c }

// Query implements ResolverRoot.
func (c *catalog) Query() QueryResolver { return c }

// Mutation implements ResolverRoot.
func (c *catalog) Mutation() MutationResolver { return c }

// Subscription implements ResolverRoot.
func (c *catalog) Subscription() SubscriptionResolver { return c }

// Products implements QueryResolver.
func (c *catalog) Products(context.Context) ([]Product, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.products), nil
}

// FindProductByUpc implements EntityResolver.
func (c *catalog) FindProductByUpc(_ context.Context, upc string) (Product, error) {
	return c.change(upc, func(*Product) {})
}

// SetPrice implements MutationResolver.
func (c *catalog) SetPrice(ctx context.Context, upc string, price int) (Product, error) {
	product, err := c.change(upc, func(p *Product) { p.Price = price })
	if err != nil {
		return Product{}, err
	}
	return product, prices().Publish(ctx, product)
}

// PriceChanged implements SubscriptionResolver.
func (c *catalog) PriceChanged(ctx context.Context) (<-chan Product, error) {
	return prices().Channel(ctx)
}

// change changes a product and returns it.
func (c *catalog) change(upc string, change func(*Product)) (Product, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.products, func(p Product) bool { return p.Upc == upc })
	if i < 0 {
		return Product{}, core.Public("there is no product %s", upc)
	}
	change(&c.products[i])
	return c.products[i], nil
}
