// Package sample carries the sample consultation: 辽宁省民政厅's of 29 April 2025 on the silver economy.
package sample

import "embed"

// FS holds the consultation in the form that consultation.ReadSource reads.
//
//go:embed consultation.json notice.txt draft.txt interpretation.txt
var FS embed.FS
