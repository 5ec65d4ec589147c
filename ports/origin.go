package ports

import (
	"net/url"
	"path"
	"strings"
)

// OriginAllowed says whether a page of an origin may connect to a host, so that
// pages of other sites do not connect with the cookies of their visitors. Each
// transport that takes handshakes has it as its setting Origins.
//
// Patterns (path.Match, any case) match hosts, or whole origins when they contain
// "://": "app.example.com", "*.example.com", "https://app.example.com", "*" for all.
// An origin whose host is the host itself is allowed always, and so is an empty one:
// no browser sent the request. A malformed pattern matches nothing.
func OriginAllowed(origin, host string, patterns []string) bool {
	if origin == "" {
		return true
	}
	parsed, err := url.Parse(origin)
	if err != nil {
		return false
	}
	if strings.EqualFold(parsed.Host, host) {
		return true
	}
	for _, pattern := range patterns {
		subject := parsed.Host
		if strings.Contains(pattern, "://") {
			subject = origin
		}
		if ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(subject)); ok {
			return true
		}
	}
	return false
}
