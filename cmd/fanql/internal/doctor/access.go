package doctor

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// need is a command that the library sends, with arguments of the form that an ACL
// looks at.
type need struct {
	command   string
	arguments []string
}

// needs are the commands that the user must be allowed, on a key and a channel of the
// library. Source: docs/redis-keys.md, "Access".
func needs(key, channel string) []need {
	one := func(commands ...string) (list []need) {
		for _, command := range commands {
			name, rest, _ := strings.Cut(command, " ")
			arguments := []string{key}
			for argument := range strings.FieldsSeq(rest) {
				arguments = append(arguments, argument)
			}
			list = append(list, need{name, arguments})
		}
		return list
	}
	return append(one(
		"GET", "SET x", "DEL", "EXISTS", "PTTL", "PEXPIRE 1",
		"HGET f", "HSET f v", "HDEL f", "HMGET f", "HGETALL", "HVALS", "HLEN", "HSTRLEN f", "HINCRBY f 1",
		"ZADD 1 m", "ZREM m", "ZSCORE m", "ZRANGE 0 1", "ZRANGEBYSCORE 0 1", "ZREMRANGEBYSCORE 0 1", "ZRANDMEMBER",
		"XADD * f v", "XLEN", "XRANGE - +", "XDEL 1-1", "XACK g 1-1", "XPENDING g", "XCLAIM g c 0 1-1",
		"SADD m", "SREM m", "SRANDMEMBER",
	),
		need{"XGROUP", []string{"CREATE", key, "g", "0"}},
		need{"XREADGROUP", []string{"GROUP", "g", "c", "STREAMS", key, ">"}},
		need{"PUBLISH", []string{channel, "0"}})
}

// checkAccess asks Redis whether the user may do what the library does, without doing
// it (redis.acl_check_cmd, from Redis 7.0 on).
func (s RedisSetup) checkAccess(ctx context.Context, r *report) {
	const check = "access"
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	key := s.key("t:fanql doctor", "rows")
	const script = `if not redis.acl_check_cmd then return 'unknown' end
local denied = {}
for _, line in ipairs(cjson.decode(ARGV[1])) do
  if not redis.acl_check_cmd(unpack(line)) then denied[#denied + 1] = line[1] end
end
return table.concat(denied, ' ')`
	list := needs(key, s.key("b:all", "wake"))
	reply, err := s.Client.Eval(ctx, script, []string{key}, encodeNeeds(list)).Text()
	switch {
	case isForbidden(err):
		r.wrong(check, "The user of Redis may not run scripts on keys that begin with %s: allow %s with ACL SETUSER.", s.Prefix, s.grant("+eval", "+evalsha"))
		return
	case err != nil:
		r.unknown(check, "What the user of Redis may do cannot be found out: %s.", lastOf(err))
		return
	case reply == "unknown":
		r.unknown(check, "What the user of Redis may do cannot be found out before Redis 7.0.")
		return
	}
	s.reportAccess(ctx, r, key, strings.Fields(reply), len(list))
}

func (s RedisSetup) reportAccess(ctx context.Context, r *report, key string, denied []string, all int) {
	const check = "access"
	// A command that scripts are not needed for is one that the client sends.
	if err := s.Client.EvalSha(ctx, strings.Repeat("0", 40), []string{key}).Err(); isForbidden(err) {
		denied = append(denied, "EVALSHA")
	}
	if len(denied) == 0 {
		r.ok(check, "The user of Redis may do what the library does.")
		return
	}
	if len(denied) >= all-1 {
		r.wrong(check, "The user of Redis may not use the keys that begin with %s: allow %s with ACL SETUSER.", s.Prefix, s.grant())
		return
	}
	if slices.Equal(denied, []string{"PUBLISH"}) {
		r.wrong(check, "The user of Redis may not publish on channels that begin with %s, which wake workers and join a fleet: allow +publish &%s* with ACL SETUSER.", s.Prefix, s.Prefix)
		return
	}
	var grants []string
	for _, command := range denied {
		grants = append(grants, "+"+strings.ToLower(command))
	}
	r.wrong(check, "The user of Redis may not %s: allow %s with ACL SETUSER.", strings.Join(denied, ", "), strings.Join(grants, " "))
}

// grant is what gives a user the library's keys, with some commands.
func (s RedisSetup) grant(commands ...string) string {
	return strings.Join(append([]string{"~" + s.Prefix + "*"}, commands...), " ")
}

// encodeNeeds writes commands as JSON, each a list of texts.
func encodeNeeds(list []need) string {
	lines := make([][]string, len(list))
	for i, n := range list {
		lines[i] = append([]string{n.command}, n.arguments...)
	}
	encoded, _ := json.Marshal(lines) // texts always have a JSON
	return string(encoded)
}
