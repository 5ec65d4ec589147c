package core_test

import (
	"reflect"
	"testing"

	"github.com/fanql/fanql/adapters/memory"
	"github.com/fanql/fanql/core"
	"github.com/fanql/fanql/internal/must"
	"github.com/fanql/fanql/ports"
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

func TestNewNamesTheFieldThatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := core.New(completeConfig(t)); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"Schema", "Store", "Bus", "Pusher"} {
		config := completeConfig(t)
		field := reflect.ValueOf(&config).Elem().FieldByName(name)
		field.SetZero()
		if _, err := core.New(config); err == nil || err.Error() != "core.Config."+name+" is required" {
			t.Errorf("without %s: %v", name, err)
		}
		field.Set(reflect.ValueOf(nilPort)) // of a constructor that has failed
		if _, err := core.New(config); err == nil || err.Error() != "core.Config."+name+" is required" {
			t.Errorf("with a nil pointer as %s: %v", name, err)
		}
	}
	if _, err := core.NewPublisher(core.PublisherConfig{}); err == nil || err.Error() != "core.PublisherConfig.Bus is required" {
		t.Errorf("a publisher without a bus: %v", err)
	}
}

func TestNewNamesTheFieldThatIsNegative(t *testing.T) {
	t.Parallel()
	numbers := 0
	for _, field := range reflect.VisibleFields(reflect.TypeFor[core.Config]()) {
		if field.Type.Kind() != reflect.Int && field.Type.Kind() != reflect.Int64 {
			continue
		}
		numbers++
		config := completeConfig(t)
		reflect.ValueOf(&config).Elem().FieldByIndex(field.Index).SetInt(-1)
		if _, err := core.New(config); err == nil || err.Error() != "core.Config."+field.Name+" must not be negative" {
			t.Errorf("%s is negative: %v", field.Name, err)
		}
	}
	if numbers == 0 {
		t.Error("no field is a number")
	}
}
