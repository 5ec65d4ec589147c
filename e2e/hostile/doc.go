// Package hostile sets hostile clients on the long-lived server and looks at
// what its good ones notice.
//
// Server, hostile clients and good clients are processes of their own, all of
// them this package's test binary. The tests have the build tag e2e;
//
//	go test -tags e2e -v ./e2e/hostile -hostile.full
//
// runs them at full size, without the race detector, and prints the figures.
package hostile
