// Package docx reads and writes Word documents (.docx) as far as official documents need it: paragraphs with their style
// and number, and tables. The writer streams, the reader refuses what could harm before it unpacks it.
package docx
