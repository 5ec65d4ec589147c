package portschema

import (
	"testing"

	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// TestContract runs the suite for schema adapters.
func TestContract(t *testing.T) {
	porttest.TestSchema(t, porttest.SchemaAdapter{New: func(t *testing.T) ports.Schema {
		s, err := gqlgen.New(NewExecutableSchema(Config{Resolvers: &Resolver{}}))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}})
}
