//go:build integration

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	goredis "github.com/redis/go-redis/v9"

	"github.com/fanql/fanql/cmd/fanql/internal/doctor"
	"github.com/fanql/fanql/internal/redislocal"
)

// findings runs the doctor, and returns what is wrong; the others by their status.
func findings(t *testing.T, s shell) (wrong []string, others map[doctor.Status]int) {
	t.Helper()
	r := s.run(t.Context(), "doctor", "-json")
	if r.log != "" {
		t.Fatalf("doctor: exit code %d, %s", r.code, r.log)
	}
	others = map[doctor.Status]int{}
	for decoder := json.NewDecoder(strings.NewReader(r.out)); ; {
		var finding doctor.Finding
		if err := decoder.Decode(&finding); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if finding.Status == doctor.Wrong {
			wrong = append(wrong, finding.Text)
		} else {
			others[finding.Status]++
		}
	}
	if (r.code == codeFailed) != (len(wrong) > 0) {
		t.Errorf("the exit code is %d with %d things wrong", r.code, len(wrong))
	}
	return wrong, others
}

// names expects one thing to be wrong, and one sentence to say so.
func names(t *testing.T, s shell, want string) {
	t.Helper()
	wrong, _ := findings(t, s)
	if len(wrong) != 1 || wrong[0] != want {
		t.Errorf("wrong is %q, want %q", wrong, want)
	}
}

func TestDoctorOnDynamoDB(t *testing.T) {
	t.Parallel()
	s, _ := onTables(t)
	if wrong, others := findings(t, s); len(wrong) > 0 || others[doctor.OK] != 10 || others[doctor.Unknown] != 1 {
		t.Errorf("%q wrong, %v; want nothing wrong, and the mapping unknown", wrong, others)
	}
	for name, test := range map[string]struct {
		// broken makes a table another way; nil leaves it out.
		table  string
		broken func(*sdk.CreateTableInput)
		ttl    string
		want   string
	}{
		"a table is missing": {
			table: "SUBSCRIPTIONS",
			want: "There is no table TABLE in us-east-1: correct FANQL_SUBSCRIPTIONS_TABLE (-subscriptions-table) or AWS_REGION, " +
				"or create the table.",
		},
		"a table has other keys": {
			table: "SUBSCRIPTIONS", ttl: "ttl",
			broken: func(in *sdk.CreateTableInput) { keyed(in, "event", "connection") },
			want: "The table TABLE has the keys event (HASH, S) and connection (RANGE, S) and needs event (HASH, S) and " +
				"connectionId (RANGE, S): create it anew with this KeySchema.",
		},
		"rows stay for ever": {
			table:  "CONNECTIONS",
			broken: func(in *sdk.CreateTableInput) { keyed(in, "id") },
			want:   "The table TABLE keeps rows for ever: set TimeToLiveSpecification to Enabled with the AttributeName ttl.",
		},
		"rows expire by another attribute": {
			table: "CONNECTIONS", ttl: "expires",
			broken: func(in *sdk.CreateTableInput) { keyed(in, "id") },
			want:   "The table TABLE deletes rows by the attribute expires, which none has: set TimeToLiveSpecification.AttributeName to ttl.",
		},
		"events have no stream": {
			table: "EVENTS", ttl: "ttl",
			broken: func(in *sdk.CreateTableInput) { keyed(in, "id") },
			want:   "The table TABLE has no stream, so that nothing is delivered: set StreamSpecification.StreamViewType to NEW_IMAGE.",
		},
		"the stream has keys only": {
			table: "EVENTS", ttl: "ttl",
			broken: func(in *sdk.CreateTableInput) {
				keyed(in, "id")
				in.StreamSpecification = &types.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: types.StreamViewTypeKeysOnly}
			},
			want: "The stream of TABLE has the view type KEYS_ONLY, which leaves out what was published: " +
				"set StreamSpecification.StreamViewType to NEW_IMAGE, on a new stream.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := onTables(t)
			table := s.env["FANQL_"+test.table+"_TABLE"] + ".broken"
			if test.broken != nil {
				makeTable(t, table, test.broken, test.ttl)
			}
			names(t, s.with("FANQL_"+test.table+"_TABLE", table), replaceTable(test.want, table))
		})
	}
}

// replaceTable puts a table's name in place of the word TABLE, which variables have
// too.
func replaceTable(text, table string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, " TABLE ", " "+table+" "), " TABLE:", " "+table+":")
}

// keyed gives a table keys that are strings.
func keyed(in *sdk.CreateTableInput, keys ...string) {
	for i, key := range keys {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &key, KeyType: []types.KeyType{types.KeyTypeHash, types.KeyTypeRange}[i]})
	}
}

func makeTable(t *testing.T, name string, change func(*sdk.CreateTableInput), ttl string) {
	t.Helper()
	in := &sdk.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest}
	change(in)
	if _, err := local.Client().CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	if ttl == "" {
		return
	}
	_, err := local.Client().UpdateTimeToLive(t.Context(), &sdk.UpdateTimeToLiveInput{
		TableName: &name, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &ttl, Enabled: aws.Bool(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDoctorNamesPermissions: DynamoDB Local allows everything, so a proxy in front of
// it denies an action as AWS does.
func TestDoctorNamesPermissions(t *testing.T) {
	t.Parallel()
	s, backend := onTables(t)
	denied := denying(t, "Query", "BatchWriteItem")
	names(t, s.with("AWS_ENDPOINT_URL_DYNAMODB", denied), "These credentials may not use the table "+backend.Tables().Subscriptions+
		" as the functions do: allow dynamodb:Query, dynamodb:BatchWriteItem in their IAM policy.")
	if wrong, others := findings(t, s.with("AWS_ENDPOINT_URL_DYNAMODB", denying(t, "DescribeTable"))); len(wrong) > 0 || others[doctor.Unknown] != 3 {
		t.Errorf("%q wrong, %v; want three tables unknown", wrong, others)
	}
}

// denying is the address of DynamoDB Local where some actions are not allowed.
func denying(t *testing.T, actions ...string) string {
	t.Helper()
	target, err := url.Parse(local.Endpoint())
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, action := range actions {
			if strings.HasSuffix(r.Header.Get("X-Amz-Target"), "."+action) {
				w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not authorized"}`)
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestDoctorWithoutDynamoDB(t *testing.T) {
	t.Parallel()
	s, _ := onTables(t)
	wrong, _ := findings(t, s.with("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"))
	if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "DynamoDB does not answer at http://127.0.0.1:1: correct AWS_ENDPOINT_URL_DYNAMODB (-endpoint-url-dynamodb): ") {
		t.Errorf("wrong is %q", wrong)
	}
}

// TestDoctorOnMappings: Lambda runs on AWS only, so its answer is from a file of its
// API's documentation, cut to what is read.
func TestDoctorOnMappings(t *testing.T) {
	t.Parallel()
	s, backend := onTables(t)
	const whole = `{"UUID": "u", "State": "Enabled", "FunctionResponseTypes": ["ReportBatchItemFailures"],
		"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::bucket"}}}`
	for name, test := range map[string]struct{ mapping, want string }{
		"as it should be": {whole, ""},
		"there is none":   {"", "No function reads the stream of " + backend.Tables().Events},
		"it is disabled": {
			strings.Replace(whole, "Enabled", "Disabled", 1),
			"The event source mapping u is Disabled, and events are lost after 24 hours: set Enabled to true.",
		},
		"failures count as done": {
			strings.Replace(whole, `"ReportBatchItemFailures"`, "", 1),
			"The event source mapping u takes deliveries that failed for done: set FunctionResponseTypes to ReportBatchItemFailures.",
		},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.URL.Query().Get("EventSourceArn"), backend.Tables().Events) {
				t.Errorf("%s: asked for the mappings of %q", name, r.URL.Query().Get("EventSourceArn"))
			}
			fmt.Fprintf(w, `{"EventSourceMappings": [%s]}`, test.mapping)
		}))
		wrong, _ := findings(t, s.with("AWS_ENDPOINT_URL_LAMBDA", server.URL))
		server.Close()
		switch {
		case test.want == "" && len(wrong) > 0:
			t.Errorf("%s: %q is wrong", name, wrong)
		case test.want != "" && (len(wrong) != 1 || !strings.HasPrefix(wrong[0], test.want)):
			t.Errorf("%s: wrong is %q, want %q", name, wrong, test.want)
		}
	}
}

func TestDoctorOnRedis(t *testing.T) {
	t.Parallel()
	s, _ := onRedisKeys(t, nil)
	if wrong, others := findings(t, s); len(wrong) > 0 || others[doctor.Unknown] > 0 {
		t.Errorf("%q wrong, %v; want nothing wrong", wrong, others)
	}
	client := redisServer.Client()
	defer client.Close()
	for name, rules := range map[string][]any{
		"no-xadd":    {"~fanql:*", "&*", "+@all", "-xadd", "-hset"},
		"no-keys":    {"~other:*", "&*", "+@all"},
		"no-channel": {"~fanql:*", "resetchannels", "+@all"},
		"no-scripts": {"~fanql:*", "&*", "+@all", "-eval", "-evalsha"},
	} {
		if err := client.Do(t.Context(), append([]any{"ACL", "SETUSER", name, "on", ">password"}, rules...)...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	address := redisServer.Addr()
	as := func(user string) map[string]string {
		return redisEnv(address, map[string]string{"FANQL_REDIS_USERNAME": user, "FANQL_REDIS_PASSWORD": "password"})
	}
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"a cluster that is none": {
			redisEnv(address, map[string]string{"FANQL_REDIS_CLUSTER": "on"}),
			"Redis at ADDRESS is no cluster: set FANQL_REDIS_CLUSTER (-redis-cluster) to off.",
		},
		"TLS that it does not speak": {
			redisEnv(address, map[string]string{"FANQL_REDIS_TLS": "on"}),
			"Redis at ADDRESS does not speak TLS: set FANQL_REDIS_TLS (-redis-tls) to off.",
		},
		"a password that is wrong": {
			redisEnv(address, map[string]string{"FANQL_REDIS_USERNAME": "no-xadd", "FANQL_REDIS_PASSWORD": "guess"}),
			"Redis at ADDRESS does not accept the user and the password: correct FANQL_REDIS_USERNAME (-redis-username) and FANQL_REDIS_PASSWORD.",
		},
		"commands that are withheld": {
			as("no-xadd"), "The user of Redis may not HSET, XADD: allow +hset +xadd with ACL SETUSER.",
		},
		"keys that are withheld": {
			as("no-keys"), "The user of Redis may not run scripts on keys that begin with fanql:: allow ~fanql:* +eval +evalsha with ACL SETUSER.",
		},
		"channels that are withheld": {
			as("no-channel"), "The user of Redis may not publish on channels that begin with fanql:, which wake workers and join a fleet: allow +publish &fanql:* with ACL SETUSER.",
		},
		"scripts that are withheld": {
			as("no-scripts"), "The user of Redis may not run scripts on keys that begin with fanql:: allow ~fanql:* +eval +evalsha with ACL SETUSER.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			names(t, shell{env: test.env}, strings.ReplaceAll(test.want, "at ADDRESS ", "at "+address+" "))
		})
	}
}

func TestDoctorOnBrokenServers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings []string
		damage   func(t *testing.T, client *goredis.Client)
		env      map[string]string
		want     string
	}{
		"rows are evicted": {
			settings: []string{"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"},
			want:     "Redis at ADDRESS takes rows of subscriptions away when it is full (allkeys-lru): set maxmemory-policy to noeviction.",
		},
		"it is nearly full": {
			settings: []string{"--maxmemory", "12mb"},
			damage: func(t *testing.T, client *goredis.Client) {
				for i := range 11 {
					if client.Set(t.Context(), fmt.Sprint(i), bytes.Repeat([]byte("x"), 1<<20), 0).Err() != nil {
						return // it is full
					}
				}
			},
			want: "Redis at ADDRESS is full to ",
		},
		"a password is missing": {
			damage: func(t *testing.T, client *goredis.Client) {
				if err := client.ConfigSet(t.Context(), "requirepass", "password").Err(); err != nil {
					t.Fatal(err)
				}
			},
			want: "Redis at ADDRESS wants a password: set FANQL_REDIS_PASSWORD, and FANQL_REDIS_USERNAME (-redis-username) where it has users.",
		},
		"a replica": {
			damage: func(t *testing.T, client *goredis.Client) {
				if err := client.SlaveOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
					t.Fatal(err)
				}
			},
			want: "Redis at ADDRESS is a replica, and takes no writes: name the primary in FANQL_REDIS_ADDRESSES (-redis-addresses).",
		},
		"nobody delivers": {
			damage: func(t *testing.T, client *goredis.Client) {
				s := shell{env: redisEnv(client.Options().Addr, nil)}
				s.succeed(t, "publish", "t", "1")
			},
			want: "1 event wait, the oldest for ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := redislocal.Start(t.Context(), redislocal.Options{Settings: test.settings})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Stop()
			client := server.Client()
			defer client.Close()
			if test.damage != nil {
				test.damage(t, client)
			}
			wrong, _ := findings(t, shell{env: redisEnv(server.Addr(), test.env)})
			if want := strings.ReplaceAll(test.want, "at ADDRESS ", "at "+server.Addr()+" "); len(wrong) != 1 || !strings.HasPrefix(wrong[0], want) {
				t.Errorf("wrong is %q, want %q", wrong, want)
			}
		})
	}
}

// TestDoctorOnACluster: what is right there, and what a client that expects a single
// server reads.
func TestDoctorOnACluster(t *testing.T) {
	t.Parallel()
	cluster, err := redislocal.StartCluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Stop()
	all := redisEnv(strings.Join(cluster.Addrs(), ","), map[string]string{"FANQL_REDIS_CLUSTER": "on"})
	if wrong, others := findings(t, shell{env: all}); len(wrong) > 0 || others[doctor.Unknown] > 0 || others[doctor.OK] < 6 {
		t.Errorf("%q wrong, %v; want nothing wrong on three masters", wrong, others)
	}
	named := 0
	for _, address := range cluster.Addrs() { // those that lack the slot say where it is
		wrong, _ := findings(t, shell{env: redisEnv(address, nil)})
		for _, text := range wrong {
			if text == "Redis at "+address+" is a cluster: set FANQL_REDIS_CLUSTER (-redis-cluster) to on." {
				named++
			}
		}
		if len(wrong) == 0 {
			t.Errorf("nothing is wrong at %s", address)
		}
	}
	if named != len(cluster.Addrs()) {
		t.Errorf("%d of %d nodes say that they are a cluster", named, len(cluster.Addrs()))
	}
}
