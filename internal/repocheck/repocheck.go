package repocheck

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// rule is something that no file may say, or none of one name.
type rule struct {
	file string
	// words are a part of everything that the pattern matches: they are found much faster.
	words   []string
	pattern *regexp.Regexp
	says    string
}

// rules are spelled so that this file does not break them.
func rules() []rule {
	return []rule{
		{"package-lock.json", []string{`"resolved"`}, regexp.MustCompile(`"resolved": "http`), "where a package came from: set omit-lockfile-registry-resolved in .npmrc"},
		{"", []string{"registry.", "proxy.", "sum.", "deb."}, regexp.MustCompile(`\b(registry\.(npm|yarn)\w+|(proxy|sum)\.golang|deb\.debian)\.(org|com)\b`), "the host name of a registry"},
		{"", []string{"home/", "root/", "tmp/", "work/", "Users/"}, regexp.MustCompile(`(^|[^\w.)}~-])/(home|root|tmp|work|Users)/\w`), "an absolute path of one machine"},
	}
}

// problems says what is wrong with one file, named by its path in the repository.
func problems(rules []rule, file, text string) []string {
	var apply []rule
	for _, r := range rules {
		if (r.file == "" || r.file == path.Base(file)) && r.mayMatch(text) {
			apply = append(apply, r)
		}
	}
	if len(apply) == 0 {
		return nil
	}
	var found []string
	number := 0
	for line := range strings.Lines(text) {
		number++
		for _, r := range apply {
			if r.mayMatch(line) && r.pattern.MatchString(line) {
				found = append(found, fmt.Sprintf("%s:%d: %s", file, number, r.says))
			}
		}
	}
	return found
}

func (r rule) mayMatch(text string) bool {
	return slices.ContainsFunc(r.words, func(word string) bool { return strings.Contains(text, word) })
}
