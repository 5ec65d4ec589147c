package redis_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	goredis "github.com/redis/go-redis/v9"
)

// scriptCommands are those that scripts may use: all of them are in Redis 6.2, and
// none takes longer the more there is, but for those of which bounded tells.
func scriptCommands() []string {
	return []string{
		"DEL", "EXISTS", "GET", "SET", "PEXPIRE", "PTTL", "PUBLISH",
		"HDEL", "HGET", "HINCRBY", "HLEN", "HMGET", "HSET", "HSTRLEN",
		"XACK", "XADD", "XCLAIM", "XDEL", "XGROUP", "XLEN", "XPENDING", "XREADGROUP",
		"ZADD", "ZRANDMEMBER", "ZREM", "ZREMRANGEBYSCORE", "ZSCORE",
	}
}

// clientCommands are those that the adapter sends besides scripts.
func clientCommands() []string {
	return []string{
		"EVAL", "EVALSHA", "SET", "DEL", "EXISTS", "PEXPIRE", "PUBLISH", "TIME",
		"SADD", "SREM", "SRANDMEMBER", "XDEL", "XLEN", "XRANGE", "ZADD", "ZREM",
		"SPUBLISH", // of 7.0; where it is unknown, PUBLISH takes its place
	}
}

// bounded says why a command that reads all of something may, by script.
func bounded() map[string]string {
	const operations = "what one connection has in flight, which core.Config.MaxOperations bounds"
	return map[string]string{
		"HGETALL connection_touch":       operations,
		"HGETALL operation_add":          operations,
		"HGETALL operation_remove":       operations,
		"HVALS connection_create":        operations,
		"HVALS connection_delete":        operations,
		"HVALS connection_operations":    operations,
		"ZRANGE bus_join":                "the workers that live",
		"XRANGE bus_read":                "one entry",
		"XRANGE bus_dead_letter":         "one entry",
		"ZRANGEBYSCORE listing_page":     "it has a limit",
		"ZRANGEBYSCORE router_heartbeat": "it has a limit",
	}
}

// laterOptions are what commands above take since Redis 7.0, or later.
func laterOptions() map[string][]string {
	return map[string][]string{
		"PEXPIRE": {"NX", "XX", "GT", "LT"},
		"XADD":    {"KEEPREF", "DELREF", "ACKED"},
		"XGROUP":  {"ENTRIESREAD"},
		"SET":     {"IFEQ", "IFNE"},
	}
}

// TestNoCommandIsUnbounded: no script has a command that reads a whole set, hash or
// keyspace which can grow without a bound, or one that Redis 6.2 lacks.
func TestNoCommandIsUnbounded(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("lua/*.lua")
	success(t, err)
	call := regexp.MustCompile(`redis\.(\w+)\('?(\w*)'?([^\n]*)`)
	readsAll := []string{"HGETALL", "HVALS", "ZRANGE", "XRANGE", "ZRANGEBYSCORE"}
	unused := bounded()
	for _, file := range files {
		source, err := os.ReadFile(file)
		success(t, err)
		script := strings.TrimSuffix(filepath.Base(file), ".lua")
		for _, match := range call.FindAllStringSubmatch(string(source), -1) {
			function, command, rest := match[1], match[2], match[3]
			use := command + " " + script
			switch _, ok := bounded()[use]; {
			case function != "call" && function != "pcall":
				t.Errorf("%s uses redis.%s", script, function)
			case slices.Contains(readsAll, command) && !ok:
				t.Errorf("%s is not known to be bounded", use)
			case !slices.Contains(readsAll, command) && !slices.Contains(scriptCommands(), command):
				t.Errorf("%s is not among the commands that scripts may use", use)
			}
			for _, option := range laterOptions()[command] {
				if strings.Contains(rest, "'"+option+"'") {
					t.Errorf("%s has the option %s, which Redis 6.2 lacks", use, option)
				}
			}
			delete(unused, use)
		}
	}
	for use := range unused {
		t.Errorf("%s does not occur", use)
	}
}

// watch notes the commands of clients.
type watch struct {
	mu   sync.Mutex
	seen map[string]string // and an example
}

func (w *watch) DialHook(next goredis.DialHook) goredis.DialHook { return next }

func (w *watch) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		w.note(cmd)
		return next(ctx, cmd)
	}
}

func (w *watch) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		w.note(cmds...)
		return next(ctx, cmds)
	}
}

func (w *watch) note(cmds ...goredis.Cmder) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, cmd := range cmds {
		w.seen[strings.ToUpper(cmd.Name())] = fmt.Sprint(cmd.Args()...)
	}
}

// report reports commands that the adapter is not known to send.
func (w *watch) report(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	opening := []string{"HELLO", "CLIENT"} // go-redis's own
	for name, example := range w.seen {
		if !slices.Contains(clientCommands(), name) && !slices.Contains(opening, name) {
			t.Errorf("%q was sent, which is not among the commands that clients may send", example)
		}
	}
}
