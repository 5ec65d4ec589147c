package deploy_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// source is a package as the compiler sees it, with the packages of the engine that
// it imports and none else: enough to follow the calls between their functions.
type source struct {
	files     []*ast.File
	info      *types.Info
	functions map[types.Object]*ast.FuncDecl
	names     map[string]types.Object // of the package's own, as "Receiver.Method" or "function"
}

// sources are the packages that have been read, by folder: they are read many times.
var sources struct {
	mu   sync.Mutex
	read map[string]source
}

func readSource(t *testing.T, folder string) source {
	t.Helper()
	sources.mu.Lock()
	defer sources.mu.Unlock()
	if s, ok := sources.read[folder]; ok {
		return s
	}
	r := &reader{
		set: token.NewFileSet(), packages: map[string]*types.Package{}, functions: map[types.Object]*ast.FuncDecl{},
		info: &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}},
	}
	files, _, err := r.read(folder)
	if err != nil {
		t.Fatal(err)
	}
	s := source{files: files, info: r.info, functions: r.functions, names: map[string]types.Object{}}
	for _, file := range files {
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok {
				s.names[fullName(r.info.Defs[f.Name])] = r.info.Defs[f.Name]
			}
		}
	}
	if sources.read == nil {
		sources.read = map[string]source{}
	}
	sources.read[folder] = s
	return s
}

// reader reads a package, and the rooms of the engine that it imports.
type reader struct {
	set       *token.FileSet
	packages  map[string]*types.Package
	info      *types.Info
	functions map[types.Object]*ast.FuncDecl
}

func (r *reader) read(folder string) ([]*ast.File, *types.Package, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, err
	}
	var files []*ast.File
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".go" || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(r.set, filepath.Join(folder, entry.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, file)
	}
	// What it does not know of other packages it reports, and goes on.
	config := types.Config{Importer: r, Error: func(error) {}}
	checked, _ := config.Check(folder, r.set, files, r.info)
	for _, file := range files {
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok {
				r.functions[r.info.Defs[f.Name]] = f
			}
		}
	}
	return files, checked, nil
}

// Import implements types.Importer, for the rooms of the engine.
func (r *reader) Import(path string) (*types.Package, error) {
	room, ok := strings.CutPrefix(path, "github.com/fanql/fanql/core/internal/")
	if !ok {
		return nil, errors.New("not needed")
	}
	if r.packages[path] == nil {
		_, checked, err := r.read(filepath.Join("../core/internal", room))
		if err != nil {
			return nil, err
		}
		r.packages[path] = checked
	}
	return r.packages[path], nil
}

// fullName is empty for what is no function.
func fullName(object types.Object) string {
	f, ok := object.(*types.Func)
	if !ok {
		return ""
	}
	receiver := f.Signature().Recv()
	if receiver == nil {
		return f.Name()
	}
	of := receiver.Type()
	if pointer, ok := of.(*types.Pointer); ok {
		of = pointer.Elem()
	}
	if named, ok := of.(*types.Named); ok {
		return named.Obj().Name() + "." + f.Name()
	}
	return f.Name()
}

// reach returns the functions that some functions of the package call, themselves
// included.
func (s source) reach(t *testing.T, names ...string) []ast.Node {
	t.Helper()
	var reached []ast.Node
	var queue []types.Object
	for _, name := range names {
		if s.names[name] == nil {
			t.Fatalf("there is no function %s", name)
		}
		queue = append(queue, s.names[name])
	}
	for seen := map[types.Object]bool{}; len(queue) > 0; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		f := s.functions[queue[0]]
		reached = append(reached, f)
		ast.Inspect(f, func(node ast.Node) bool {
			if identifier, ok := node.(*ast.Ident); ok {
				used := s.info.Uses[identifier]
				if s.functions[used] != nil {
					queue = append(queue, used)
				}
				queue = append(queue, s.implementations(used)...)
			}
			return true
		})
	}
	return reached
}

// implementations are the methods behind a method of an interface of the engine's rooms:
// those with its name.
func (s source) implementations(method types.Object) (found []types.Object) {
	f, ok := method.(*types.Func)
	if !ok || f.Pkg() == nil || f.Signature().Recv() == nil || !types.IsInterface(f.Signature().Recv().Type()) {
		return nil
	}
	for other := range s.functions {
		if g, ok := other.(*types.Func); ok && g.Name() == f.Name() && g.Signature().Recv() != nil {
			found = append(found, g)
		}
	}
	return found
}

// nodes is all of the package.
func (s source) nodes() []ast.Node {
	nodes := make([]ast.Node, len(s.files))
	for i, file := range s.files {
		nodes[i] = file
	}
	return nodes
}

// portCalls lists what functions of the engine call on its ports, as
// "Bus.Publish": methods of a field or a variable that is named for its port.
func portCalls(functions []ast.Node) []string {
	return collect(functions, func(node ast.Node) string {
		method, ok := node.(*ast.SelectorExpr)
		if !ok {
			return ""
		}
		for _, port := range []string{"Store", "Bus", "Pusher", "History"} {
			if strings.EqualFold(typeName(method.X), port) {
				return port + "." + method.Sel.Name
			}
		}
		return ""
	})
}

// tableActions lists what functions do to tables, as "PutItem Events": each
// request and each action of a transaction is a literal that names its table.
// Source: "DynamoDB API permissions", for what a transaction needs.
func tableActions(functions []ast.Node) []string {
	return collect(functions, func(node ast.Node) string {
		literal, ok := node.(*ast.CompositeLit)
		if !ok {
			return ""
		}
		if mapping, ok := literal.Type.(*ast.MapType); ok {
			if list, ok := mapping.Value.(*ast.ArrayType); ok && typeName(list.Elt) == "WriteRequest" {
				return "BatchWriteItem " + tableName(literal.Elts[0].(*ast.KeyValueExpr).Key)
			}
			return ""
		}
		name, isInput := strings.CutSuffix(typeName(literal.Type), "Input")
		if !isInput {
			name += "Item" // of a transaction: Put, Update, Delete, ConditionCheck
		}
		for _, element := range literal.Elts {
			if field, ok := element.(*ast.KeyValueExpr); ok && typeName(field.Key) == "TableName" {
				return name + " " + tableName(field.Value)
			}
		}
		return ""
	})
}

func typeName(expression ast.Expr) string {
	switch expression := expression.(type) {
	case *ast.Ident:
		return expression.Name
	case *ast.SelectorExpr:
		return expression.Sel.Name
	}
	return ""
}

// tableName is the last name in an expression such as aws.String(s.tables.Events).
// The bus and the example, which have one table each, call it table.
func tableName(expression ast.Expr) string {
	name := ""
	ast.Inspect(expression, func(node ast.Node) bool {
		if identifier, ok := node.(*ast.Ident); ok {
			name = identifier.Name
		}
		return true
	})
	return name
}

// environmentReads lists the environment variables that a program reads, with
// the packages of the example and of fanqllambda that it imports: literals that look like
// one, as the first argument of a call.
func environmentReads(t *testing.T, main string) []string {
	t.Helper()
	looksRight := regexp.MustCompile(`^[A-Z]+(_[A-Z0-9]+)+$`)
	var nodes []ast.Node
	for _, s := range program(t, main) {
		nodes = append(nodes, s.nodes()...)
	}
	return collect(nodes, func(node ast.Node) string {
		call, ok := node.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return ""
		}
		literal, ok := call.Args[0].(*ast.BasicLit)
		if !ok {
			return ""
		}
		name, _ := strconv.Unquote(literal.Value)
		if !looksRight.MatchString(name) {
			return ""
		}
		return name
	})
}

// program is a main package, and the packages of the example and of fanqllambda that
// it imports.
func program(t *testing.T, main string) []source {
	t.Helper()
	const module = "github.com/fanql/fanql/"
	var all []source
	seen := map[string]bool{}
	for queue := []string{main}; len(queue) > 0; queue = queue[1:] {
		if seen[queue[0]] {
			continue
		}
		seen[queue[0]] = true
		s := readSource(t, queue[0])
		all = append(all, s)
		for _, file := range s.files {
			for _, imported := range file.Imports {
				path, _ := strconv.Unquote(imported.Path.Value)
				inside := strings.TrimPrefix(path, module)
				if strings.HasPrefix(inside, "examples/chat/") || strings.HasPrefix(inside, "fanqllambda") {
					queue = append(queue, filepath.Join("..", inside))
				}
			}
		}
	}
	return all
}

// collect lists what find says of the nodes, each once and in order.
func collect(nodes []ast.Node, find func(ast.Node) string) []string {
	var found []string
	for _, root := range nodes {
		ast.Inspect(root, func(node ast.Node) bool {
			if name := find(node); name != "" {
				found = append(found, name)
			}
			return true
		})
	}
	slices.Sort(found)
	return slices.Compact(found)
}
