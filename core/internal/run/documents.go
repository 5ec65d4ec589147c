package run

import (
	"container/list"
	"context"
	"runtime"
	"sync"

	"github.com/fanql/fanql/ports"
)

// documents keeps the documents that were used last, so that a document is parsed,
// validated and planned once, and with each of them the requests of subscriptions,
// so that their variables are coerced once. It is bounded by what documents say
// that they cost. Invalid documents are not kept: they would push out the valid.
type documents struct {
	schema ports.Schema
	limits ports.Limits
	most   int // bytes
	// turns has a place for each processor: documents that nobody has sent before
	// must not keep the others from theirs.
	turns chan struct{}

	mu       sync.Mutex
	size     int // bytes
	byText   map[string]*list.Element
	recency  *list.List // of *document, the most recent in front
	requests map[string]keptRequest
}

// document is a valid document in the cache.
type document struct {
	ports.Document
	text string
	// size is what the document is charged with, but for its requests.
	size int
	// kept are the keys of its requests, and keptSize what they are charged with.
	kept     []string
	keptSize int
}

type keptRequest struct {
	document *document
	prepared *Prepared
}

func newDocuments(config *Config) *documents {
	return &documents{
		schema: config.Schema, most: config.CacheBytes, limits: config.Limits,
		turns:  make(chan struct{}, runtime.GOMAXPROCS(0)),
		byText: map[string]*list.Element{}, recency: list.New(), requests: map[string]keptRequest{},
	}
}

// get returns the document, or the errors that it has. One that is not in the cache
// waits for its turn, as long as the context lasts.
func (d *documents) get(ctx context.Context, text string) (*document, ports.ResponseErrors) {
	if found := d.lookUp(text); found != nil {
		return found, nil
	}
	select {
	case d.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, ports.NewResponseErrors("the request ended before its document was read")
	}
	defer func() { <-d.turns }()
	return d.read(text)
}

// getAtOnce is get without waiting for a turn: for deliveries, whose documents have
// been accepted before.
func (d *documents) getAtOnce(text string) (*document, ports.ResponseErrors) {
	if found := d.lookUp(text); found != nil {
		return found, nil
	}
	return d.read(text)
}

func (d *documents) read(text string) (*document, ports.ResponseErrors) {
	read, errs := d.schema.Prepare(text, d.limits)
	if errs != nil {
		return nil, errs
	}
	return d.keep(&document{Document: read, text: text, size: len(text) + read.Cost()}), nil
}

func (d *documents) lookUp(text string) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	element, ok := d.byText[text]
	if !ok {
		return nil
	}
	d.recency.MoveToFront(element)
	return element.Value.(*document)
}

// keep returns the document that is in the cache: the first of several that were
// read at the same time.
func (d *documents) keep(read *document) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	if element, ok := d.byText[read.text]; ok {
		return element.Value.(*document)
	}
	d.byText[read.text] = d.recency.PushFront(read)
	d.size += read.size
	for d.size > d.most {
		d.forget(d.recency.Remove(d.recency.Back()).(*document))
	}
	return read
}

// forget takes a document out of the cache that is out of the list already.
func (d *documents) forget(oldest *document) {
	d.size -= oldest.size + oldest.keptSize
	delete(d.byText, oldest.text)
	d.forgetRequests(oldest)
}

func (d *documents) forgetRequests(of *document) {
	for _, key := range of.kept {
		delete(d.requests, key)
	}
	of.kept, of.keptSize = nil, 0
}

// requestCost is what a kept request is charged with beside its text and its
// variables.
const requestCost = 512

// request returns a request that keepRequest has kept under the key.
func (d *documents) request(key []byte) *Prepared {
	d.mu.Lock()
	defer d.mu.Unlock()
	kept, ok := d.requests[string(key)]
	if !ok {
		return nil
	}
	d.recency.MoveToFront(d.byText[kept.document.text])
	return kept.prepared
}

// keepRequest keeps the request of a subscription under its stored form, as long as
// its document is kept. The requests of one document take at most half of the cache.
func (d *documents) keepRequest(encoded []byte, p *Prepared) {
	key, size := string(encoded), len(encoded)+requestCost+p.bound.Cost()
	if size > d.most/2 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if element, ok := d.byText[p.document.text]; !ok || element.Value.(*document) != p.document {
		return
	}
	if _, ok := d.requests[key]; ok {
		return
	}
	if p.document.keptSize+size > d.most/2 {
		d.size -= p.document.keptSize
		d.forgetRequests(p.document)
	}
	d.requests[key] = keptRequest{p.document, p}
	p.document.kept = append(p.document.kept, key)
	p.document.keptSize += size
	d.size += size
	for d.size > d.most && d.recency.Len() > 1 {
		d.forget(d.recency.Remove(d.recency.Back()).(*document))
	}
}
