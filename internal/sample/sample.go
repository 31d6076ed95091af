// Package sample carries one real consultation, ready to be imported: the demo shows it and tests rest on it.
package sample

import "embed"

// FS is a folder as consultation.ReadSource and `wenji import` read it: consultation.json, notice.txt, draft.txt and
// interpretation.txt.
//
//go:embed consultation.json notice.txt draft.txt interpretation.txt
var FS embed.FS
