package public

import (
	"strconv"

	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/web/ui"
)

// pageURL is the address of a neighbouring page, "" where there is none.
func (v CommentsView) pageURL(q *CommentsQuery) string {
	if q == nil {
		return ""
	}
	return q.URL(v.Dossier.ID)
}

// foundWords writes a count that stops at comment.CountMost.
func foundWords(n int) string { return upTo(n, comment.CountMost) }

// similarWords writes a count that stops at comment.SimilarMost.
func similarWords(n int) string { return upTo(n, comment.SimilarMost) }

func upTo(n, most int) string {
	if n > most {
		return strconv.Itoa(most) + "多"
	}
	return strconv.Itoa(n)
}

func clauseValue(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func sortValue(oldest bool) string {
	if oldest {
		return "oldest"
	}
	return ""
}

func commentClauseOptions(d *consultation.Dossier) []ui.Option {
	options := clauseOptions(d)
	options[0].Text = "全部"
	return options
}
