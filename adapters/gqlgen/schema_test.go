package gqlgen_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"github.com/fanql/fanql/adapters/gqlgen"
	"github.com/fanql/fanql/adapters/gqlgen/internal/testschema"
	"github.com/fanql/fanql/ports"
)

func TestOperations(t *testing.T) {
	// echo is the arguments that differ from those of a call without any.
	echo := func(given ...string) string {
		values := `{"Text":"default","N":null,"F":null,"ID":null,"OK":null,"Color":null,"Day":null,"Any":null,"Point":null,"List":null}`
		for _, pair := range given {
			name, _, _ := strings.Cut(pair, ":")
			values = strings.Replace(values, name+":null", pair, 1)
		}
		return `{"data":{"echo":"` + strings.ReplaceAll(values, `"`, `\"`) + `"}}`
	}
	for name, test := range map[string]struct{ document, variables, want string }{
		"no argument":                 {`{echo}`, ``, echo()},
		"literals":                    {`{echo(n:-3,f:2.5,id:7,ok:true,color:RED,day:"2026-01-02")}`, ``, echo(`"N":-3`, `"F":2.5`, `"ID":"7"`, `"OK":true`, `"Color":"RED"`, `"Day":"2026-01-02T00:00:00Z"`)},
		"variables":                   {`query($n:Int,$f:Float,$id:ID,$ok:Boolean,$c:Color,$d:Day){echo(n:$n,f:$f,id:$id,ok:$ok,color:$c,day:$d)}`, `{"n":-3,"f":2.5,"id":"7","ok":true,"c":"RED","d":"2026-01-02"}`, echo(`"N":-3`, `"F":2.5`, `"ID":"7"`, `"OK":true`, `"Color":"RED"`, `"Day":"2026-01-02T00:00:00Z"`)},
		"whole Float":                 {`query($f:Float){echo(f:$f)}`, `{"f":3}`, echo(`"F":3`)},
		"Int with a fraction of zero": {`query($n:Int){echo(n:$n)}`, `{"n":3.0}`, echo(`"N":3`)},
		"ID keeps all digits":         {`query($id:ID){echo(id:$id)}`, `{"id":1795292668348461057}`, echo(`"ID":"1795292668348461057"`)},
		"default of a variable":       {`query($n:Int=5,$c:Color=GREEN,$p:Point={x:1}){echo(n:$n,color:$c,point:$p)}`, ``, echo(`"N":5`, `"Color":"GREEN"`, `"Point":{"x":1}`)},
		"numbers of a scalar":         {`query($a:Map){echo(any:$a)}`, `{"a":{"i":1795292668348461057,"l":[1,2.5,1e400]}}`, echo(`"Any":{"i":1795292668348461057,"l":[1,2.5,1e400]}`)},
		"scalar by a default":         {`query($a:Map={i:12345678901234567890,l:[1,{b:"c",d:E,f:null}]}){echo(any:$a)}`, ``, echo(`"Any":{"i":12345678901234567890,"l":[1,{"b":"c","d":"E","f":null}]}`)},
		"input object":                {`{echo(point:{y:2,color:GREEN,inner:{x:1,label:"abc"}})}`, ``, echo(`"Point":{"x":7,"y":2,"color":"GREEN","inner":{"x":1,"label":"abc"}}`)},
		"input object by variable":    {`query($p:Point){echo(point:$p)}`, `{"p":{"y":2,"color":"GREEN","inner":{"x":1,"label":"abc"}}}`, echo(`"Point":{"x":7,"y":2,"color":"GREEN","inner":{"x":1,"label":"abc"}}`)},
		"lists of one":                {`query($l:[[Int]]){echo(list:$l)}`, `{"l":1}`, echo(`"List":[[1]]`)},
		"list with null":              {`query($l:[[Int]]){echo(list:$l)}`, `{"l":[[1,null],null]}`, echo(`"List":[[1,null],null]`)},
		"surrogate pair":              {`{short(text:"\uD83D\uDE00")}`, ``, `{"data":{"short":"😀"}}`},
		"interface":                   {`{a:node(id:"1"){__typename id ...on Post{title}} b:node(id:"x"){id ...on User{name}}}`, ``, `{"data":{"a":{"__typename":"Post","id":"1","title":"post 1"},"b":{"id":"x","name":"user x"}}}`},
		"union":                       {`{items{__typename ...on User{name} ...P}} fragment P on Post{title author{name}}`, ``, `{"data":{"items":[{"__typename":"User","name":"Ada"},{"__typename":"Post","title":"first","author":{"name":"author of first"}}]}}`},
		"order of the document":       {`{post{title author{id} id checked} short(text:"s")}`, ``, `{"data":{"post":{"title":"first","author":{"id":"1"},"id":"1","checked":"checked first"},"short":"s"}}`},
		"skip and include":            {`query($no:Boolean=false){post{id @skip(if:true) title @include(if:$no) author @include(if:true){id}}}`, ``, `{"data":{"post":{"author":{"id":"1"}}}}`},
		"mutations one by one":        {`mutation{a:add(n:1){so now} b:add(n:2){so now} c:add(n:3){so}}`, ``, `{"data":{"a":{"so":[1],"now":2},"b":{"so":[1,100,2],"now":4},"c":{"so":[1,100,2,100,3]}}}`},
		"mutations by fragment":       {`mutation{...F a:add(n:1){so}} fragment F on Mutation{c:add(n:3){so} b:add(n:2){so}}`, ``, `{"data":{"c":{"so":[3]},"b":{"so":[3,2]},"a":{"so":[3,2,1]}}}`},
		"defer is ignored":            {`query($d:Boolean=true){post{id ...@defer(if:$d,label:"l"){title checked} ...F@defer}} fragment F on Post{author{id ...@defer{name}}}`, ``, `{"data":{"post":{"id":"1","title":"first","checked":"checked first","author":{"id":"1","name":"author of first"}}}}`},
		"entities":                    {`query($r:[_Any!]!){_entities(representations:$r){__typename ...on User{id name}}}`, `{"r":[{"__typename":"User","id":"u1"}]}`, `{"data":{"_entities":[{"__typename":"User","id":"u1","name":"user u1"}]}}`},
		"introspection":               {`{__type(name:"Color"){kind enumValues{name}} __schema{queryType{name}}}`, ``, `{"data":{"__type":{"kind":"ENUM","enumValues":[{"name":"RED"},{"name":"GREEN"}]},"__schema":{"queryType":{"name":"Query"}}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			wantEqual(t, "body", execute(t, newSchema(t, nil), test.document, test.variables), test.want)
		})
	}
}

func TestServiceOfAFederation(t *testing.T) {
	body := execute(t, newSchema(t, nil), `{_service{sdl}}`, ``)
	if !strings.Contains(body, `type User implements Node @key(fields: \"id\")`) {
		t.Errorf("body: %s", body)
	}
}

func TestRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		document, variables, want string
		limits                    ports.Limits
	}{
		"unknown field":                {document: `{nothing}`, want: `nothing`},
		"no such operation":            {document: `query A{echo} query B{echo}`, want: `operationName`},
		"Int beyond 32 bits":           {document: `{echo(n:3000000000)}`, want: `3000000000`},
		"Int beyond 32 bits below":     {document: `{...F} fragment F on Query{echo(point:{inner:{x:3000000000}})}`, want: `3000000000`},
		"enum of variables":            {document: `query($c:Color){echo(color:$c)}`, variables: `{"c":"red"}`, want: `red`},
		"Int of text":                  {document: `query($n:Int){echo(n:$n)}`, variables: `{"n":"12"}`, want: `Int cannot represent`},
		"unknown input field":          {document: `query($p:Point){echo(point:$p)}`, variables: `{"p":{"z":1}}`, want: `\"z\" is not defined`},
		"variables are no object":      {document: `{echo}`, variables: `[1]`, want: `must be a JSON object`},
		"introspection by limits":      {document: `{__schema{queryType{name}}}`, limits: ports.Limits{NoIntrospection: true}, want: `ntrospection`},
		"subscription without a field": {document: `subscription{maybe @skip(if:true){id}}`, want: `must select one top level field`},
		"subscription to its type":     {document: `subscription{__typename}`, want: `introspection`},
		"subscription to two fields":   {document: `subscription{a:maybe{id} ...F} fragment F on Subscription{b:maybe{id}}`, want: `must select only one top level field`},
		"tokens":                       {document: `{echo echo echo}`, limits: ports.Limits{Tokens: 3}, want: `oken`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := refusal(t, newSchema(t, nil), test.document, test.variables, test.limits); !strings.Contains(got, test.want) {
				t.Errorf("refused with %s, want %q", got, test.want)
			}
		})
	}
}

func TestDirectives(t *testing.T) {
	schema := newSchema(t, nil)
	for name, test := range map[string]struct {
		role           testschema.Role
		document, want string
	}{
		"field refused":       {testschema.RoleGuest, `{secret}`, `{"data":{"secret":null},"errors":[{"message":"this is for ADMIN","locations":[{"line":1,"column":2}],"path":["secret"]}]}`},
		"field":               {testschema.RoleAdmin, `{secret}`, `{"data":{"secret":"secret"}}`},
		"argument refused":    {testschema.RoleGuest, `{short(text:"123456")}`, `{"data":null,"errors":[{"message":"too long","path":["short","text"]}]}`},
		"argument":            {testschema.RoleGuest, `{short(text:"12345")}`, `{"data":{"short":"12345"}}`},
		"input field refused": {testschema.RoleGuest, `{echo(point:{label:"123456"})}`, `{"data":null,"errors":[{"message":"too long","path":["echo","point","label"]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			body, _ := executeIn(as(t.Context(), test.role), t, schema, test.document, ``)
			wantEqual(t, "body", body, test.want)
		})
	}
}

func TestOperationDefinition(t *testing.T) {
	document, errs := newSchema(t, nil).Prepare(`query Q{echo} mutation M{add(n:1){so}} subscription S{maybe{id}}`, ports.Limits{})
	if errs != nil {
		t.Fatal(errs)
	}
	if document.Cost() <= 0 {
		t.Errorf("Cost = %d", document.Cost())
	}
	for name, kind := range map[string]ports.OperationKind{"Q": ports.OperationQuery, "M": ports.OperationMutation, "S": ports.OperationSubscription} {
		operation, errs := document.Operation(name)
		if errs != nil || operation.Name() != name || operation.Kind() != kind {
			t.Errorf("operation %s: %v, %v, %v", name, operation.Name(), operation.Kind(), errs)
		}
	}
	if _, errs := document.Operation("X"); len(errs) != 1 {
		t.Errorf("errors: %v", errs)
	}
}

func TestResponseIsBounded(t *testing.T) {
	bound := bind(t, newSchema(t, nil), `{short(text:"1234")}`, ``)
	for limit, want := range map[int]string{
		0:  `{"data":{"short":"1234"}}`,
		25: `{"data":{"short":"1234"}}`,
		24: `{"data":null,"errors":[{"message":"the response is longer than 24 bytes"}]}`,
	} {
		result := bound.Execute(t.Context(), ports.Call{Format: new(formatted).format, MaxBytes: limit})
		wantEqual(t, "body", string(result.Body), want)
	}
}

func TestOptionsThatCannotWork(t *testing.T) {
	for name, test := range map[string]struct {
		schema graphql.ExecutableSchema
		option gqlgen.Option
		want   string
	}{
		"no schema":         {nil, gqlgen.Use(), "gqlgen.New: invalid: the schema is nil"},
		"a nil pointer":     {(*struct{ graphql.ExecutableSchema })(nil), gqlgen.Use(), "gqlgen.New: invalid: the schema is nil"},
		"no extension":      {executable(nil), gqlgen.Use(nil), "gqlgen.New: invalid: Use: an extension is nil"},
		"persisted queries": {executable(nil), gqlgen.Use(extension.AutomaticPersistedQuery{Cache: graphql.MapCache[string]{}}), "gqlgen.New: invalid: Use: extension AutomaticPersistedQuery changes requests before they are parsed, which the engine does"},
		"invalid extension": {executable(nil), gqlgen.Use(&extension.ComplexityLimit{}), "gqlgen.New: invalid: Use: extension ComplexityLimit: ComplexityLimit func can not be nil"},
		"no hooks":          {executable(nil), gqlgen.Use(useless{}), "gqlgen.New: invalid: Use: extension Useless: cannot Use gqlgen_test.useless as a gqlgen handler extension because it does not implement any extension hooks"},
		"nil operations":    {executable(nil), gqlgen.AroundOperations(nil), "gqlgen.New: invalid: AroundOperations: OperationFunc can not be nil"},
		"nil responses":     {executable(nil), gqlgen.AroundResponses(nil), "gqlgen.New: invalid: AroundResponses: ResponseFunc can not be nil"},
		"nil root fields":   {executable(nil), gqlgen.AroundRootFields(nil), "gqlgen.New: invalid: AroundRootFields: RootFieldFunc can not be nil"},
		"nil fields":        {executable(nil), gqlgen.AroundFields(nil), "gqlgen.New: invalid: AroundFields: FieldFunc can not be nil"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := gqlgen.New(test.schema, test.option); err == nil || err.Error() != test.want {
				t.Errorf("New fails with %v, want %s", err, test.want)
			}
		})
	}
}

// useless is an extension without any hook.
type useless struct{}

func (useless) ExtensionName() string { return "Useless" }

func (useless) Validate(graphql.ExecutableSchema) error { return nil }

func TestMarshalersPanic(t *testing.T) {
	body, formatted := executeIn(t.Context(), t, newSchema(t, nil), `{today}`, ``)
	wantEqual(t, "body", body, `{"data":null,"errors":[{"message":"masked"}]}`)
	wantEqual(t, "formatted", formatted.texts(), "panic: no day")

	body = execute(t, newSchema(t, &testschema.Resolver{Today: testschema.Day{Time: time.Unix(0, 0).UTC()}}), `{today}`, ``)
	wantEqual(t, "body", body, `{"data":{"today":"1970-01-01"}}`)
}

func TestUnmarshalersFail(t *testing.T) {
	for name, test := range map[string]struct{ variables, formatted string }{
		"by an error": {`{"d":"tomorrow"}`, `parsing time "tomorrow" as "2006-01-02": cannot parse "tomorrow" as "2006"`},
		"by a panic":  {`{"d":"panic"}`, `panic: panic`},
	} {
		t.Run(name, func(t *testing.T) {
			body, formatted := executeIn(t.Context(), t, newSchema(t, nil), `query($d:Day){echo(day:$d)}`, test.variables)
			if !strings.HasPrefix(body, `{"data":null,"errors":[{"message":"masked"`) {
				t.Errorf("body: %s", body)
			}
			wantEqual(t, "formatted", formatted.texts(), test.formatted)
		})
	}
}

func TestNoExecutionAfterItsContextEnded(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no time left"))
	body, formatted := executeIn(ctx, t, newSchema(t, nil), `{echo}`, ``)
	wantEqual(t, "body", body, `{"data":null,"errors":[{"message":"masked"}]}`)
	wantEqual(t, "formatted", formatted.texts(), "no time left")
}
