package figures

import (
	"path/filepath"
	"reflect"
	"testing"
)

// measured are the results of two rounds, in which one peer was not measured at all.
func measured() *Results {
	r := &Results{Run: Run{Date: "2026-11-29", Rounds: 2, Seconds: 1.5, Peers: []string{"fanql", "absent", "built/naive"}}}
	same := Figure{Part: "same", Case: "same query", Clients: 1_000, Kind: Rate}
	memory := Figure{Part: "memory", Case: "memory", Clients: 5_000, Kind: Memory}
	r.Add(same, "fanql", 200_000)
	r.Add(same, "built/naive", 20_000)
	r.Add(memory, "fanql", 12.345678)
	r.Add(same, "fanql", 100_000)
	r.Add(same, "built/naive", 30_000)
	return r
}

func TestTable(t *testing.T) {
	const head, line = "|  | fanql | naive |\n", "| --- | --: | --: |\n"
	const same = "| same query: deliveries a second, flat out | 150,000 (100,000–200,000) | 25,000 (20,000–30,000), **0.20 ×** |\n"
	const memory = " KB of resident memory per subscribed connection | 12.3 |"
	for name, test := range map[string]struct {
		parts []string
		want  string
	}{
		"all parts":                      {nil, head + line + same + "| memory:" + memory + "  |\n"},
		"one part":                       {[]string{"same"}, head + line + same},
		"a part that one peer alone has": {[]string{"memory"}, "|  | fanql |\n| --- | --: |\n| memory:" + memory + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := measured().Table(test.parts...); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestReadWhatWasWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "results.json")
	if err := measured().Write(file); err != nil {
		t.Fatal(err)
	}
	got, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := measured(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if found := got.Find("memory", Memory); len(found) != 1 || found[0].Values["fanql"][0] != 12.346 {
		t.Errorf("found %+v, want a value of five digits", found)
	}
}

func TestFormat(t *testing.T) {
	for value, want := range map[float64]string{0.2049: "0.20", 9.994: "9.99", 23.45: "23.4", 234.5: "234", 1_000: "1,000", 999.9: "1,000", 12_345_678: "12,345,678"} {
		if got := Format(value); got != want {
			t.Errorf("%v is %q, want %q", value, got, want)
		}
	}
}
