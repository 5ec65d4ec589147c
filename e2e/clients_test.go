//go:build e2e

package e2e

import (
	"testing"

	"github.com/fanql/fanql/e2e/internal/clients"
	"github.com/fanql/fanql/e2e/internal/program"
)

func TestClients(t *testing.T) {
	program.OnEachLibrary(t, func(t *testing.T, library program.Library) {
		chat := program.StartWith(t, library.Tags, "examples/chat", "-addr", "127.0.0.1:0")
		clients.Test(t, chat.Base, clients.InOrder)
	})
}
