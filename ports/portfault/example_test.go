package portfault_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/portfault"
)

// What a caller has to expect when an answer is lost, and when its process ends
// between two writes.
func Example() {
	backend, ctx := must.Make(memory.New(memory.Config{})), context.Background()
	// docs:start portfault
	faults := portfault.New(portfault.Config{}) // no rates: only what is planned
	process := faults.Process()
	store := process.Store(backend)

	row := ports.Connection{Address: ports.Address{ID: "1"}, ExpiresAt: time.Now().Add(time.Hour)}
	faults.Plan("CreateConnection", portfault.LostAnswer)
	err := store.CreateConnection(ctx, row)
	fmt.Println("created:", !errors.Is(err, portfault.ErrInjected))
	fmt.Println("again:", store.CreateConnection(ctx, row)) // the contract lets a caller repeat it

	process.Crash()
	_, err = store.GetConnection(ctx, "1")
	fmt.Println("crashed:", errors.Is(err, portfault.ErrCrashed))

	_, err = faults.Process().Store(backend).GetConnection(ctx, "1") // the process that takes its place
	fmt.Println("after that:", err)
	// docs:end portfault
	// Output:
	// created: false
	// again: <nil>
	// crashed: true
	// after that: <nil>
}
