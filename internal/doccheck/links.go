package doccheck

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// links says which links of one document lead nowhere: to a file that is not there, to a
// heading or a line that its file does not have, or to an address that is none. What is
// at the addresses of others is not asked.
func links(fsys fs.FS, document string, lines []string) []string {
	var found []string
	for i, targets := range targets(lines) {
		for _, target := range targets {
			if err := resolve(fsys, document, target); err != nil {
				found = append(found, fmt.Sprintf("%s:%d: the link to %s: %v", document, i+1, target, err))
			}
		}
	}
	return found
}

// targets are what each line links to: by links and images, definitions of links, HTML,
// and addresses that stand for themselves.
func targets(lines []string) [][]string {
	patterns := []*regexp.Regexp{
		regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)`),
		regexp.MustCompile(`^\s*\[[^\]^]+\]:\s*<?([^\s>]+)`),
		regexp.MustCompile(`<[a-z]+\s[^>]*?(?:href|src|srcset)="([^"\s]+)`),
		regexp.MustCompile(`(?:^|[\s<(])(https?://[^\s<>)\]"]*[^\s<>)\]".,:;])`),
	}
	found := make([][]string, len(lines))
	for i, line := range prose(lines) {
		for _, pattern := range patterns {
			for _, match := range pattern.FindAllStringSubmatch(line, -1) {
				if !slices.Contains(found[i], match[1]) {
					found[i] = append(found[i], match[1])
				}
			}
		}
	}
	return found
}

// resolve reports what keeps a link in a document from leading somewhere.
func resolve(fsys fs.FS, document, target string) error {
	if isAddress(target) {
		return address(fsys, target)
	}
	file, anchor, anchored := strings.Cut(target, "#")
	if file == "" {
		file = document
	} else {
		file = path.Join(path.Dir(document), file)
	}
	information, err := fs.Stat(fsys, file)
	switch {
	case err != nil:
		return err
	case !anchored:
		return nil
	case information.IsDir():
		return fmt.Errorf("%s is a folder, which has no #%s", file, anchor)
	}
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	if path.Ext(file) == ".md" {
		if !slices.Contains(headings(lines), anchor) {
			return fmt.Errorf("%s has no heading #%s", file, anchor)
		}
		return nil
	}
	number := regexp.MustCompile(`^L(\d+)$`).FindStringSubmatch(anchor)
	if number == nil {
		return fmt.Errorf("%s has no #%s", file, anchor)
	}
	if n, err := strconv.Atoi(number[1]); err != nil || n < 1 || n > len(lines) {
		return fmt.Errorf("%s has no line %s", file, number[1])
	}
	return nil
}

// isAddress reports that a link leads out of the tree.
func isAddress(target string) bool {
	return regexp.MustCompile(`^([a-zA-Z][\w+.-]*:|//)`).MatchString(target)
}

// address reports what is wrong with an address. Those of this repository, and of its
// packages, have to name what is there.
func address(fsys fs.FS, target string) error {
	parsed, err := url.Parse(target)
	switch {
	case err != nil:
		return err
	case parsed.Scheme == "mailto":
		return nil
	case parsed.Scheme != "https":
		return errors.New("it is not https")
	case parsed.User != nil, !regexp.MustCompile(`^([a-z0-9-]+\.)+[a-z]+$`).MatchString(parsed.Host):
		return fmt.Errorf("%q is no public host", parsed.Host)
	}
	own, inside := strings.CutPrefix(strings.TrimPrefix(parsed.Host+parsed.Path, "pkg.go.dev/"), "github.com/fanql/fanql/")
	if !inside {
		return nil
	}
	for _, view := range []string{"blob/main/", "tree/main/"} {
		own = strings.TrimPrefix(own, view)
	}
	_, err = fs.Stat(fsys, strings.Trim(own, "/"))
	return err
}

// headings are the anchors of a document, as a forge names them.
func headings(lines []string) []string {
	var found []string
	times := map[string]int{}
	for _, line := range prose(lines) {
		if !strings.HasPrefix(line, "#") {
			continue
		}
		name := slug(line)
		if n := times[name]; n > 0 {
			found = append(found, fmt.Sprintf("%s-%d", name, n))
		} else {
			found = append(found, name)
		}
		times[name]++
	}
	return found
}

// slug is the name that a forge gives to a heading.
func slug(heading string) string {
	text := strings.ToLower(strings.TrimSpace(strings.TrimLeft(heading, "#")))
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '_', r == '-', unicode.IsLetter(r), unicode.IsNumber(r):
			return r
		default:
			return -1
		}
	}, text)
}

// prose returns the lines with those of fenced blocks emptied, and with code
// inside a line taken out, except in headings, whose names it belongs to.
func prose(lines []string) []string {
	code := regexp.MustCompile("`[^`]*`")
	out := make([]string, len(lines))
	fenced := false
	for i, line := range lines {
		switch {
		case isFence(line):
			fenced = !fenced
		case fenced:
		case strings.HasPrefix(line, "#"):
			out[i] = line
		default:
			out[i] = code.ReplaceAllString(line, "")
		}
	}
	return out
}
