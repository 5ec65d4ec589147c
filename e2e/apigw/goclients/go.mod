// A module of its own, so that users of FanQL do not get these clients.
module github.com/fanql/fanql/e2e/apigw/goclients

go 1.26

require (
	github.com/Khan/genqlient v0.8.1
	github.com/gorilla/websocket v1.5.3
	github.com/hasura/go-graphql-client v0.15.1
)

require (
	github.com/coder/websocket v1.8.13 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/vektah/gqlparser/v2 v2.5.19 // indirect
)
