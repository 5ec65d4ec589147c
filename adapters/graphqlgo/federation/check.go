package federation

import (
	"maps"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// checkDirectives checks all that is applied, and finds the entities.
func (s *subgraph) checkDirectives() error {
	var targets []target
	for _, coordinate := range slices.Sorted(maps.Keys(s.config.Directives)) {
		t, err := s.find(coordinate)
		if err != nil {
			return err
		}
		targets = append(targets, t)
		for _, d := range s.config.Directives[coordinate] {
			if d.name == "external" {
				s.external[coordinate] = true
			}
		}
	}
	for _, t := range targets {
		seen := map[string]bool{}
		for _, d := range s.config.Directives[t.coordinate] {
			if err := s.checkDirective(t, d); err != nil {
				return err
			}
			if seen[d.name] && !d.repeatable || seen[d.String()] {
				return refuse("%s has %s twice", t.coordinate, d)
			}
			seen[d.name], seen[d.String()] = true, true
		}
		if err := checkInterfaceObject(t, seen); err != nil {
			return err
		}
	}
	return nil
}

func checkInterfaceObject(t target, has map[string]bool) error {
	switch {
	case !has["interfaceObject"]:
		return nil
	case !has["key"]:
		return refuse("%s has @interfaceObject, and no key", t.coordinate)
	case has["authenticated"], has["requiresScopes"], has["policy"]:
		return refuse("%s stands for an interface, where @authenticated, @requiresScopes and @policy cannot be", t.coordinate)
	}
	return nil
}

func (s *subgraph) checkDirective(t target, d Directive) error {
	switch {
	case d.name == "":
		return refuse("%s has a Directive that no function of this package has made", t.coordinate)
	case s.definitions.Directives[d.name] != nil:
		return refuse("%s has @%s, and the schema defines a directive of that name: the name is federation's", t.coordinate, d.name)
	case d.places&t.place == 0:
		return refuse("%s is %s, where @%s cannot be", t.coordinate, t.place, d.name)
	case t.of.BuiltIn:
		return refuse("%s is built in, and has no directives", t.coordinate)
	case d.problem != "":
		return refuse("%s has @%s: %s", t.coordinate, d.name, d.problem)
	}
	switch d.name {
	case "key":
		return s.checkKey(t, d)
	case "requires":
		return s.checkExternal(t, d, t.of)
	case "provides":
		return s.checkExternal(t, d, s.definitions.Types[t.field.Type.Name()])
	case "shareable":
		if t.of == s.definitions.Subscription {
			return refuse("%s has @shareable: the fields of the Subscription type cannot be shared", t.coordinate)
		}
	}
	return nil
}

func (s *subgraph) checkKey(t target, d Directive) error {
	if s.isRoot(t.of) {
		return refuse("%s has a key, and is a root type", t.coordinate)
	}
	fields, err := s.fieldSet(t.of, d.fields, true)
	if err != nil {
		return refuse("%s has %s: %w", t.coordinate, d, err)
	}
	if d.unresolvable {
		return nil
	}
	if s.entities[t.of.Name] == nil {
		s.entities[t.of.Name] = &entity{name: t.of.Name}
	}
	e := s.entities[t.of.Name]
	e.keys = append(e.keys, key{text: d.fields, fields: fields})
	return nil
}

// checkExternal checks the fields of @requires and @provides.
func (s *subgraph) checkExternal(t target, d Directive, of *ast.Definition) error {
	if !of.IsCompositeType() {
		return refuse("%s has %s, and is of type %s, which has no fields", t.coordinate, d, t.field.Type)
	}
	fields, err := s.fieldSet(of, d.fields, false)
	if err != nil {
		return refuse("%s has %s: %w", t.coordinate, d, err)
	}
	if own, found := s.notExternal(fields); found {
		return refuse("%s has %s: %s is not external", t.coordinate, d, own.coordinate())
	}
	return nil
}

// checkEntities gives every entity its resolver.
func (s *subgraph) checkEntities() error {
	for _, name := range slices.Sorted(maps.Keys(s.config.Entities)) {
		of, e := s.definitions.Types[name], s.entities[name]
		switch {
		case of == nil || s.added[name]:
			return refuse("Config.Entities has %q: the schema has no type of that name; a type that no field leads to is given in graphql.SchemaConfig.Types", name)
		case e == nil:
			return refuse("Config.Entities has %q: the type has no Key in Config.Directives", name)
		}
		e.resolver = s.config.Entities[name]
		if e.resolver.resolve == nil {
			return refuse("Config.Entities has %q: the Resolver has no function", name)
		}
		var err error
		if e.field, err = e.resolver.accepts(e); err != nil {
			return refuse("Config.Entities has %q: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.entities)) {
		if s.entities[name].resolver.resolve != nil {
			continue
		}
		if s.definitions.Types[name].Kind == ast.Object {
			return refuse("%s has a Key, and no resolver in Config.Entities: where this subgraph only refers to it, the key is an UnresolvableKey", name)
		}
		delete(s.entities, name)
	}
	return nil
}
