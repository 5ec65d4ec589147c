package gqlgen_test

import (
	"math"
	"testing"

	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
)

// TestNullsAndDefaults: what gqlgen's own code makes of absent and null arguments.
func TestNullsAndDefaults(t *testing.T) {
	schema := newSchema(t, nil)
	for name, test := range map[string]struct{ document, variables, want string }{
		"default":                            {`{figures{n}}`, ``, `{"data":{"figures":{"n":5}}}`},
		"default, the variable being absent": {`query($n:Int){figures(n:$n){n}}`, ``, `{"data":{"figures":{"n":5}}}`},
		"default of a variable":              {`query($n:Int!=3){figures(n:$n){n}}`, ``, `{"data":{"figures":{"n":3}}}`},
		"null":                               {`{a:echo(text:null)}`, ``, `{"data":{"a":"` + echoOfNothing + `"}}`},
		"null by a variable with a default":  {`query($t:String="x"){a:echo(text:$t)}`, `{"t":null}`, `{"data":{"a":"` + echoOfNothing + `"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			wantEqual(t, "body", execute(t, schema, test.document, test.variables), test.want)
		})
	}
}

const echoOfNothing = `{\"Text\":null,\"N\":null,\"F\":null,\"ID\":null,\"OK\":null,\"Color\":null,\"Day\":null,\"Any\":null,\"Point\":null,\"List\":null}`

// TestWhatGqlgenDoesNotCheck holds docs/schemas.md to what it says: where the
// generated code differs from the specification, and the engine cannot see it.
func TestWhatGqlgenDoesNotCheck(t *testing.T) {
	color, infinite := testschema.Color("BLUE"), math.Inf(1)
	schema := newSchema(t, &testschema.Resolver{Figures: testschema.Figures{N: 1 << 40, Ratio: &infinite, Color: &color}})
	for name, test := range map[string]struct{ document, variables, want string }{
		"Int beyond 32 bits as a result":   {`{figures{n}}`, ``, `{"data":{"figures":{"n":1099511627776}}}`},
		"enum value that there is not":     {`{figures{color}}`, ``, `{"data":{"figures":{"color":"BLUE"}}}`},
		"infinite Float":                   {`{figures{ratio}}`, ``, `{"data":{"figures":{"ratio":null}},"errors":[{"message":"masked","path":["figures","ratio"]}]}`},
		"digits of a literal for a scalar": {`{echo(any:{i:123456789012345678901234567890})}`, ``, `{"data":null,"errors":[{"message":"masked","path":["echo"]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			wantEqual(t, "body", execute(t, schema, test.document, test.variables), test.want)
		})
	}
	body := execute(t, newSchema(t, nil), `query($n:Int){figures(n:$n){n}}`, `{"n":null}`)
	wantEqual(t, "null where there must be none", body, `{"data":{"figures":{"n":0}}}`)
}
