package callback

import (
	"context"
	"errors"
	"math"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// errPrivate: the address that was to be dialed is not public.
var errPrivate = errors.New("the address of the host is not public, and not in callback.Config.PrivateAddresses")

// guard decides which addresses may be dialed. It is asked once the name is resolved,
// so that no answer of a name server gets around it.
type guard struct{ private []netip.Prefix }

func (g guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap().WithZone("")
	if isPublic(ip) {
		return nil
	}
	for _, prefix := range g.private {
		if prefix.Contains(ip) {
			return nil
		}
	}
	return errPrivate
}

// isPublic reports whether an address is one of the internet's at large: IANA's
// special-purpose registries (RFC 6890 and its updates) are not, and of IPv6 only what is
// assigned as global unicast (2000::/3, IANA's address space registry).
func isPublic(ip netip.Addr) bool {
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Is6() && !prefix6(0x20, 0, 0, 0, 3).Contains(ip) {
		return false
	}
	for _, prefix := range special() {
		if prefix.Contains(ip) {
			return false
		}
	}
	return true
}

// special are the networks that netip does not know to be special, and those whose
// addresses hold an IPv4 address.
func special() []netip.Prefix {
	return []netip.Prefix{
		prefix4(0, 0, 0, 8), prefix4(100, 64, 0, 10), prefix4(192, 0, 0, 24), prefix4(192, 0, 2, 24),
		prefix4(192, 88, 99, 24), prefix4(198, 18, 0, 15), prefix4(198, 51, 100, 24), prefix4(203, 0, 113, 24),
		prefix4(240, 0, 0, 4),
		prefix6(0x20, 0x01, 0, 0, 23),       // IETF, Teredo among them
		prefix6(0x20, 0x01, 0x0d, 0xb8, 32), // documentation
		prefix6(0x20, 0x02, 0, 0, 16),       // 6to4
		prefix6(0x3f, 0xff, 0, 0, 20),       // documentation (RFC 9637)
	}
}

func prefix4(a, b, c byte, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c}), bits)
}

func prefix6(a, b, c, d byte, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom16([16]byte{a, b, c, d}), bits)
}

// newTransport dials only what the guard lets pass, through no proxy, which would dial
// in its place. It follows no redirects: no http.RoundTripper does.
func newTransport(g guard, config Config) *http.Transport {
	dial := config.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: config.Timeout, KeepAlive: 30 * time.Second, ControlContext: g.control}).DialContext
	}
	return &http.Transport{
		DialContext:            dial,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           8 * min(config.MaxIdleConnections, math.MaxInt/8),
		MaxIdleConnsPerHost:    config.MaxIdleConnections,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    config.Timeout,
		MaxResponseHeaderBytes: 16 << 10,
		DisableCompression:     true,
		// A connection on which nothing arrives any more is closed. Over HTTP/1.1 the
		// post that has no answer closes it; over HTTP/2 a post is one of many, and all
		// would go on there until TCP gives up.
		HTTP2: &http.HTTP2Config{SendPingTimeout: config.Timeout, PingTimeout: config.Timeout},
	}
}
