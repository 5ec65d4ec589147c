package doccheck

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// links says which relative links of one document lead nowhere: to a file that
// is not there, or to a heading that its document does not have.
func links(fsys fs.FS, document string, lines []string) []string {
	link := regexp.MustCompile(`\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)`)
	var found []string
	for i, line := range prose(lines) {
		for _, match := range link.FindAllStringSubmatch(line, -1) {
			if err := resolve(fsys, document, match[1]); err != nil {
				found = append(found, fmt.Sprintf("%s:%d: the link to %s: %v", document, i+1, match[1], err))
			}
		}
	}
	return found
}

// resolve reports what keeps a link in a document from leading somewhere. Links
// to other places than the tree are taken on trust.
func resolve(fsys fs.FS, document, target string) error {
	if regexp.MustCompile(`^[a-z]+:`).MatchString(target) {
		return nil
	}
	file, anchor, _ := strings.Cut(target, "#")
	if file == "" {
		file = document
	} else {
		file = path.Join(path.Dir(document), file)
	}
	if _, err := fs.Stat(fsys, file); err != nil {
		return err
	}
	if anchor == "" || path.Ext(file) != ".md" {
		return nil
	}
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return err
	}
	for _, line := range prose(strings.Split(string(text), "\n")) {
		if strings.HasPrefix(line, "#") && slug(line) == anchor {
			return nil
		}
	}
	return fmt.Errorf("%s has no heading #%s", file, anchor)
}

// slug is the name that a forge gives to a heading.
func slug(heading string) string {
	text := strings.ToLower(strings.TrimSpace(strings.TrimLeft(heading, "#")))
	return strings.ReplaceAll(regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(text, ""), " ", "-")
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
