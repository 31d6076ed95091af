// Package migrations carries the schema: numbered SQL files, forward only, never edited once merged.
package migrations

import "embed"

// FS holds the SQL files in the format of pressly/goose.
//
//go:embed *.sql
var FS embed.FS
