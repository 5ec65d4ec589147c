package ports_test

import (
	"testing"

	"github.com/fanql/fanql/ports"
)

func TestOriginAllowed(t *testing.T) {
	for _, test := range []struct {
		name, origin string
		patterns     []string
		want         bool
	}{
		{"none: no browser", "", nil, true},
		{"the host's own", "https://API.example", nil, true},
		{"another", "https://evil.example", nil, false},
		{"listed", "https://APP.example", []string{"app.example"}, true},
		{"listed with its scheme", "https://app.example", []string{"https://app.example"}, true},
		{"listed with another scheme", "http://app.example", []string{"https://app.example"}, false},
		{"listed by a pattern", "https://a.example", []string{"x", "*.example"}, true},
		{"only like the pattern", "https://a.example.evil", []string{"*.example"}, false},
		{"of a port that is not listed", "https://app.example:8443", []string{"app.example"}, false},
		{"opaque", "null", []string{"app.example"}, false},
		{"all", "null", []string{"*"}, true},
		{"no URL", "https://%zz", []string{"*"}, false},
		{"malformed patterns", "https://a", []string{"[", "a]"}, false},
	} {
		if got := ports.OriginAllowed(test.origin, "api.example", test.patterns); got != test.want {
			t.Errorf("%s: %q with %q is %v, want %v", test.name, test.origin, test.patterns, got, test.want)
		}
	}
}
