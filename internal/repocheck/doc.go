// Package repocheck keeps out of the repository what ties it to one machine or
// one registry: lockfiles that say where a package came from, a registry's host
// name, a path of somebody's disk.
package repocheck
