package input_test

import (
	"reflect"
	"testing"

	"github.com/fanql/fanql/internal/graphql/input"
)

// Whatever a client sends, the answer is small, and the same each time.
func FuzzVariables(f *testing.F) {
	for _, seed := range []string{
		`{"int":1,"float":1.5,"string":"a","boolean":true,"id":1795292668348461057,"color":"RED","date":"2026-01-01","any":{"a":[1]},"grid":[[1],2,null],"box":{"min":{},"inner":{"min":{"x":1,"y":null}}},"pick":{"id":1}}`,
		`{"int":1e400,"float":"x","string":["\u0001"],"boolean":0,"id":1.5,"color":"red","date":"panic","grid":[["x"]],"box":{"min":null,"max":{"z":1}},"pick":{}}`,
		`{"date":"panic text","any":null,"int":2147483648,"id":12345678901234567890,"box":[{}]}`,
		`[]`, `null`, `{`, "{\"string\":\"\xff\",\"string\":\"\\ud83d\"}",
	} {
		f.Add([]byte(seed))
	}
	s := schema(f)
	op := operation(f, `query($int: Int, $float: Float, $string: String, $boolean: Boolean, $id: ID, $color: Color, $date: Date, $any: Any, $grid: [[Int]!] = [1], $box: Box, $pick: Pick, $wide: Wide){a}`)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		var format format
		got, errs := input.Variables(t.Context(), s, op, encoded, leaves{}, format.format)
		if size := len(errs.AppendJSON(nil)); len(errs) > 10 || size > 16<<10 || (got == nil) != (errs != nil) {
			t.Fatalf("%d errors, %d bytes, %v", len(errs), size, got)
		}
		again, errsAgain := input.Variables(t.Context(), s, op, encoded, leaves{}, format.format)
		if !reflect.DeepEqual(got, again) || !reflect.DeepEqual(errs, errsAgain) {
			t.Fatalf("first %v, %v, then %v, %v", got, errs, again, errsAgain)
		}
	})
}
