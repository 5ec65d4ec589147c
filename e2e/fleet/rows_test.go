//go:build e2e

package fleet

import (
	"hash/fnv"
	"strconv"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
)

// Names of keys are as docs/redis-keys.md and docs/fleet.md have them.

// members are the lives of processes that Redis knows of: those that count as
// alive or have yet to be found dead, and those that are being reaped.
func (f *fleet) members(t *testing.T) (alive, dead []string) {
	t.Helper()
	return f.ask(t, "ZRANGE", "fanql:{f:}:members", 0, -1), f.ask(t, "ZRANGE", "fanql:{f:}:dead", 0, -1)
}

// member is the life of a process that runs.
func (f *fleet) member(t *testing.T, process string) string {
	t.Helper()
	alive, _ := f.members(t)
	for _, member := range alive {
		if belongs(member, process) {
			return member
		}
	}
	t.Fatalf("members are %q, and none of them is %s", alive, process)
	return ""
}

// belongs reports whether a member is a life of the process.
func belongs(member, process string) bool { return strings.HasPrefix(member, process+"#") }

func (f *fleet) ask(t *testing.T, command ...any) []string {
	t.Helper()
	list, err := f.client.Do(t.Context(), command...).StringSlice()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// subscriptions counts the rows in the listings of all topics.
func (f *fleet) subscriptions(t *testing.T) (n int) {
	t.Helper()
	for _, count := range pipelined(t, f, f.topics, func(pipe goredis.Pipeliner, topic *topic) *goredis.IntCmd {
		return pipe.ZCard(t.Context(), "fanql:{t:"+topic.name+"}:members")
	}) {
		n += int(count)
	}
	return n
}

// writtenDown counts the connections that would be reaped if all gateways died.
func (f *fleet) writtenDown(t *testing.T) (n int) {
	t.Helper()
	for _, count := range pipelined(t, f, f.keys(t, "fanql:{g:*}:connections"), func(pipe goredis.Pipeliner, key string) *goredis.IntCmd {
		return pipe.SCard(t.Context(), key)
	}) {
		n += int(count)
	}
	return n
}

// connections counts the connections that have not ended, by their processes.
func (f *fleet) connections(t *testing.T) map[string]int {
	t.Helper()
	n := make(map[string]int)
	for _, fields := range pipelined(t, f, f.keys(t, "fanql:{c:*}:row"), func(pipe goredis.Pipeliner, key string) *goredis.SliceCmd {
		return pipe.HMGet(t.Context(), key, "endpoint", "gone")
	}) {
		if endpoint, _ := fields[0].(string); fields[1] == nil {
			n[endpoint]++
		}
	}
	return n
}

func (f *fleet) keys(t *testing.T, pattern string) (keys []string) {
	t.Helper()
	scan := f.client.Scan(t.Context(), 0, pattern, 1000).Iterator()
	for scan.Next(t.Context()) {
		keys = append(keys, scan.Val())
	}
	if err := scan.Err(); err != nil {
		t.Fatal(err)
	}
	return keys
}

// tokens are the leases that were last taken, by partition.
func (f *fleet) tokens(t *testing.T) map[string]string {
	t.Helper()
	tokens := make(map[string]string)
	for _, key := range f.keys(t, "fanql:{b:*}:token") {
		tokens[key] = f.ask(t, "MGET", key)[0]
	}
	return tokens
}

// tokenKey is that of the topic's partition, of the 16 that a bus has by default.
func (t *topic) tokenKey() string {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(t.name))
	return "fanql:{b:" + strconv.Itoa(int(hash.Sum64()%16)) + "}:token"
}

// pipelined asks for something about each of a list.
func pipelined[K, V any, C interface{ Result() (V, error) }](t *testing.T, f *fleet, list []K, ask func(goredis.Pipeliner, K) C) []V {
	t.Helper()
	pipe := f.client.Pipeline()
	answers := make([]C, len(list))
	for i, key := range list {
		answers[i] = ask(pipe, key)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	values := make([]V, len(list))
	for i, answer := range answers {
		values[i], _ = answer.Result()
	}
	return values
}
