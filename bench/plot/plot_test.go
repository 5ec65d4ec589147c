package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPicturesAreOfTheResults: the pictures and the page that are committed come from
// the results that are committed.
func TestPicturesAreOfTheResults(t *testing.T) {
	const root = "../.."
	files, err := drawn(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 9 {
		t.Errorf("drew %d files, want four pictures for two grounds, and a page", len(files))
	}
	for name, text := range files {
		committed, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if text != string(committed) {
			t.Errorf("%s is not what bench/results.json has: run go run ./plot in bench", name)
		}
	}
}

// TestDrawnAlike: a picture depends on its figures and its ground, and on nothing else.
func TestDrawnAlike(t *testing.T) {
	first, err := drawn("../..")
	if err != nil {
		t.Fatal(err)
	}
	second, err := drawn("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range first {
		if text != second[name] {
			t.Errorf("%s was drawn in two ways", name)
		}
		if other, isDark := strings.CutSuffix(name, "-dark.svg"); isDark && text == first[other+".svg"] {
			t.Errorf("%s is for both grounds", name)
		}
	}
}

func TestReplaceRegions(t *testing.T) {
	const page = "# Page\n\n<!-- bench: one -->\nold\nolder\n\nText.\n\n<!-- bench: two -->\n\nMore.\n"
	for name, test := range map[string]struct {
		regions   map[string]string
		want, err string
	}{
		"both": {
			regions: map[string]string{"one": "new\n", "two": "| a |\n| b |\n"},
			want:    "# Page\n\n<!-- bench: one -->\nnew\n\nText.\n\n<!-- bench: two -->\n| a |\n| b |\n\nMore.\n",
		},
		"one that the page lacks": {regions: map[string]string{"one": "1\n", "two": "2\n", "three": "3\n"}, err: "no <!-- bench: three -->"},
		"one that nobody has":     {regions: map[string]string{"one": "1\n"}, err: "nothing is known of two"},
		"one with a dollar in it": {regions: map[string]string{"one": "$1\n", "two": "2\n"}, want: "# Page\n\n<!-- bench: one -->\n$1\n\nText.\n\n<!-- bench: two -->\n2\n\nMore.\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := replaceRegions(page, test.regions)
			if got != test.want || (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
				t.Errorf("got %q, %v, want %q, %q", got, err, test.want, test.err)
			}
		})
	}
}
