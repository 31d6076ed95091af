package public

import (
	"strconv"
	"time"

	"wenji/internal/clause"
	"wenji/internal/consultation"
)

// VersionsView is the list of the versions of a draft.
type VersionsView struct {
	Dossier *consultation.Dossier
}

// VersionView is one version of a draft beside the one before it.
type VersionView struct {
	Dossier *consultation.Dossier
	Version *consultation.Version
	Before  *consultation.Version // nil for the first version
}

func versionsURL(id string) string { return noticeURL(id) + "/versions" }

func versionURL(id string, n int) string { return versionsURL(id) + "/" + strconv.Itoa(n) }

func versionWord(n int) string {
	if n == 1 {
		return "首次发布的版本"
	}
	return "第" + strconv.Itoa(n) + "版"
}

var fateWords = map[clause.Change]string{
	clause.Kept: "未修改", clause.Moved: "文字未改，序号变动", clause.Changed: "修改", clause.Split: "拆分", clause.Merged: "合并",
	clause.Removed: "删除", clause.Added: "新增",
}

// compared is one clause of two versions, ready to be shown side by side.
type compared struct {
	Link     clause.Link
	Old, New string
	Pieces   []clause.Piece
}

// heading names the clause by both numbers.
func (c compared) heading() string {
	old, new := "第"+strconv.Itoa(c.Link.OldNumber)+"条", "第"+strconv.Itoa(c.Link.NewNumber)+"条"
	word := "（" + fateWords[c.Link.Change] + "）"
	switch {
	case c.Link.OldNumber == 0:
		return "现" + new + word
	case c.Link.NewNumber == 0:
		return "原" + old + word
	case c.Link.OldNumber == c.Link.NewNumber:
		return new + word
	}
	return "原" + old + "，现" + new + word
}

// anchor is the id of the clause's section.
func (c compared) anchor() string {
	return "v" + strconv.Itoa(c.Link.OldNumber) + "-" + strconv.Itoa(c.Link.NewNumber)
}

// comparison lists the clauses that are not as they were, and counts the others.
func (v VersionView) comparison() (list []compared, kept int) {
	old, later := byNumber(v.Before), byNumber(v.Version)
	for _, l := range v.Version.Links {
		if l.Change == clause.Kept {
			kept++
			continue
		}
		c := compared{Link: l}
		if n, ok := old[l.OldNumber]; ok {
			c.Old = n.Words()
		}
		if n, ok := later[l.NewNumber]; ok {
			c.New = n.Words()
		}
		c.Pieces = clause.Diff(c.Old, c.New)
		list = append(list, c)
	}
	return list, kept
}

func byNumber(v *consultation.Version) map[int]clause.Node {
	found := map[int]clause.Node{}
	for _, n := range clause.Clauses(v.Nodes) {
		found[n.Number] = n
	}
	return found
}

func keptWord(n int) string { return "另有" + strconv.Itoa(n) + "条未修改。" }

// versionAt is the number of the version that stood at a moment, where the draft has changed since; else 0.
func versionAt(d *consultation.Dossier, at time.Time) int {
	for i := 1; i < len(d.Versions); i++ {
		if at.Before(d.Versions[i].MadeAt) {
			return d.Versions[i-1].Number
		}
	}
	return 0
}
