package products

import "context"

// Resolver has the products.
type Resolver struct{ All []*Product }

type (
	entityResolver struct{ *Resolver }
	queryResolver  struct{ *Resolver }
)

// Entity implements ResolverRoot.
func (r *Resolver) Entity() EntityResolver { return &entityResolver{r} }

// Query implements ResolverRoot.
func (r *Resolver) Query() QueryResolver { return &queryResolver{r} }

// FindProductByID implements EntityResolver.
func (r *entityResolver) FindProductByID(_ context.Context, id string) (*Product, error) {
	for _, p := range r.All {
		if p.ID == id {
			return p, nil
		}
	}
	return nil, nil
}

// Products implements QueryResolver.
func (r *queryResolver) Products(context.Context) ([]*Product, error) {
	return r.All, nil
}
