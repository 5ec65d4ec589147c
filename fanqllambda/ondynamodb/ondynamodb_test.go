package ondynamodb_test

import (
	"errors"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/fanql/fanql/adapters/dynamodb"
	"github.com/fanql/fanql/fanqllambda/ondynamodb"
	"github.com/fanql/fanql/ports"
)

func TestEnvironment(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_DYNAMODB": "http://localhost:8000",
		"FANQL_CONNECTIONS_TABLE": "a", "FANQL_SUBSCRIPTIONS_TABLE": "b", "FANQL_EVENTS_TABLE": "c",
	} {
		t.Setenv(name, value)
	}
	backend, err := ondynamodb.New(ondynamodb.Config{
		Client:  func(o *sdk.Options) { o.RetryMaxAttempts = 7 },
		Backend: func(c *dynamodb.Config) { c.EventTTL = time.Minute },
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := backend.Tables(), (dynamodb.Tables{Connections: "a", Subscriptions: "b", Events: "c"}); got != want {
		t.Errorf("the tables are %+v, want %+v", got, want)
	}
	options := backend.Client.Options()
	if options.Region != "eu-west-1" || *options.BaseEndpoint != "http://localhost:8000" || options.RetryMaxAttempts != 7 {
		t.Errorf("the client has %q, %q, %d", options.Region, *options.BaseEndpoint, options.RetryMaxAttempts)
	}
}

// TestConfigurationThatIsRefused: there is no backend beside an error, which a program
// would take for one.
func TestConfigurationThatIsRefused(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "FANQL_CONNECTIONS_TABLE", "FANQL_SUBSCRIPTIONS_TABLE", "FANQL_EVENTS_TABLE"} {
		t.Setenv(name, "a")
	}
	backend, err := ondynamodb.New(ondynamodb.Config{Backend: func(c *dynamodb.Config) { c.EventTTL = -1 }})
	if !errors.Is(err, ports.ErrInvalid) || backend != nil {
		t.Errorf("got %+v, %v, want an error alone", backend, err)
	}
}

// TestUnsetVariables: another table's default name is no substitute.
func TestUnsetVariables(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "FANQL_CONNECTIONS_TABLE", "FANQL_SUBSCRIPTIONS_TABLE", "FANQL_EVENTS_TABLE"} {
		t.Setenv(name, "")
	}
	const want = "ondynamodb.New: invalid: not set in the environment: " +
		"AWS_REGION, FANQL_CONNECTIONS_TABLE, FANQL_SUBSCRIPTIONS_TABLE, FANQL_EVENTS_TABLE"
	if _, err := ondynamodb.New(ondynamodb.Config{}); !errors.Is(err, ports.ErrInvalid) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
