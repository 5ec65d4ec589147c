package callback

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// allowed is how callback URLs may begin.
type allowed struct {
	scheme, host, port string
	// below: the host is one below host.
	below bool
	// folder ends with a slash.
	folder string
}

// parseAllowed reads Config.Allow, and which IP addresses it has.
func parseAllowed(entries []string) (all []allowed, addresses []netip.Prefix, err error) {
	for _, entry := range entries {
		u, err := url.Parse(entry)
		if err != nil || !isPlain(u) {
			return nil, nil, invalid(fmt.Sprintf("callback.Config.Allow: %q is no http or https URL of scheme, host, port and path only", entry))
		}
		host, below := strings.CutPrefix(strings.ToLower(u.Hostname()), "*.")
		if host == "" || strings.Contains(host, "*") {
			return nil, nil, invalid(fmt.Sprintf("callback.Config.Allow: the host of %q is neither a name, nor an address, nor *.name", entry))
		}
		all = append(all, allowed{scheme: u.Scheme, host: host, port: portOf(u), below: below, folder: strings.TrimSuffix(u.Path, "/") + "/"})
		if address, err := netip.ParseAddr(host); err == nil {
			addresses = append(addresses, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
		}
	}
	return all, addresses, nil
}

// isPlain reports whether a URL has a scheme, a host, a port and a path, and nothing
// that two programs could read in two ways.
func isPlain(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.Opaque == "" && u.User == nil &&
		u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && u.RawPath == "" &&
		(u.Path == "" || path.Clean(u.Path) == strings.TrimSuffix(u.Path, "/") || u.Path == "/")
}

func portOf(u *url.URL) string {
	standard := "443"
	if u.Scheme == "http" {
		standard = "80"
	}
	return cmp.Or(u.Port(), standard)
}

func (a allowed) matches(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	if a.below {
		if !strings.HasSuffix(host, "."+a.host) {
			return false
		}
	} else if host != a.host {
		return false
	}
	return u.Scheme == a.scheme && portOf(u) == a.port && strings.HasPrefix(u.Path, a.folder)
}

// The reasons for which a callback URL is refused. A client reads them.
var (
	errNoURL      = errors.New("callbackUrl is no http or https URL of scheme, host, port and path only")
	errNotAllowed = errors.New("callbackUrl is not one that this server may post to")
	errNotOfID    = errors.New("the last segment of callbackUrl must be subscriptionId")
)

// check decides about the callback URL of a subscription.
func (c *Callbacks) check(callbackURL, id string) (*url.URL, error) {
	u, err := url.Parse(callbackURL)
	if err != nil || strings.Contains(callbackURL, "#") { // of an empty fragment u says nothing
		return nil, errNoURL
	}
	return u, c.decide(u, id)
}

// decide is check of a URL that is parsed.
func (c *Callbacks) decide(u *url.URL, id string) error {
	if !isPlain(u) {
		return errNoURL
	}
	if path.Base(u.Path) != id || strings.HasSuffix(u.Path, "/") || id == "." || id == "/" {
		return errNotOfID
	}
	for _, a := range c.allowed {
		if a.matches(u) {
			return nil
		}
	}
	return errNotAllowed
}
