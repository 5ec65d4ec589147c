package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// pkg is one package with the types of what it uses.
type pkg struct {
	path  string
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
}

func (p *pkg) name(at token.Pos) string { return p.fset.File(at).Name() }

func (p *pkg) lines() int {
	total := 0
	for _, file := range p.files {
		total += p.fset.File(file.Pos()).LineCount()
	}
	return total
}

// components are those of the package's files.
func (p *pkg) components() [][]string {
	var names []string
	edges := map[string]map[string]bool{}
	for _, file := range p.files {
		name := p.name(file.Pos())
		names = append(names, name)
		edges[name] = map[string]bool{}
	}
	for identifier, object := range p.info.Uses {
		if object.Pkg() == nil || object.Pkg().Path() != p.path || !object.Pos().IsValid() {
			continue
		}
		edges[p.name(identifier.Pos())][p.name(object.Pos())] = true
	}
	return components(names, edges)
}

// widest is the type with most methods, and in how many files they are.
func (p *pkg) widest() (name string, methods, files int) {
	counts, places := map[string]int{}, map[string][]string{}
	for _, file := range p.files {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Recv == nil {
				continue
			}
			of := receiver(function.Recv.List[0].Type)
			counts[of]++
			places[of] = append(places[of], p.name(function.Pos()))
		}
	}
	for of, count := range counts {
		if count > methods || count == methods && of < name {
			name, methods = of, count
		}
	}
	return name, methods, len(slices.Compact(slices.Sorted(slices.Values(places[name]))))
}

// receiver is the name of a method's type.
func receiver(of ast.Expr) string {
	switch of := of.(type) {
	case *ast.StarExpr:
		return receiver(of.X)
	case *ast.IndexExpr:
		return receiver(of.X)
	case *ast.IndexListExpr:
		return receiver(of.X)
	case *ast.Ident:
		return of.Name
	}
	return ""
}
