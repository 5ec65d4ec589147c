//go:build integration

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/adapters/redis"
	"github.com/fanql/fanql/internal/dynamolocal"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/internal/redislocal"
)

// The servers of all tests that do no harm to them.
var (
	local       *dynamolocal.Server
	redisServer *redislocal.Server
)

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	var err error
	if local, err = dynamolocal.Start(ctx); err == nil {
		defer local.Stop()
		redisServer, err = redislocal.Start(ctx, redislocal.Options{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer redisServer.Stop()
	return m.Run()
}

// onTables is a shell on tables of its own, and the backend that has them.
func onTables(t *testing.T) (shell, *dynamodb.Backend) {
	t.Helper()
	backend := must.Make(dynamodb.New(dynamodb.Config{Client: local.Client(), Prefix: rand.Text() + "."}))
	if err := backend.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	return shell{env: map[string]string{
		"AWS_REGION": dynamolocal.Region, "AWS_ENDPOINT_URL_DYNAMODB": local.Endpoint(),
		"FANQL_CONNECTIONS_TABLE": backend.Tables().Connections, "FANQL_SUBSCRIPTIONS_TABLE": backend.Tables().Subscriptions,
		"FANQL_EVENTS_TABLE": backend.Tables().Events,
	}}, backend
}

// onRedisKeys is a shell on keys of its own, and the backend that has them.
func onRedisKeys(t *testing.T, change func(*redis.Config)) (shell, *redis.Backend) {
	t.Helper()
	client := redisServer.Client()
	t.Cleanup(func() { _ = client.Close() })
	config := redis.Config{Client: client, Prefix: rand.Text() + ":"}
	if change != nil {
		change(&config)
	}
	return shell{env: redisEnv(redisServer.Addr(), map[string]string{"FANQL_REDIS_PREFIX": config.Prefix})}, must.Make(redis.New(config))
}

// redisEnv is the environment of a plain server, with changes.
func redisEnv(address string, changes map[string]string) map[string]string {
	env := map[string]string{"FANQL_REDIS_ADDRESSES": address, "FANQL_REDIS_TLS": "off", "FANQL_REDIS_CLUSTER": "off"}
	maps.Copy(env, changes)
	return env
}

// with is a copy of a shell with another value of a variable.
func (s shell) with(name, value string) shell {
	env := maps.Clone(s.env)
	env[name] = value
	s.env = env
	return s
}
