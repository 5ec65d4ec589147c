// A module of its own, so that users of FanQL do not get this client.
module github.com/fanql/fanql/e2e/apigw/hasura

go 1.26

require github.com/hasura/go-graphql-client v0.15.1

require (
	github.com/coder/websocket v1.8.13 // indirect
	github.com/google/uuid v1.6.0 // indirect
)
