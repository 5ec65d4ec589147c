module github.com/fanql/fanql/bench

go 1.26

require (
	github.com/fanql/fanql v0.0.0
	github.com/gobwas/ws v1.5.0
	github.com/graphql-go/graphql v0.8.1
)

require github.com/gobwas/httphead v0.1.0 // indirect

replace github.com/fanql/fanql => ../
