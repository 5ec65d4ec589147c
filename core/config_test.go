package core_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
	"github.com/fanql/fanql/ports/porttest"
)

// completeConfig has what is required, and nothing else.
func completeConfig(t *testing.T) core.Config {
	t.Helper()
	backend := must.Make(memory.New(memory.Config{}))
	return core.Config{
		Schema: newSchema(t, &stage{}), Store: backend, Bus: backend,
		Pusher: must.Make(memory.NewPusher(memory.PusherConfig{})),
	}
}

// nilPort is a nil pointer that is any of the ports.
var nilPort *struct {
	ports.Schema
	ports.Store
	ports.EventBus
	ports.Pusher
}

// TestNewNamesTheFieldThatIsANilPointer: of what may be left out, a nil pointer is what a
// constructor that has failed returned.
func TestNewNamesTheFieldThatIsANilPointer(t *testing.T) {
	t.Parallel()
	const text = " is a nil pointer: leave it out, or set one that was made"
	var observer *struct{ ports.Observer }
	for field, change := range map[string]func(*core.Config){
		"History":  func(c *core.Config) { c.History = (*memory.History)(nil) },
		"Observer": func(c *core.Config) { c.Observer = observer },
	} {
		config := completeConfig(t)
		change(&config)
		if _, err := core.New(config); !errors.Is(err, ports.ErrInvalid) || err.Error() != "core.New: invalid: core.Config."+field+text {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := core.NewPublisher(core.PublisherConfig{Bus: completeConfig(t).Bus, Observer: observer})
	if !errors.Is(err, ports.ErrInvalid) || err.Error() != "core.NewPublisher: invalid: core.PublisherConfig.Observer"+text {
		t.Errorf("a publisher with one: %v", err)
	}
}

// expectInvalid checks an error of a call that no repetition mends.
func expectInvalid(t *testing.T, err error, op, want string) {
	t.Helper()
	invalid, ok := errors.AsType[*ports.Error](err)
	if !ok || !errors.Is(err, ports.ErrInvalid) || invalid.Op != op || invalid.Err == nil || invalid.Err.Error() != want {
		t.Errorf("got %v, want an ErrInvalid of %s that says %q", err, op, want)
	}
}

func TestNewNamesTheFieldThatIsMissing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Schema", "Store", "Bus", "Pusher"} {
		config := completeConfig(t)
		field := reflect.ValueOf(&config).Elem().FieldByName(name)
		field.SetZero()
		_, err := core.New(config)
		expectInvalid(t, err, "core.New", "core.Config."+name+" is required")
		field.Set(reflect.ValueOf(nilPort)) // of a constructor that has failed
		_, err = core.New(config)
		expectInvalid(t, err, "core.New", "core.Config."+name+" is required")
	}
	for _, bus := range []ports.EventBus{nil, nilPort} {
		_, err := core.NewPublisher(core.PublisherConfig{Bus: bus})
		expectInvalid(t, err, "core.NewPublisher", "core.PublisherConfig.Bus is required")
	}
}

func TestNewRefusesAHistoryWhoseBusHasNoOrder(t *testing.T) {
	t.Parallel()
	config := completeConfig(t)
	config.History = must.Make(memory.New(memory.Config{}))
	config.Bus = must.Make(memory.NewDirect(func(context.Context, []ports.Event) []error { return nil }))
	_, err := core.New(config)
	expectInvalid(t, err, "core.New", "core.Config.History needs a Bus that keeps an order between calls, which this one does not")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	porttest.TestSettings(t, completeConfig(t), func(config core.Config) error {
		_, err := core.New(config)
		return err
	})
}
