//go:build e2e

package terraform

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// provider is the schema of the AWS provider, as CDK for Terraform has generated its
// classes from it.
type provider struct {
	types map[string][]byte // what the package says of each class
	// resources are the names of classes by the kind of block and the type of resource,
	// such as "resource aws_vpc".
	resources map[string]string

	mutex   sync.Mutex
	classes map[string][]property // those that were asked for
}

// property is one of a class: of the class of a resource, what can be referred to, and of
// the class whose name ends in Config, what can be set.
type property struct {
	Name     string
	Optional bool
	Docs     docs
	Type     kind
	// terraformName is the name in Terraform, which the documentation has.
	terraformName string
}

type docs struct{ Summary, Remarks string }

// kind is a property's type.
type kind struct {
	Primitive  string // "string", "number", "boolean", "any"
	FQN        string // of a class
	Collection *struct {
		ElementType kind
		Kind        string // "array" or "map"
	}
	Union *struct{ Types []kind }
}

// readProvider reads the package that package-lock.json names. Its description is 130 MB
// of JSON, of which a few classes are needed, so that it is cut at the lines between
// classes and not decoded.
func readProvider(t *testing.T) *provider {
	t.Helper()
	installPackages(t)
	text, err := os.ReadFile("node_modules/@cdktf/provider-aws/.jsii")
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{types: map[string][]byte{}, resources: map[string]string{}, classes: map[string][]property{}}
	of := regexp.MustCompile(`"summary": "Represents a \{@link \S+/docs/(resources|data-sources)/\w+ (aws_\w+)}`)
	blocks := map[string]string{"resources": "resource", "data-sources": "data"}
	var name string
	begin, end := 0, 0
	for line := range bytes.Lines(text) {
		from := end
		end += len(line)
		switch {
		case bytes.HasPrefix(line, []byte(`    "@cdktf/provider-aws.`)) && bytes.HasSuffix(line, []byte("\": {\n")):
			name, begin = strings.Split(string(line), `"`)[1], end-len("{\n")
		case name != "" && bytes.HasPrefix(line, []byte("    }")):
			p.types[name] = text[begin : from+len("    }")]
			name = ""
		case name != "" && bytes.HasPrefix(line, []byte(`        "summary": "Represents`)):
			if match := of.FindSubmatch(line); match != nil {
				p.resources[blocks[string(match[1])]+" "+string(match[2])] = name
			}
		}
	}
	if len(p.resources) == 0 {
		t.Fatal("the package has no classes of resources")
	}
	return p
}

// properties are those of a class; none of a class that there is not.
func (p *provider) properties(name string) []property {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if properties, ok := p.classes[name]; ok {
		return properties
	}
	var of struct{ Properties []property }
	_ = json.Unmarshal(p.types[name], &of) // nil where there is no class
	link := regexp.MustCompile(`docs/[\w-]+/\w+#(\w+) `)
	for i, property := range of.Properties {
		of.Properties[i].terraformName = property.Name
		if match := link.FindStringSubmatch(property.Docs.Summary + " " + property.Docs.Remarks); match != nil {
			of.Properties[i].terraformName = match[1]
		}
	}
	p.classes[name] = of.Properties
	return of.Properties
}

// isBlock says whether a property is written as a block, and no attribute can be.
func (p property) isBlock() bool { return strings.HasSuffix(p.Docs.Summary, " block.") }

// inside is the class of the blocks or objects of a type; empty where there are none.
func (k kind) inside() string {
	switch {
	case k.Collection != nil:
		return k.Collection.ElementType.inside()
	case k.Union != nil:
		for _, one := range k.Union.Types {
			if name := one.inside(); name != "" {
				return name
			}
		}
	case strings.HasPrefix(k.FQN, "@cdktf/"):
		return k.FQN
	}
	return ""
}

// is says whether a type is a collection of a kind, or a primitive.
func (k kind) is(name string) bool {
	switch {
	case k.Collection != nil:
		return k.Collection.Kind == name
	case k.Union != nil:
		for _, one := range k.Union.Types {
			if one.is(name) {
				return true
			}
		}
		return false
	}
	return k.Primitive == name || k.Primitive == "any"
}

// installPackages sees to it that node_modules is what package-lock.json says.
func installPackages(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		t.Fatal("npm is missing: install Node.js 20.9 or later with npm (Debian: apt-get install nodejs npm)")
	}
	lock, err := os.Stat("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	// npm writes this file last, so that it also tells a whole installation.
	installed, err := os.Stat("node_modules/.package-lock.json")
	if err == nil && !installed.ModTime().Before(lock.ModTime()) {
		return
	}
	output, err := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund").CombinedOutput()
	if err != nil {
		t.Fatalf("npm ci: %v\n%s", err, output)
	}
}
