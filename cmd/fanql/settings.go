package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"
)

// setting is a flag that an environment variable sets as well.
type setting struct{ variable, flag, about string }

// The variables of the settings. Those of the functions have the same names there.
const (
	varDatabase       = "FANQL_DATABASE"
	varStack          = "FANQL_STACK"
	varConnections    = "FANQL_CONNECTIONS_TABLE"
	varSubscriptions  = "FANQL_SUBSCRIPTIONS_TABLE"
	varEvents         = "FANQL_EVENTS_TABLE"
	varFunction       = "FANQL_STREAM_FUNCTION"
	varDropped        = "FANQL_DROPPED_RECORDS"
	varRegion         = "AWS_REGION"
	varProfile        = "AWS_PROFILE"
	varEndpoint       = "AWS_ENDPOINT_URL_DYNAMODB"
	varAddresses      = "FANQL_REDIS_ADDRESSES"
	varUsername       = "FANQL_REDIS_USERNAME"
	varPassword       = "FANQL_REDIS_PASSWORD" //nolint:gosec // the variable's name
	varTLS            = "FANQL_REDIS_TLS"
	varCluster        = "FANQL_REDIS_CLUSTER"
	varPrefix         = "FANQL_REDIS_PREFIX"
	varEndpointLambda = "AWS_ENDPOINT_URL_LAMBDA"
	varEndpointS3     = "AWS_ENDPOINT_URL_S3"
	varEndpointStacks = "AWS_ENDPOINT_URL_CLOUDFORMATION"
)

// settingsOf are the settings that flags have, in the order of the help.
func settingsOf() []setting {
	return []setting{
		{varDatabase, "database", "dynamodb or redis; not needed where the other settings tell"},
		{varStack, "stack", "CloudFormation `STACK` of deploy/template.yaml: names tables, function and bucket"},
		{varConnections, "connections-table", "`TABLE` of connections"},
		{varSubscriptions, "subscriptions-table", "`TABLE` of operations by topic"},
		{varEvents, "events-table", "`TABLE` of events"},
		{varFunction, "stream-function", "`FUNCTION` that delivers the stream of the events table"},
		{varDropped, "dropped-records", "`BUCKET` of the records that were given up"},
		{varRegion, "region", "AWS `REGION`"},
		{varProfile, "profile", "`PROFILE` of AWS credentials"},
		{varEndpoint, "endpoint-url-dynamodb", "`URL` of another DynamoDB"},
		{varAddresses, "redis-addresses", "`HOST:PORT` of Redis; of a cluster several, with commas between"},
		{varUsername, "redis-username", "`USER` of Redis; the password is in " + varPassword},
		{varTLS, "redis-tls", "on or off; on where it is not set"},
		{varCluster, "redis-cluster", "on or off; on where it is not set"},
		{varPrefix, "redis-prefix", "`PREFIX` of the keys"},
	}
}

// settingFlags are the flags of settings, and those of all commands.
func (p *program) settingFlags() []cli.Flag {
	var flags []cli.Flag
	for _, s := range settingsOf() {
		flags = append(flags, &cli.StringFlag{
			Name: s.flag, Usage: s.about, Category: "settings",
			Sources: cli.NewValueSourceChain(variable{name: s.variable, lookup: p.lookup}),
		})
	}
	return append(flags,
		&cli.IntFlag{Name: "redis-partitions", Usage: "redis.Config.Partitions of the deployment", Value: 16, Category: "settings"},
		&cli.BoolFlag{Name: "json", Usage: "print JSON, one value a line"},
	)
}

// variable is an environment variable as the source of a flag.
type variable struct {
	name   string
	lookup func(string) (string, bool)
}

func (v variable) Lookup() (string, bool) { return v.lookup(v.name) }
func (v variable) IsFromEnv() bool        { return true }
func (v variable) Key() string            { return v.name }
func (v variable) String() string         { return "the environment variable " + v.name }
func (v variable) GoString() string       { return fmt.Sprintf("variable(%q)", v.name) }

// settings are what one command line was given.
type settings struct {
	*program
	command *cli.Command
	// named are those that a stack has named.
	named map[string]string
}

// get is the value of a variable: its flag's, its own, or what the stack says; empty
// where there is none.
func (s *settings) get(name string) string {
	for _, setting := range settingsOf() {
		if setting.variable == name {
			return cmp.Or(s.command.String(setting.flag), s.named[name])
		}
	}
	value, _ := s.lookup(name)
	return value
}

// require says which of some variables are not set, by their flags.
func (s *settings) require(names ...string) error {
	var missing []string
	for _, name := range names {
		if s.get(name) == "" {
			missing = append(missing, flagOf(name))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return misused("not set: %s", strings.Join(missing, ", "))
}

// flagOf is a setting as people set it.
func flagOf(name string) string {
	for _, setting := range settingsOf() {
		if setting.variable == name {
			return fmt.Sprintf("-%s (%s)", setting.flag, name)
		}
	}
	return name
}

// The databases.
const (
	onDynamoDB = "dynamodb"
	onRedis    = "redis"
)

// database is the one that the settings are about.
func (s *settings) database() (string, error) {
	switch name := s.get(varDatabase); name {
	case onDynamoDB, onRedis:
		return name, nil
	case "":
	default:
		return "", misused("%s is %q, and has to be dynamodb or redis", flagOf(varDatabase), name)
	}
	redis := s.get(varAddresses) != ""
	dynamodb := s.get(varStack)+s.get(varConnections)+s.get(varSubscriptions)+s.get(varEvents)+s.get(varDropped)+s.get(varFunction) != ""
	switch {
	case redis && dynamodb:
		return "", misused("there are settings of Redis and of DynamoDB: choose by %s", flagOf(varDatabase))
	case redis:
		return onRedis, nil
	case dynamodb:
		return onDynamoDB, nil
	}
	return "", misused("no database: set %s, or %s and the other tables, or %s",
		flagOf(varStack), flagOf(varEvents), flagOf(varAddresses))
}

// json reports whether JSON is to be printed.
func (s *settings) json() bool { return s.command.Bool("json") }
