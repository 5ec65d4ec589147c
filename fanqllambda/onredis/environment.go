package onredis

import (
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/ports"
)

// read is what the environment says of the client, and the prefix of keys.
func read(get func(name string) string) (options *goredis.UniversalOptions, prefix string, err error) {
	e := environment{get: get}
	options = newOptions()
	options.Addrs = strings.FieldsFunc(get("FANQL_REDIS_ADDRESSES"), func(r rune) bool { return r == ',' || r == ' ' })
	options.Username, options.Password = get("FANQL_REDIS_USERNAME"), get("FANQL_REDIS_PASSWORD")
	options.IsClusterMode = e.unlessOff("FANQL_REDIS_CLUSTER")
	if !e.unlessOff("FANQL_REDIS_TLS") {
		options.TLSConfig = nil
	}
	if len(options.Addrs) == 0 {
		e.reject("FANQL_REDIS_ADDRESSES is not set")
	}
	if !options.IsClusterMode && len(options.Addrs) > 1 {
		e.reject("FANQL_REDIS_ADDRESSES has several, and FANQL_REDIS_CLUSTER is off")
	}
	if options.Username != "" && options.Password == "" {
		e.reject("FANQL_REDIS_USERNAME is set, and FANQL_REDIS_PASSWORD is not")
	}
	return options, get("FANQL_REDIS_PREFIX"), e.error()
}

// environment keeps what is wrong with variables.
type environment struct {
	get      func(name string) string
	problems []string
}

func (e *environment) reject(format string, values ...any) {
	e.problems = append(e.problems, fmt.Sprintf(format, values...))
}

func (e *environment) error() error {
	if len(e.problems) == 0 {
		return nil
	}
	return &ports.Error{Op: "onredis.New", Kind: ports.ErrInvalid, Err: errors.New(strings.Join(e.problems, "; "))}
}

// unlessOff reads a switch that is on by default.
func (e *environment) unlessOff(name string) bool {
	switch value := e.get(name); value {
	case "", "on":
		return true
	case "off":
		return false
	default:
		e.reject("%s is %q, and has to be on or off", name, value)
		return true
	}
}
