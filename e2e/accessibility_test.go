//go:build e2e

package e2e

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fanql/fanql/e2e/internal/program"
)

// accessibilityResult is what clients/accessibility.mjs reports.
type accessibilityResult struct {
	// Findings are what axe-core finds, Problems the errors in the pages' consoles.
	Findings, Problems []string
	// Said is what the pages say.
	Said struct {
		BlankName, LongName, BlankRoom, LongMessage string
		SendDisabled                                bool
		// People are the authors of two messages as the second tab shows them.
		People []string
		// Isolated: no name has a say in the direction of what is around it.
		Isolated bool
		// Typing has the characters that isolate the name in angle brackets.
		Typing, Gone string
	}
}

// The chat's pages in Chromium, with axe-core: names of any script, what is refused, a
// phone, and a server that has gone.
func TestPagesAreForEverybody(t *testing.T) {
	t.Parallel()
	folder, chromium := screenshots(t)
	chat := program.Start(t, "examples/chat", "-addr", "127.0.0.1:0")
	var got accessibilityResult
	program.RunScript(t, &got, "accessibility.mjs", chat.Base, chromium, folder)
	for _, finding := range append(got.Findings, got.Problems...) {
		t.Error(finding)
	}
	said := got.Said
	for _, text := range []struct{ got, want string }{
		{said.BlankName, "A name needs a letter, at least."},
		{said.LongName, "A name may have 32 characters; this one has 33."},
		{said.BlankRoom, "A room needs a name."},
		{said.LongMessage, "3 characters too many to send"},
		{said.Gone, "The server does not answer. Trying to reach it again…"},
		{said.Typing, "<2068>שרה<2069> is typing…"},
	} {
		if text.got != text.want {
			t.Errorf("a page says %q, want %q", text.got, text.want)
		}
	}
	if !said.SendDisabled {
		t.Error("what is too long can be sent")
	}
	if len(said.People) == 2 {
		said.People[0] = strings.Trim(said.People[0], "\u202e\u2069")
	}
	if want := []string{"שרה", "Ada, own"}; !reflect.DeepEqual(said.People, want) || !said.Isolated {
		t.Errorf("the second tab shows %q, want %q; isolated: %v", said.People, want, said.Isolated)
	}
}
