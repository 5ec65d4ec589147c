package doccheck

import (
	"encoding/xml"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestPictures: each picture that a document names is there, and says in words what it
// shows; each picture of docs is named by a document.
func TestPictures(t *testing.T) {
	tree := os.DirFS("../..")
	named := map[string]bool{}
	for _, document := range find(t, tree) {
		text, err := fs.ReadFile(tree, document)
		if err != nil {
			t.Fatal(err)
		}
		files, problems := pictures(tree, document, string(text))
		for _, problem := range problems {
			t.Error(problem)
		}
		for _, file := range files {
			named[file] = true
		}
	}
	if len(named) < 8 {
		t.Errorf("the documents name only %q", slices.Sorted(maps.Keys(named)))
	}
	err := fs.WalkDir(tree, "docs", func(file string, _ fs.DirEntry, err error) error {
		if extension := path.Ext(file); (extension == ".svg" || extension == ".png") && !named[file] {
			t.Errorf("no document names %s", file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pictures returns the pictures that a document names, and what is wrong with them.
func pictures(fsys fs.FS, document, text string) (files, problems []string) {
	text = strings.Join(prose(strings.Split(text, "\n")), "\n")
	// The name and the words of a picture in Markdown, or the inside of an element of HTML.
	picture := regexp.MustCompile(`!\[([^\]]*)\]\(<?([^)\s>]+)|<(img|source)\s([^>]*)>`)
	for _, match := range picture.FindAllStringSubmatch(text, -1) {
		words, target := match[1], match[2]
		if element := match[3]; element != "" {
			words, target = attribute(match[4], "alt"), attribute(match[4], "src")+attribute(match[4], "srcset")
			if element == "source" { // The words are those of the img beside it.
				words = element
			}
		}
		if regexp.MustCompile(`^[a-z]+:`).MatchString(target) {
			continue
		}
		file := path.Join(path.Dir(document), target)
		files = append(files, file)
		if strings.TrimSpace(words) == "" {
			problems = append(problems, fmt.Sprintf("%s: the picture %s has no alt text", document, target))
		}
		if err := picturable(fsys, file); err != nil {
			problems = append(problems, fmt.Sprintf("%s: the picture %s: %v", document, target, err))
		}
	}
	return files, problems
}

func attribute(element, name string) string {
	match := regexp.MustCompile(`(?:^|\s)` + name + `="([^"]*)"`).FindStringSubmatch(element)
	if match == nil {
		return ""
	}
	return match[1]
}

// picturable reports why a file is no picture, or an SVG without a title.
func picturable(fsys fs.FS, file string) error {
	data, err := fs.ReadFile(fsys, file)
	if err != nil || path.Ext(file) != ".svg" {
		return err
	}
	var svg struct {
		XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
		Title   string   `xml:"title"`
	}
	if err := xml.Unmarshal(data, &svg); err != nil {
		return err
	}
	if strings.TrimSpace(svg.Title) == "" {
		return fmt.Errorf("no title")
	}
	return nil
}

func TestProblemsOfPictures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ document, want string }{
		"one of Markdown":          {"![two boxes](good.svg)", ""},
		"one of HTML":              {"<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"dark.png\">\n  <img src=\"light.png\"\n    alt=\"a page\">\n</picture>", ""},
		"one of another place":     {"![](https://example.com/a.svg)", ""},
		"in code":                  {"```html\n<img src=\"gone.png\">\n```\nand `![](gone.png)`", ""},
		"Markdown without words":   {"![ ](good.svg)", "the picture good.svg has no alt text"},
		"HTML without words":       {"<img src=\"light.png\" data-alt=\"a page\">", "the picture light.png has no alt text"},
		"one that is not there":    {"![a page](gone.png)", "the picture gone.png: open docs/gone.png: file does not exist"},
		"a source that is not":     {"<source srcset=\"gone.png\">", "the picture gone.png: open docs/gone.png: file does not exist"},
		"no XML":                   {"![two boxes](broken.svg)", "the picture broken.svg: XML syntax error"},
		"XML that is no SVG":       {"![two boxes](other.svg)", "the picture other.svg: expected element type <svg>"},
		"an SVG without a title":   {"![two boxes](untitled.svg)", "the picture untitled.svg: no title"},
		"a title of a part of SVG": {"![two boxes](inner.svg)", "the picture inner.svg: no title"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const start = `<svg xmlns="http://www.w3.org/2000/svg">`
			files := fstest.MapFS{"docs/light.png": {}, "docs/dark.png": {}}
			for file, text := range map[string]string{
				"good.svg":     start + "<title>Boxes</title></svg>",
				"broken.svg":   start + "<title>Boxes</svg>",
				"other.svg":    "<html><title>Boxes</title></html>",
				"untitled.svg": start + "<title> </title></svg>",
				"inner.svg":    start + "<g><title>Boxes</title></g></svg>",
			} {
				files["docs/"+file] = &fstest.MapFile{Data: []byte(text)}
			}
			_, got := pictures(files, "docs/doc.md", test.document)
			if test.want == "" && len(got) > 0 || test.want != "" && (len(got) != 1 || !strings.Contains(got[0], test.want)) {
				t.Errorf("problems %q, want %q", got, test.want)
			}
		})
	}
}
