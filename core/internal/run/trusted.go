package run

import (
	"encoding/json"

	"github.com/fanql/fanql/ports"
)

// trusted are the documents that clients may name instead of sending them.
type trusted struct {
	byID map[string]string
	// texts, unless nil, are all that may be executed.
	texts map[string]bool
}

func newTrusted(config *Config) trusted {
	t := trusted{byID: config.Trusted}
	if config.OnlyTrusted {
		t.texts = make(map[string]bool, len(t.byID))
		for _, text := range t.byID {
			t.texts[text] = true
		}
	}
	return t
}

// resolve puts the text of the document into a request that only names it.
func (t trusted) resolve(request ports.Request) (ports.Request, ports.ResponseErrors) {
	if id := documentID(request); request.Query == "" && id != "" {
		text, ok := t.byID[id]
		if !ok {
			return request, ports.ResponseErrors{t.unknownDocument()}
		}
		request.Query = text
		return request, nil
	}
	if t.texts != nil && !t.texts[request.Query] {
		return request, ports.NewResponseErrors("only trusted documents are executed here")
	}
	return request, nil
}

// documentID is the name of the document that a request gives: as a documentId
// (the proposal for persisted documents of GraphQL over HTTP), or under
// persistedQuery in its extensions, where Apollo's clients put an object with a
// sha256Hash, and others the ID itself.
func documentID(request ports.Request) string {
	if request.DocumentID != "" || len(request.Extensions) == 0 {
		return request.DocumentID
	}
	var extensions struct {
		PersistedQuery json.RawMessage `json:"persistedQuery"`
	}
	if json.Unmarshal(request.Extensions, &extensions) != nil {
		return ""
	}
	var id string
	if json.Unmarshal(extensions.PersistedQuery, &id) == nil {
		return id
	}
	var hash struct {
		SHA256 string `json:"sha256Hash"`
	}
	_ = json.Unmarshal(extensions.PersistedQuery, &hash) // then there is none
	return hash.SHA256
}

// unknownDocument is said in the words that Apollo's clients know. Where any
// document is executed, they send the text next; where none has a name, they are to
// stop asking, since nothing that they send is ever stored.
func (t trusted) unknownDocument() ports.ResponseError {
	message, code := "PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND"
	if len(t.byID) == 0 {
		message, code = "PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED"
	}
	return ports.ResponseError{Message: message, Extensions: map[string]any{"code": code}}
}
