// Package e2e proves the program as a whole: the built binary, a real PostgreSQL, a real Chromium.
package e2e
