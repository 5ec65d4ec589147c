package licencecheck

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// ofTests is a licence that what only tests link may have: it obliges whoever passes on
// a program with the module's files in it.
const ofTests = "MPL-2.0"

// licence is one that a dependency may have, and words that only it has.
type licence struct{ name, words string }

func allowed() []licence {
	return []licence{
		{"Apache-2.0", "Apache License Version 2.0"},
		{"BSD-2-Clause or BSD-3-Clause", "Redistribution and use in source and binary forms, with or without modification, are permitted"},
		{"ISC", "Permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted"},
		{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"},
		{ofTests, "Mozilla Public License, version 2.0"},
		{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	}
}

// identify names the licence in the root of a module's tree. It is an error if
// there is none, or if one of the files there is under other terms.
func identify(module fs.FS) (string, error) {
	files, err := fs.ReadDir(module, ".")
	if err != nil {
		return "", err
	}
	name := regexp.MustCompile(`(?i)^(licen[cs]e|copying)([.-].*)?$`)
	var names []string
	for _, file := range files {
		if file.IsDir() || !name.MatchString(file.Name()) || file.Name() == "LICENSE-SUMMARY" {
			continue // a summary, as aws-lambda-go has, is about the others
		}
		text, err := fs.ReadFile(module, file.Name())
		if err != nil {
			return "", err
		}
		found := match(string(text))
		if found == "" {
			return "", fmt.Errorf("%s is none of the licences that are allowed", file.Name())
		}
		names = append(names, found)
	}
	if len(names) == 0 {
		return "", fmt.Errorf("no licence")
	}
	return strings.Join(names, ", "), nil
}

// match names the allowed licence that a text is, or "".
func match(text string) string {
	// Line breaks, and the marks of a comment or a quotation, are no words.
	plain := strings.ToLower(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n*>/", r) }), " "))
	for _, l := range allowed() {
		words := strings.ToLower(strings.ReplaceAll(l.words, "/", " "))
		isOther := l.name != ofTests && strings.Contains(plain, "gnu general public license") // of which the MPL speaks, too
		if strings.Contains(plain, words) && !isOther {
			return l.name
		}
	}
	return ""
}
