package apigw

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kind is what an event is, as far as a function here can be behind it: a name, in
// the plural.
type kind string

const (
	unknown       kind = ""
	warmUp        kind = "pings"
	webSocket     kind = "events of a WebSocket API"
	httpRequest   kind = "requests of an HTTP API (payload format 2.0) or a function URL"
	streamRecords kind = "records of a DynamoDB stream"
)

// shape is what tells events apart. Sources: the events' pages in the Lambda and
// API Gateway developer guides.
type shape struct {
	Version        string
	HTTPMethod     string // of payload format 1.0, and of load balancers
	RequestContext struct {
		EventType string
		HTTP      json.RawMessage
		ELB       json.RawMessage
	}
	MethodARN, RouteARN string // of authorizers
	Records             []struct{ EventSource string }
	Source              string
	DetailType          string `json:"detail-type"`
	Warmer, WarmUp      json.RawMessage
}

// kindOf tells what an event is, in words too.
func kindOf(event []byte) (_ kind, description string) {
	var s shape
	// A member of another type than here belongs to an event that is unknown.
	if _, foreign := errors.AsType[*json.UnmarshalTypeError](json.Unmarshal(event, &s)); foreign {
		return unknown, describe(event)
	}
	switch at := s.RequestContext; {
	case s.MethodARN != "" || s.RouteARN != "":
		return unknown, "a Lambda authorizer's event"
	case slices.Contains([]string{"CONNECT", "MESSAGE", "DISCONNECT"}, at.EventType):
		return webSocket, string(webSocket)
	case at.HTTP != nil:
		return httpRequest, string(httpRequest)
	case at.ELB != nil:
		return unknown, "a request of an Application Load Balancer"
	case s.HTTPMethod != "":
		return unknown, "a request in payload format 1.0 (of a REST API, or of an HTTP API with that format)"
	case len(s.Records) > 0 && s.Records[0].EventSource == "aws:dynamodb":
		return streamRecords, string(streamRecords)
	case len(s.Records) > 0 && s.Records[0].EventSource != "":
		return unknown, "a record of " + s.Records[0].EventSource
	case s.DetailType == "Scheduled Event", s.Source == "serverless-plugin-warmup", s.Warmer != nil, s.WarmUp != nil, isEmpty(event):
		return warmUp, string(warmUp)
	case s.DetailType != "":
		return unknown, fmt.Sprintf("the event %q of %s", s.DetailType, s.Source)
	}
	return unknown, describe(event)
}

func isEmpty(event []byte) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(event, &members) == nil && len(members) == 0
}

// describe names members, never their values.
func describe(event []byte) string {
	const most = 5
	var members map[string]json.RawMessage
	if err := json.Unmarshal(event, &members); err != nil {
		return "an event that is no JSON object"
	}
	names := slices.Sorted(maps.Keys(members))
	if len(names) > most {
		names = append(names[:most], "...")
	}
	return "an event with the members " + strings.Join(names, ", ")
}
