package redis

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"
)

// The texts are those of Redis 7.0 and 6.2, and of Redis 8 and Valkey, where an ACL
// withholds a command.
func TestErrorsNameScriptAndCommand(t *testing.T) {
	t.Parallel()
	const source = "-- Sets a key.\nlocal old = redis.call('GET', KEYS[1])\nredis.call('SET', KEYS[1], '1')\nreturn old\n"
	for text, want := range map[string]string{
		"ERR The user executing the script can't run this command or subcommand script: 7a5f, on @user_script:3.":                                 "script name, command SET: ",
		"ERR Error running script (call to f_7a5f): @user_script:2: @user_script: 2: The user executing the script can't run this command or ...": "script name, command GET: ",
		"ERR ACL failure in script: User chat has no permissions to run the 'set' command script: 7a5f, on @user_script:3.":                       "script name, command SET: ",
		"ERR @user_script:1: something else":   "script name: ",
		"ERR @user_script:999: something else": "script name: ",
		"EOF":                                  "script name: ",
	} {
		cause := errors.New(text)
		err := newScript("name", source).failure(cause)
		if err.Error() != want+text || !errors.Is(err, cause) {
			t.Errorf("got %q, want %q", err, want+text)
		}
		if forbidden := strings.Contains(want, "command"); isForbidden(err) != forbidden {
			t.Errorf("isForbidden(%q) is %t", err, !forbidden)
		}
	}
}

// Where TIME is forbidden, the clock of the process takes its place.
func TestClockWithoutTime(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	defer client.Close()
	server.SetError("NOPERM User default has no permissions to run the 'time' command")
	if now, err := clock(context.Background(), client, "key"); err != nil || now == 0 {
		t.Errorf("got %d, %v, want the time", now, err)
	}
	server.SetError("ERR something else")
	if _, err := clock(context.Background(), client, "key"); err == nil {
		t.Error("got no error for another failure")
	}
}
