package callback

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/fanql/fanql/ports"
)

// scheme begins the endpoints of callbacks, and of nothing else.
const scheme = "callback:"

// target is where a subscription's results are posted to.
type target struct {
	url *url.URL
	// id is the router's, and the last segment of the URL.
	id string
	// verifier is a secret between the router and this side.
	verifier string
	// heartbeat is the interval that the router asked for; 0: none.
	heartbeat time.Duration
}

// address is the target as stores keep it. The ID of the connection is a digest of URL
// and verifier: the same subscription that comes again has the same one, and whoever
// does not know the verifier cannot take its place.
func (t target) address() ports.Address {
	sum := sha256.Sum256([]byte(t.url.String() + "\x00" + t.verifier))
	return ports.Address{
		ID: ports.ConnectionID(scheme + base64.RawURLEncoding.EncodeToString(sum[:16])),
		Endpoint: scheme + strconv.FormatInt(t.heartbeat.Milliseconds(), 10) + ":" +
			base64.RawURLEncoding.EncodeToString([]byte(t.verifier)) + ":" + t.url.String(),
	}
}

// isCallback reports whether an address is that of a callback.
func isCallback(address ports.Address) bool { return strings.HasPrefix(address.Endpoint, scheme) }

// targetOf reads an address back. False: it is none of this package.
func targetOf(address ports.Address) (target, bool) {
	rest, ok := strings.CutPrefix(address.Endpoint, scheme)
	interval, rest, hasInterval := strings.Cut(rest, ":")
	coded, at, hasVerifier := strings.Cut(rest, ":")
	if !ok || !hasInterval || !hasVerifier {
		return target{}, false
	}
	milliseconds, err := strconv.ParseInt(interval, 10, 64)
	if err != nil {
		return target{}, false
	}
	verifier, err := base64.RawURLEncoding.DecodeString(coded)
	if err != nil {
		return target{}, false
	}
	u, err := url.Parse(at)
	if err != nil {
		return target{}, false
	}
	return target{url: u, id: path.Base(u.Path), verifier: string(verifier), heartbeat: time.Duration(milliseconds) * time.Millisecond}, true
}
