package licencecheck

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
)

func TestDependencies(t *testing.T) {
	// Read so that the go command, which cannot see what a child process reads,
	// runs this test afresh when they change.
	for _, file := range []string{"../../go.mod", "../../go.sum"} {
		if _, err := os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	linked := modules(t)
	directories := modules(t, "-test", "-tags", "e2e,integration")
	if directories["github.com/graphql-go/graphql"] == "" {
		t.Errorf("the modules listed are %q", directories)
	}
	for module, directory := range directories {
		name, err := identify(os.DirFS(directory))
		if err != nil {
			t.Errorf("%s: %v", module, err)
		}
		if _, ok := linked[module]; ok && strings.Contains(name, ofTests) {
			t.Errorf("%s: %s is for tests only, and a package links it", module, name)
		}
		t.Logf("%s: %s", module, name)
	}
}

// modules are the folders of those that the module's packages are built with, by path.
func modules(t *testing.T, flags ...string) map[string]string {
	t.Helper()
	const format = `{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}`
	arguments := append([]string{"list", "-deps"}, flags...)
	list := exec.CommandContext(t.Context(), "go", append(arguments, "-f", format, "github.com/fanql/fanql/...")...)
	output, err := list.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %v\n%s", err, exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	directories := map[string]string{}
	for line := range strings.Lines(string(output)) {
		module, directory, _ := strings.Cut(strings.TrimSpace(line), " ")
		directories[module] = directory
	}
	delete(directories, "")
	return directories
}

func TestIdentify(t *testing.T) {
	const mit = "Copyright (c) 2020\n\n// Permission is hereby granted, free of\n// charge, to any person obtaining a copy\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  string
		fails bool
	}{
		"MIT":                       {files: map[string]string{"LICENSE": mit}, want: "MIT"},
		"Apache":                    {files: map[string]string{"LICENSE.txt": "   Apache License\n   Version 2.0, January 2004\n"}, want: "Apache-2.0"},
		"ISC":                       {files: map[string]string{"LICENSE": "Permission to use, copy, modify, and/or distribute this software for any\npurpose with or without fee is hereby granted"}, want: "ISC"},
		"MPL":                       {files: map[string]string{"LICENSE": "Copyright (c) 2014 HashiCorp, Inc.\n\nMozilla Public License, version 2.0\n"}, want: "MPL-2.0"},
		"two":                       {files: map[string]string{"LICENSE": mit, "LICENSE-APACHE": "Apache License\nVersion 2.0"}, want: "MIT, Apache-2.0"},
		"none":                      {files: map[string]string{"README.md": mit}, fails: true},
		"two and a summary":         {files: map[string]string{"LICENSE": mit, "LICENSE-SUMMARY": "see LICENSE"}, want: "MIT"},
		"a summary alone":           {files: map[string]string{"LICENSE-SUMMARY": "see LICENSE"}, fails: true},
		"GPL":                       {files: map[string]string{"COPYING": "GNU GENERAL PUBLIC LICENSE\nVersion 3"}, fails: true},
		"one of two not allowed":    {files: map[string]string{"LICENSE": mit, "LICENSE.other": "all rights reserved"}, fails: true},
		"GPL that speaks of others": {files: map[string]string{"LICENSE": "GNU General Public License\n" + mit}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			module := fstest.MapFS{}
			for file, text := range test.files {
				module[file] = &fstest.MapFile{Data: []byte(text)}
			}
			got, err := identify(module)
			if got != test.want || (err != nil) != test.fails {
				t.Errorf("identify = %q, %v; want %q, an error: %t", got, err, test.want, test.fails)
			}
		})
	}
}
