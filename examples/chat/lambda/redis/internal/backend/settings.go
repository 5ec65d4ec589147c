package backend

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Settings are the environment of a program, as deploy/redis.yaml sets it.
type Settings struct {
	// Addresses are hosts with ports: one, or several nodes of a Cluster.
	Addresses []string
	// Username and Password are of an ACL user; both empty where there is none.
	Username, Password string
	// TLS encrypts connections, and checks the server's certificate.
	TLS bool
	// Cluster speaks to a Redis Cluster, of which one address is enough.
	Cluster bool
	// Prefix begins every key of the library; its default when empty.
	Prefix string
	// Endpoint is where clients are posted to.
	Endpoint string
	// Region is that of the endpoint.
	Region string
}

// FromEnvironment reads the settings. The error names every variable that is
// missing or wrong.
func FromEnvironment() (Settings, error) {
	var e environment
	s := Settings{
		Addresses: strings.FieldsFunc(e.required("FANQL_REDIS_ADDRESSES"), func(r rune) bool { return r == ',' || r == ' ' }),
		Username:  os.Getenv("FANQL_REDIS_USERNAME"),
		Password:  os.Getenv("FANQL_REDIS_PASSWORD"),
		TLS:       e.unlessOff("FANQL_REDIS_TLS"),
		Cluster:   e.unlessOff("FANQL_REDIS_CLUSTER"),
		Prefix:    os.Getenv("FANQL_REDIS_PREFIX"),
		Endpoint:  e.required("FANQL_ENDPOINT"),
		Region:    e.required("AWS_REGION"),
	}
	if !s.Cluster && len(s.Addresses) > 1 {
		e.complain("FANQL_REDIS_ADDRESSES has several, and FANQL_REDIS_CLUSTER is off")
	}
	if s.Username != "" && s.Password == "" {
		e.complain("FANQL_REDIS_USERNAME is set, and FANQL_REDIS_PASSWORD is not")
	}
	return s, errors.Join(e.problems...)
}

// environment reads variables and keeps what is wrong with them.
type environment struct{ problems []error }

func (e *environment) complain(format string, values ...any) {
	e.problems = append(e.problems, fmt.Errorf(format, values...))
}

func (e *environment) required(name string) string {
	value := os.Getenv(name)
	if value == "" {
		e.complain("%s is not set", name)
	}
	return value
}

// unlessOff is on by default.
func (e *environment) unlessOff(name string) bool {
	switch value := os.Getenv(name); value {
	case "", "on":
		return true
	case "off":
		return false
	default:
		e.complain("%s is %q, and has to be on or off", name, value)
		return true
	}
}
