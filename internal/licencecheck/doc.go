// Package licencecheck holds the licences of what the module is built with and
// tested with to a short list, so that a dependency under other terms is a
// decision and no accident.
package licencecheck
