//go:build e2e

package e2e

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fanql/fanql/e2e/internal/program"
)

type message struct{ Author, Text string }

// browserResult is what clients/browser.mjs reports of the pages it used.
type browserResult struct {
	// Ada and Grace are the messages that the two of them see.
	Ada, Grace []message
	// Typing is what Ada sees while Grace writes.
	Typing string
	// Away is what Ada sees after a while without a network.
	Away struct {
		// Heading stands above the messages that she missed; All are those of the room.
		Heading, Missed, All []string
	}
	// Explorer is the result that the explorer shows for a subscription.
	Explorer string
	// Problems are the errors in the pages' consoles.
	Problems []string
}

func TestBrowser(t *testing.T) {
	t.Parallel()
	folder, chromium := screenshots(t)
	var got browserResult
	chat := program.Start(t, "examples/chat", "-addr", "127.0.0.1:0")
	program.RunScript(t, &got, "browser.mjs", chat.Base, chromium, folder)

	conversation := []message{{"Ada", "anybody here?"}, {"Grace", "hello Ada"}, {"Ada", "hello Grace"}}
	if !reflect.DeepEqual(got.Ada, conversation) {
		t.Errorf("Ada sees %+v, want %+v", got.Ada, conversation)
	}
	if !reflect.DeepEqual(got.Grace, conversation) {
		t.Errorf("Grace sees %+v, want %+v", got.Grace, conversation)
	}
	if !strings.Contains(got.Typing, "Grace") {
		t.Errorf("while Grace writes, Ada sees %q", got.Typing)
	}
	missed := []string{"are you there?", "Ada?"}
	if away := got.Away; !slices.Equal(away.Missed, missed) || len(away.Heading) != 1 ||
		!slices.Equal(away.All, []string{"anybody here?", "hello Ada", "hello Grace", missed[0], missed[1], "there you are"}) {
		t.Errorf("after a while without a network, Ada sees %+v, want %q marked as missed", away, missed)
	}
	if !strings.Contains(got.Explorer, "to the explorer") {
		t.Errorf("the explorer shows %q, want the message that was published", got.Explorer)
	}
	if len(got.Problems) > 0 {
		t.Errorf("the pages report errors: %q", got.Problems)
	}
}
