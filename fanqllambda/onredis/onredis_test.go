package onredis_test

import (
	"errors"
	"slices"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/fanqllambda/onredis"
	"github.com/fanql/fanql/ports"
)

// settings are what is of interest of a client and a backend.
type settings struct {
	addresses          []string
	username, password string
	tls, cluster       bool
	prefix             string
}

func TestEnvironment(t *testing.T) {
	for name, test := range map[string]struct {
		set  map[string]string
		want settings
		err  string
	}{
		"ElastiCache Serverless is the default": {
			want: settings{addresses: []string{"cache:6379"}, tls: true, cluster: true},
		},
		"a server of one's own": {
			set:  map[string]string{"FANQL_REDIS_TLS": "off", "FANQL_REDIS_CLUSTER": "off", "FANQL_REDIS_PREFIX": "chat:"},
			want: settings{addresses: []string{"cache:6379"}, prefix: "chat:"},
		},
		"several nodes, and a user": {
			set:  map[string]string{"FANQL_REDIS_ADDRESSES": "a:1, b:2", "FANQL_REDIS_USERNAME": "chat", "FANQL_REDIS_PASSWORD": "secret"},
			want: settings{addresses: []string{"a:1", "b:2"}, username: "chat", password: "secret", tls: true, cluster: true},
		},
		"nothing": {
			set: map[string]string{"FANQL_REDIS_ADDRESSES": ""},
			err: "onredis.New: invalid: FANQL_REDIS_ADDRESSES is not set",
		},
		"switches that are neither": {
			set: map[string]string{"FANQL_REDIS_TLS": "true", "FANQL_REDIS_CLUSTER": "no"},
			err: `onredis.New: invalid: FANQL_REDIS_CLUSTER is "no", and has to be on or off; FANQL_REDIS_TLS is "true", and has to be on or off`,
		},
		"several servers that are no cluster": {
			set: map[string]string{"FANQL_REDIS_ADDRESSES": "a:1,b:2", "FANQL_REDIS_CLUSTER": "off"},
			err: "onredis.New: invalid: FANQL_REDIS_ADDRESSES has several, and FANQL_REDIS_CLUSTER is off",
		},
		"a user without a password": {
			set: map[string]string{"FANQL_REDIS_USERNAME": "chat"},
			err: "onredis.New: invalid: FANQL_REDIS_USERNAME is set, and FANQL_REDIS_PASSWORD is not",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("FANQL_REDIS_ADDRESSES", "cache:6379")
			for variable, value := range test.set {
				t.Setenv(variable, value)
			}
			var got settings
			backend, err := onredis.New(onredis.Config{
				Client: func(o *goredis.UniversalOptions) {
					got = settings{addresses: o.Addrs, username: o.Username, password: o.Password, tls: o.TLSConfig != nil, cluster: o.IsClusterMode}
				},
				Backend: func(c *redis.Config) { got.prefix = c.Prefix },
			})
			if test.err != "" {
				if !errors.Is(err, ports.ErrInvalid) || err.Error() != test.err {
					t.Errorf("got the error %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer backend.Client.Close()
			addresses := slices.Equal(got.addresses, test.want.addresses)
			got.addresses, test.want.addresses = nil, nil
			if !addresses || !equal(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestGetenv: the variables may come from elsewhere, and the environment is not read then.
func TestGetenv(t *testing.T) {
	t.Setenv("FANQL_REDIS_ADDRESSES", "environment:6379")
	var addresses []string
	backend, err := onredis.New(onredis.Config{
		Getenv: func(name string) string { return map[string]string{"FANQL_REDIS_ADDRESSES": "elsewhere:6379"}[name] },
		Client: func(o *goredis.UniversalOptions) { addresses = o.Addrs },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer backend.Client.Close()
	if !slices.Equal(addresses, []string{"elsewhere:6379"}) {
		t.Errorf("the addresses are %q", addresses)
	}
}

// TestConfigurationThatIsRefused: there is no backend beside an error, which a program
// would take for one.
func TestConfigurationThatIsRefused(t *testing.T) {
	t.Setenv("FANQL_REDIS_ADDRESSES", "cache:6379")
	backend, err := onredis.New(onredis.Config{Backend: func(c *redis.Config) { c.DrainTimeout = -1 }})
	if !errors.Is(err, ports.ErrInvalid) || backend != nil {
		t.Errorf("got %+v, %v, want an error alone", backend, err)
	}
}

func equal(a, b settings) bool {
	return a.username == b.username && a.password == b.password && a.tls == b.tls && a.cluster == b.cluster && a.prefix == b.prefix
}
