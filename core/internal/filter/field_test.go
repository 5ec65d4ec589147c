package filter

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestFieldsAreThoseOfTheJSON(t *testing.T) {
	type embedded struct {
		Inner string `json:"inner"`
	}
	type payload struct {
		embedded
		Room   string `json:"room"`
		Plain  int
		Hidden string `json:"-"`
		Author *struct {
			Name string `json:"name,omitempty"`
		} `json:"author"`
		Any  any                 `json:"any"`
		Raw  json.RawMessage     `json:"raw"`
		At   time.Time           `json:"at"`
		Tags []string            `json:"tags"`
		By   map[string]embedded `json:"by"`
	}
	for path, known := range map[string]bool{
		"room": true, "Plain": true, "inner": true, "author.name": true, "any.x.y": true, "raw.x": true, "at": true, "tags": true,
		"by.somebody.inner": true,
		"Room":              false, "Hidden": false, "-": false, "author.nobody": false, "room.x": false, "tags.0": false, "by.somebody.outer": false,
	} {
		if err := CheckField(reflect.TypeFor[payload](), path); (err == nil) != known {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := CheckField(reflect.TypeFor[any](), "whatever"); err != nil {
		t.Error(err)
	}
}
