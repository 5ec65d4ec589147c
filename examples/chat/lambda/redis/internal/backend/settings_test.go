package backend_test

import (
	"reflect"
	"testing"

	"github.com/fanql/fanql/examples/chat/lambda/redis/internal/backend"
)

func TestSettings(t *testing.T) {
	valid := map[string]string{"FANQL_REDIS_ADDRESSES": "cache:6379", "FANQL_ENDPOINT": "https://api/live", "AWS_REGION": "eu-west-1"}
	settings := backend.Settings{Addresses: []string{"cache:6379"}, TLS: true, Cluster: true, Endpoint: "https://api/live", Region: "eu-west-1"}
	for name, test := range map[string]struct {
		set  map[string]string
		want func(*backend.Settings)
		err  string
	}{
		"ElastiCache Serverless is the default": {want: func(*backend.Settings) {}},
		"a server of one's own": {
			set:  map[string]string{"FANQL_REDIS_TLS": "off", "FANQL_REDIS_CLUSTER": "off", "FANQL_REDIS_PREFIX": "chat:"},
			want: func(s *backend.Settings) { s.TLS, s.Cluster, s.Prefix = false, false, "chat:" },
		},
		"several nodes, and a user": {
			set: map[string]string{"FANQL_REDIS_ADDRESSES": "a:1, b:2", "FANQL_REDIS_USERNAME": "chat", "FANQL_REDIS_PASSWORD": "secret"},
			want: func(s *backend.Settings) {
				s.Addresses, s.Username, s.Password = []string{"a:1", "b:2"}, "chat", "secret"
			},
		},
		"nothing": {
			set: map[string]string{"FANQL_REDIS_ADDRESSES": "", "FANQL_ENDPOINT": "", "AWS_REGION": ""},
			err: "FANQL_REDIS_ADDRESSES is not set\nFANQL_ENDPOINT is not set\nAWS_REGION is not set",
		},
		"a switch that is neither": {
			set: map[string]string{"FANQL_REDIS_TLS": "true"},
			err: `FANQL_REDIS_TLS is "true", and has to be on or off`,
		},
		"several servers that are no cluster": {
			set: map[string]string{"FANQL_REDIS_ADDRESSES": "a:1,b:2", "FANQL_REDIS_CLUSTER": "off"},
			err: "FANQL_REDIS_ADDRESSES has several, and FANQL_REDIS_CLUSTER is off",
		},
		"a user without a password": {
			set: map[string]string{"FANQL_REDIS_USERNAME": "chat"},
			err: "FANQL_REDIS_USERNAME is set, and FANQL_REDIS_PASSWORD is not",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variables := range []map[string]string{valid, test.set} {
				for variable, value := range variables {
					t.Setenv(variable, value)
				}
			}
			got, err := backend.FromEnvironment()
			if test.err != "" {
				if err == nil || err.Error() != test.err {
					t.Errorf("got the error %v, want %s", err, test.err)
				}
				return
			}
			want := settings
			test.want(&want)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}
