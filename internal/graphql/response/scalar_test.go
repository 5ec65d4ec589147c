package response_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/url"
	"reflect"
	"testing"
	"time"

	"github.com/fanql/fanql/internal/graphql/response"
)

type (
	namedString string
	namedInt    int
	namedUint   uint8
	namedFloat  float32
	namedBool   bool
	// level has a text of its own.
	level int
	// byPointer has it by its pointer only.
	byPointer struct{ text string }
	// onlyString is a fmt.Stringer.
	onlyString struct{ text string }
	// number has a String and stays a number.
	number int
	// broken panics.
	broken  struct{ value any }
	refuses struct{}
)

func (l level) MarshalText() ([]byte, error) { return []byte("level"), nil }

func (b *byPointer) MarshalText() ([]byte, error) { return []byte(b.text), nil }

func (s onlyString) String() string { return s.text }

func (number) String() string { return "never" }

func (b broken) MarshalText() ([]byte, error) { panic(b.value) }

func (b broken) MarshalJSON() ([]byte, error) { panic(b.value) }

func (refuses) MarshalText() ([]byte, error) { return nil, errors.New("refused") }

type write struct {
	any   func([]byte, any) ([]byte, error)
	value func([]byte, reflect.Value) ([]byte, error)
}

func scalars() map[string]write {
	return map[string]write{
		"Int":     {response.AppendInt, response.AppendIntValue},
		"Float":   {response.AppendFloat, response.AppendFloatValue},
		"String":  {response.AppendString, response.AppendStringValue},
		"ID":      {response.AppendID, response.AppendIDValue},
		"Boolean": {response.AppendBoolean, response.AppendBooleanValue},
	}
}

// Section 3.5, result coercion: what each scalar makes of each kind; "" is an error.
func TestScalarsOfEachKind(t *testing.T) {
	pointer := new(7)
	var none *int
	var nothing any
	day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		value                         any
		int, float, string, id, truth string
	}{
		{nil, `null`, `null`, `null`, `null`, `null`},
		{none, `null`, `null`, `null`, `null`, `null`},
		{&none, `null`, `null`, `null`, `null`, `null`},
		{&nothing, `null`, `null`, `null`, `null`, `null`},
		{(*byPointer)(nil), `null`, `null`, `null`, `null`, `null`},
		{1, `1`, `1`, `"1"`, `"1"`, `true`},
		{0, `0`, `0`, `"0"`, `"0"`, `false`},
		{pointer, `7`, `7`, `"7"`, `"7"`, `true`},
		{&pointer, `7`, `7`, `"7"`, `"7"`, `true`},
		{int8(-1), `-1`, `-1`, `"-1"`, `"-1"`, `true`},
		{int64(math.MaxInt32), `2147483647`, `2147483647`, `"2147483647"`, `"2147483647"`, `true`},
		{int64(math.MinInt32), `-2147483648`, `-2147483648`, `"-2147483648"`, `"-2147483648"`, `true`},
		{1 << 40, ``, `1099511627776`, `"1099511627776"`, `"1099511627776"`, `true`},
		{-(1 << 31) - 1, ``, `-2147483649`, `"-2147483649"`, `"-2147483649"`, `true`},
		{int64(1795292668348461057), ``, `1795292668348461057`, `"1795292668348461057"`, `"1795292668348461057"`, `true`},
		{uint64(math.MaxUint64), ``, `18446744073709551615`, `"18446744073709551615"`, `"18446744073709551615"`, `true`},
		{uint(3), `3`, `3`, `"3"`, `"3"`, `true`},
		{namedInt(5), `5`, `5`, `"5"`, `"5"`, `true`},
		{namedUint(5), `5`, `5`, `"5"`, `"5"`, `true`},
		{number(5), `5`, `5`, `"5"`, `"5"`, `true`},
		{time.Second, `1000000000`, `1000000000`, `"1000000000"`, `"1000000000"`, `true`},
		{1.0, `1`, `1`, `"1"`, `"1"`, `true`},
		{1.5, ``, `1.5`, `"1.5"`, ``, `true`},
		{0.0, `0`, `0`, `"0"`, `"0"`, `false`},
		{1e9, `1000000000`, `1000000000`, `"1000000000"`, `"1000000000"`, `true`},
		{1e21, ``, `1e+21`, `"1e+21"`, `"1000000000000000000000"`, `true`},
		{1e-7, ``, `1e-7`, `"1e-7"`, ``, `true`},
		{namedFloat(0.1), ``, `0.1`, `"0.1"`, ``, `true`},
		{math.Inf(1), ``, ``, ``, ``, ``},
		{math.NaN(), ``, ``, ``, ``, ``},
		{float32(math.Inf(-1)), ``, ``, ``, ``, ``},
		{true, `1`, `1`, `"true"`, ``, `true`},
		{namedBool(false), `0`, `0`, `"false"`, ``, `false`},
		{"a<b", ``, ``, `"a<b"`, `"a<b"`, ``},
		{"12", `12`, `12`, `"12"`, `"12"`, ``},
		{"1e3", `1000`, `1000`, `"1e3"`, `"1e3"`, ``},
		{"", ``, ``, `""`, `""`, ``},
		{"inf", ``, ``, `"inf"`, `"inf"`, ``},
		{"0x10", ``, ``, `"0x10"`, `"0x10"`, ``},
		{namedString("n"), ``, ``, `"n"`, `"n"`, ``},
		{json.Number("12"), `12`, `12`, `"12"`, `"12"`, ``},
		{json.Number("1e400"), ``, ``, `"1e400"`, `"1e400"`, ``},
		{json.Number("12345678901234567890"), ``, `12345678901234567000`, `"12345678901234567890"`, `"12345678901234567890"`, ``},
		{level(3), `3`, `3`, `"level"`, `"level"`, `true`},
		{&byPointer{"p"}, ``, ``, `"p"`, `"p"`, ``},
		{byPointer{"p"}, ``, ``, ``, ``, ``},
		{onlyString{"s\n"}, ``, ``, `"s\n"`, `"s\n"`, ``},
		{&onlyString{"s"}, ``, ``, `"s"`, `"s"`, ``},
		{&url.URL{Scheme: "https", Host: "a"}, ``, ``, `"https://a"`, `"https://a"`, ``},
		{day, ``, ``, `"2026-01-02T03:04:05Z"`, `"2026-01-02T03:04:05Z"`, ``},
		{big.NewInt(5), ``, ``, `"5"`, `"5"`, ``},
		{refuses{}, ``, ``, ``, ``, ``},
		{broken{errors.New("x")}, ``, ``, ``, ``, ``},
		{broken{1}, ``, ``, ``, ``, ``},
		{struct{}{}, ``, ``, ``, ``, ``},
		{[]byte("x"), ``, ``, ``, ``, ``},
		{[]int{1}, ``, ``, ``, ``, ``},
		{map[string]any{}, ``, ``, ``, ``, ``},
		{make(chan int), ``, ``, ``, ``, ``},
		{func() {}, ``, ``, ``, ``, ``},
		{complex(1, 0), ``, ``, ``, ``, ``},
	} {
		for scalar, want := range map[string]string{"Int": test.int, "Float": test.float, "String": test.string, "ID": test.id, "Boolean": test.truth} {
			check := func(got []byte, err error) {
				t.Helper()
				if (err != nil) != (want == "") || string(got) != "["+want {
					t.Errorf("%s of %T %v: %s, %v; want %s", scalar, test.value, test.value, got, err, want)
				}
			}
			check(scalars()[scalar].any([]byte("["), test.value))
			check(scalars()[scalar].value([]byte("["), reflect.ValueOf(test.value)))
		}
	}
}

// What cannot be asked for its methods is taken by its kind.
func TestFieldsThatAreNotExported(t *testing.T) {
	v := reflect.ValueOf(struct {
		level level
		text  string
	}{3, "a"})
	if got, err := response.AppendStringValue(nil, v.Field(0)); err != nil || string(got) != `"3"` {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := response.AppendStringValue(nil, v.Field(1)); err != nil || string(got) != `"a"` {
		t.Errorf("%s, %v", got, err)
	}
}
