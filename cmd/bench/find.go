package main

import (
	"context"
	"net/url"

	"wenji/internal/comment"
)

// words to look for: in four comments of five, in half, in a fifth; in one of seventeen or eighteen; and in one of four
// thousand.
var words = []struct {
	text, often string
	bar         float64
}{
	{"建议", "2 characters, common", 60}, {"老年人", "3 characters, common", 60}, {"养老服务", "4 characters, common", 60},
	{"助餐", "2 characters, 1 in 20", 60}, {"抗衰老", "3 characters, 1 in 17", 60},
	{"犇骉", "2 characters, rare", 5}, {"犇骉羴", "3 characters, rare", 60}, {rareWord, "4 characters, rare", 60},
}

// searchCosts are searches for the newest twenty over all consultations by staff, and in the largest by citizens, who are
// told how many there are up to a thousand.
func (a *asked) searchCosts() []cost {
	store := comment.NewStore(a.db, a.db, a.keys, nil)
	var list []cost
	for _, w := range words {
		list = append(list, cost{part: "search", name: "search, " + w.often, bar: w.bar, bare: barePage, bareArg: a.bareKey,
			run: func(ctx context.Context, _ int) error {
				found, _, err := store.Search(ctx, a.member, comment.SearchFilter{Query: w.text})
				return enough(len(found), err)
			},
			page: func(int) []byte { return a.desk("/staff/search?q=" + url.QueryEscape(w.text)) }})
	}
	for _, w := range words[:1] {
		list = append(list, a.publicSearch(store, w.text, w.often))
	}
	return append(list, a.publicSearch(store, "抗衰老", "3 characters, 1 in 17"))
}

func (a *asked) publicSearch(store *comment.Store, text, often string) cost {
	f := comment.PublicFilter{ConsultationID: a.largest, Query: text, Limit: 20}
	return cost{part: "search", name: "citizens' search, " + often, bar: 60, bare: barePage, bareArg: a.bareKey,
		run: func(ctx context.Context, _ int) error {
			found, _, err := store.PublishedList(ctx, f)
			if err := enough(len(found), err); err != nil {
				return err
			}
			_, err = store.PublishedCount(ctx, f)
			return err
		},
		page: func(int) []byte {
			return a.public("/consultations/" + a.largest + "/comments?q=" + url.QueryEscape(text))
		}}
}
