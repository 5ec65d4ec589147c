package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	adapter "github.com/fanql/fanql/adapters/redis"
)

// RedisSetup is a set-up on Redis. Every field but Prefix is required.
type RedisSetup struct {
	Client goredis.UniversalClient
	// Options are those that the client was made with.
	Options *goredis.UniversalOptions
	Backend *adapter.Backend
	// Prefix is redis.Config.Prefix. Default: "fanql:".
	Prefix string
	Now    func() time.Time
}

// patience is how long Redis may take for one answer.
const patience = 5 * time.Second

// Redis looks at a set-up on Redis.
func Redis(ctx context.Context, setup RedisSetup) []Finding {
	r := &report{}
	if setup.Prefix == "" {
		setup.Prefix = "fanql:"
	}
	if !setup.reach(ctx, r) {
		return r.findings
	}
	setup.checkServers(ctx, r)
	setup.checkAccess(ctx, r)
	setup.checkBus(ctx, r)
	return r.findings
}

// reach finds out whether Redis answers, and in which mode it runs.
func (s RedisSetup) reach(ctx context.Context, r *report) bool {
	const check = "connection"
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	address := strings.Join(s.Options.Addrs, ",")
	// A key of the library, so that a cluster says where it is.
	err := s.Client.Exists(ctx, s.key("b:all", "workers")).Err()
	if isForbidden(err) { // checkAccess says which
		err = nil
	}
	if err == nil {
		r.ok(check, "Redis answers at %s.", address)
		return true
	}
	if s.Options.TLSConfig != nil && speaksPlainly(ctx, s.Options.Addrs[0]) {
		r.wrong(check, "Redis at %s does not speak TLS: set FANQL_REDIS_TLS (-redis-tls) to off.", address)
		return false
	}
	r.wrong(check, "%s", s.unreached(err, address))
	return false
}

// speaksPlainly reports whether a server answers without TLS. It is sent no password.
func speaksPlainly(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	defer connection.Close() //nolint:errcheck // nothing was written that matters
	deadline, _ := ctx.Deadline()
	answer := make([]byte, 1)
	_ = connection.SetDeadline(deadline) // where there is none, the answer comes or the socket ends
	if _, err := io.WriteString(connection, "PING\r\n"); err != nil {
		return false
	}
	_, err = io.ReadFull(connection, answer)
	return err == nil && (answer[0] == '+' || answer[0] == '-')
}

// unreached says why Redis did not answer.
func (s RedisSetup) unreached(err error, address string) string {
	text := err.Error()
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(text, word) {
				return true
			}
		}
		return false
	}
	var network *net.OpError
	switch {
	case has("cluster support disabled"), s.Options.IsClusterMode && has("cluster has no nodes"):
		return fmt.Sprintf("Redis at %s is no cluster: set FANQL_REDIS_CLUSTER (-redis-cluster) to off.", address)
	case has("MOVED "):
		return isCluster(address)
	case has("CLUSTERDOWN"):
		return fmt.Sprintf("The cluster at %s does not serve all slots: see CLUSTER INFO.", address)
	case has("WRONGPASS", "invalid password", "no password is set", "without any password configured"):
		return fmt.Sprintf("Redis at %s does not accept the user and the password: correct FANQL_REDIS_USERNAME (-redis-username) and FANQL_REDIS_PASSWORD.", address)
	case has("NOAUTH"):
		return fmt.Sprintf("Redis at %s wants a password: set FANQL_REDIS_PASSWORD, and FANQL_REDIS_USERNAME (-redis-username) where it has users.", address)
	case has("certificate"):
		return fmt.Sprintf("The certificate of Redis at %s is not accepted: name the host in FANQL_REDIS_ADDRESSES (-redis-addresses) as the certificate does: %s.", address, lastOf(err))
	case s.Options.TLSConfig == nil && (has("connection reset", "EOF")):
		return fmt.Sprintf("Redis at %s closes connections at once, as one does that speaks TLS only: set FANQL_REDIS_TLS (-redis-tls) to on.", address)
	case has("LOADING"):
		return fmt.Sprintf("Redis at %s is still loading its data: wait.", address)
	case errors.As(err, &network), has("i/o timeout", "deadline exceeded", "no such host", "refused"):
		return fmt.Sprintf("Redis does not answer at %s: correct FANQL_REDIS_ADDRESSES (-redis-addresses), or open the port: %s.", address, lastOf(err))
	}
	return fmt.Sprintf("Redis at %s refuses to answer: %s.", address, lastOf(err))
}

func isCluster(address string) string {
	return fmt.Sprintf("Redis at %s is a cluster: set FANQL_REDIS_CLUSTER (-redis-cluster) to on.", address)
}

// isForbidden reports that a user may not do what it asked for.
func isForbidden(err error) bool { return err != nil && strings.Contains(err.Error(), "NOPERM") }

// checkServers looks at every server that takes writes.
func (s RedisSetup) checkServers(ctx context.Context, r *report) {
	cluster, ok := s.Client.(*goredis.ClusterClient)
	if !ok {
		s.checkServer(ctx, r, strings.Join(s.Options.Addrs, ","), s.Client)
		return
	}
	found := make(chan Finding, 1)
	go func() {
		defer close(found)
		err := cluster.ForEachMaster(ctx, func(ctx context.Context, master *goredis.Client) error {
			one := &report{}
			s.checkServer(ctx, one, master.Options().Addr, master)
			for _, finding := range one.findings {
				found <- finding
			}
			return nil
		})
		if err != nil {
			found <- Finding{Check: "server", Status: Unknown, Text: "The nodes of the cluster cannot be listed: " + lastOf(err) + "."}
		}
	}()
	for finding := range found {
		r.findings = append(r.findings, finding)
	}
}

// oldest is the oldest version that the adapter works with.
const oldestMajor, oldestMinor = 6, 2

// checkServer looks at the settings of one server.
func (s RedisSetup) checkServer(ctx context.Context, r *report, address string, client goredis.Cmdable) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, err := client.Info(ctx).Result()
	if err != nil {
		r.unknown("server", "The settings of Redis at %s cannot be looked at: allow INFO: %s.", address, lastOf(err))
		return
	}
	info := parseInfo(text)
	before := len(r.findings)
	if version := info["redis_version"]; version != "" && olderThan(version, oldestMajor, oldestMinor) {
		r.wrong("version", "Redis at %s is %s: run %d.%d or later.", address, version, oldestMajor, oldestMinor)
	}
	if info["cluster_enabled"] == "1" && !s.Options.IsClusterMode {
		r.wrong("cluster", "%s", isCluster(address))
	}
	if info["role"] == "slave" {
		r.wrong("role", "Redis at %s is a replica, and takes no writes: name the primary in FANQL_REDIS_ADDRESSES (-redis-addresses).", address)
	}
	policy := info["maxmemory_policy"]
	if policy != "" && policy != "noeviction" {
		r.wrong("maxmemory-policy", "Redis at %s takes rows of subscriptions away when it is full (%s): set maxmemory-policy to noeviction.", address, policy)
	}
	if evicted := info["evicted_keys"]; evicted != "" && evicted != "0" {
		r.wrong("evictions", "Redis at %s has evicted %s keys since it began: set maxmemory-policy to noeviction, then restart the gateways one by one.", address, evicted)
	}
	checkMemory(r, address, info)
	if len(r.findings) == before {
		r.ok("server", "Redis %s at %s has the settings that it needs.", info["redis_version"], address)
	}
	if info["aof_enabled"] == "0" {
		r.note("persistence", "Redis at %s forgets what it acknowledged when it restarts: appendonly yes keeps events that wait.", address)
	}
}

// checkMemory says when a server is nearly full.
func checkMemory(r *report, address string, info map[string]string) {
	const nearly = 90 // per cent
	used, usedErr := strconv.ParseFloat(info["used_memory"], 64)
	most, mostErr := strconv.ParseFloat(info["maxmemory"], 64)
	if usedErr != nil || mostErr != nil || most == 0 || used < most*nearly/100 {
		return
	}
	r.wrong("memory", "Redis at %s is full to %.0f %%, and refuses writes when it is full: raise maxmemory, or see what waits.", address, 100*used/most)
}

// parseInfo reads the answer of INFO.
func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info
}

// olderThan compares versions; one that cannot be read is not older.
func olderThan(version string, major, minor int) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, errA := strconv.Atoi(parts[0])
	b, errB := strconv.Atoi(parts[1])
	return errA == nil && errB == nil && (a < major || a == major && b < minor)
}

// checkBus says what waits, who consumes, and what was given up.
func (s RedisSetup) checkBus(ctx context.Context, r *report) {
	const check = "bus"
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	lags, err := s.Backend.Lag(ctx)
	if err != nil {
		r.unknown(check, "What waits cannot be looked at: allow XLEN and XRANGE: %s.", lastOf(err))
		return
	}
	waiting, oldest := 0, time.Time{}
	for _, lag := range lags {
		waiting += lag.Events
		if !lag.Oldest.IsZero() && (oldest.IsZero() || lag.Oldest.Before(oldest)) {
			oldest = lag.Oldest
		}
	}
	now := s.Now()
	workers, err := s.Client.ZCount(ctx, s.key("b:all", "workers"), strconv.FormatInt(now.UnixMilli(), 10), "+inf").Result()
	const late = 10 * time.Second
	switch {
	case err != nil:
		r.unknown(check, "The workers cannot be counted: allow ZCOUNT: %s.", lastOf(err))
	case workers == 0 && waiting > 0:
		r.wrong(check, "%s wait, the oldest for %s, and nothing delivers them: start a server (fanql.Server) or a worker (fanqllambda.Work) with the same FANQL_REDIS_PREFIX.",
			count(waiting, "event"), now.Sub(oldest).Round(time.Second))
	case workers == 0:
		r.note(check, "Nothing delivers events: that needs a server (fanql.Server) or a worker (fanqllambda.Work) with the same FANQL_REDIS_PREFIX.")
	case waiting > 0 && now.Sub(oldest) > late:
		r.note(check, "%s wait, the oldest for %s, with %s: see the runbook for lag.",
			count(waiting, "event"), now.Sub(oldest).Round(time.Second), count(int(workers), "worker"))
	default:
		r.ok(check, "%s wait, with %s.", count(waiting, "event"), count(int(workers), "worker"))
	}
	given := 0
	for _, err := range s.Backend.DeadLetters(ctx) {
		if err != nil {
			r.unknown("dead-letters", "The dead letters cannot be listed: allow XRANGE: %s.", lastOf(err))
			return
		}
		given++
	}
	if given > 0 {
		r.note("dead-letters", "%s given up: see fanql dead-letters list.", count(given, "event"))
		return
	}
	r.ok("dead-letters", "There are no dead letters.")
}

// key is a key of the library. Source: docs/redis-keys.md.
func (s RedisSetup) key(tag, part string) string {
	return strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D").Replace(s.Prefix) + "{" + tag + "}:" + part
}
